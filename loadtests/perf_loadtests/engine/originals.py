"""Whether what measures is still what it was: a scenario that replaced it proves nothing."""

from __future__ import annotations

import socket
import sys
from types import FunctionType
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("perf_analysis", "perf_documents", "perf_loadtests")
# what clients take their stamps from and reach the network by
_LENT = ("random", "select", "socket", "time")
_CONNECT, _LOOP = "socket.socket.connect", "the event loop of gevent"
# without these one request would hold up all others, or pass the allow-list by
_NEEDED = frozenset({"select.select", "socket.socket", _CONNECT, "time.sleep", _LOOP})
_CODE = (FunctionType, staticmethod, classmethod, property)


class Originals:
    """Functions and classes of our own modules, and of those that clients rely on, as they are."""

    def __init__(self) -> None:
        self._kept = dict(_parts())

    def replaced(self) -> list[str]:
        """Names of what was replaced since, in the order of the alphabet."""
        now = dict(_parts())
        return sorted(name for name, part in self._kept.items() if not _same(now.get(name), part))

    def needed(self) -> list[str]:
        """Names of what was replaced that no load must be started without."""
        return [name for name in self.replaced() if name in _NEEDED]


def _same(now: object, before: object) -> bool:
    # two objects may stand for one method
    return now is before or bool(now == before)


def _parts() -> Iterator[tuple[str, object]]:
    """Parts by name; modules that were imported later, by the scenario, are new and no change."""
    yield _CONNECT, socket.socket.connect
    yield _LOOP, gevent.get_hub()
    for name, module in list(sys.modules.items()):
        is_ours = name.partition(".")[0] in OURS
        if not is_ours and name not in _LENT:
            continue
        for attribute, value in list(vars(module).items()):
            if callable(value):
                yield from _of(f"{name}.{attribute}", value, inside=is_ours)


def _of(name: str, value: object, *, inside: bool) -> Iterator[tuple[str, object]]:
    yield name, value
    if isinstance(value, FunctionType):
        yield f"{name} (code)", value.__code__
    elif inside and isinstance(value, type) and value.__module__.partition(".")[0] in OURS:
        for attribute, member in list(vars(value).items()):
            if isinstance(member, _CODE):
                yield f"{name}.{attribute}", member
                if isinstance(member, FunctionType):
                    yield f"{name}.{attribute} (code)", member.__code__
