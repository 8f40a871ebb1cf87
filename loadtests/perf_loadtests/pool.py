"""Which virtual user takes which arrival: growth, queue and drop; a pure state machine."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.series import Slot

V = TypeVar("V")
A = TypeVar("A")

GROWTH_AHEAD_S = 0.1


class Due(NamedTuple):
    """An arrival with its place in the books; `waits` if no VU was free when it was due."""

    number: int
    intended_s: float
    slot: Slot
    waits: bool


def shares_of(total: int, weights: Sequence[float]) -> list[int]:
    """Split whole VUs over user classes by weight: one each, the rest by largest remainder.

    Parameters
    ----------
    total : int
        VUs to split, at least one a class.
    weights : sequence of float
        Positive; a class whose arrivals come by this weight needs VUs by the same.

    Raises
    ------
    ValueError
        If there are fewer VUs than classes.
    """
    if total < len(weights):
        raise ValueError(f"{total} VUs for {len(weights)} user classes; expected one each at least")
    quotas = [total * weight / sum(weights) for weight in weights]
    shares = [max(1, math.floor(quota)) for quota in quotas]
    while sum(shares) != total:
        step = 1 if sum(shares) < total else -1
        # towards the quota, the largest distance first; the first class where they are equal
        open_to = [i for i, share in enumerate(shares) if share + step >= 1]
        chosen = max(open_to, key=lambda i: (step * (quotas[i] - shares[i]), -i))
        shares[chosen] += step
    return shares


class Pool(Generic[V, A]):
    """VUs of one user class under an open executor.

    starting + idle + busy never exceeds `max_vus`, and only as many arrivals wait as VUs can still
    come; what finds neither a VU nor a place to wait is dropped, at once and for good.
    """

    def __init__(self, *, max_vus: int) -> None:
        self.max_vus = max_vus
        self.idle: deque[V] = deque()
        self.waiting: deque[A] = deque()
        self.starting = 0
        self.busy = 0

    @property
    def size(self) -> int:
        """VUs that exist or are starting."""
        return self.starting + len(self.idle) + self.busy

    @property
    def coming(self) -> int:
        """VUs that may still come: starting ones and those that may yet be started."""
        return self.starting + max(0, self.max_vus - self.size)

    def offer(self, arrival: A) -> V | Literal["wait", "drop"]:
        """Give an arrival to the VU that has been idle longest, let it wait, or drop it."""
        if self.idle:
            self.busy += 1
            # longest idle first: connections and backends are used evenly, as in k6
            return self.idle.popleft()
        if len(self.waiting) < self.coming:
            self.waiting.append(arrival)
            return "wait"
        return "drop"

    def would_drop(self) -> bool:
        """Whether an arrival offered now would be dropped."""
        return not self.idle and len(self.waiting) >= self.coming

    def start(self) -> None:
        """Note that a VU has been asked to start."""
        self.starting += 1

    def started(self, vu: V) -> A | None:
        """Note that a starting VU is ready: it takes the first waiting arrival, or idles."""
        self.starting -= 1
        self.busy += 1  # as if it had just ended an iteration
        return self.done(vu)

    def done(self, vu: V) -> A | None:
        """Note that a busy VU ended its iteration: it takes a waiting arrival, or idles."""
        if self.waiting:
            return self.waiting.popleft()
        self.busy -= 1
        self.idle.append(vu)
        return None

    def interrupted(self, vu: V) -> None:
        """Note that an idle VU was roused by something other than an arrival."""
        self.idle.remove(vu)
        self.busy += 1

    def lost(self, vu: V, *, was_busy: bool, was_starting: bool) -> None:
        """Note that a VU is gone for good."""
        if was_starting:
            self.starting -= 1
        elif was_busy:
            self.busy -= 1
        elif vu in self.idle:
            self.idle.remove(vu)

    def wanted(self, rate_per_s: float) -> int:
        """How many VUs to start now, for the waiting and for the next 0.1 s of arrivals."""
        ready = self.starting + len(self.idle) - len(self.waiting)
        short = max(1, math.ceil(rate_per_s * GROWTH_AHEAD_S)) - ready
        return max(0, min(short, self.max_vus - self.size))

    def stranded(self) -> list[A]:
        """Arrivals that waited for VUs which will not come any more; the queue is emptied."""
        left = list(self.waiting)
        self.waiting.clear()
        return left

    def overfull(self) -> list[A]:
        """Take out waiting arrivals that no VU can still come for, newest first."""
        left: list[A] = []
        while len(self.waiting) > self.coming:
            left.append(self.waiting.pop())
        return left
