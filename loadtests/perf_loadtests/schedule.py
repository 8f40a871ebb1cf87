"""The arrival schedule: arrival number to intended start and phase; a pure function."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perf_documents.plan import Plan, Stage

_MASK = 2**64 - 1


class Arrival(NamedTuple):
    """One intended start: its number, its offset from the start of the load, its phase."""

    number: int
    offset_s: float
    phase: str


@dataclass(frozen=True, slots=True)
class Stripe:
    """Every `of`-th arrival and VU from number `index` on: the share of one load process."""

    index: int = 0
    of: int = 1

    def count(self, total: int) -> int:
        """How many of the numbers below a total fall on this stripe; remainders on the first."""
        return len(range(self.index, total, self.of))

    def nth(self, place: int) -> int:
        """Number over the whole run of what this process counts as its `place`, from 0 on."""
        return self.index + self.of * place

    def first_from(self, number: int) -> int:
        """Smallest number of this stripe that is not below the given one."""
        return number + (self.index - number) % self.of

    def part_of(self, plan: Plan) -> Plan:
        """Plan with this stripe's VUs; its arrivals stay those of the whole."""
        return replace(
            plan,
            pre_allocated_vus=self.count(plan.pre_allocated_vus),
            max_vus=self.count(plan.max_vus),
        )


WHOLE = Stripe()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stage with where it begins in time and in arrivals (both exact)."""

    stage: Stage
    start_s: float
    first: Fraction
    last: Fraction
    # rate at its start and at its end, length in seconds, and the last float below that
    line: tuple[float, float, float, float]

    def offset_s(self, n: float) -> float:
        """Offset at which the integral of the rate has grown by n since the stage began.

        Notes
        -----
        Solves n = a u + (b - a) u**2 / (2 d) for u in the one form that is stable for rising,
        falling and level rates: u = 2 n / (a + sqrt(a**2 + 2 (b - a) n / d)).
        """
        if n <= 0.0:
            return self.start_s
        a, b, d, most = self.line
        # of a level rate the same float: sqrt(a * a) is a
        u = n / a if a == b else 2.0 * n / (a + math.sqrt(max(0.0, a * a + 2.0 * (b - a) * n / d)))
        # the half-open stage keeps its arrivals even where the float rounds up
        return self.start_s + min(u, most)


def _pieces(stages: Sequence[Stage]) -> list[_Piece]:
    pieces: list[_Piece] = []
    start_s, total = Fraction(0), Fraction(0)
    for stage in stages:
        grown = total + (stage.start + stage.target) / 2 * stage.duration_s
        length_s = float(stage.duration_s)
        most_s = math.nextafter(length_s, 0.0)
        line = float(stage.start), float(stage.target), length_s, most_s
        pieces.append(_Piece(stage, float(start_s), total, grown, line))
        start_s, total = start_s + stage.duration_s, grown
    return pieces


def arrivals(plan: Plan, stripe: Stripe = WHOLE) -> Iterator[Arrival]:
    """Arrivals of a plan in order, all or one stripe; the seed fixes Poisson arrivals.

    Notes
    -----
    With L the integral of the rate, arrival i starts where L first exceeds i (constant), or the sum
    of i + 1 unit exponentials (Poisson). Stages are half-open, in exact arithmetic, so the number
    of arrivals depends on no rounding. The stripes of one number are a partition: which arrival is
    which depends neither on their number nor on the stripe.
    """
    pieces = _pieces(plan.stages)
    if plan.arrivals != "poisson":
        return _constant(pieces, stripe)
    drawn = _poisson(pieces, plan.seed)
    # the sequence is one sum of draws, so each process walks the whole of it
    return islice(drawn, stripe.index, None, stripe.of)


def count_arrivals(plan: Plan) -> int:
    """How many arrivals the plan holds."""
    if plan.arrivals == "poisson":
        return sum(1 for _ in arrivals(plan))
    return math.ceil(_pieces(plan.stages)[-1].last)


def _constant(pieces: Sequence[_Piece], stripe: Stripe) -> Iterator[Arrival]:
    for piece in pieces:
        first = math.ceil(piece.first)
        ahead = float(first - piece.first)
        for index in range(stripe.first_from(first), math.ceil(piece.last), stripe.of):
            yield Arrival(index, piece.offset_s(ahead + (index - first)), piece.stage.phase)


def _poisson(pieces: Sequence[_Piece], seed: int) -> Iterator[Arrival]:
    # Random's own stream is the same in every Python; numpy's is not promised to be
    stream = random.Random(f"{seed}/arrivals")  # noqa: S311  # a schedule, not a secret
    total, index = 0.0, 0
    for piece in pieces:
        first, last = float(piece.first), float(piece.last)
        while True:
            if index == 0 and total == 0.0:
                total = -math.log1p(-stream.random())
            if total >= last:
                break
            yield Arrival(index, piece.offset_s(total - first), piece.stage.phase)
            index += 1
            total -= math.log1p(-stream.random())


def rate_at(stages: Sequence[Stage], offset_s: float) -> float:
    """Planned rate (or number of VUs) on the line at an offset; 0 outside the schedule."""
    start_s = 0.0
    for stage in stages:
        length_s = float(stage.duration_s)
        if start_s <= offset_s < start_s + length_s:
            share = (offset_s - start_s) / length_s
            return float(stage.start) + share * float(stage.target - stage.start)
        start_s += length_s
    return 0.0


def planned_vus(stages: Sequence[Stage], offset_s: float) -> int:
    """VUs of a closed executor at an offset: floor while rising, ceil while falling (k6's rule)."""
    start_s = 0.0
    for stage in stages:
        length_s = float(stage.duration_s)
        if start_s <= offset_s < start_s + length_s:
            level = rate_at(stages, offset_s)
            # a line that meets an integer within rounding has reached it
            nearest = round(level)
            if abs(level - nearest) < 1e-9 * max(1.0, level):
                return nearest
            return math.ceil(level) if stage.target < stage.start else math.floor(level)
        start_s += length_s
    return 0


def splitmix64(seed: int, index: int) -> float:
    """Draw number `index` of a seeded stream, in [0, 1): equal for any number of workers.

    References
    ----------
    Steele, Lea, Flood (2014), "Fast Splittable Pseudorandom Number Generators".
    """
    z = (seed * 0x9E3779B97F4A7C15 + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def choose(weights: Sequence[float], draw: float) -> int:
    """Index of a weighted choice for a draw in [0, 1)."""
    cumulative = list(accumulate(weights))
    point = draw * cumulative[-1]
    return next((i for i, edge in enumerate(cumulative) if point < edge), len(weights) - 1)
