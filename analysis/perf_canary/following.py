"""Looks one after another: over a story that has ended, or over a system that is running."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_canary.evidence import LEAST_FOR_BURSTS
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_canary.reading import Source
    from perf_canary.sources.timeline import Timeline
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules

_TINY_S = 1e-6
# a sample is stamped when its scrape begins, and can be asked for when it has ended
_MOST_SETTLE_S = 2.0
_SETTLE_PART = 5.0


def settle_s(scrape_s: float) -> float:
    """How long after its time a look is read."""
    return min(_MOST_SETTLE_S, scrape_s / _SETTLE_PART)


def replay(
    rules: Rules,
    story: Timeline,
    *,
    every_s: float | None = None,
    weight: float | None = None,
    detailed: bool = True,
) -> Iterator[Look]:
    """Looks over a story until it is decided or ends."""
    step_s = story.every_s if every_s is None else every_s
    watch = Watch(rules=rules, began_s=story.began_s, every_s=step_s, weight=weight)
    for reading in story.readings(step_s):
        if reading.t_s < story.began_s:
            watch.before(reading)
            continue
        look = watch.look(reading, detailed=detailed)
        yield look
        if look.answer is not Answer.HOLD:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A running system, looked at until it is decided or time is up.

    Attributes
    ----------
    watch : Watch
    source : Source
    until_s : float
        Time of the last look.
    delay_s : float
        How long after its time a look is read.
    now : callable
        The source's time.
    rest : callable
        Waits so many seconds, or less where there is a reason to end; returns the answer and the
        reason then.
    """

    watch: Watch
    source: Source
    until_s: float
    delay_s: float
    now: Callable[[], float]
    rest: Callable[[float], tuple[Answer, str] | None]

    def prepare(self) -> None:
        """Read how the control did before the step: how its errors cluster."""
        watch = self.watch
        if not watch.compares:
            return
        for back in range(LEAST_FOR_BURSTS + 1, 0, -1):
            watch.before(self.source.read(watch.began_s - back * watch.every_s))

    def looks(self) -> Iterator[Look]:
        """Looks at their times; those whose time has passed are made up for at once.

        An answer that comes from outside, through `rest`, is the last look's.
        """
        t_s, last = self.watch.began_s, None
        while t_s <= self.until_s + _TINY_S:
            asked = self.rest(max(0.0, t_s + self.delay_s - self.now()))
            if asked is not None:
                if last is not None:
                    yield replace(last, answer=asked[0], reason=asked[1])
                return
            last = self.watch.look(self.source.read(t_s))
            yield last
            if last.answer is not Answer.HOLD:
                return
            t_s += self.watch.every_s
