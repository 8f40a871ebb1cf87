"""Where a master hears its workers: who may join, and what is to be kept of what they say."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from gevent.queue import Empty, Full, Queue

from perf_loadtests.engine.distributed import messages
from perf_loadtests.engine.distributed.roster import Member, NotAdmittedError, Roster

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.cells import StrictModel
    from perf_loadtests.engine.locust_compat_runners import LeadingRunner

MAX_WAITING = 10_000
MAX_REFUSALS = 20


class Desk:
    """Answers at once what can be answered at once; reports only queue.

    The listener is a single greenlet, and a slow one would look like silence.
    """

    def __init__(self, run: str, roster: Roster, token: str, clock: Callable[[], float]) -> None:
        self._run = run
        self.roster = roster
        self._token = token
        self._clock = clock
        self._nonce = secrets.token_hex(16)
        self._waiting: Queue[tuple[Member, bytes]] = Queue(MAX_WAITING)
        self.refusals: dict[str, None] = {}
        self.spoiled = ""
        self.runner: LeadingRunner | None = None

    def hear(self, client: str, kind: str, data: object) -> None:
        """Understand one message; raise for what is none."""
        member = self.roster.members.get(client)
        match kind:
            case "perf_knock":
                messages.unpack(kind, data, messages.Knock)
                self._say_to(client, messages.Challenge(run=self._run, nonce=self._nonce))
            case "perf_hello":
                self._meet(client, data)
            case "perf_pong" if member is not None:
                pong = messages.unpack(kind, data, messages.Pong, member.seal)
                member.heard_s = self._clock()
                member.clock.heard(pong.at_s, pong.here_s, member.heard_s)
            case "perf_report" if member is not None:
                text = messages.open_body(kind, data, member.seal)
                member.heard_s = self._clock()
                self._queue(member, text)

    def say(self, member: Member, message: StrictModel) -> None:
        """Send to a worker, sealed."""
        self._say_to(member.client, message, member.seal)

    def say_to_all(self, message: StrictModel) -> None:
        """Send to every worker."""
        for member in self.roster.members.values():
            self.say(member, message)

    def taken(self) -> list[tuple[Member, bytes]]:
        """What came since the last call."""
        found: list[tuple[Member, bytes]] = []
        while True:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                return found

    def _meet(self, client: str, data: object) -> None:
        seal = messages.Seal(self._token, self._run, self._nonce, client)
        try:
            hello = messages.unpack("perf_hello", data, messages.Hello, seal)
        except messages.BadMessageError as error:
            # without the token nobody can end the run, only be turned away
            self._refuse(client, f"wrong {'token' if 'seal' in str(error) else 'message'}", None)
            return
        try:
            member = self.roster.admit(client, hello, seal, self._clock())
        except NotAdmittedError as error:
            who = f"a worker on {hello.host}, process {hello.pid}"
            if error.spoils:
                self.spoiled = f"{who}: {error}"
            self._refuse(client, str(error), seal, who)
            return
        self.say(member, messages.Placed(index=member.index, workers=self.roster.workers))

    def _refuse(
        self, client: str, text: str, seal: messages.Seal | None, who: str = "a worker"
    ) -> None:
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals[f"{who} was refused: {text}"] = None
        self._say_to(client, messages.Refused(text=text), seal)

    def _queue(self, member: Member, text: bytes) -> None:
        try:
            self._waiting.put_nowait((member, text))
        except Full:
            return  # it is not acknowledged, so it comes again

    def _say_to(self, client: str, message: StrictModel, seal: messages.Seal | None = None) -> None:
        if self.runner is not None:
            kind = messages.KIND_OF[type(message)]
            self.runner.say(kind, messages.pack(message, seal), client)
