"""Named gates and their keys: one key, one run, and a verdict that does not outlive its age."""

from __future__ import annotations

import threading

import pytest

from fakes.gates import FAILED, GATES, MAX_AGE_S, PASSED, UNDECIDED, Bench
from perf_canary import gates as module
from perf_canary.gates import Ending, GateVerdict, verdict_of

PASS, FAIL = GateVerdict.PASS, GateVerdict.FAIL
INCONCLUSIVE, RUNNING = GateVerdict.INCONCLUSIVE, GateVerdict.RUNNING


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (0, PASS), (1, FAIL), (3, INCONCLUSIVE), (2, INCONCLUSIVE), (4, INCONCLUSIVE),
        (5, INCONCLUSIVE), (70, INCONCLUSIVE), (129, INCONCLUSIVE), (130, INCONCLUSIVE),
        (143, INCONCLUSIVE), (None, INCONCLUSIVE), (-1, INCONCLUSIVE),
    ],
)  # fmt: skip
def test_only_0_passes_and_only_1_fails(code: int | None, verdict: GateVerdict) -> None:
    assert verdict_of(code) is verdict


def test_the_first_request_starts_and_later_ones_get_the_verdict() -> None:
    bench = Bench()
    gates = bench.gates()
    first = gates.ask("staging", "a", start=True)
    assert (first.verdict, first.eta_s, first.exit_code) == (RUNNING, 300.0, None)
    bench.wall.now_s += 100
    again = gates.ask("staging", "a", start=True)
    assert (again.verdict, again.eta_s, again.age_s) == (RUNNING, 200.0, 100.0)
    bench.starts.end()
    bench.wall.now_s += 7
    ended = gates.ask("staging", "a", start=True)
    assert (ended.verdict, ended.exit_code, ended.run_id) == (PASS, 0, "r1")
    assert (ended.reason, ended.age_s, ended.eta_s) == ("all held", 7.0, None)
    assert len(bench.starts.begun) == 1


def test_without_start_nothing_is_started() -> None:
    bench = Bench()
    gates = bench.gates()
    answer = gates.ask("staging", "a", start=False)
    assert (answer.verdict, answer.reason) == (INCONCLUSIVE, module.NOT_STARTED)
    assert bench.starts.begun == []


def test_a_verdict_holds_for_max_age_after_its_end_and_then_a_new_run_begins() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    bench.starts.end()
    bench.wall.now_s += MAX_AGE_S
    assert gates.ask("staging", "a", start=True).verdict is PASS
    bench.wall.now_s += 0.1
    old = gates.ask("staging", "a", start=False)
    assert (old.verdict, old.reason) == (INCONCLUSIVE, module.TOO_OLD)
    assert gates.ask("staging", "a", start=True).verdict is RUNNING
    assert len(bench.starts.begun) == 2
    bench.starts.end(FAILED)
    assert gates.ask("staging", "a", start=True).verdict is FAIL


def test_an_end_in_the_future_does_not_count() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    bench.starts.end()
    bench.wall.now_s -= 3_600
    assert gates.ask("staging", "a", start=False).verdict is INCONCLUSIVE


def test_a_second_key_waits_for_the_first_and_then_starts() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    other = gates.ask("staging", "b", start=True)
    assert (other.verdict, other.reason) == (RUNNING, module.OCCUPIED)
    assert len(bench.starts.begun) == 1
    bench.starts.end()
    assert gates.ask("staging", "b", start=True).verdict is RUNNING
    assert len(bench.starts.begun) == 2
    assert gates.ask("staging", "a", start=True).verdict is PASS


def test_gates_do_not_wait_for_each_other() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    gates.ask("canary", "a", start=True)
    assert [name for name, _ in bench.starts.begun] == ["staging", "canary"]


def test_20_identical_requests_start_one_run() -> None:
    bench = Bench()
    gates = bench.gates()
    together = threading.Barrier(20)
    verdicts: list[GateVerdict] = []

    def ask() -> None:
        together.wait()
        verdicts.append(gates.ask("staging", "a", start=True, wait_s=60.0).verdict)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    while not bench.starts.begun:
        threads[0].join(0.01)
    bench.starts.end()
    for thread in threads:
        thread.join()
    assert verdicts == [PASS] * 20
    assert len(bench.starts.begun) == 1


def test_a_waiting_request_of_another_key_starts_its_own_run() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    answers: list[GateVerdict] = []
    thread = threading.Thread(
        target=lambda: answers.append(gates.ask("staging", "b", start=True, wait_s=60.0).verdict)
    )
    thread.start()
    bench.starts.end(FAILED)
    while len(bench.starts.begun) < 2:
        thread.join(0.01)
    bench.starts.end(PASSED)
    thread.join()
    assert answers == [PASS]


def test_too_many_waiting_requests_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 0)
    bench = Bench()
    # would wait for an hour
    assert bench.gates().ask("staging", "a", start=True, wait_s=3_600.0).verdict is RUNNING


def test_a_restart_keeps_verdicts_and_a_run_that_was_cut_off_is_inconclusive() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    bench.starts.end()
    gates.ask("staging", "b", start=True)
    restarted = bench.gates()
    assert restarted.ask("staging", "a", start=True).verdict is PASS
    cut_off = restarted.ask("staging", "b", start=True)
    assert (cut_off.verdict, cut_off.reason) == (INCONCLUSIVE, module.CUT_OFF)
    assert len(bench.starts.begun) == 2
    assert all(entry.ended_s for entry in bench.store.load("staging"))


def test_a_run_that_nobody_could_remember_is_not_started() -> None:
    bench = Bench()
    gates = bench.gates()
    bench.store.fails = True
    answer = gates.ask("staging", "a", start=True)
    assert (answer.verdict, answer.exit_code) == (INCONCLUSIVE, 5)
    assert bench.starts.begun == []


@pytest.mark.parametrize(
    ("ending", "code", "verdict"),
    [(PASSED, 5, INCONCLUSIVE), (FAILED, 1, FAIL), (UNDECIDED, 3, INCONCLUSIVE)],
)
def test_a_verdict_that_cannot_be_stored_is_no_pass(
    ending: Ending, code: int, verdict: GateVerdict
) -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    bench.store.fails = True
    bench.starts.end(ending)
    answer = gates.ask("staging", "a", start=True)
    assert (answer.verdict, answer.exit_code) == (verdict, code)
    assert "disk full" in answer.reason


def test_a_run_that_ends_while_it_starts_is_noted() -> None:
    bench = Bench()
    bench.starts.at_once = FAILED
    assert bench.gates().ask("staging", "a", start=True).verdict is FAIL


def test_a_closed_desk_starts_nothing_and_lets_nobody_wait() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.close()
    answer = gates.ask("staging", "a", start=True, wait_s=3_600.0)
    assert (answer.verdict, answer.reason) == (INCONCLUSIVE, module.STOPPING)
    assert bench.starts.begun == []


def test_closing_sends_away_whoever_waits() -> None:
    bench = Bench()
    gates = bench.gates()
    answers: list[GateVerdict] = []
    thread = threading.Thread(
        target=lambda: answers.append(gates.ask("staging", "a", start=True, wait_s=3_600.0).verdict)
    )
    thread.start()
    while not bench.starts.begun:
        thread.join(0.01)
    gates.close()
    thread.join()
    assert answers == [RUNNING]


def test_reasons_are_one_line_of_200_characters() -> None:
    bench = Bench()
    gates = bench.gates()
    gates.ask("staging", "a", start=True)
    bench.starts.end(Ending(exit_code=1, reason="x\n\x1b[31m" + "y" * 500))
    reason = gates.ask("staging", "a", start=True).reason
    assert len(reason) == 200
    assert reason.startswith("x \\x1b[31m")


def test_old_entries_are_dropped_and_the_newest_is_kept() -> None:
    bench = Bench()
    gates = bench.gates()
    for key in "abc":
        gates.ask("staging", key, start=True)
        bench.starts.end()
        bench.wall.now_s += 1
    assert gates.newest()["staging"].key == "c"
    bench.wall.now_s += MAX_AGE_S + 1
    gates.ask("staging", "d", start=True)
    assert [entry.key for entry in bench.store.load("staging")] == ["c", "d"]
    assert gates.newest()["staging"].key == "c"
    assert "canary" not in gates.newest()
    assert set(GATES) == {name for name in (*GATES, "other") if name in gates}
