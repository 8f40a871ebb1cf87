"""How a run is spread: what may be asked for, and what would be open to strangers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine_runs import plan_of
from perf_documents.errors import UnreachableError, UsageError
from perf_loadtests import spreading
from perf_loadtests.preflight import Patience
from perf_loadtests.protocol import WORKER_TOKEN, SpreadModel
from perf_loadtests.requests import RunRequest
from perf_loadtests.spreading import place_of, spread_of, with_token

PLAN = plan_of(rate=10, max_vus=4)
TOKEN = {WORKER_TOKEN: "a" * 32}


def asked(**options: object) -> RunRequest:
    """Request with options."""
    values = {"profile": "smoke", "target": "http://127.0.0.1:1", "time_scale": Fraction(1)}
    return RunRequest(**(values | options))  # type: ignore[arg-type]  # rows of mixed types


@pytest.mark.parametrize(
    ("options", "spread"),
    [
        ({}, None),
        ({"processes": 1}, None),
        ({"processes": 3}, SpreadModel(workers=3, local=3)),
        ({"workers": 1}, SpreadModel(workers=1, local=0, port=5557)),
        ({"workers": 2, "processes": 2, "bind": "127.0.0.1:0"}, SpreadModel(workers=4, local=2)),
        ({"workers": 1, "bind": "[::1]:9"}, SpreadModel(workers=1, local=0, host="::1", port=9)),
    ],
)
def test_processes_here_and_workers_elsewhere_add_up(
    options: dict[str, object], spread: SpreadModel | None
) -> None:
    assert spread_of(asked(**options), PLAN, {}) == spread


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"processes": 5}, "5 load processes for 4 VUs"),
        ({"bind": "127.0.0.1:1"}, "say how many with --workers"),
        ({"workers": 1, "target": "demo"}, "perf target"),
        ({"workers": 1, "bind": "127.0.0.1"}, "expected HOST:PORT"),
        ({"workers": 1, "bind": "127.0.0.1:99999"}, "expected HOST:PORT"),
        ({"workers": 1, "bind": ":1"}, "expected HOST:PORT"),
        ({"workers": 1, "bind": "elsewhere:1"}, "is no address"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        spread_of(asked(**options), PLAN, TOKEN)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "[::]"])  # noqa: S104  # never bound
def test_an_address_that_others_can_reach_needs_a_long_token(host: str) -> None:
    request = asked(workers=1, bind=f"{host}:5557")
    for environ in ({}, {WORKER_TOKEN: "a" * 31}):
        with pytest.raises(UsageError, match=f"{WORKER_TOKEN} must be set"):
            spread_of(request, PLAN, environ)
    assert spread_of(request, PLAN, TOKEN) is not None


def test_processes_of_this_machine_share_a_secret_of_their_own() -> None:
    here, both = SpreadModel(workers=2, local=2), SpreadModel(workers=2, local=1)
    assert with_token(TOKEN, here, lambda n: "r" * n)[WORKER_TOKEN] == "r" * 32
    assert with_token(TOKEN, both, lambda n: "r" * n) == TOKEN
    assert with_token({}, None, lambda n: "r" * n) == {}


def test_a_master_s_name_may_appear_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, known_from_s = [0.0], 3.0

    def resolve(host: str, _port: int) -> list[str]:
        if now_s[0] < known_from_s:
            raise UnreachableError(host)
        return ["10.0.0.5"]

    def sleep(span_s: float) -> None:
        now_s[0] += span_s

    def patience(wait_s: float) -> Patience:
        return Patience(wait_s=wait_s, clock=lambda: now_s[0], sleep=sleep, stopped=lambda: False)

    monkeypatch.setattr(spreading, "resolve", resolve)
    with pytest.raises(UnreachableError):
        spreading.find("master", 1, patience(1.5))
    assert spreading.find("master", 1, patience(5.0)) == "10.0.0.5"


def test_a_place_is_host_and_port() -> None:
    assert place_of("master.example:80", "--master") == ("master.example", 80)
