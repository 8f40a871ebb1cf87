"""The routes, who may use them, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_loadtests.target import TOKEN_VARIABLE
from perf_loadtests.target.parameters import MAX_LIMIT
from perf_loadtests.target.wire import MAX_BODY_BYTES

if TYPE_CHECKING:
    from tests.loadtests.target.conftest import Client, Serve

LAST_DAY = "start_time=2026-01-30T00:00:00Z&end_time=2026-01-31T00:00:00Z"
API_PATHS = (
    "/api/v1/traces",
    "/api/v1/traces/0000000000000000",
    f"/api/v1/metrics/analytics?{LAST_DAY}",
    f"/api/v1/costs/analytics?{LAST_DAY}",
    "/api/v1/unknown",
)


def test_health_needs_no_token(service: Client) -> None:
    answer = service.get("/health", Authorization="")
    assert (answer.status, answer.document) == (200, {"status": "ok"})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", API_PATHS)
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic demo-token"])
def test_api_without_the_right_token_is_401(service: Client, path: str, authorization: str) -> None:
    answer = service.get(path, Authorization=authorization)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "token" in answer.document["error"]


def test_scheme_is_read_in_any_case(service: Client) -> None:
    assert service.get("/api/v1/traces", Authorization=f"bearer {service.token}").status == 200


def test_token_comes_from_the_environment(serve: Serve) -> None:
    client = serve(**{TOKEN_VARIABLE: "another-token"})
    assert client.get("/api/v1/traces").status == 200
    assert client.get("/api/v1/traces", Authorization="Bearer demo-token").status == 401


def test_traces_come_most_recent_first(service: Client) -> None:
    traces = service.get("/api/v1/traces").document["traces"]
    starts = [trace["started_at"] for trace in traces]
    assert len(traces) == 50
    assert starts == sorted(starts, reverse=True)
    assert starts[0].startswith("2026-01-30T23:")


@pytest.mark.parametrize("limit", [1, MAX_LIMIT])
def test_limit_is_the_number_of_traces(service: Client, limit: int) -> None:
    assert len(service.get(f"/api/v1/traces?limit={limit}").document["traces"]) == limit


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=-1", "limit=", "limit=x", "limit=1_0", "limit=%D9%A1",
     "limit=1&limit=2", "limit=%FF", "limit=" + "9" * 5000, "&".join(["a=1"] * 40)],
)  # fmt: skip
def test_bad_limit_is_400(service: Client, query: str) -> None:
    answer = service.get(f"/api/v1/traces?{query}")
    assert answer.status == 400
    assert answer.document["error"]


def test_one_trace_is_found_by_its_id(service: Client) -> None:
    trace = service.get("/api/v1/traces?limit=1").document["traces"][0]
    assert service.get(f"/api/v1/traces/{trace['trace_id']}").document == trace


@pytest.mark.parametrize("trace_id", ["nope", "%00", "a'--", "0" * 3000])
def test_unknown_trace_is_404(service: Client, trace_id: str) -> None:
    assert service.get(f"/api/v1/traces/{trace_id}").status == 404


def test_search_applies_every_criterion(service: Client) -> None:
    wanted = {"model": "aurora-mini", "min_latency_ms": 300, "text": "LEGAL", "limit": 5}
    traces = service.post("/api/v1/traces/search", wanted).document["traces"]
    assert 1 <= len(traces) <= 5
    for trace in traces:
        assert trace["model"] == "aurora-mini"
        assert trace["latency_ms"] >= 300
        assert "legal" in trace["prompt"]


def test_empty_search_finds_the_most_recent(service: Client) -> None:
    found = service.post("/api/v1/traces/search", {"status": None}).document
    assert found == service.get("/api/v1/traces").document


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"min_latency_ms": NaN}', b'{"min_latency_ms": 1e999}',
     b'{"min_latency_ms": -1}', b'{"min_latency_ms": true}', b'{"min_latency_ms": "1"}',
     b'{"limit": 0}', b'{"limit": 1.5}', b'{"limit": true}', b'{"limit": ' + b"9" * 5000 + b"}",
     b'{"text": ""}', b'{"text": "\\ud800"}', b'{"model": 1}', b'{"colour": 1}', b"[" * 50_000,
     b'{"min_latency_ms": ' + b"9" * 400 + b"}"],
)  # fmt: skip
def test_bad_search_is_400(service: Client, body: bytes) -> None:
    answer = service.post("/api/v1/traces/search", body)
    assert answer.status == 400
    assert answer.document["error"]


def test_too_large_a_body_is_413(service: Client) -> None:
    answer = service.post("/api/v1/traces/search", b" " * (MAX_BODY_BYTES + 1))
    assert answer.status == 413
    assert answer.document["error"]


def test_usage_speaks_of_the_range(service: Client) -> None:
    usage = service.get(f"/api/v1/metrics/analytics?{LAST_DAY}").document
    assert 30 <= usage["requests"] <= 36  # 1,000 traces evenly over 30 days
    assert usage["error_rate"] == usage["errors"] / usage["requests"]
    latency_ms = usage["latency_ms"]
    assert 0 < latency_ms["p50"] <= latency_ms["p95"] <= latency_ms["p99"] <= latency_ms["max"]
    assert usage["tokens"]["total"] == usage["tokens"]["input"] + usage["tokens"]["output"]


def test_range_without_traces_has_counts_and_no_latency(service: Client) -> None:
    usage = service.get("/api/v1/metrics/analytics?start_time=2030-01-01&end_time=2030-02-01")
    assert usage.document["requests"] == 0
    assert usage.document["error_rate"] is None
    assert usage.document["latency_ms"]["p95"] is None


@pytest.mark.parametrize(("group_by", "groups"), [("model", 6), ("provider", 3), ("day", 30)])
def test_costs_add_up_in_every_grouping(service: Client, group_by: str, groups: int) -> None:
    query = f"start_time=2026-01-01&end_time=2026-01-31&group_by={group_by}"
    costs = service.get(f"/api/v1/costs/analytics?{query}").document
    assert len(costs["groups"]) == groups
    assert sum(group["requests"] for group in costs["groups"]) == 1000
    total_usd = sum(group["cost_usd"] for group in costs["groups"])
    assert costs["total_cost_usd"] == pytest.approx(total_usd)


@pytest.mark.parametrize("kind", ["metrics", "costs"])
@pytest.mark.parametrize(
    "query",
    ["start_time=yesterday", "end_time=", "start_time=2026-01-31&end_time=2026-01-30",
     "start_time=2026-01-30&end_time=2026-01-30", "start_time=0001-01-01T00:00:00%2B14:00",
     "start_time=2026-02-30", "start_time=2026-01-01&start_time=2026-01-02"],
)  # fmt: skip
def test_bad_range_is_400(service: Client, kind: str, query: str) -> None:
    answer = service.get(f"/api/v1/{kind}/analytics?{query}")
    assert answer.status == 400
    assert "time" in answer.document["error"]


def test_bad_group_is_400(service: Client) -> None:
    answer = service.get("/api/v1/costs/analytics?group_by=colour")
    assert answer.status == 400
    assert "day, model, provider" in answer.document["error"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/traces/", "/api/v1/traces/a/b"])
def test_unknown_path_is_404(service: Client, path: str) -> None:
    answer = service.get(path)
    assert answer.status == 404
    assert answer.document["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/api/v1/traces", "GET, HEAD"),
        ("GET", "/api/v1/traces/search", "POST"),
        ("BREW", "/metrics", "GET, HEAD"),
    ],
)
def test_wrong_method_is_405(service: Client, method: str, path: str, allowed: str) -> None:
    answer = service.ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


def test_head_has_the_length_and_no_body(service: Client) -> None:
    answer = service.ask("HEAD", "/health")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(service.get("/health").body))


def test_admin_is_off_by_default(serve: Serve) -> None:
    client = serve()
    assert client.get("/admin/state").status == 404
    assert client.post("/admin/faults", {"errors": 1}).status == 404
    assert client.get("/health").status == 200
