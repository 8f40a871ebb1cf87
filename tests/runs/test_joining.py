"""Workers that join a run from elsewhere: who may, who may not, and what ends them."""

from __future__ import annotations

import os
import signal
import socket
import zlib
from typing import TYPE_CHECKING

import msgpack
import pytest
import zmq

import wall_clock
from engine_runs import HEALTH, Bench, during, task
from guests import DURATION_S, RATE, Guest, line
from perf_analysis.facts import EndState
from perf_analysis.judgement import judge
from perf_analysis.verdict import Outcome
from perf_documents.errors import UnreachableError, UsageError
from perf_loadtests import joining
from perf_loadtests.engine.distributed.messages import Knock, pack
from perf_loadtests.protocol import SpreadModel

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_GUEST = SpreadModel(workers=1, local=0)
OTHER = "c" * 32


def refused(guest: Guest) -> str:
    """Why a guest was turned away: always as an error of usage."""
    (error,) = guest.ended
    assert isinstance(error, UsageError)
    assert "before load, nothing sent" in str(error)
    return str(error)


def test_a_guest_shares_the_load_and_strangers_and_latecomers_do_not(bench: Bench) -> None:
    stranger, guest, late = (
        Guest(bench, "stranger", token=OTHER), Guest(bench, "guest"), Guest(bench, "late")
    )  # fmt: skip
    threads = [stranger.start(), guest.start()]

    def call_in() -> None:
        threads.append(late.start())
        pester(bench.listening())

    call = during(bench, 0.2, call_in)
    run = bench.run(
        HEALTH, emit=call, rate=RATE, duration_s=DURATION_S, spread=SpreadModel(workers=2, local=1)
    )
    for thread in threads:
        thread.join(20.0)
    assert guest.ended == [""]
    assert "wrong token" in refused(stranger)
    assert "the run has begun" in refused(late)
    assert run.state is EndState.COMPLETED
    assert run.engine.processes_final == 2
    assert run.engine.accounts.finished == RATE * DURATION_S
    assert bench.served() == {"/health": RATE * DURATION_S}


@pytest.mark.parametrize(
    ("unlike", "said"),
    [
        pytest.param({"version": "9"}, "perfproof 9 there, 0 here", id="version"),
        pytest.param({"rate": 2 * RATE}, "another plan", id="plan"),
    ],
)
def test_who_would_load_something_else_ends_the_run_before_any_load(
    bench: Bench, unlike: dict[str, object], said: str
) -> None:
    guest = Guest(bench, "guest", **unlike)  # type: ignore[arg-type]  # rows of mixed types
    thread = guest.start()
    with pytest.raises(UsageError, match=said):
        bench.run(HEALTH, rate=RATE, duration_s=DURATION_S, spread=SpreadModel(workers=2, local=1))
    thread.join(20.0)
    assert said in refused(guest)
    assert bench.served() == {}


def killed_at(bench: Bench, at_s: float) -> Callable[[object], None]:
    """Kill the master when the load has come so far."""
    return during(bench, at_s, lambda: os.kill(master_of(bench), signal.SIGKILL))


def master_of(bench: Bench) -> int:
    """Process id of the master of a run."""
    with (bench.folder / "spool/spool.jsonl").open("rb") as spool:
        line = next(line for line in spool if b'"type":"start"' in line)
    return int(line.split(b'"pid":')[1].split(b",")[0])


def test_a_guest_without_its_master_stops_by_itself(bench: Bench) -> None:
    guest = Guest(bench, duration_s=30)
    thread = guest.start()
    killed = killed_at(bench, 1.0)
    run = bench.run(HEALTH, emit=killed, rate=RATE, duration_s=30, spread=ONE_GUEST)
    at_s = bench.clock()
    thread.join(20.0)
    assert run.state is EndState.INCOMPLETE
    assert guest.ended == ["its master was not heard for 3 s"]
    # the lease, what is in flight, and the end of two processes
    assert bench.clock() - at_s < 8.0
    assert sum(bench.served().values()) <= RATE * (1.0 + 1.0 + 5.0)
    assert (bench.folder / "guests/guest/spool.jsonl").exists()


def test_where_nobody_listens_a_guest_gives_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = Guest(bench, "guest")
    monkeypatch.setattr(bench, "listening", lambda: ("127.0.0.1", 9))
    bench.stop.signals.append(signal.SIGTERM)
    guest.join()
    (ended,) = guest.ended
    assert isinstance(ended, UnreachableError)
    assert "stopped before a master answered" in str(ended)


@pytest.mark.slow
def test_a_guest_whose_event_loop_stands_still_is_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "SILENCE_S", 2.0)
    stuck = task("while Health.count == 20: pass")
    guest = Guest(bench, duration_s=30, scenario=stuck)
    thread = guest.start()
    run = bench.run(stuck, rate=RATE, duration_s=30, spread=ONE_GUEST)
    thread.join(20.0)
    assert "said nothing for 3 s" in run.engine.end_detail
    assert guest.ended == ["its load process hung"]


@pytest.mark.slow
def test_d06_a_line_that_is_cut_ends_the_load_on_both_sides(bench: Bench) -> None:
    with line() as between:
        guest = Guest(bench, duration_s=30, find=lambda: between.lay(bench.listening()))
        thread = guest.start()
        cut = during(bench, 1.0, between.cut)
        run = bench.run(HEALTH, emit=cut, rate=RATE, duration_s=30, spread=ONE_GUEST)
        thread.join(20.0)
    assert run.state is EndState.INCOMPLETE
    assert "said nothing for 3 s" in run.engine.end_detail
    assert guest.ended == ["its master was not heard for 3 s"]
    # until it is cut, for as long as the lease lasts, and what is in flight then
    assert sum(bench.served().values()) <= RATE * (1.0 + 1.0 + 5.0)


@pytest.mark.slow
def test_d17_a_worker_whose_last_acknowledgement_is_lost_ends_and_says_so(bench: Bench) -> None:
    with line() as between:
        between.cut_after = b"perf_flush"
        guest = Guest(bench, find=lambda: between.lay(bench.listening()))
        thread = guest.start()
        run = bench.run(HEALTH, rate=RATE, duration_s=DURATION_S, spread=ONE_GUEST)
        thread.join(20.0)
    assert run.state is EndState.COMPLETED
    assert run.engine.accounts.finished == RATE * DURATION_S
    assert guest.ended == ["its master was not heard for 3 s"]


@pytest.mark.slow
@pytest.mark.skipif(wall_clock.COMPILER is None, reason="no C compiler to make a clock with")
def test_d13_a_worker_whose_clock_is_off_by_an_hour_moves_no_figure(bench: Bench) -> None:
    clock = wall_clock.build(bench.folder)
    clock.set(3_600)
    guest = Guest(bench, environ=clock.environ)
    thread = guest.start()
    spread = SpreadModel(workers=2, local=1)
    run = bench.run(HEALTH, rate=RATE, duration_s=DURATION_S, spread=spread)
    thread.join(20.0)
    assert guest.ended == [""]
    assert run.engine.accounts.finished == RATE * DURATION_S
    checks = judge(run.facts(), run.measured, ()).checks
    assert {row.rule for row in checks if row.outcome is Outcome.BROKEN} <= {"V6"}


def test_d14_a_port_that_is_taken_is_said_before_the_load(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        spread = SpreadModel(workers=1, local=0, port=port)
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}: .*nothing sent") as refused:
            bench.run(HEALTH, rate=RATE, spread=spread)
    assert f"ss -ltnp 'sport = :{port}'" in str(refused.value)
    assert bench.served() == {}


@pytest.mark.slow
def test_a_run_without_all_of_its_workers_never_begins(bench: Bench) -> None:
    with pytest.raises(UnreachableError, match="1 of 2 workers connected; before load"):
        bench.run(HEALTH, rate=RATE, spread=SpreadModel(workers=2, local=1))
    assert bench.served() == {}


def pester(place: tuple[str, int]) -> None:
    """Send a master what no worker of its own would."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 1000)
        stranger.setsockopt(zmq.IDENTITY, b"stranger")
        stranger.connect(f"tcp://{place[0]}:{place[1]}")
        for frames in HOSTILE:
            stranger.send_multipart(frames)
        stranger.send(msgpack.dumps(("perf_knock", pack(Knock(protocol=1)), "stranger")))
        # the answer says that everything before it was read
        assert stranger.poll(5000), "the master has become deaf"


HOSTILE: list[list[bytes]] = [
    [b""], [b"", b""], [b"x"], [b"\xc1"], [b"\x93"], [b"a", b"b", b"c"], [b"\x91" * 2000],
    [msgpack.dumps(None)], [msgpack.dumps([1, 2, 3])], [msgpack.dumps(["quit", None, "stranger"])],
    [msgpack.dumps(["client_ready", "2.43.0", "stranger"])],
    [msgpack.dumps(["stats", {"user_classes_count": 1}, "stranger"])],
    [msgpack.dumps(["locustfile", {"version": "2.43.0"}, "stranger"])],
    [msgpack.dumps(["spawning_complete", {"user_classes_count": {"__datetime__": 1}}, "x"])],
    [msgpack.dumps(["perf_report", {"body": b"x", "seal": b""}, "stranger"])],
    [msgpack.dumps(["perf_hello", {"body": zlib.compress(b"{}"), "seal": b"y"}, "stranger"])],
    [msgpack.dumps(["perf_hello", [1], "stranger"])],
    [msgpack.dumps(["perf_stop", {"body": zlib.compress(b'{"word":"stop"}'), "seal": b""}, "x"])],
]  # fmt: skip
