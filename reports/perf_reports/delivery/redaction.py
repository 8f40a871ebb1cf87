"""A view without secrets: the last look before anything leaves the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.redact import Redactor
    from perf_reports.parts import View


def redacted(view: View, redactor: Redactor) -> View:
    """View whose every text was cleaned.

    A run is redacted when it is recorded, with the secrets known there; a document from another
    job may hold some that only this one knows.
    """
    return cast("View", _cleaned(view, redactor))


def _cleaned(value: object, redactor: Redactor) -> object:
    match value:
        case Enum():
            return value  # a word of ours, though some are strings too
        case str():
            return redactor.clean(value)
        case tuple():
            items = tuple(_cleaned(item, redactor) for item in value)
            # a tuple with names keeps them
            made = cast("Callable[..., object]", type(value))
            return items if type(value) is tuple else made(*items)
        case Mapping():
            return {key: _cleaned(item, redactor) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            return replace(value, **{name: _cleaned(p, redactor) for name, p in parts.items()})
        case _:
            return value
