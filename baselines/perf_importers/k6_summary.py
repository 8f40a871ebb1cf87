"""k6's end-of-test summaries: `--summary-export`, `handleSummary(data)`, and schema 1.0.0."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_analysis.grammar import GrammarError, parse_threshold
from perf_documents.judging import FAILED_ELSEWHERE
from perf_documents.profile_thresholds import with_failure_limit
from perf_documents.redact import visible
from perf_importers.k6_points import DROPPED, TOOL, with_dropped
from perf_importers.nodes import root
from perf_importers.reading import of_summaries
from perf_importers.rows import SHOWN, clean_name
from perf_importers.summaries import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.figures import RunFigures
    from perf_analysis.verdict import Threshold
    from perf_importers.nodes import Node
    from perf_importers.reading import Reading
    from perf_importers.source import Source

_QUANTILE = re.compile(r"p\(?(\d{1,2}(?:\.\d{1,6})?|100)\)?")
_NAMED = re.compile(r"http_req_duration\{name:([^,{}]+)\}")
_EXTREMES = {"min": 0.0, "med": 0.5, "max": 1.0}
_MS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metric:
    """One metric, whichever of the three shapes it had.

    Attributes
    ----------
    values : Node
    held : mapping of str to bool
        Whether each threshold held, by k6's own account.
    """

    values: Node
    held: Mapping[str, bool]


def read(source: Source) -> Reading:
    """Read a summary.

    Notes
    -----
    `thresholds` of the export say true where one *failed*; those of handleSummary say `ok`. The
    `passes` of `http_req_failed` are the failed requests: the rate passes where a request fails.
    """
    document = root(source)
    metrics = _metrics(document)
    if "http_reqs" not in metrics or "http_req_duration" not in metrics:
        raise document.error("holds no http_reqs and http_req_duration: no HTTP request was made")
    whole = _summary(metrics, "")
    named = [_summary(metrics, name) for name in _names(metrics)]
    counts = metrics["http_reqs"].values
    length_s = _length_s(document, counts)
    dropped, iterations = _count(metrics, DROPPED), _count(metrics, "iterations")
    shows = {*SHOWN, "iterations"} if "iterations" in metrics else set(SHOWN)
    shows |= {DROPPED} if dropped else set()
    shows -= set() if "http_req_failed" in metrics else {"http_req_failed"}
    reading = of_summaries(
        source, [whole, *named], tool=TOOL, length_s=length_s, shows=frozenset(shows)
    )
    thresholds, notes = _thresholds(metrics)
    return replace(
        reading,
        measured=with_dropped(reading.measured, dropped, iterations),
        figures=reading.figures and _with_dropped(reading.figures, dropped),
        started_s=_started_s(document, length_s),
        thresholds=thresholds,
        includes_connect=False,
        notes=notes,
    )


def _metrics(document: Node) -> dict[str, _Metric]:
    if document.has("results"):
        listed = document.get("results").get("metrics").items()
        return {
            metric.get("name").text(): _Metric(values=metric.get("values"), held={})
            for metric in listed
        }
    found: dict[str, _Metric] = {}
    for said_name, metric in document.get("metrics").members().items():
        name = _clean(said_name)
        if name in found:
            raise metric.error(
                f"{visible(name, 80)}: two names differ in nothing but values of an address, which "
                "are not kept; next: give these requests the tag name"
            )
        upright = metric.has("values")
        held: dict[str, bool] = {}
        thresholds = metric.find("thresholds")
        for text, result in thresholds.members().items() if thresholds else ():
            said = result.get("ok") if upright else result
            if not isinstance(said.value, bool):
                raise said.error("expected true or false")
            held[text] = said.value if upright else not said.value
        found[name] = _Metric(values=metric.get("values") if upright else metric, held=held)
    return found


def _clean(name: str) -> str:
    """Name of a metric without the secrets that an address in its tags may hold."""
    metric, brace, tags = name.removesuffix("}").partition("{")
    return f"{metric}{{{','.join(map(clean_name, tags.split(',')))}}}" if brace else name


def _summary(metrics: Mapping[str, _Metric], name: str) -> Summary:
    tag = f"{{name:{name}}}" if name else ""
    values = metrics[f"http_req_duration{tag}"].values
    counter = metrics.get(f"http_reqs{tag}")
    n = counter.values.get("count").count() if counter else 0
    quantiles: dict[float, float] = {}
    for key, node in values.members().items():
        q = _EXTREMES.get(key)
        if q is None and (matched := _QUANTILE.fullmatch(key)):
            q = round(float(matched[1]) / 100.0, 12)
        # k6 prints 0 for a metric that never had a sample
        if q is not None and n:
            quantiles[q] = node.number() * _MS
    average = values.find("avg")
    return Summary(
        name=name,
        n=n,
        failed=min(n, _failed(metrics.get(f"http_req_failed{tag}"))),
        average_s=average.number() * _MS if average and n else None,
        quantiles_s=dict(sorted(quantiles.items())),
    )


def _failed(metric: _Metric | None) -> int:
    """Failed requests: those that let the rate `http_req_failed` pass."""
    if metric is None:
        return 0
    key = "matches" if metric.values.has("matches") else "passes"
    return metric.values.get(key).count()


def _names(metrics: Mapping[str, _Metric]) -> list[str]:
    """Request names of which all is known: thresholds asked for it.

    Without the number of its requests or of their failures, a name cannot be judged.
    """
    named = [matched[1] for name in metrics if (matched := _NAMED.fullmatch(name))]
    needed = [metric for metric in ("http_reqs", "http_req_failed") if metric in metrics]
    return [
        name for name in named if all(f"{metric}{{name:{name}}}" in metrics for metric in needed)
    ]


def _count(metrics: Mapping[str, _Metric], name: str) -> int:
    return metrics[name].values.get("count").count() if name in metrics else 0


def _length_s(document: Node, counts: Node) -> float:
    config = document.find("config")
    if config is not None and config.has("duration"):
        return max(_MS, config.get("duration").number())
    state = document.find("state")
    if state is not None and state.has("testRunDurationMs"):
        return max(_MS, state.get("testRunDurationMs").number() * _MS)
    rate = counts.get("rate").number()
    return counts.get("count").number() / rate if rate else 1.0


def _started_s(document: Node, length_s: float) -> float | None:
    """Start of the test by the time of its summary; only schema 1.0.0 says that."""
    metadata = document.find("metadata")
    if metadata is None or not metadata.has("generatedAt"):
        return None
    return metadata.get("generatedAt").time_s() - length_s


def _thresholds(
    metrics: Mapping[str, _Metric],
) -> tuple[tuple[Threshold, ...], tuple[str, ...]]:
    """Thresholds in our grammar, and what must be said of k6's own verdicts."""
    carried: list[Threshold] = []
    notes: list[str] = []
    for name, metric in metrics.items():
        for text, held in metric.held.items():
            words = visible(f"{name}: {text}", 200)
            if not held:
                notes.append(f"{FAILED_ELSEWHERE} a threshold failed: {words}")
            try:
                carried.append(parse_threshold(name, text))
            except GrammarError:
                notes.append(f"a threshold that is not judged here: {words}")
    limited = with_failure_limit(carried) if carried else ()
    added = limited[len(carried) :]
    notes += [f"no threshold on {one.metric}: {one.expression} was added" for one in added]
    return limited, tuple(notes)


def _with_dropped(figures: RunFigures, dropped: int) -> RunFigures:
    """Arrivals that were never started count as failed, as in a run of our own."""
    first, *rest = figures.series
    counted = replace(first, n=first.n + dropped, failed=first.failed + dropped)
    return replace(figures, series=(counted, *rest))
