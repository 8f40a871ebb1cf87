"""Prometheus as a source: what is asked, what is believed, and what ends before it begins."""

from __future__ import annotations

import re
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from fakes.prometheus import (
    ASKED_S,
    BLUE,
    GREEN,
    SECONDS,
    Canned,
    sample,
    selector_of,
    vector,
)
from perf_canary.reading import Counters, NoData
from perf_documents.canary_looks import Answer
from watched import ALONE, BEGAN_S, EVERY_S, PAIR, TIMED, rules_of, source_of, watched, why

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakes.prometheus import FakePrometheus
    from perf_canary.sources.prometheus import PrometheusSource

TOTAL = selector_of(GREEN)
ERRORS = selector_of(GREEN, more=',status=~"5.."')
ANY_STATUS = selector_of(GREEN, more=',status!=""')
BUCKETS = selector_of(GREEN, SECONDS)
NEXT_S = BEGAN_S + EVERY_S


def restarted(source: PrometheusSource, t_s: float) -> bool:
    """Whether a reading says that counters began anew."""
    reading = source.read(t_s).canary
    return isinstance(reading, NoData) and reading.restarted


def test_counters_of_both_arms_are_read_as_they_stand(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    source = source_of(rules_of(PAIR, prometheus.url, tmp_path))
    assert source.probe_round(BEGAN_S) != ""
    prometheus.now_s = BEGAN_S
    assert source.probe_round(BEGAN_S) == ""
    reading = source.read(BEGAN_S)
    expected = Counters(
        requests=6000.0,
        errors=1005.0,
        buckets=((0.1, 5940.0), (2.0, 6000.0), (float("inf"), 6000.0)),
    )
    assert (reading.t_s, reading.canary, reading.control) == (BEGAN_S, expected, expected)
    assert reading.probes is None


def test_all_queries_of_a_look_are_asked_for_one_time(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    source = source_of(rules_of(PAIR, prometheus.url, tmp_path))
    for t_s in (BEGAN_S + 0.1254, NEXT_S):
        prometheus.asked.clear()
        source.read(t_s)
        assert {form["time"] for form in prometheus.asked} == {f"{t_s:.3f}"}
        assert {form["timeout"] for form in prometheus.asked} == {"5000ms"}
        queries = [form["query"] for form in prometheus.asked]
        assert len(queries) == len(set(queries))
        assert {arm for arm in (GREEN, BLUE) if arm in "".join(queries)} == {GREEN, BLUE}
    assert set(prometheus.paths) == {"/api/v1/query"}


def test_the_path_of_the_address_is_kept(prometheus: FakePrometheus, tmp_path: Path) -> None:
    source_of(rules_of(ALONE, f"{prometheus.url}/select/0/", tmp_path)).read(BEGAN_S)
    assert set(prometheus.paths) == {"/select/0/api/v1/query"}


def test_errors_that_never_happened_are_none(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    del prometheus.series[ERRORS]
    reading = alone.read(BEGAN_S).canary
    assert isinstance(reading, Counters)
    assert (reading.requests, reading.errors) == (6000.0, 0.0)
    assert f"count({ANY_STATUS})" in [form["query"] for form in prometheus.asked]


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        pytest.param([TOTAL], f"requests: the selector matches no series: {TOTAL}", id="requests"),
        pytest.param(
            [ERRORS, ANY_STATUS],
            f"errors: the selector matches no series: {ERRORS}",
            id="a label that no counter has",
        ),
        pytest.param(
            [BUCKETS], f"latency_buckets: the selector matches no series: {BUCKETS}", id="buckets"
        ),
    ],
)
def test_a_selector_that_matches_nothing_is_no_zero(
    prometheus: FakePrometheus, tmp_path: Path, missing: list[str], reason: str
) -> None:
    rules = rules_of(TIMED, prometheus.url, tmp_path)
    for selector in missing:
        del prometheus.series[selector]
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert set(found.reasons.splitlines()) == {reason}


def test_a_zero_that_the_query_invents_is_not_believed(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    text = ALONE.replace("sum(http_requests_total{$arm})", "sum(htp_requests{$arm}) or vector(0)")
    source = source_of(rules_of(text, prometheus.url, tmp_path))
    query = 'sum(htp_requests{version="green"}) or vector(0)'
    prometheus.canned = {query: Canned(vector(sample(ASKED_S, "0")))}
    assert "matches no series: htp_requests" in why(source, BEGAN_S)


def test_one_of_two_selectors_without_series_hides_the_other_and_is_no_zero(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    two = (
        'sum(http_requests_total{$arm,status="500"}) + sum(http_requests_total{$arm,status="503"})'
    )
    text = ALONE.replace('sum(http_requests_total{$arm,status=~"5.."})', two)
    source = source_of(rules_of(text, prometheus.url, tmp_path))
    prometheus.series[selector_of(GREEN, more=',status="503"')] = prometheus.series[ERRORS]
    assert "empty, although its selectors match series" in why(source, BEGAN_S)


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [
        pytest.param(2.5, "stale: a sample is 2 s old; at most 2 s, two scrape", id="stale"),
        pytest.param(200.0, "stale: a sample is 200 s old", id="an exporter that died"),
        pytest.param(-60.0, "a sample is 60 s in the future", id="future"),
    ],
)
def test_a_sample_of_another_time_is_no_data(
    prometheus: FakePrometheus, tmp_path: Path, age_s: float, reason: str
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.series[TOTAL].age_s = age_s
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert reason in found.reasons


def test_an_exporter_down_for_half_of_the_looks_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(PAIR, prometheus.url, tmp_path)
    oldest = f"min(timestamp({TOTAL}))"
    stale = Canned(vector(sample(ASKED_S, str(BEGAN_S - 200.0))))
    for arm in (GREEN, BLUE):
        query = oldest.replace(GREEN, arm)
        turns = cycle([None, stale])
        prometheus.canned = {query: partial(lambda these, _: next(these), turns)}
        found = watched(source_of(rules), rules, 7)
        assert found.promotions == 0
        name = "canary" if arm == GREEN else "control"
        assert f"{name}: only 3 of 6 looks had data" in found.looks[-1].reason


@pytest.mark.parametrize(
    ("per_s", "reason"),
    [
        pytest.param(0.0, "canary: no data: no requests", id="none"),
        pytest.param(1.0, "canary: 96 requests; at least 200 are needed", id="too few"),
    ],
)
def test_too_little_traffic_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path, per_s: float, reason: str
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.series[TOTAL].per_s = per_s
    prometheus.series[ERRORS].per_s = 0.0
    found = watched(source_of(rules), rules, 7)
    assert found.promotions == 0
    assert reason in found.looks[-1].reason


def test_a_look_without_a_scrape_since_the_last_is_no_data(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    assert isinstance(alone.read(BEGAN_S).canary, Counters)
    for series in prometheus.series.values():
        series.age_s = 1.5
    assert why(alone, BEGAN_S + 1.0).endswith("no scrape since 2 s ago")
    assert why(alone, BEGAN_S + 0.5).endswith("samples older than at the last look")
    assert isinstance(alone.read(BEGAN_S + 1.5).canary, Counters)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda one: setattr(one, "resets", 1), id="a reset"),
        pytest.param(lambda one: setattr(one, "count", 3), id="fewer series"),
        pytest.param(lambda one: setattr(one, "known", 5), id="a series that came back"),
    ],
)
def test_a_restart_is_said_and_all_before_it_dropped(
    prometheus: FakePrometheus, tmp_path: Path, change: Callable[[object], None]
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    source = source_of(rules)
    source.read(BEGAN_S)
    change(prometheus.series[TOTAL])
    assert restarted(source, NEXT_S)
    # the next reading has nothing to be compared with
    assert isinstance(source.read(NEXT_S + EVERY_S).canary, Counters)


def test_counters_that_restart_at_each_look_are_never_promoted(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.series[TOTAL].resets = 2
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert "requests: 2 counter resets: restarted" in found.reasons


def test_errors_whose_series_went_are_a_restart(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    alone.read(BEGAN_S)
    del prometheus.series[ERRORS]
    assert restarted(alone, NEXT_S)


def test_errors_that_begin_are_no_restart(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    errors = prometheus.series.pop(ERRORS)
    alone.read(BEGAN_S)
    prometheus.series[ERRORS] = errors
    errors.known = 0
    reading = alone.read(NEXT_S).canary
    assert isinstance(reading, Counters)
    assert reading.errors > 0.0
    # the next look knows them
    errors.known = None
    assert isinstance(alone.read(NEXT_S + EVERY_S).canary, Counters)


def test_a_restart_in_a_gap_is_found_after_it(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    alone.read(BEGAN_S)
    prometheus.canned = {"": Canned(b"", 500)}
    assert not restarted(alone, NEXT_S)
    prometheus.canned = {}
    prometheus.asked.clear()
    alone.read(NEXT_S + EVERY_S)
    resets = [form["query"] for form in prometheus.asked if "resets" in form["query"]]
    # from the oldest sample of the last good reading
    assert {re.findall(r"\[(\d+)ms\]", query)[0] for query in resets} == {"32501"}


def test_one_lost_answer_is_asked_for_again(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    seen: list[int] = []

    def once(number: int) -> Canned | None:
        seen.append(number)
        return Canned(b"", 503) if len(seen) == 1 else None

    prometheus.canned = {f"sum({TOTAL})": once}
    assert isinstance(alone.read(BEGAN_S).canary, Counters)
    assert len(seen) == 2


def test_a_server_that_stays_silent_is_tried_three_times_within_the_budget(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    source = source_of(rules_of(PAIR, prometheus.url, tmp_path), call_s=0.1)
    prometheus.canned = {"": Canned(then="silent")}
    assert "no whole answer within 0.1 s" in why(source, BEGAN_S)
    # three rounds of four at once; the others were spared
    assert 3 <= len(prometheus.asked) <= 12
    assert source.clock() == 3.0


def test_a_breach_on_good_answers_rolls_back(prometheus: FakePrometheus, tmp_path: Path) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.series[ERRORS].per_s = 5.0
    assert watched(source_of(rules), rules).looks[-1].answer is Answer.ROLLBACK
