"""Each fault by flag and at run time, and the words that ask for it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from perf_loadtests.target.faults import (
    FaultError,
    Faults,
    FaultSource,
    Stall,
    faults_to_json,
    parse_duration_s,
    parse_faults,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.loadtests.target.conftest import Client, Serve

WITH = pytest.mark.parametrize("way", ["flag", "admin"])


def start_with(serve: Serve, way: str, faults: dict[str, object], *flags: str) -> Client:
    """A service that has the faults from its start, or gets them now."""
    if way == "flag":
        for name, value in faults.items():
            flags += (f"--{name.replace('_', '-')}",)
            flags += () if value is True else (str(value),)
        return serve("--admin", *flags)
    client = serve("--admin", *flags)
    assert client.get("/health").status == 200
    assert client.post("/admin/faults", faults).status == 200
    return client


def timed_s(client: Client, path: str = "/health") -> float:
    began_s = time.monotonic()
    client.get(path)
    return time.monotonic() - began_s


@WITH
def test_slow_ms_adds_to_every_answer(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"slow_ms": 200})
    assert timed_s(client) >= 0.2


@WITH
def test_slow_multiplies_the_handling_time(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"slow": 50})
    assert timed_s(client, "/api/v1/traces?limit=1000") >= 0.05  # handling takes some 5 ms


@WITH
def test_errors_share_of_one_is_all(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"errors": 1})
    answers = [client.get("/health") for _ in range(5)]
    assert {answer.status for answer in answers} == {500}
    assert answers[0].document["error"]


@WITH
def test_hang_never_answers(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"hang": 1.0})
    with client.connect(timeout_s=0.3) as link:
        link.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            link.recv(1)


@WITH
def test_trickle_sends_byte_by_byte(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"trickle": True})
    began_s = time.monotonic()
    assert client.get("/health").document == {"status": "ok"}
    assert time.monotonic() - began_s >= 1.0  # 15 bytes


@WITH
def test_stall_holds_the_answer_to_its_end(serve: Serve, way: str) -> None:
    client = start_with(serve, way, {"stall": "590ms/600ms"})
    # some requests may come in the 10 ms that are not silent, but not hundreds
    assert any(timed_s(client) >= 0.3 for _ in range(500))


def test_held_requests_leave_in_order_of_arrival(
    serve: Serve, wait_until: Callable[..., None], tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    client = serve("--admin", "--stall", "59s/60s", "--request-log", str(log))
    wait_until(lambda: timed_out(client))
    links = [client.connect() for _ in range(20)]
    for number, link in enumerate(links):
        link.sendall(f"GET /health HTTP/1.1\r\nX-Request-Id: {number}\r\n\r\n".encode())
    wait_until(lambda: client.get("/admin/state").document["requests"] >= 21)
    client.post("/admin/faults", {})  # ends the stall
    for link in links:
        assert link.recv(4096).startswith(b"HTTP/1.1 200 OK")
        link.close()
    client.get("/admin/state")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    held = [entry for entry in entries if entry["request_id"] is not None]
    assert len(held) == 20
    assert [entry["start_s"] for entry in held] == sorted(entry["start_s"] for entry in held)


def timed_out(client: Client) -> bool:
    with client.connect(timeout_s=0.2) as link:
        link.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        try:
            return not link.recv(1)
        except TimeoutError:
            return True


def test_metrics_and_admin_have_no_faults(serve: Serve) -> None:
    client = serve("--admin", "--hang", "--errors", "1", "--slow-ms", "60000")
    assert client.get("/metrics").status == 200
    assert client.get("/admin/state").status == 200


def test_only_limits_faults_to_a_prefix(serve: Serve) -> None:
    client = serve("--errors", "1", "--only", "/api/v1/costs")
    assert client.get("/health").status == 200
    assert client.get("/api/v1/costs/analytics").status == 500


def test_admin_shows_and_clears_faults(serve: Serve) -> None:
    client = serve("--admin", "--errors", "1", "--stall", "1s/10s")
    shown = client.get("/admin/state").document["faults"]
    assert (shown["errors"], shown["stall"]) == (1.0, "1s/10s")
    assert client.post("/admin/faults", {}).document["faults"] == faults_to_json(Faults())
    assert client.get("/health").status == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"slow": 0.5}', b'{"sloww": 2}', b'{"stall": 1}', b'{"errors": "1"}']
)
def test_admin_refuses_bad_faults_and_keeps_the_old(service: Client, body: bytes) -> None:
    before = service.get("/admin/state").document["faults"]
    answer = service.post("/admin/faults", body)
    assert answer.status == 400
    assert answer.document["error"]
    assert service.get("/admin/state").document["faults"] == before


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1.0), ("500ms", 0.5), ("2m", 120.0), ("0.25s", 0.25)]
)
def test_duration_has_a_unit(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "s", "-1s", "1 s", "1e3s", "\u0661s", "nans", "1h", "1s "]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(FaultError, match="not a duration"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    "fields",
    [{"slow": 0.9}, {"slow": float("nan")}, {"slow": True}, {"slow_ms": -1}, {"errors": 1.1},
     {"hang": -0.1}, {"hang": float("nan")}, {"stall": "1s"}, {"stall": "2s/1s"},
     {"stall": "1s/1s"}, {"stall": "0s/1s"}, {"stall": "1/2"}, {"only": "api"}, {"trickle": "yes"},
     {"slow": 10**400}, {"speed": 1}],
)  # fmt: skip
def test_impossible_faults_are_refused_by_name(fields: dict[str, object]) -> None:
    with pytest.raises(FaultError, match=next(iter(fields))):
        parse_faults(fields)


def test_faults_survive_json() -> None:
    faults = Faults(
        slow=1.5,
        slow_s=0.25,
        stall=Stall(0.5, 2.0),
        errors=0.1,
        hang=0.2,
        trickle=True,
        only="/api",
    )
    assert parse_faults(json.loads(json.dumps(faults_to_json(faults)))) == faults


@pytest.mark.parametrize(
    ("elapsed_s", "left_s"), [(0, 0), (8.9, 0), (9.25, 0.75), (18.5, 0), (19.5, 0.5)]
)
def test_stall_is_the_end_of_each_period(elapsed_s: float, left_s: float) -> None:
    assert Stall(1.0, 10.0).left_s(elapsed_s) == left_s


def test_victims_are_the_same_for_the_same_seed() -> None:
    def victims(seed: int, *, hang: float = 0.0) -> list[bool]:
        source = FaultSource(seed, Faults(errors=0.3, hang=hang), 0.0)
        return [source.treat("/health", 0.0).error for _ in range(1000)]

    assert victims(1) == victims(1, hang=0.5)
    assert victims(1) != victims(2)
    assert 200 < sum(victims(1)) < 400


def test_delay_is_the_rest_of_the_slower_time() -> None:
    treatment = FaultSource(1, Faults(slow=3.0, slow_s=0.5), 0.0).treat("/health", 0.0)
    assert treatment.delay_s(0.25) == 1.0
