"""Who belongs to a run, what each has sent, and who has fallen silent; pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_loadtests.engine.distributed.clocks import ClockOffset
from perf_loadtests.protocol import PartRecord, SecondRecord
from perf_loadtests.totals import sum_counts

if TYPE_CHECKING:
    from perf_loadtests.engine.distributed.messages import Hello, Report, Seal
    from perf_loadtests.protocol import CountsModel, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a worker must run to belong to this run; the hashes name, the versions say."""

    versions: dict[str, str]
    plan: str
    scenario: str
    target: str

    def difference(self, hello: Hello) -> str:
        """What is different at a worker, in words; empty where nothing is."""
        for name, version in self.versions.items():
            there = hello.versions.get(name, "none")
            if there != version:
                return f"{name} {there} there, {version} here; next: install the same on both sides"
        for name in ("plan", "scenario", "target"):
            here, there = getattr(self, name), getattr(hello, name)
            if here != there:
                return (
                    f"another {name}: {there[:12]} there, {here[:12]} here; next: give both sides "
                    "the same profile, scenario, target and --time-scale"
                )
        return ""


def hashes_of(order: Order) -> tuple[str, str]:
    """Hashes of an order's plan and of what it loads: equal on every side of one run."""
    # a profile may lie in another place there
    plan = {name: value for name, value in order.plan.items() if name != "source"}
    urls = [order.target.url, order.control.url if order.control else None]
    return _sha256(plan), _sha256(urls)


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class NotAdmittedError(Exception):
    """A worker does not belong to this run.

    Attributes
    ----------
    spoils : bool
        It has the token, but another version, plan, scenario or target: the run cannot have it.
    """

    def __init__(self, text: str, *, spoils: bool = False) -> None:
        super().__init__(text)
        self.spoils = spoils


@dataclass(slots=True, kw_only=True)
class Member:
    """One worker of the run."""

    index: int
    client: str
    hello: Hello
    seal: Seal
    heard_s: float
    sequence: int = 0
    ready: bool = False
    lost: bool = False
    wakeup_p99_s: float | None = None
    at_s: float = 0.0
    vus: int = 0
    counts: CountsModel | None = None
    part: PartRecord | None = None
    clock: ClockOffset = field(default_factory=ClockOffset)

    def take(self, report: Report) -> bool:
        """Whether a report is the next one, and so to be kept: each is kept exactly once.

        One that came before is only acknowledged again; one that comes too early is sent again.
        """
        if report.incarnation != self.hello.incarnation or report.sequence != self.sequence + 1:
            return False
        self.sequence = report.sequence
        match report.record:
            case SecondRecord() as second:
                self.at_s, self.vus, self.counts = second.at_s, second.vus, second.counts
            case PartRecord() as part:
                self.part, self.counts = part, part.counts
            case _:
                pass
        return True


class Roster:
    """Workers of one run.

    Parameters
    ----------
    expected : Expected
    workers : int
        How many there must be.
    """

    def __init__(self, expected: Expected, workers: int) -> None:
        self._expected = expected
        self.workers = workers
        self.members: dict[str, Member] = {}
        self.closed = False

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self.members) == self.workers

    def admit(self, client: str, hello: Hello, seal: Seal, now_s: float) -> Member:
        """Give a worker its place; the same one again where it only asks again.

        Raises
        ------
        NotAdmittedError
            With the reason, for its eyes and for the log.
        """
        known = self.members.get(client)
        if known is not None:
            if known.hello.incarnation == hello.incarnation:
                return known
            raise NotAdmittedError("a worker of this name is part of the run already")
        difference = self._expected.difference(hello)
        if difference:
            raise NotAdmittedError(difference, spoils=not self.closed and not self.is_full)
        if self.closed:
            raise NotAdmittedError("the run has begun; a worker cannot join it any more")
        if self.is_full:
            raise NotAdmittedError(f"the run has all of its workers, {self.workers}")
        member = Member(
            index=len(self.members), client=client, hello=hello, seal=seal, heard_s=now_s
        )
        self.members[client] = member
        return member

    def name(self, member: Member) -> str:
        """Worker in words."""
        hello = member.hello
        return f"worker {member.index + 1} of {self.workers} ({hello.host}, process {hello.pid})"

    def silent(self, now_s: float, limit_s: float) -> list[Member]:
        """Workers that have not said anything for so long, and are not done."""
        return [
            member for member in self.members.values()
            if not member.part and not member.lost and now_s - member.heard_s > limit_s
        ]  # fmt: skip

    @property
    def is_ready(self) -> bool:
        """Whether every worker is there, and ready."""
        return self.is_full and all(member.ready for member in self.members.values())

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come: from each its closing accounts, or it is lost."""
        return all(member.part or member.lost for member in self.members.values())

    def counts(self) -> CountsModel:
        """Accounts of all workers, as far as they are known."""
        return sum_counts([m.counts for m in self.members.values() if m.counts is not None])
