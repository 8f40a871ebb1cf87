"""What the loop says of one socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from gevent.greenlet import Greenlet

READ, WRITE = 1, 2  # what libev calls them
_getcurrent = gevent.getcurrent


class Signal:
    """What the loop says of a socket; apart from the connection, which may go while it is idle."""

    __slots__ = ("hub", "ready", "waiter", "watcher")

    def __init__(self, fd: int) -> None:
        self.ready = False
        self.waiter: Greenlet | None = None
        self.hub = gevent.get_hub()
        self.watcher = self.hub.loop.io(fd, READ)
        self.watcher.start(self.readable)

    def readable(self) -> None:
        """Note it, and wake who waits."""
        self.ready = True
        waiter = self.waiter
        if waiter is None:
            self.watcher.stop()  # else it would fire in every turn of the loop
        else:
            waiter.switch()

    def wake(self) -> None:
        """Wake who waits, whatever for."""
        if self.waiter is not None:
            self.waiter.switch()

    def watch(self) -> None:
        """Watch on, where the watcher was stopped."""
        if not self.watcher.active:
            self.watcher.start(self.readable)

    def wait(self) -> None:
        """Wait until the socket can be read, or somebody wakes us."""
        self.waiter = _getcurrent()
        try:
            self.hub.switch()
        finally:
            self.waiter = None
