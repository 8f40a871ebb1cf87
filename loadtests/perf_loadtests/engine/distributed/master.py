"""The engine of a master: it loads nothing, directs its workers and keeps the one record."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Literal

import gevent

from perf_documents.errors import ScenarioError
from perf_loadtests.engine import locust_compat, locust_compat_hooks
from perf_loadtests.engine.boot import PULSE_S, Engine
from perf_loadtests.engine.distributed import messages
from perf_loadtests.engine.distributed.clocks import NOTED_S, PINGS, TOO_VAGUE_S, boot_id
from perf_loadtests.engine.distributed.desk import Desk
from perf_loadtests.engine.distributed.roster import Roster
from perf_loadtests.engine.distributed.stage import Stage
from perf_loadtests.engine.distributed.worker import expected_of
from perf_loadtests.engine.listeners import book_listener
from perf_loadtests.engine.locust_compat_runners import PortTakenError
from perf_loadtests.engine.probes import Probes
from perf_loadtests.protocol import EventRecord, SpreadModel

if TYPE_CHECKING:
    from perf_loadtests.engine.control import Control
    from perf_loadtests.engine.distributed.roster import Member
    from perf_loadtests.protocol import LoadPhase

JOIN_LIMIT_S, READY_LIMIT_S, PING_LIMIT_S = 60.0, 65.0, 5.0
SILENT_S, SILENT_BEFORE_S = 3.0, 15.0
LEAD_S, TURN_S, GRANT_S = 1.2, 0.02, 0.5
# below the limits of the supervisor, so that who was waited for in vain is named
STOP_LIMIT_S, DRAIN_MORE_S, LAST_WORDS_S = 2.5, 7.0, 0.3
LONG_AGO_S = -1e6


class MasterEngine(Engine):
    """One master at work."""

    token = ""

    def run(self, control: Control) -> None:
        """Direct the whole run; only its last line writes the completion record."""
        self._guard()
        self._event("LOADING", self._order.scenario_path)
        try:
            self._open()
        except ScenarioError as error:
            self._event("SCENARIO", str(error))
            return
        except PortTakenError as error:
            self._event("PORT", str(error))
            return
        control.listen(self._obey)
        # listeners that are for the master alone raise nowhere else
        tell = partial(book_listener, self._ledger)
        locust_compat_hooks.watch_listeners(tell)
        locust_compat.watch_greenlets(lambda _greenlet, error: tell(error))
        self._probes = Probes(clock=self._clock, wall=self._wall, yielded=lambda: 0.0)
        gevent.spawn(self._probes.watch_loop)
        if self._gather() and self._agree():
            self._direct()
        self._close()

    def _open(self) -> None:
        """Import the scenario, as every worker does, and listen."""
        found = self._import()
        spread = self._order.spread or SpreadModel(workers=1, local=1)
        self._ended: Literal["schedule", "stop", "abort"] = "schedule"
        self._failed = False
        self._t0_s = float("inf")
        self._phase: LoadPhase = "starting"
        self._beat_s = self._granted_s = self._clock()
        self._until_s: float | None = None
        roster = self._roster = Roster(
            expected_of(self._order, found.content_sha256), spread.workers
        )
        self._desk = Desk(self._order.run, roster, self.token, self._clock)
        place = spread.host, spread.port
        self._stage = Stage(found.classes, self._order.target.url, place, self._desk, self._obey)
        self._write(found.start_record(self._order.run))
        self._event("LISTENING", f"{spread.host}:{self._stage.port}")

    def _gather(self) -> bool:
        """Wait for every worker, then for its VUs."""
        until_s = self._clock() + JOIN_LIMIT_S
        while not self._roster.is_full:
            if self._desk.spoiled:
                self._event("MISMATCH", self._desk.spoiled)
                return False
            if self._is_over() or self._clock() >= until_s:
                self._say_who_came()
                return False
            self._turn()
        until_s = self._clock() + READY_LIMIT_S
        # a listener that seeds a database may take its time
        began = gevent.spawn(self._stage.began)
        while not (self._roster.is_ready and began.dead):
            if self._is_over():
                return False
            if self._clock() >= until_s:
                late = [self._roster.name(m) for m in self._roster.members.values() if not m.ready]
                self._fail(f"{[*late, 'test_start of the master'][0]} did not become ready")
            self._turn()
        return True

    def _say_who_came(self) -> None:
        if self._ended != "schedule":
            return
        there, of = len(self._roster.members), self._roster.workers
        refused = "".join(f"; {text}" for text in self._desk.refusals)
        self._event("UNREACHED", f"{there} of {of} workers connected{refused}")

    def _agree(self) -> bool:
        """Find how far each worker's clock is ahead, then say when the load begins."""
        members = list(self._roster.members.values())
        until_s = self._clock() + PING_LIMIT_S
        for number in range(PINGS):
            self._desk.say_to_all(messages.Ping(number=number, at_s=self._clock()))
            while any(m.clock.answers <= number for m in members):
                if self._is_over() or self._clock() >= until_s:
                    break
                self._turn()
        for member in members:
            member.clock.settle(same_boot=bool(boot_id()) and member.hello.boot_id == boot_id())
            vague_s = member.clock.vague_s
            if vague_s > TOO_VAGUE_S:
                self._fail(f"{self._roster.name(member)}: its clock is known to {vague_s:.3f} s "
                           f"only; expected {TOO_VAGUE_S} s")  # fmt: skip
            elif vague_s > NOTED_S:
                self._event("note", f"{self._roster.name(member)}: clock to {vague_s:.3f} s")
        return not self._is_over()

    def _direct(self) -> None:
        """Run the load to its end, or to whatever ends it before."""
        self._roster.closed = True
        self._t0_s = self._clock() + LEAD_S
        for member in self._roster.members.values():
            self._desk.say(member, messages.Start(t0_s=self._t0_s + member.clock.offset_s))
        self._phase = "load"
        plan = self._plan
        end_s = self._t0_s + plan.duration_s
        last_s = end_s + plan.graceful_stop_s + plan.timeout_s + DRAIN_MORE_S
        while not self._roster.is_done and self._clock() < min(last_s, self._until_s or last_s):
            if self._phase == "load" and self._clock() >= end_s:
                self._phase = "drain"
                self._grant(self._clock())
            self._turn()
        for member in self._roster.members.values():
            if member.part is None and not self._failed:
                self._fail(f"{self._roster.name(member)} sent no closing accounts")

    def _turn(self) -> None:
        """One turn of everything that goes on meanwhile."""
        gevent.sleep(TURN_S)
        now_s = self._clock()
        self._keep()
        if now_s >= self._granted_s + GRANT_S:
            self._granted_s = now_s
            self._grant(now_s)
        if now_s >= self._beat_s + PULSE_S:
            self._beat_s = max(self._beat_s + PULSE_S, now_s - PULSE_S)
            self._pulse_once()
        limit_s = SILENT_BEFORE_S if self._phase == "starting" else SILENT_S
        for member in self._roster.silent(now_s, limit_s):
            member.lost = True
            if not self._failed:
                at_s = f"at {member.at_s:.1f} s" if member.at_s > 0.0 else "before the load"
                self._fail(f"{self._roster.name(member)} said nothing for {limit_s:.0f} s, its "
                           f"last report was {at_s}")  # fmt: skip
        if not self._stage.is_listening and not self._failed:
            self._fail("the master no longer hears its workers")

    def _keep(self) -> None:
        """Write what was reported, and acknowledge it once it is on the disk."""
        heard: dict[str, Member] = {}
        for member, text in self._desk.taken():
            try:
                report = messages.read(messages.Report, text)
            except messages.BadMessageError as error:
                self._fail(f"{self._roster.name(member)} reported what is no record: {error}")
                continue
            heard[member.client] = member
            if member.take(report):
                self._take(member, report, json.loads(text)["record"])
        if heard:
            gevent.get_hub().threadpool.apply(self._spool.sync)
        for member in heard.values():
            self._desk.say(member, messages.Ack(sequence=member.sequence))

    def _take(self, member: Member, report: messages.Report, record: dict[str, object]) -> None:
        said = report.record
        if isinstance(said, messages.ReadyRecord):
            member.ready = True
            member.wakeup_p99_s = said.wakeup_p99_s
            return
        self._write(record | {"worker": member.index + 1})
        if isinstance(said, EventRecord):
            if said.kind in {"VUS", "NOT_ALLOWED", "STOPPED"}:
                self._stop_all("stop")
        elif self._ended == "schedule" and member.part and member.part.ended != "schedule":
            self._fail(f"{self._roster.name(member)} stopped at {member.part.reached_s:.1f} s")

    def _grant(self, now_s: float) -> None:
        """Let the workers go on, or stop; ask for what they have where the load is over."""
        for member in self._roster.members.values():
            at_s = now_s + member.clock.offset_s if self._phase != "starting" else None
            self._desk.say(member, messages.Ping(number=PINGS, at_s=now_s))
            self._desk.say(member, messages.Lease(at_s=at_s))
            if self._ended != "schedule":
                self._desk.say(member, messages.Stop(word=self._ended))
            if self._phase == "drain":
                self._desk.say(member, messages.Flush())

    def _pulse_once(self) -> None:
        members = self._roster.members.values()
        self._write({
            "type": "second", "worker": 0, "at_s": max(LONG_AGO_S, self._clock() - self._t0_s),
            "phase": self._phase, "vus": sum(member.vus for member in members),
            "health": self._probes.take(),
        } | self._ledger.take())  # fmt: skip

    def _fail(self, why: str) -> None:
        self._failed = True
        self._event("LOST", why)
        self._stop_all("stop")

    def _obey(self, word: str) -> None:
        """Do what the supervisor or the scenario asks."""
        self._stop_all("abort" if word == "abort" else "stop")

    def _stop_all(self, word: Literal["stop", "abort"]) -> None:
        if self._ended == "schedule" or word == "stop":
            self._ended = word
        plan, limit_s = self._plan, STOP_LIMIT_S
        if word == "abort":
            limit_s = plan.graceful_stop_s + plan.timeout_s + DRAIN_MORE_S
        self._until_s = min(self._until_s or float("inf"), self._clock() + limit_s)
        self._phase = "drain" if self._phase == "load" else self._phase
        self._grant(self._clock())

    def _is_over(self) -> bool:
        return self._ended != "schedule"

    def _close(self) -> None:
        """Write the completion record, let the last acknowledgements out, and say goodbye."""
        telling = gevent.spawn(self._stage.ended, self._ledger)
        while not telling.dead:
            self._turn()  # one that takes too long is the supervisor's to end
        # a run that never began has no end
        directed = self._roster.members.values() if self._roster.closed else ()
        parts = [member.part for member in directed if member.part is not None]
        self._pulse_once()
        if parts:
            waking = [part.wakeup_p99_s for part in parts if part.wakeup_p99_s is not None]
            self._write_final(
                reached_s=min(part.reached_s for part in parts),
                ended=self._ended,
                drained=all(part.drained for part in parts),
                counts=self._roster.counts().model_dump(),
                wakeup_p99_s=max(waking, default=None),
            )
        if self._failed or not parts:
            self._desk.say_to_all(messages.Refused(text="the run is over"))
        until_s = self._clock() + LAST_WORDS_S
        while self._clock() < until_s:
            gevent.sleep(TURN_S)
            for member, _ in self._desk.taken():
                self._desk.say(member, messages.Ack(sequence=member.sequence))
