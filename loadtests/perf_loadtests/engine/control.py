"""The control pipe: stop and abort from the supervisor, and what happens when it is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

import gevent
from gevent import monkey

from perf_loadtests.protocol import ABORT, QUIT, STOP

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
STUCK_S = 2.0


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to end this process when the supervisor ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        # it ended before the kernel was asked
        os._exit(1)


class Control:
    """Watches the pipe in a native thread, which a blocked event loop cannot hold up."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._word = b""
        self._heard = False
        self._listeners: list[Callable[[str], None]] = []
        self._async = gevent.get_hub().loop.async_()
        self._async.start(self._deliver)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Add a listener: told `stop`, `abort` or `quit` in the event loop."""
        self._listeners.append(listener)
        if self._word:
            self._deliver()

    def start(self) -> None:
        """Start watching."""
        start_thread = monkey.get_original("_thread", "start_new_thread")
        start_thread(self._watch, ())

    def _watch(self) -> None:
        sleep = monkey.get_original("time", "sleep")
        while True:
            # end of file: the supervisor is gone, which means the same as its word to quit
            word = os.read(self._descriptor, 1) or QUIT
            self._word, self._heard = word, False
            self._async.send()
            if word == QUIT:
                sleep(STUCK_S)
                if not self._heard:
                    os._exit(1)
                return

    def _deliver(self) -> None:
        self._heard = True
        word = {STOP: "stop", ABORT: "abort"}.get(self._word, "quit")
        for listener in self._listeners:
            gevent.spawn(listener, word)
