"""Criterion's folder `target/criterion`: nanoseconds per iteration, one folder a benchmark."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError
from perf_importers.benchmarks import benchmark_reading
from perf_importers.nodes import Node, root
from perf_importers.source import Source
from perf_importers.summaries import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from perf_importers.reading import Reading

TOOL = "criterion"
NEW = "new"
NAMES = ("benchmark.json", "estimates.json", "sample.json")
_NS = 1e-9
_MOST_BENCHMARKS = 500


def is_criterion(folder: Path) -> bool:
    """Whether a folder holds benchmarks of Criterion."""
    return bool(_benchmarks(folder, most=1))


def read_folder(folder: Path) -> Reading:
    """Read the newest estimates of every benchmark below a folder.

    Notes
    -----
    `change/` holds ratios and `base/` an older run: neither is looked at. The times of a sample are
    those of a whole batch of iterations.
    """
    found = _benchmarks(folder, most=_MOST_BENCHMARKS + 1)
    if not found:
        raise DocumentError(
            f"{folder}: holds no {NEW}/{'|'.join(NAMES)}; expected Criterion's target/criterion"
        )
    if len(found) > _MOST_BENCHMARKS:
        raise DocumentError(f"{folder}: more than {_MOST_BENCHMARKS} benchmarks")
    digest = hashlib.sha256()
    summaries: list[Summary] = []
    newest_s = 0.0
    for place in found:
        sources = [Source(place / name) for name in NAMES]
        benchmark, estimates, sample = (root(source) for source in sources)
        summaries.append(_summary(benchmark, estimates, sample))
        for source in sources:
            digest.update(source.sha256.encode())
            newest_s = max(newest_s, source.modified_s)
    first = Source(found[0] / NAMES[0])
    reading = benchmark_reading(first, summaries, tool=TOOL, started_s=None)
    return replace(reading, source=str(folder), sha256=digest.hexdigest(), modified_s=newest_s)


def _benchmarks(folder: Path, *, most: int) -> list[Path]:
    """Folders called `new` with a benchmark in them, in order; links are not followed."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        if os.path.basename(place) == NEW and set(NAMES) <= set(files):  # noqa: PTH119  # os.walk gives texts
            found.append(folder.__class__(place))
            if len(found) >= most:
                break
    return found


def _summary(benchmark: Node, estimates: Node, sample: Node) -> Summary:
    name = (benchmark.find("full_id") or benchmark.get("title")).text()
    # spelled "Median" before version 0.3.4
    median = estimates.find("median") or estimates.get("Median")
    mean = estimates.find("mean") or estimates.get("Mean")
    middle = median.get("point_estimate").number() * _NS
    error = median.get("standard_error").number() * _NS
    times = _times(sample)
    n = len(times)
    return Summary(
        name=name,
        n=n,
        average_s=mean.get("point_estimate").number() * _NS,
        quantiles_s={
            0.0: min(middle, *times), 0.5: middle, 1.0: max(middle, *times),
        },
        errors={0.5: (error / middle, n - 1)} if middle and n > 1 else {},
        is_benchmark=True,
    )  # fmt: skip


def _times(sample: Node) -> list[float]:
    """Seconds per iteration; older versions wrote two lists without names."""
    if isinstance(sample.value, list):
        lists = sample.items()
        if len(lists) != 2:  # noqa: PLR2004  # iterations and times
            raise sample.error("expected two lists: iterations and times")
        counts, times = lists
    else:
        counts, times = sample.get("iters"), sample.get("times")
    pairs = [(c.number(), t.number()) for c, t in zip(counts.items(), times.items(), strict=False)]
    if not pairs or len(counts.items()) != len(times.items()):
        raise sample.error("iterations and times are not of one length")
    if any(count <= 0 for count, _ in pairs):
        raise counts.error("a batch has no iterations")
    return [time / count * _NS for count, time in pairs]
