"""What Argo Rollouts, Flagger and Prometheus are answered, row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.gates import PASSED, TOKEN, Bench
from perf_canary.contracts import argo, flagger, metrics
from perf_canary.contracts.messages import Request
from perf_canary.gates import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.contracts.messages import Reply
    from perf_canary.gates import Gates

BEARER = {"authorization": f"Bearer {TOKEN}"}
HOOK: dict[str, Any] = {
    "name": "api",
    "namespace": "prod",
    "phase": "Progressing",
    "checksum": "5bfd7d6c4b",
    "metadata": {"gate": "staging", "token": TOKEN},
}
# exit code, verdict, Argo's status, Flagger's gate, Flagger's rollback, metric
ROWS = [
    pytest.param(0, "pass", 200, 200, 409, 1, id="pass"),
    pytest.param(1, "fail", 200, 412, 200, -1, id="fail"),
    pytest.param(3, "inconclusive", 200, 424, 409, 0, id="inconclusive"),
    pytest.param(2, "inconclusive", 200, 424, 409, 0, id="usage"),
    pytest.param(4, "inconclusive", 200, 424, 409, 0, id="refused"),
    pytest.param(5, "inconclusive", 200, 424, 409, 0, id="infra"),
    pytest.param(70, "inconclusive", 500, 424, 409, 0, id="internal"),
    pytest.param(129, "inconclusive", 200, 424, 409, 0, id="hangup"),
    pytest.param(130, "inconclusive", 200, 424, 409, 0, id="interrupt"),
    pytest.param(143, "inconclusive", 200, 424, 409, 0, id="terminated"),
    pytest.param(None, "inconclusive", 200, 424, 409, 0, id="killed"),
]


def web(gates: Gates, query: str, gate: str = "staging", **headers: str) -> Reply:
    request = Request(method="GET", path=f"/verdict/{gate}", query=query, headers=headers or BEARER)
    return argo.reply(request, gate, gates, TOKEN)


def hook(**changes: object) -> Request:
    body = json.dumps(HOOK | changes, separators=(",", ":")).encode()
    return Request(method="POST", path="/flagger/gate", body=body)


def with_metadata(**changes: str) -> Request:
    return hook(metadata=HOOK["metadata"] | changes)


def document(reply: Reply) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(reply.body)
    return found


@pytest.mark.parametrize(("code", "verdict", "status", "gate", "rollback", "value"), ROWS)
def test_every_exit_code_on_every_host(  # one column each
    code: int | None, verdict: str, status: int, gate: int, rollback: int, value: int
) -> None:
    bench = Bench()
    bench.starts.at_once = Ending(exit_code=code, reason="the reason", run_id="r1")
    gates = bench.gates()
    answer = web(gates, "start=1&key=k")
    assert (answer.status, document(answer)["verdict"]) == (status, verdict)
    assert document(answer) == {
        "verdict": verdict, "exit_code": code, "reason": "the reason", "run_id": "r1",
        "report_url": None, "eta_s": None, "age_s": 0.0,
    }  # fmt: skip
    said = flagger.gate_reply(hook(), gates, TOKEN)
    assert (said.status, said.body) == (gate, f"{verdict}: the reason\n".encode())
    back = flagger.rollback_reply(hook(), gates, TOKEN)
    assert (back.status, back.body) == (rollback, f"{verdict}: the reason\n".encode())
    text = metrics.reply(gates.newest(), "").body.decode()
    assert f'perfproof_verdict{{gate="staging"}} {value}\n' in text


def test_running_is_an_answer_for_argo_and_409_for_flagger() -> None:
    bench = Bench()
    gates = bench.gates()
    first = web(gates, "start=1&key=k")
    assert first.status == 200
    assert document(first)["verdict"] == "running"
    assert (document(first)["eta_s"], document(first)["exit_code"]) == (300.0, None)
    bench.wall.now_s += 260
    other = flagger.gate_reply(hook(), gates, TOKEN)
    assert (other.status, other.body) == (409, b"running: 40 s left\n")
    assert flagger.rollback_reply(hook(), gates, TOKEN).status == 409
    bench.starts.expected_s = None
    bench.starts.end()
    unknown = flagger.gate_reply(hook(), gates, TOKEN)
    assert (unknown.status, unknown.body) == (409, b"running: the gate is running\n")


def test_argo_starts_only_when_asked_to() -> None:
    bench = Bench()
    reply = web(bench.gates(), "key=k")
    assert (reply.status, document(reply)["verdict"]) == (200, "inconclusive")
    assert bench.starts.begun == []


@pytest.mark.parametrize(
    "query",
    [
        "", "key=", "start=1", "key=a&key=b", "key=a&start=1&start=1", "key=a&start=0",
        "key=a&start=", "key=a&strat=1", "key=a b", "key=a%00", "key=%2e%2e%20", "key=ü",
        "key=" + "a" * 201, "key", "key=a&start=1&more=1", "key=%F0%28",
    ],
)  # fmt: skip
def test_a_question_that_is_not_understood_starts_nothing(query: str) -> None:
    bench = Bench()
    assert web(bench.gates(), query).status == 400
    assert bench.starts.begun == []


@pytest.mark.parametrize("key", ["6c5f9d7b8-step2", "a" * 200, "n/a:c@1%2B2", "a%2Fb"])
def test_keys_that_are_understood(key: str) -> None:
    bench = Bench()
    assert web(bench.gates(), f"key={key}&start=1").status == 200
    assert len(bench.starts.begun) == 1


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_a_wrong_bearer_is_401_whatever_the_gate(given: str) -> None:
    bench = Bench()
    for gate in ("staging", "nowhere"):
        reply = web(bench.gates(), "start=1&key=k", gate, authorization=given)
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert bench.starts.begun == []


def test_an_unknown_gate_is_404() -> None:
    gates = Bench().gates()
    assert web(gates, "start=1&key=k", "nowhere").status == 404
    assert flagger.gate_reply(with_metadata(gate="nowhere"), gates, TOKEN).status == 404
    assert flagger.rollback_reply(with_metadata(gate="nowhere"), gates, TOKEN).status == 404


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(Request(method="POST", path=""), 400, id="empty"),
        pytest.param(Request(method="POST", path="", body=b"{"), 400, id="cut"),
        pytest.param(Request(method="POST", path="", body=b"[]"), 400, id="list"),
        pytest.param(Request(method="POST", path="", body=b"[" * 60_000), 400, id="deep"),
        pytest.param(hook(more=[[[[[[[[[[1]]]]]]]]]]), 400, id="depth-11"),
        pytest.param(Request(method="POST", path="", body=b'{"a":NaN}'), 400, id="nan"),
        pytest.param(Request(method="POST", path="", body=b"\xff{}"), 400, id="utf-8"),
        pytest.param(hook(name=1), 400, id="name"),
        pytest.param(hook(namespace=""), 400, id="namespace"),
        pytest.param(hook(checksum=""), 400, id="no-checksum"),
        pytest.param(hook(checksum="a/b"), 400, id="checksum-with-slash"),
        pytest.param(hook(metadata=None), 400, id="no-metadata"),
        pytest.param(hook(metadata={"gate": 1}), 400, id="metadata-number"),
        pytest.param(hook(metadata={}), 400, id="no-gate"),
        pytest.param(with_metadata(gate="../x"), 400, id="gate-path"),
        pytest.param(with_metadata(wait="9"), 400, id="wait-without-unit"),
        pytest.param(with_metadata(wait="61m"), 400, id="wait-too-long"),
        pytest.param(with_metadata(token="wrong"), 403, id="token"),  # noqa: S106  # made up
        pytest.param(with_metadata(token="\ud800"), 403, id="surrogate"),  # noqa: S106  # made up
        pytest.param(hook(metadata={"gate": "staging"}), 403, id="no-token"),
    ],
)
def test_what_flagger_cannot_have_meant(request_: Request, status: int) -> None:
    bench = Bench()
    for reply in (flagger.gate_reply, flagger.rollback_reply):
        said = reply(request_, bench.gates(), TOKEN)
        assert said.status == status
        assert said.body.strip()
        assert TOKEN.encode() not in said.body
    assert bench.starts.begun == []


def test_keys_and_depths_that_flagger_may_add_are_no_reason_to_refuse() -> None:
    bench = Bench()
    said = flagger.gate_reply(hook(type="pre-rollout", more=[[[[1]]]]), bench.gates(), TOKEN)
    assert said.status == 409


@pytest.mark.parametrize("changed", ["name", "namespace", "checksum"])
def test_each_part_of_flaggers_key_makes_another_run(changed: str) -> None:
    bench = Bench()
    bench.starts.at_once = PASSED
    gates = bench.gates()
    for request in (hook(), hook(phase="Promoting"), hook(**{changed: "other"}), hook()):
        assert flagger.gate_reply(request, gates, TOKEN).status == 200
    assert len(bench.starts.begun) == 2


def test_an_argo_key_is_never_a_flagger_key() -> None:
    bench = Bench()
    bench.starts.at_once = PASSED
    gates = bench.gates()
    flagger.gate_reply(hook(), gates, TOKEN)
    web(gates, "start=1&key=prod/api/5bfd7d6c4b")
    web(gates, "start=1&key=flagger:prod/api/5bfd7d6c4b")
    assert len(bench.starts.begun) == 3


def test_wait_blocks_until_the_verdict() -> None:
    bench = Bench()
    gates = bench.gates()
    assert flagger.gate_reply(with_metadata(wait="1ms"), gates, TOKEN).status == 409
    bench.starts.end()
    assert flagger.gate_reply(with_metadata(wait="9m30s"), gates, TOKEN).status == 200


def test_metrics_as_openmetrics_and_as_text() -> None:
    bench = Bench()
    gates = bench.gates()
    empty = metrics.reply(gates.newest(), "")
    assert "{" not in empty.body.decode()
    gates.ask("staging", "k", start=True)
    # a gate that never ended has no series
    assert metrics.reply(gates.newest(), "").body == empty.body
    bench.starts.end()
    plain = metrics.reply(gates.newest(), "text/plain;version=0.0.4")
    assert plain.content_type == "text/plain; version=0.0.4"
    assert "# EOF" not in plain.body.decode()
    modern = metrics.reply(gates.newest(), "application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert modern.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    lines = modern.body.decode().splitlines()
    assert lines[-1] == "# EOF"
    assert "# UNIT perfproof_verdict_timestamp_seconds seconds" in lines
    assert 'perfproof_verdict{gate="staging"} 1' in lines
    assert 'perfproof_verdict_timestamp_seconds{gate="staging"} 1800000000.000' in lines
