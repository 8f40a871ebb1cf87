"""One arm's counters out of Prometheus' answers: whole, fresh and unbroken, or no data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.reading import Counters, NoData
from perf_canary.sources.answer import Refused, number
from perf_canary.sources.metric import BUCKETS, ERRORS, REQUESTS
from perf_documents.errors import DocumentError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perf_canary.reading import Buckets
    from perf_canary.sources.answer import Samples
    from perf_canary.sources.asking import Answered
    from perf_canary.sources.metric import Metric
    from perf_canary.sources.promql import Selector

_STALE_SCRAPES = 2.0
_KNOWN_FOR = "1h"
_SHOWN = 120
# Prometheus keeps milliseconds
_TINY_S = 0.0015


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What of the last good reading the next one is compared with."""

    t_s: float
    series: Mapping[str, float]
    oldest_s: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers to the queries of one look."""

    t_s: float
    by_query: Mapping[str, Answered]

    def samples(self, query: str) -> Samples:
        """Samples of a query; `DocumentError` says why there are none."""
        answer = self.by_query[query]
        if isinstance(answer, Refused):
            raise DocumentError(answer.why)
        return answer

    def value(self, query: str, *, empty: float = 0.0) -> float:
        """The one value of a query, or what an empty answer means."""
        samples = self.samples(query)
        if len(samples) > 1:
            raise DocumentError(several(samples))
        return samples[0].value if samples else empty


def several(samples: Samples) -> str:
    """Say that one series was meant."""
    labels = ",".join(f"{name}={value[:_SHOWN]}" for name, value in samples[0].labels.items())
    return (
        f"query returned {len(samples)} series; aggregate it, as in sum(...); "
        f"the first: {visible(labels, _SHOWN)}"
    )


@dataclass(slots=True, kw_only=True)
class ArmReader:
    """Reads one arm look after look.

    Parameters
    ----------
    metrics : tuple of Metric
    scrape_interval_s : float
    """

    metrics: tuple[Metric, ...]
    scrape_interval_s: float
    _seen: _Seen | None = field(init=False, default=None)

    def queries(self, t_s: float) -> Iterator[str]:
        """Queries to be answered for a reading at an instant."""
        for metric in self.metrics:
            yield metric.query
            yield from metric.exists.values()
            for selector in metric.selectors:
                yield _count(selector)
                yield _oldest(selector)
                yield from self._breaks(selector, t_s)

    def read(self, answers: Answers) -> Counters | NoData:
        """Return the counters, or why there are none.

        What was seen last is replaced by a good reading only: over a gap, resets and missing series
        are asked for from before it.
        """
        try:
            series, oldest_s = self._series(answers)
            restarted = self._restarted(answers, series)
            if restarted:
                self._seen = None
                return NoData(why=restarted, restarted=True)
            self._check_fresh(answers.t_s, oldest_s)
            counters = self._counters(answers, series)
        except DocumentError as error:
            return NoData(why=str(error))
        self._seen = _Seen(t_s=answers.t_s, series=series, oldest_s=oldest_s)
        return counters

    def _breaks(self, selector: Selector, t_s: float) -> tuple[str, ...]:
        """Queries for resets since the last good reading, and for how many series it knew.

        The second counts those with a past: as many as there were. Fewer, and some went; more, and
        some came back, with all they ever counted as if it had happened since. What a scrape under
        way at the last look brought later, stamped with its beginning, is among them too. A series
        smaller than it was is none of them: it began anew.
        """
        seen = self._seen
        if seen is None:
            return ()
        # from the last samples of then: a reset may lie between them and the look
        since_s = seen.oldest_s.get(selector.text, seen.t_s)
        reach_ms = math.ceil((t_s - since_s) * 1000.0) + 1
        back_ms = round((t_s - seen.t_s) * 1000.0)
        text = selector.text
        # values of several names cannot be compared, only their presence
        still = ">=" if selector.name else "and"
        return (
            f"sum(resets({text}[{reach_ms}ms]))",
            f"count({text} {still} last_over_time({text}[{_KNOWN_FOR}] offset {back_ms}ms))",
        )

    def _series(self, answers: Answers) -> tuple[dict[str, float], dict[str, float]]:
        """Number of series by selector, and the time of the oldest sample of those with any."""
        series: dict[str, float] = {}
        oldest_s: dict[str, float] = {}
        for metric, selector in self._selected():
            with_place = f"{metric.name}: {visible(selector.text, _SHOWN)}"
            try:
                series[selector.text] = answers.value(_count(selector))
                if series[selector.text] > 0.0:
                    oldest_s[selector.text] = answers.value(_oldest(selector), empty=-math.inf)
            except DocumentError as error:
                raise DocumentError(f"{with_place}: {error}") from error
        return series, oldest_s

    def _restarted(self, answers: Answers, series: Mapping[str, float]) -> str:
        if self._seen is None:
            return ""
        for metric, selector in self._selected():
            text = selector.text
            before, now = self._seen.series.get(text, 0.0), series[text]
            if now == 0.0 and metric.name != ERRORS:
                continue  # no data at all: what has become of it shows when there are some again
            resets, known = (answers.value(query) for query in self._breaks(selector, answers.t_s))
            if resets > 0.0:
                return f"{metric.name}: {resets:.0f} counter resets: restarted"
            if known != before:
                how = "went" if known < before else "came back"
                count = abs(known - before)
                return f"{metric.name}: {count:.0f} series of {before:.0f} {how}: restarted"
        return ""

    def _check_fresh(self, t_s: float, oldest_s: Mapping[str, float]) -> None:
        most_s = _STALE_SCRAPES * self.scrape_interval_s
        for text, at_s in oldest_s.items():
            before_s = self._seen.oldest_s.get(text, -math.inf) if self._seen else -math.inf
            place, age_s = visible(text, _SHOWN), t_s - at_s
            if age_s > most_s:
                raise DocumentError(f"{place}: stale: a sample is {age_s:.0f} s old; at most "
                                    f"{most_s:g} s, two scrape intervals")  # fmt: skip
            if age_s < -_TINY_S:
                raise DocumentError(f"{place}: a sample is {-age_s:.0f} s in the future")
            if at_s < before_s:
                raise DocumentError(f"{place}: samples older than at the last look")
            if at_s == before_s:
                raise DocumentError(f"{place}: no scrape since {age_s:.0f} s ago")

    def _counters(self, answers: Answers, series: Mapping[str, float]) -> Counters:
        values: dict[str, float] = {}
        buckets: Buckets | None = None
        for metric in self.metrics:
            try:
                _check_matches(metric, answers, series)
                if metric.name == BUCKETS:
                    buckets = read_buckets(answers.samples(metric.query))
                else:
                    values[metric.name] = _value(metric, answers, series)
            except DocumentError as error:
                raise DocumentError(f"{metric.name}: {error}") from error
        try:
            return Counters(requests=values[REQUESTS], errors=values[ERRORS], buckets=buckets)
        except ValueError as error:
            raise DocumentError(str(error)) from error

    def _selected(self) -> Iterator[tuple[Metric, Selector]]:
        for metric in self.metrics:
            for selector in metric.selectors:
                yield metric, selector


def read_buckets(samples: Samples) -> Buckets:
    """Return a histogram's cumulative buckets, ascending; `DocumentError` where they are not."""
    if not samples:
        raise DocumentError("empty: no buckets")
    found: dict[float, float] = {}
    for sample in samples:
        if sample.labels.keys() != {"le"}:
            raise DocumentError(f"{several(samples)}; expected the label le alone: sum by (le)")
        text = sample.labels["le"]
        bound = math.inf if text == "+Inf" else number(text)
        if bound in found:
            raise DocumentError(f"the bucket le={visible(text, 40)} stands twice")
        found[bound] = sample.value
    if math.inf not in found:
        raise DocumentError("no bucket le=+Inf")
    return tuple(sorted(found.items()))


def _value(metric: Metric, answers: Answers, series: Mapping[str, float]) -> float:
    has_any = any(series[selector.text] > 0.0 for selector in metric.selectors)
    if not has_any or answers.samples(metric.query):
        # errors that never happened have no series: they were shown to be possible
        return answers.value(metric.query)
    raise DocumentError("empty, although its selectors match series: something in it filters")


def _check_matches(metric: Metric, answers: Answers, series: Mapping[str, float]) -> None:
    for selector in metric.selectors:
        exists = metric.exists.get(selector.text)
        if series[selector.text] > 0.0 or (exists and answers.value(exists) > 0.0):
            continue
        raise DocumentError(f"the selector matches no series: {visible(selector.text, _SHOWN)}")


def _count(selector: Selector) -> str:
    return f"count({selector.text})"


def _oldest(selector: Selector) -> str:
    return f"min(timestamp({selector.text}))"
