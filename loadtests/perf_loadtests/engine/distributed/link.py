"""A worker's side of the conversation with its master."""

from __future__ import annotations

import os
import platform
import secrets
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from perf_loadtests.engine.distributed import messages
from perf_loadtests.engine.distributed.clocks import boot_id
from perf_loadtests.engine.distributed.lease import Lease
from perf_loadtests.engine.distributed.outbox import Outbox
from perf_loadtests.engine.locust_compat_runners import LedRunner
from perf_loadtests.protocol import PROTOCOL
from perf_loadtests.schedule import WHOLE, Stripe, arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from locust.env import Environment

    from perf_documents.plan import Plan
    from perf_loadtests.engine.distributed.roster import Expected
    from perf_loadtests.schedule import Arrival

JOIN_LIMIT_S = 60.0
ASK_S, WATCH_S = 0.5, 0.05
DEAF_S = 15.0


class UnreachedError(Exception):
    """Nobody has answered where the master should be."""


class RefusedToJoinError(Exception):
    """The master does not want this worker."""


class Link:
    """Joins a run, reports to it, and knows whether load may still be offered.

    It is the share of its engine: which stripe that is comes from the master.
    """

    def __init__(
        self, place: tuple[str, int], me: Expected, token: str, clock: Callable[[], float]
    ) -> None:
        self._place = place
        self._me = me
        self._token = token
        self._clock = clock
        self._incarnation = secrets.token_hex(16)
        self._runner: LedRunner | None = None
        self._seal: messages.Seal | None = None
        self._outbox: Outbox | None = None
        self._lease: Lease | None = None
        self._heard_s = clock()
        self._refused = ""
        self._gave_up = False
        self._news = Event()
        self.stripe = WHOLE
        self.t0_s: float | None = None
        self.flush = False
        self.lost = ""
        self.interrupt: Callable[[str], None] = lambda _word: None

    @property
    def is_placed(self) -> bool:
        """Whether the worker has its place in the run."""
        return self._outbox is not None

    def runner(self, environment: Environment) -> LedRunner:
        """Make Locust's runner, once it is joined."""
        return LedRunner(environment, self._place, self._hear, self._join)

    def arrivals(self, plan: Plan) -> Iterator[Arrival]:
        """Arrivals of the stripe for as long as the lease lasts.

        It is looked at before each one, so that what fell due while the process was frozen is not
        sent when it goes on.
        """
        for arrival in arrivals(plan, self.stripe):
            if not self.is_open():
                return
            yield arrival

    def is_open(self) -> bool:
        """Whether load may be offered now."""
        return self._lease is None or self._lease.is_held()

    def report(self, record: dict[str, object], rest: Callable[[], None] = lambda: None) -> None:
        """Send a record; it is sent again until the master has it. It rests while it encodes."""
        if self._outbox is not None:
            for packed in self._outbox.add(record, rest):
                self._say_packed("perf_report", packed)

    def wait(self, done: Callable[[], bool], limit_s: float) -> bool:
        """Wait for something that a message changes; False where it does not in time."""
        until_s = self._clock() + limit_s
        while not done():
            if self.lost or self._clock() >= until_s:
                return False
            self._news.wait(WATCH_S)
            self._news.clear()
        return True

    def give_up(self) -> None:
        """Wait no longer for a master."""
        self._gave_up = True
        self._news.set()

    def is_acknowledged(self) -> bool:
        """Whether the master has everything."""
        return self._outbox is not None and self._outbox.is_empty

    def _join(self, runner: LedRunner) -> None:
        """Knock, prove to know the token, and take the place that is given."""
        self._runner = runner
        until_s = self._clock() + JOIN_LIMIT_S
        while not self.is_placed:
            if self._refused:
                raise RefusedToJoinError(self._refused)
            if self._gave_up:
                raise UnreachedError("stopped before a master answered")
            if self._clock() >= until_s:
                raise UnreachedError(f"no master answered within {JOIN_LIMIT_S:.0f} s")
            if self._seal is None:
                runner.say("perf_knock", messages.pack(messages.Knock(protocol=PROTOCOL)))
            else:
                runner.say("perf_hello", messages.pack(self._hello(), self._seal))
            self._news.wait(ASK_S)
            self._news.clear()
        runner.worker_index = self.stripe.index
        gevent.spawn(self._watch)

    def _hello(self) -> messages.Hello:
        return messages.Hello(
            incarnation=self._incarnation,
            host=platform.node()[:200],
            pid=os.getpid(),
            boot_id=boot_id(),
            versions=self._me.versions,
            plan=self._me.plan,
            scenario=self._me.scenario,
            target=self._me.target,
        )

    def _watch(self) -> None:
        """Send again what is not acknowledged, and stop the load when the lease has ended."""
        while True:
            gevent.sleep(WATCH_S)
            if self._outbox is not None:
                for packed in self._outbox.overdue():
                    self._say_packed("perf_report", packed)
            if self.lost:
                continue
            if not self.is_open():
                self._lose("its master was not heard for 3 s")
            elif self._lease is None and self._clock() - self._heard_s > DEAF_S:
                self._lose(f"its master was not heard for {DEAF_S:.0f} s")

    def _lose(self, why: str) -> None:
        self.lost = why
        self._news.set()
        self.interrupt("stop")

    def _hear(self, kind: str, data: object) -> None:
        """Understand one message; what is not sealed by the token counts only before the place."""
        if self._outbox is None and kind == "perf_challenge":
            challenge = messages.unpack(kind, data, messages.Challenge)
            client = self._runner.client_id if self._runner else ""
            self._seal = messages.Seal(self._token, challenge.run, challenge.nonce, client)
        elif self._outbox is None and kind == "perf_refused":
            self._refused = messages.unpack(kind, data, messages.Refused).text
        elif self._seal is not None:
            self._obey(kind, data, self._seal)
        self._news.set()

    def _obey(self, kind: str, data: object, seal: messages.Seal) -> None:
        message = messages.unpack(kind, data, messages.BY_KIND[kind], seal)
        self._heard_s = self._clock()
        match message:
            case messages.Placed() if self._outbox is None:
                self.stripe = Stripe(message.index, message.workers)
                self._outbox = Outbox(self._incarnation, seal, self._clock)
            case messages.Ping():
                here_s = self._heard_s
                pong = messages.Pong(number=message.number, at_s=message.at_s, here_s=here_s)
                self._say_packed("perf_pong", messages.pack(pong, seal))
            case messages.Lease() if self._lease is not None:
                self._lease.renew(message.at_s)
            case messages.Ack() if self._outbox is not None:
                self._outbox.acknowledged(message.sequence)
            case _:
                self._direct(message)

    def _direct(self, message: object) -> None:
        match message:
            case messages.Start():
                self._start(message.t0_s)
            case messages.Stop():
                self.interrupt(message.word)
            case messages.Refused():
                self._lose(message.text)
            case messages.Flush():
                self.flush = True
            case _:
                pass

    def _start(self, t0_s: float) -> None:
        if self.t0_s is not None:
            return
        self._lease = Lease(self._clock)
        self.t0_s = t0_s
        if t0_s <= self._clock():
            self._lose("it was told to start when the load had begun")

    def _say_packed(self, kind: str, packed: dict[str, bytes]) -> None:
        if self._runner is not None:
            self._runner.say(kind, packed)
