"""Formats with one number a benchmark: Bencher's BMF, and data.js of github-action-benchmark."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_documents.redact import visible
from perf_documents.run import Measure
from perf_documents.strict_json import content_hash
from perf_importers.benchmarks import benchmark_reading
from perf_importers.nodes import Node, root
from perf_importers.reading import Options, Reading, check_epoch
from perf_importers.rows import clean_name, clean_names, unstated
from perf_importers.source import shown
from perf_importers.summaries import Summary

if TYPE_CHECKING:
    from perf_documents.run import Better
    from perf_importers.source import Source

BMF, GAB = "bencher", "github-action-benchmark"
PREFIX = b"window.BENCHMARK_DATA"
_MAX_NAME = 200
# as notes; all of them are kept
_SAID = 20
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0}
_PER = re.compile(r"([a-zµμ]+)(?:/(?:op|iter|ops|call|round))?", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:±|\+/-|\+-)?\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*", re.IGNORECASE)
_HIGHER = frozenset({"benchmarkjs", "pytest", "customBiggerIsBetter"})
# of these, a bench is a function, and its number how often it ran in a second
_RATES = frozenset({"benchmarkjs", "pytest"})
_RATE = re.compile(r"(?:ops|iter)/s(?:ec)?")
_LOWER = frozenset({
    "cargo", "go", "googlecpp", "catch2", "julia", "jmh", "benchmarkdotnet", "benchmarkluau",
    "customSmallerIsBetter",
})  # fmt: skip
# something by a time: of tools that do not say which way is good, hardly better when lower
_BY_TIME = re.compile(
    r".+(?:/|\bper\b)\s*(?:[nuµμm]?s|sec|seconds?|min|minutes?|h|hours?)", re.IGNORECASE
)


@dataclass(slots=True)
class _Numbers:
    """Durations and other measures of one run."""

    durations: list[Summary] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)

    def add(self, measure: Measure) -> None:
        """Keep a measure; one of time that is better when lower is a duration."""
        unit = _PER.fullmatch(measure.unit)
        factor = _SECONDS.get(unit[1].lower()) if unit else None
        if factor is None or measure.better == "higher" or measure.value < 0.0:
            self.measures.append(measure)
            return
        self.durations.append(
            Summary(
                name=measure.name,
                n=measure.n,
                quantiles_s={0.5: measure.value * factor},
                is_benchmark=True,
            )
        )


def read_bmf(source: Source, options: Options) -> Reading:
    """Read Bencher Metric Format: `latency` in ns, `throughput` in operations per second.

    Other measures have no unit, and a direction only if `--direction` names it.
    """
    numbers = _Numbers()
    for name, benchmark in root(source).members().items():
        for slug, metric in benchmark.members().items():
            unit, better = _bencher(metric, slug, options)
            numbers.add(
                Measure(
                    name=_name(metric, name if slug == "latency" else f"{name} {slug}"),
                    unit=unit,
                    better=better,
                    value=metric.get("value").number(-_ANY),
                    low=_bound(metric, "lower_value"),
                    high=_bound(metric, "upper_value"),
                )
            )
    return _reading(source, numbers, BMF)


_ANY = 1e300


def _bencher(metric: Node, slug: str, options: Options) -> tuple[str, Better]:
    if slug == "latency" or slug.startswith("latency-"):
        return "ns", "lower"
    if slug == "throughput":
        return "ops/s", "higher"
    if options.better is None:
        raise metric.error(
            f"whether a higher or a lower {shown(slug)} is better is not told; "
            "next: --direction higher or --direction lower"
        )
    return "", options.better


def _bound(metric: Node, key: str) -> float | None:
    node = metric.find(key)
    return None if node is None else node.number(-_ANY)


def _name(node: Node, text: str) -> str:
    if not text or len(text) > _MAX_NAME or not text.isprintable():
        raise node.error(f"name: found {shown(text)}; expected 1 to {_MAX_NAME} characters")
    return text


def read_gab(source: Source, options: Options) -> list[Reading]:
    """Read data.js, or the JSON behind its first words: each entry is a run of its commit.

    It is script by name; nothing of it is executed.
    """
    data = source.content()
    if data.startswith(PREFIX):
        data = data[len(PREFIX) :].lstrip().removeprefix(b"=").strip().removesuffix(b";")
    document = Node(source.parsed(data), "", source)
    readings: list[Reading] = []
    for suite, entries in document.get("entries").members().items():
        readings += [_entry(source, suite, entry, options) for entry in entries.items()]
    if not readings:
        raise document.error("entries: hold no benchmarks")
    return readings


def _entry(source: Source, suite: str, entry: Node, options: Options) -> Reading:
    tool = entry.get("tool").text()
    if tool not in _HIGHER | _LOWER:
        raise entry.get("tool").error(f"{shown(tool)} is not a tool of github-action-benchmark")
    numbers = _Numbers()
    for bench in entry.get("benches").items():
        value = bench.get("value").number(-_ANY)
        spread = _spread(bench)
        unit = visible(bench.get("unit").text(), 60)
        measure = Measure(
            name=_name(bench, bench.get("name").text()),
            unit=unit,
            better=_better(bench, tool, unit, options),
            value=value,
            low=None if spread is None else value - spread,
            high=None if spread is None else value + spread,
        )
        numbers.add(_timed(measure) if tool in _RATES else measure)
    date = entry.get("date")
    try:
        started_s = check_epoch(date.number() / 1000.0, "date")
    except ValueError as error:
        raise date.error(str(error)) from error
    text = json.dumps([suite, entry.value], sort_keys=True)
    reading = _reading(source, numbers, GAB)
    return replace(
        reading,
        sha256=content_hash(text.encode()),
        started_s=started_s,
        facts={"commit": visible(entry.get("commit").get("id").text(), 100)},
        profile=_profile(suite),
        notes=(f"suite {visible(clean_name(suite), 100)} of {tool}", *reading.notes),
    )


def _better(bench: Node, tool: str, unit: str, options: Options) -> Better:
    """Good direction: a tool's own, but for rates of those whose numbers are else durations."""
    if tool in _HIGHER:
        return "higher"
    if tool.startswith("custom") or not _BY_TIME.fullmatch(unit):
        return "lower"
    if options.better is None:
        raise bench.error(
            f"whether more or less {shown(unit)} is better is not told by {tool}; "
            "next: --direction higher or --direction lower"
        )
    return options.better


def _timed(measure: Measure) -> Measure:
    """Time of one operation where a benchmark says how many a second it does.

    So it is compared and trended like the same benchmark's own file.
    """
    if not _RATE.fullmatch(measure.unit) or measure.value <= 0.0:
        return measure
    return Measure(name=measure.name, unit="s", better="lower", value=1.0 / measure.value)


def _profile(suite: str) -> str:
    """Suite as the name of a profile."""
    return re.sub(r"[^a-z0-9._-]+", "-", suite.lower()).strip("-._")[:60] or GAB


def _spread(bench: Node) -> float | None:
    """Half width of what a tool gives as range: `± 12`, `+/- 3`, `12`; None for other words."""
    node = bench.find("range")
    if node is None:
        return None
    found = _RANGE.fullmatch(str(node.value).replace(",", ""))
    return float(found[1]) if found else None


def _reading(source: Source, numbers: _Numbers, tool: str) -> Reading:
    if not numbers.durations and not numbers.measures:
        raise source.error("holds no benchmarks")
    try:
        names = clean_names([("", measure.name) for measure in numbers.measures])
    except ValueError as error:
        raise source.error(str(error)) from error
    measures = tuple(map(_renamed, numbers.measures, names))
    # a file of nothing but other measures has no durations to sum up
    durations = numbers.durations or [Summary(n=0, is_benchmark=True)]
    reading = benchmark_reading(source, durations, tool=tool, started_s=None)
    if not numbers.durations:
        empty = replace(reading.measured, stated=(), unstated=unstated(frozenset()))
        reading = replace(reading, measured=empty, figures=None)
    said = tuple(f"{m.name}: {m.value:g} {m.unit}, {m.better} is better" for m in measures[:_SAID])
    return replace(reading, measures=measures, notes=said)


def _renamed(measure: Measure, name: str) -> Measure:
    return replace(measure, name=name)
