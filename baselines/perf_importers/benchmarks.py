"""Micro-benchmarks: pytest-benchmark, pyperf and Criterion; a function's time, a run's rounds."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from perf_documents.redact import visible
from perf_importers.nodes import root
from perf_importers.reading import of_summaries
from perf_importers.summaries import IQR_OF_NORMAL, LEAST_ROUNDS, Summary, error_of, median_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_importers.nodes import Node
    from perf_importers.reading import Reading
    from perf_importers.source import Source

PYTEST, PYPERF = "pytest-benchmark", "pyperf"
_NOT_KNOWN = ("unversioned", "unknown", "(unknown)", "")
_FACTS = {"cpu_model": "cpu", "python": "python_version"}


def read_pytest(source: Source) -> Reading:
    """Read `--benchmark-json` or a file of `--benchmark-save`; seconds per call."""
    document = root(source)
    summaries = [_of_stats(benchmark) for benchmark in document.get("benchmarks").items()]
    commit = document.find("commit_info")
    said = {key: commit.find(key) for key in ("id", "branch")} if commit else {}
    facts = {
        ours: visible(node.text(), 200)
        for key, ours in (("id", "commit"), ("branch", "branch"))
        if (node := said.get(key)) is not None and node.value not in _NOT_KNOWN
    }
    dirty = commit.find("dirty") if commit else None
    if dirty is not None and isinstance(dirty.value, bool):
        facts["dirty"] = "yes" if dirty.value else "no"
    when = document.find("datetime")
    return benchmark_reading(
        source,
        summaries,
        tool=PYTEST,
        started_s=when.time_s() if when else None,
        facts=facts,
        machine=_machine(document),
    )


def _of_stats(benchmark: Node) -> Summary:
    name = benchmark.find("fullname") or benchmark.get("name")
    stats = benchmark.get("stats")
    rounds, median = stats.get("rounds").count(), stats.get("median").number()
    if not rounds:
        raise stats.error("rounds: no round was measured")
    iqr = stats.find("iqr")
    errors = {}
    if iqr and rounds >= LEAST_ROUNDS and median:
        errors = {0.5: error_of(iqr.number() / IQR_OF_NORMAL, rounds, median)}
    return Summary(
        name=name.text(),
        n=rounds,
        average_s=stats.get("mean").number(),
        quantiles_s={0.0: stats.get("min").number(), 0.5: median, 1.0: stats.get("max").number()},
        errors=errors,
        is_benchmark=True,
    )


def _machine(document: Node) -> dict[str, str]:
    """Processor and interpreter, where they are told as texts."""
    info = document.find("machine_info")
    if info is None:
        return {}
    found: dict[str, str] = {}
    for ours, theirs in _FACTS.items():
        node = info.find(theirs)
        if node is not None and node.has("brand_raw"):
            node = node.get("brand_raw")
        if node is not None and isinstance(node.value, str):
            found[ours] = visible(node.value, 200)
    return found


def read_pyperf(source: Source) -> Reading:
    """Read a pyperf file: each of its runs is a process, and so a replicate; seconds per loop."""
    document = root(source)
    shared = document.find("metadata")
    summaries, moments = [], []
    for benchmark in document.get("benchmarks").items():
        names = [node for node in (benchmark.find("metadata"), shared) if node is not None]
        for node in names:
            unit = node.find("unit")
            if unit and unit.text() != "second":
                raise unit.error("expected the unit second: other units are not durations")
        name = next((found for node in names if (found := node.find("name"))), None)
        if name is None:
            raise benchmark.error("metadata.name is missing")
        runs = benchmark.get("runs").items()
        summaries.append(_of_processes(benchmark, name.text(), runs))
        moments += [date.time_s() for run in runs if (date := _date(run)) is not None]
    return benchmark_reading(
        source, summaries, tool=PYPERF, started_s=min(moments, default=None), machine={}
    )


def _date(run: Node) -> Node | None:
    metadata = run.find("metadata")
    return metadata.find("date") if metadata else None


def _of_processes(benchmark: Node, name: str, runs: Sequence[Node]) -> Summary:
    processes = [
        [value.number() for value in listed.items()]
        for run in runs
        if (listed := run.find("values")) is not None
    ]
    values = [value for process in processes for value in process]
    if not values:
        raise benchmark.error("runs: hold no values, only warm-ups")
    median = statistics.median(values)
    # values of one process share its memory layout: the error is that between processes
    error = median_error([statistics.median(p) for p in processes if p], median)
    return Summary(
        name=name,
        n=len(values),
        average_s=math.fsum(values) / len(values),
        quantiles_s={0.0: min(values), 0.5: median, 1.0: max(values)},
        errors={0.5: error} if error else {},
        is_benchmark=True,
    )


def benchmark_reading(
    source: Source,
    summaries: Sequence[Summary],
    *,
    tool: str,
    started_s: float | None,
    facts: Mapping[str, str] | None = None,
    machine: Mapping[str, str] | None = None,
) -> Reading:
    """Reading of micro-benchmarks: medians are compared, nothing is counted as a request."""
    if not summaries:
        raise source.error("holds no benchmarks")
    shows = frozenset({"http_req_duration"})
    reading = of_summaries(source, summaries, tool=tool, length_s=1.0, shows=shows)
    return replace(
        reading, started_s=started_s, metrics=("p50",), facts=facts or {}, machine=machine or {},
        requests=1,
    )  # fmt: skip
