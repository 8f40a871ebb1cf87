"""The round before anything is watched: whose mistake it is, and what is never shown."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from dataclasses import replace
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
    serving,
    vector,
)
from perf_documents.errors import InfraError, UsageError
from watched import ALONE, BEGAN_S, TIMED, rules_of, source_of, watched, why

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.prometheus import FakePrometheus
    from perf_canary.sources.prometheus import PrometheusSource

TOTAL = selector_of(GREEN)
BUCKETS = selector_of(GREEN, SECONDS)
SECRET = "token-of-the-tests"  # noqa: S105  # opens nothing
HEADERS = "  headers_env: {Authorization: PROM_TOKEN}\n  scrape_interval"


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_without_access_nothing_is_watched(
    prometheus: FakePrometheus, alone: PrometheusSource, status: int
) -> None:
    place = {"Location": "http://127.0.0.1:9/"} if status == 302 else {}
    prometheus.canned = {"": Canned(b"", status, place)}
    with pytest.raises(InfraError, match=rf"{re.escape(prometheus.url)}: status {status}.*source"):
        alone.probe_round(BEGAN_S)
    queries = [form["query"] for form in prometheus.asked]
    assert len(queries) == len(set(queries))
    assert f"status {status}" in why(alone, BEGAN_S)


@pytest.mark.parametrize("status", [400, 422])
def test_a_query_that_is_not_understood_is_the_files_mistake(
    prometheus: FakePrometheus, alone: PrometheusSource, status: int
) -> None:
    text = "parse error \\u001b[2J" + "x" * 1000
    body = f'{{"status":"error","errorType":"bad_data","error":"{text}"}}'.encode()
    prometheus.canned = {f"sum({TOTAL})": Canned(body, status)}
    with pytest.raises(
        UsageError, match=r"metrics.requests: sum.*parse error \\x1b\[2Jx+…"
    ) as told:
        alone.probe_round(BEGAN_S)
    assert len(str(told.value)) < 600
    assert "parse error" in why(alone, BEGAN_S)


def test_several_series_are_the_files_mistake_before_and_no_data_later(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(TIMED, prometheus.url, tmp_path)
    three = vector(*(sample(ASKED_S, "5", {"pod": name}) for name in "abc"))
    for query in (f"sum({TOTAL})", f"sum by (le) ({BUCKETS})"):
        prometheus.canned = {query: Canned(three)}
        source = source_of(rules)
        with pytest.raises(UsageError, match="query returned 3 series; aggregate it"):
            source.probe_round(BEGAN_S)
        found = watched(source, rules)
        assert found.promotions == 0
        assert "query returned 3 series" in found.reasons


def test_a_metric_that_prometheus_never_heard_of_is_the_files_mistake(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    text = ALONE.replace("sum(http_requests_total{$arm})", "sum(http_request_total{$arm})")
    source = source_of(rules_of(text, prometheus.url, tmp_path))
    with pytest.raises(UsageError, match="knows no series named http_request_total; check"):
        source.probe_round(BEGAN_S)
    assert why(source, BEGAN_S).startswith("requests: the selector matches no series")


def test_an_arm_without_traffic_yet_is_no_mistake(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    prometheus.now_s = BEGAN_S
    del prometheus.series[TOTAL]
    prometheus.series[selector_of(BLUE)].age_s = 0.1
    assert alone.probe_round(BEGAN_S).startswith("canary: requests: the selector matches no series")


def test_an_answer_that_says_nothing_is_a_reason_to_wait(
    prometheus: FakePrometheus, alone: PrometheusSource
) -> None:
    prometheus.canned = {f"sum({TOTAL})": Canned(b"<html>")}
    where = f"Prometheus at {prometheus.url}"
    assert alone.probe_round(BEGAN_S) == f"{where}: metrics.requests: is HTML or XML, not JSON"


def test_a_prometheus_that_is_down_is_a_reason_to_wait(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    source = source_of(rules_of(ALONE, f"http://127.0.0.1:{port}", tmp_path))
    assert source.probe_round(BEGAN_S) == f"Prometheus at http://127.0.0.1:{port}: refused"


@pytest.mark.parametrize("off_s", [-6.0, 6.0, 3600.0])
def test_a_clock_that_is_off_is_a_reason_to_wait(
    prometheus: FakePrometheus, alone: PrometheusSource, off_s: float
) -> None:
    prometheus.now_s = BEGAN_S + off_s
    assert f"its clock is {abs(off_s):.0f} s off ours" in alone.probe_round(BEGAN_S)
    assert next(form for form in prometheus.asked if "time" not in form)["query"] == "time()"
    prometheus.now_s = BEGAN_S + 4.0
    assert alone.probe_round(BEGAN_S) == ""


def test_a_token_is_sent_and_never_shown_or_forwarded(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE.replace("  scrape_interval", HEADERS), prometheus.url, tmp_path)
    environ = {"PROM_TOKEN": f"Bearer {SECRET}"}
    source = source_of(rules, environ)
    echo = f'{{"status":"error","error":"bad token {SECRET} of Bearer {SECRET}"}}'.encode()
    prometheus.canned = {"": Canned(echo, 422)}
    with pytest.raises(UsageError) as told:
        source.probe_round(BEGAN_S)
    assert SECRET not in f"{told.value}{source.read(BEGAN_S)!r}"
    assert {headers["authorization"] for headers in prometheus.headers} == {f"Bearer {SECRET}"}
    with serving() as other:
        place = {"Location": f"{other.url}/api/v1/query"}
        prometheus.canned = {"": Canned(b"", 307, place)}
        source.read(BEGAN_S)
        assert other.asked == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "PROM_TOKEN is not set; export it", id="missing"),
        pytest.param("", "PROM_TOKEN is not set; export it", id="empty"),
        pytest.param(f"{SECRET}\n", "PROM_TOKEN holds a line end", id="line end"),
        pytest.param(f"{SECRET}\r\nX: y", "PROM_TOKEN holds a line end", id="two lines"),
    ],
)
def test_a_header_without_a_good_value_is_named_and_nothing_is_asked(
    prometheus: FakePrometheus, tmp_path: Path, value: str | None, reason: str
) -> None:
    rules = rules_of(ALONE.replace("  scrape_interval", HEADERS), prometheus.url, tmp_path)
    environ = {} if value is None else {"PROM_TOKEN": value}
    with pytest.raises(UsageError, match=f"source.headers_env.Authorization: .*{reason}") as told:
        source_of(rules, environ)
    assert SECRET not in str(told.value)
    assert prometheus.asked == []


def test_an_address_is_needed_and_holds_no_password(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    assert rules.source is not None
    for address, reason in ((None, "is missing"), (f"http://me:{SECRET}@host", "credentials")):
        changed = replace(rules, source=replace(rules.source, prometheus=address))
        with pytest.raises(UsageError, match=reason) as told:
            source_of(changed)
        assert SECRET not in str(told.value)
