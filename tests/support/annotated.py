"""Made-up look-alikes of series that people have annotated, and how an answer is scored.

Economic and physical series come in few kinds: growth whose slope bends, S-curves, random walks
with jumps, several levels, seasons. Five made-up annotators mark most of the true places, a little
off, and now and then one that is none. The kinds were mixed so that "no change" and binary
segmentation score about what is published for them on real annotated series, of which nothing else
is known here.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from change_worlds import remembering
from perf_analysis.changes.structure import large_moves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Generator = np.random.Generator
    Floats = NDArray[np.float64]

MARGIN = 5


@dataclass(frozen=True, slots=True)
class Annotated:
    """A series, and where each annotator sees a change."""

    values: Floats
    marks: tuple[frozenset[int], ...]


def score(n: int, marks: Sequence[Iterable[int]], answer: Iterable[int]) -> tuple[float, float]:
    """F1 with a margin of 5, and covering: STATISTICS.md, section 11.

    Notes
    -----
    van den Burg, Williams, An Evaluation of Change Point Detection Algorithms, 2020.
    """
    found = {0, *(point for point in answer if 1 <= point < n - 1)}
    true = [{0, *marked} for marked in marks]
    precision = _matched(set[int]().union(*true), found) / len(found)
    recall = sum(_matched(one, found) / len(one) for one in true) / len(true)
    f1 = 2.0 * precision * recall / (precision + recall)
    return f1, sum(_covering(n, one, found) for one in true) / len(true)


def _matched(true: set[int], found: set[int]) -> int:
    unused = sorted(found)
    matched = 0
    for point in sorted(true):
        near = min(unused, key=lambda other: abs(other - point), default=None)
        if near is not None and abs(near - point) <= MARGIN:
            unused.remove(near)
            matched += 1
    return matched


def _covering(n: int, true: set[int], found: set[int]) -> float:
    parts = _parts(n, found)
    return (
        sum(max(_overlap(one, other) for other in parts) * len(one) for one in _parts(n, true)) / n
    )


def _parts(n: int, points: set[int]) -> list[range]:
    bounds = [*sorted(points), n]
    return [range(a, b) for a, b in pairwise(bounds) if a < b]


def _overlap(one: range, other: range) -> float:
    common = max(0, min(one.stop, other.stop) - max(one.start, other.start))
    return common / (len(one) + len(other) - common)


def exam(series: Iterable[Annotated], detect: Callable[[Floats], list[int]]) -> tuple[float, float]:
    """Mean F1 and covering."""
    scores = [score(len(one.values), one.marks, detect(one.values)) for one in series]
    return tuple(np.mean(scores, axis=0).round(3).tolist())


def no_change(_values: Floats) -> list[int]:
    """The answer that there is none."""
    return []


def binary_segmentation(values: Floats) -> list[int]:
    """At most five points by the modified BIC: the defaults of a well-known package."""
    return large_moves(values)


def stored(folder: Path) -> Iterator[Annotated]:
    """Univariate series below `datasets/`, with `annotations.json`, in the shape people publish."""
    marks = json.loads((folder / "annotations.json").read_text())
    for path in sorted(folder.glob("datasets/*/*.json")):
        content = json.loads(path.read_text())
        if content.get("n_dim", 1) == 1 and path.stem in marks:
            values = np.array(content["series"][0]["raw"], dtype=float)
            yield Annotated(values, tuple(map(frozenset, marks[path.stem].values())))


def look_alikes(seed: int, times: int = 1) -> list[Annotated]:
    """`times` sets of 32 series."""
    rng = np.random.default_rng(seed)
    mix = [_growth] * 11 + [_s_curve] * 4 + [_walk] * 5 + [_levels] * 7 + [_seasons] * 5
    return [kind(rng) for _ in range(times) for kind in mix]


def _marked(
    rng: Generator, values: Floats, points: Sequence[int], seen: float = 0.65, wrong: float = 0.1
) -> Annotated:
    """Series with five annotators; each sees a point with chance `seen`, within 2."""
    n = len(values)
    marks: list[frozenset[int]] = []
    for _ in range(5):
        own = {int(p + rng.integers(-2, 3)) for p in points if rng.random() < seen}
        own |= {int(rng.integers(3, n - 3))} if rng.random() < wrong else set()
        marks.append(frozenset(min(max(p, 1), n - 2) for p in own))
    return Annotated(values, tuple(marks))


def _apart(rng: Generator, n: int, count: int, gap: int) -> list[int]:
    """Places at least `gap` apart."""
    while True:
        places = np.sort(rng.integers(gap, n - gap, count))
        if count == 1 or np.diff(places).min() >= gap:
            return [int(place) for place in places]


def _pieces(n: int, points: Sequence[int], heights: Sequence[float]) -> Floats:
    return np.repeat(np.array(heights, dtype=float), np.diff([0, *points, n]))


def _growth(rng: Generator) -> Annotated:
    n = int(rng.integers(25, 110) if rng.random() < 0.7 else rng.integers(200, 800))
    points = _apart(rng, n, int(rng.integers(1, 4)), max(4, n // 8))
    slopes = [float(rng.uniform(0.1, 1.0))]
    for _ in points:
        bends = rng.random() < 0.75
        factor = rng.choice([0.1, 0.3, 2.0, 3.0, 5.0]) if bends else -rng.uniform(0.3, 1.5)
        slopes.append(slopes[-1] * float(factor))
    values = np.cumsum(_pieces(n, points, slopes))
    spread = float(np.std(values))
    for point in points:
        jumps = rng.random() < 0.35
        values[point:] += jumps * spread * rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])
    noise = remembering(rng, n, 0.7) * spread * rng.uniform(0.01, 0.08)
    return _marked(rng, values + noise, points)


def _s_curve(rng: Generator) -> Annotated:
    n = int(rng.integers(20, 70))
    first, second = _apart(rng, n, 2, n // 5)
    time = np.arange(n)
    values = rng.choice([-1.0, 1.0]) / (1.0 + np.exp(-(time - first) / rng.uniform(0.5, 3.0)))
    values += rng.choice([-1.5, 1.5]) * np.maximum(time - second, 0) / n
    return _marked(rng, values + 0.05 * remembering(rng, n, 0.4), [first, second])


def _walk(rng: Generator) -> Annotated:
    n = int(rng.integers(150, 780))
    points = _apart(rng, n, int(rng.integers(1, 5)), n // 12)
    values = np.cumsum(rng.standard_normal(n))
    jumps = 2.0 * np.std(values) * rng.uniform(0.3, 0.9, len(points))
    for point, jump in zip(points, jumps, strict=True):
        values[point:] += jump * rng.choice([-1.0, 1.0])
    return _marked(rng, values, points, wrong=0.4)


def _levels(rng: Generator) -> Annotated:
    n = int(rng.integers(50, 680))
    count = int(rng.integers(1, 9 if n > 250 else 3))
    points = _apart(rng, n, count, n // (2 * count + 6))
    moves = rng.choice([-1.0, 1.0], count) * rng.uniform(1.5, 6.0, count)
    values = _pieces(n, points, [0.0, *np.cumsum(moves)])
    values += remembering(rng, n, float(rng.uniform(0.0, 0.7)))
    if rng.random() < 0.4:
        values[rng.integers(0, n, max(1, n // 60))] -= rng.uniform(4.0, 9.0)
    return _marked(rng, values, points, seen=0.8)


def _seasons(rng: Generator) -> Annotated:
    n = int(rng.integers(100, 470))
    points = _apart(rng, n, int(rng.integers(1, 3)), n // 6)
    time, height = np.arange(n), float(rng.uniform(0.3, 1.5))
    values = height * np.sin(2.0 * math.pi * time / 12.0)
    values += 0.5 * height * np.cos(2.0 * math.pi * time / 6.0) + 0.4 * remembering(rng, n, 0.5)
    values += np.cumsum(_pieces(n, points, list(rng.normal(0.0, 3.0 / n, len(points) + 1))))
    for point in points:
        values[point:] += rng.choice([-1.0, 1.0]) * rng.uniform(0.8, 3.0)
    return _marked(rng, values, points)
