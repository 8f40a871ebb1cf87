"""Private names of Locust's event hooks and load shapes, each pinned by a test as well."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from locust.event import EventHook
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from locust.util.load_locustfile import is_shape_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MEANT = (StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet)


def watch_listeners(tell: Callable[[BaseException], None]) -> None:
    """Let `tell` hear of every exception of a listener: Locust only logs it and sets a flag."""

    def fire(self: EventHook, *, reverse: bool = False, **given: object) -> None:
        handlers = self._handlers[::-1] if reverse else self._handlers.copy()
        for handler in handlers:
            try:
                handler(**given)
            except _MEANT:
                raise
            except Exception as error:
                tell(error)
                logging.exception("Uncaught exception in event handler")  # noqa: LOG015  # Locust's

    EventHook.fire = fire  # type: ignore[method-assign]  # there is no hook for it


def shapes_of(path: Path) -> list[str]:
    """Names of the load shapes of a scenario that was imported."""
    found = vars(sys.modules.get(path.stem)) if path.stem in sys.modules else {}
    return [value.__name__ for value in found.values() if is_shape_class(value)]
