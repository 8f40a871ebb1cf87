"""Whether what every request needs is still there, asked before the load."""

from __future__ import annotations

import select
import socket
import time

import gevent
from gevent import _socket3

from perf_loadtests.engine.load import VusMissingError


class SelfCheck:
    """Patches of gevent, its one event loop, and the guard before each connect.

    Without a patch one request would hold up all the others, or pass the allow-list by.
    """

    def __init__(self) -> None:
        self._kept = _now()

    def run(self) -> None:
        """Raise `VusMissingError` where the scenario has replaced any of them."""
        now = _now()
        gone = [name for name, value in self._kept.items() if now[name] is not value]
        if gone:
            raise VusMissingError(
                f"the scenario replaced {', '.join(gone)}, which gevent and the allow-list need"
            )


def _now() -> dict[str, object]:
    return {
        "socket.socket": socket.socket,
        "socket.connect": _socket3.socket.connect,
        "select.select": select.select,
        "time.sleep": time.sleep,
        "the event loop": gevent.get_hub(),
    }
