"""Health requests of our own: one after the other, each answered in time or a failure."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from perf_canary.reading import Probes
from perf_canary.sources.http import Call, NoReplyError, exchange
from perf_documents.errors import UsageError
from perf_documents.urls import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.canary_rules import Probe

MOST_WAIT_S = 5.0
_MOST_BYTES = 1024 * 1024
_GOOD = range(200, 300)


class HealthProbe:
    """Asks a health path in a thread of its own, from `start` to `stop`.

    Parameters
    ----------
    probe : Probe
        Address, and seconds from one request to the next.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    UsageError
        If the address is none.
    """

    def __init__(self, probe: Probe, clock: Callable[[], float]) -> None:
        try:
            url = parse_url(probe.url)
        except ValueError as error:
            # an address may hold a password
            raise UsageError(f"source.probe.canary: {error}") from error
        self._call = Call(
            origin=url.origin, method="GET", path=url.path or "/", most_bytes=_MOST_BYTES
        )
        self._every_s = probe.every_s
        self._limit_s = min(2.0 * probe.every_s, MOST_WAIT_S)
        self._clock = clock
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._counts = Probes(asked=0, failed=0)
        self._thread = threading.Thread(target=self._work, name="health probe", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; a request under way is not waited for, and not counted."""
        self._ended.set()

    def counts(self) -> Probes:
        """Requests so far, and how many of them were not answered well."""
        with self._lock:
            return self._counts

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _work(self) -> None:
        while not self._ended.is_set():
            began_s = self._clock()
            self._note(is_good=self._ask())
            self._ended.wait(max(0.0, self._every_s - (self._clock() - began_s)))

    def _ask(self) -> bool:
        try:
            reply = exchange(self._call, self._limit_s)
        except NoReplyError:
            return False
        return reply.status in _GOOD and len(reply.body) <= _MOST_BYTES

    def _note(self, *, is_good: bool) -> None:
        with self._lock:
            if not self._ended.is_set():
                before = self._counts
                self._counts = Probes(asked=before.asked + 1, failed=before.failed + (not is_good))
