"""Where the time of a request went, under k6's names; and checks that a scenario made itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.histogram import Histogram, Split, bucket_index, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# In the order in which a request passes through them.
TIMINGS = ("blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Requests of one series and phase whose client has stamps within the request.

    Attributes
    ----------
    n : int
        Requests of such a client, those that failed fast included.
    timed : int
        How many of them have timings: complete responses, timeouts and abandoned requests.
    sent_bytes : int
        Heads and bodies written.
    values, censored : mapping of str to Histogram
        By name of `TIMINGS`, zeros included: what ended, and lower bounds of what never did.
    """

    n: int = 0
    timed: int = 0
    sent_bytes: int = 0
    values: Mapping[str, Histogram] = field(default_factory=dict)
    censored: Mapping[str, Histogram] = field(default_factory=dict)


class CheckKey(NamedTuple):
    """Calls of `check(name, ok)` under one name."""

    target: str
    scenario: str
    name: str


class Tally(NamedTuple):
    """How often a check was made, and how often it held."""

    passed: int
    made: int


def with_zeros(histogram: Histogram, count: int) -> Histogram:
    """Histogram with so many samples of exactly 0 beside its own.

    Examples
    --------
    >>> from perf_analysis.filling import build
    >>> with_zeros(build([0.2]), 3).quantile_s(0.5)
    0.0
    """
    if count <= 0:
        return histogram
    splits = dict(histogram.splits)
    for limit_s, split in histogram.splits.items():
        if bucket_index(limit_s) == 0:
            below, equal = count * (limit_s > 0.0), count * (limit_s == 0.0)
            splits[limit_s] = Split(below=split.below + below, equal=split.equal + equal)
    counts = {0: histogram.counts.get(0, 0) + count}
    return replace(
        histogram,
        counts={**histogram.counts, **counts} if 0 in histogram.counts
        else {**counts, **histogram.counts},
        min_s=0.0,
        max_s=max(histogram.max_s, 0.0),
        splits=splits,
        zeros=histogram.zeros + count,
    )  # fmt: skip


def add_timings(parts: Iterable[Timings]) -> Timings:
    """Sum of timings."""
    kept = list(parts)
    if len(kept) == 1:
        return kept[0]
    return Timings(
        n=sum(part.n for part in kept),
        timed=sum(part.timed for part in kept),
        sent_bytes=sum(part.sent_bytes for part in kept),
        values=_merged([part.values for part in kept]),
        censored=_merged([part.censored for part in kept]),
    )


def add_tallies(parts: Iterable[Tally]) -> Tally:
    """Sum of tallies.

    Examples
    --------
    >>> add_tallies([Tally(1, 2), Tally(3, 3)])
    Tally(passed=4, made=5)
    """
    kept = list(parts)
    return Tally(sum(part.passed for part in kept), sum(part.made for part in kept))


def _merged(parts: list[Mapping[str, Histogram]]) -> dict[str, Histogram]:
    names = [name for name in TIMINGS if any(name in part for part in parts)]
    return {name: merge(part[name] for part in parts if name in part) for name in names}
