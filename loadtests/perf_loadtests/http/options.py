"""Keyword arguments of a call."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # read at run time
from typing import TypedDict

from perf_loadtests.http.message import Pairs  # noqa: TC001  # read at run time


class Options(TypedDict, total=False):
    """What every method takes beside `data` and `json`; None means the default.

    `timeout` is a total deadline in seconds; `auth` is a user and a password; `context` goes into
    Locust's `request` event.
    """

    name: str | None
    params: Pairs | str | None
    headers: Mapping[str, str] | None
    auth: tuple[str, str] | None
    timeout: float | None
    allow_redirects: bool
    catch_response: bool
    context: dict[str, object] | None


KNOWN = frozenset(Options.__annotations__)


def check(options: Options) -> None:
    """Refuse what is unknown, and limits that are none."""
    if not KNOWN.issuperset(options):
        unknown = sorted(options.keys() - KNOWN)
        known = ", ".join(sorted({"data", "json", *KNOWN}))
        raise TypeError(f"unknown option {unknown[0]!r} of a request; expected one of: {known}")
    limit_s = options.get("timeout")
    if limit_s is not None and not limit_s > 0:
        raise ValueError(f"timeout: expected seconds above 0, got {limit_s!r}")
