"""Workers that join a run from elsewhere: who may, who may not, and what ends them."""

from __future__ import annotations

import os
import signal
import threading
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgpack
import pytest
import zmq

from engine_runs import HEALTH, Bench, during, plan_of
from perf_analysis.facts import EndState
from perf_documents.errors import PerfError, UnreachableError, UsageError
from perf_loadtests.engine.distributed.messages import Knock, pack
from perf_loadtests.joining import Joining
from perf_loadtests.protocol import SpreadModel

if TYPE_CHECKING:
    from collections.abc import Callable

RATE, DURATION_S = 40, 3
OTHER = "c" * 32


@dataclass
class Guest:
    """A worker under a supervisor of its own, in a thread of this process."""

    bench: Bench
    name: str
    token: str = "t" * 32
    version: str = "0"
    rate: int = RATE
    duration_s: float = DURATION_S
    ended: list[str | PerfError] = field(default_factory=list)

    def start(self) -> threading.Thread:
        """Join as soon as there is a master."""
        thread = threading.Thread(target=self.join)
        thread.start()
        return thread

    def join(self) -> None:
        """Join, and note how it ended."""
        place = self.bench.listening()
        plan = plan_of(rate=self.rate, duration_s=self.duration_s)
        order = self.bench.order_of(HEALTH, plan).model_copy(update={"version": self.version})
        around = self.bench.around(self.bench.folder / "guests" / self.name, token=self.token)
        try:
            self.ended.append(Joining(order, plan, around, place).run())
        except PerfError as error:
            self.ended.append(error)


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
    guest = Guest(bench, "guest", duration_s=30)
    thread = guest.start()
    killed = killed_at(bench, 1.0)
    run = bench.run(
        HEALTH, emit=killed, rate=RATE, duration_s=30, spread=SpreadModel(workers=1, local=0)
    )
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
