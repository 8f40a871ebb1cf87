"""Named gates and their keys: one key, one run; its verdict holds for a while and then no longer.

A gate answers `pass` only for a run that ended with exit code 0 less than `max_age` ago. Whatever
else happened (nothing was started, a restart, a table that cannot be written) is inconclusive.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from perf_canary.gate_store import Entry
from perf_documents.errors import PerfError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perf_documents.serve_config import Gate

REASON_LENGTH = 200
INFRA, INTERNAL = 5, 70
CUT_OFF = "the server was restarted while the gate ran; nothing was decided"
NOT_STARTED = "nothing was started for this key; ask with start=1"
TOO_OLD = "the verdict for this key is older than max_age; ask with start=1"
STOPPING = "the server is ending; nothing was started"
OCCUPIED = "another run of this gate is under way; this key waits for its end"
RUNNING = "the gate is running"
# each waiting request holds a thread, and probes and others must still be answered
MAX_WAITING = 32
# clocks of machines that share a folder differ a little
_CLOCK_SLACK_S = 5.0
_VERDICTS = {0: "pass", 1: "fail"}


class GateVerdict(StrEnum):
    """What a gate says."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run of a gate ended; without an exit code it ended in no known way."""

    exit_code: int | None
    reason: str
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """The answer for one key of one gate."""

    verdict: GateVerdict
    exit_code: int | None = None
    reason: str
    run_id: str | None = None
    eta_s: float | None = None
    age_s: float = 0.0


class Store(Protocol):
    """Where the table of keys is kept."""

    def load(self, gate: str) -> tuple[Entry, ...]:
        """Entries of a gate."""

    def save(self, gate: str, entries: Iterable[Entry]) -> None:
        """Replace them."""


class StartGate(Protocol):
    """Begins a run of a gate and calls `done` once, from wherever, when it has ended."""

    def __call__(self, gate: Gate, done: Callable[[Ending], None]) -> float | None:
        """Seconds it is planned to take, if that is known."""


def verdict_of(exit_code: int | None) -> GateVerdict:
    """Verdict of an exit code: 0 passes, 1 fails, everything else has decided nothing."""
    if exit_code is None:
        return GateVerdict.INCONCLUSIVE
    return GateVerdict(_VERDICTS.get(exit_code, "inconclusive"))


class Gates:
    """The gates of one server.

    Parameters
    ----------
    gates : mapping of str to Gate
    store : Store
    start : StartGate
    now : callable
        Unix time.
    """

    def __init__(
        self,
        gates: Mapping[str, Gate],
        store: Store,
        start: StartGate,
        now: Callable[[], float],
    ) -> None:
        self._gates = dict(gates)
        self._store = store
        self._start = start
        self._now = now
        self._changed = threading.Condition()
        self._closed = False
        self._waiting = 0
        self._entries = {name: self._after_restart(name) for name in self._gates}

    def __contains__(self, name: str) -> bool:
        """Whether there is such a gate."""
        return name in self._gates

    def ask(self, name: str, key: str, *, start: bool, wait_s: float = 0.0) -> GateAnswer:
        """Answer for a key.

        Parameters
        ----------
        name, key : str
        start : bool
            Begin a run if there is none that still counts.
        wait_s : float
            How long to wait for a verdict; not at all while too many wait.
        """
        with self._changed:
            allowed_s = wait_s if self._waiting < MAX_WAITING else 0.0
            self._waiting += 1
            try:
                # a key that finds its gate occupied begins its own run once that has ended
                self._changed.wait_for(
                    lambda: self._settled(name, key, start=start), timeout=allowed_s
                )
            finally:
                self._waiting -= 1
            return self._answer(name, key)

    def close(self) -> None:
        """Begin nothing more and send away whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def newest(self) -> dict[str, Entry]:
        """The newest run of each gate that has ended."""
        with self._changed:
            ended = {name: _newest(entries) for name, entries in self._entries.items()}
        return {name: entry for name, entry in ended.items() if entry is not None}

    def _settled(self, name: str, key: str, *, start: bool) -> bool:
        """Whether waiting is over; begins what has to begin."""
        if self._closed:
            return True
        if start and self._counting(name, key) is None and self._running(name) is None:
            self._begin(name, key)
        return self._answer(name, key).verdict is not GateVerdict.RUNNING

    def _answer(self, name: str, key: str) -> GateAnswer:
        entry = self._counting(name, key)
        if entry is not None:
            return self._of_entry(entry)
        running = self._running(name)
        if running is not None:
            return replace(self._of_entry(running), reason=OCCUPIED, age_s=0.0)
        if self._closed:
            return GateAnswer(verdict=GateVerdict.INCONCLUSIVE, reason=STOPPING)
        known = key in self._entries[name]
        reason = TOO_OLD if known else NOT_STARTED
        return GateAnswer(verdict=GateVerdict.INCONCLUSIVE, reason=reason)

    def _of_entry(self, entry: Entry) -> GateAnswer:
        now_s = self._now()
        if entry.ended_s is None:
            left_s = None
            if entry.expected_s is not None:
                left_s = max(0.0, entry.started_s + entry.expected_s - now_s)
            age_s = max(0.0, now_s - entry.started_s)
            return GateAnswer(
                verdict=GateVerdict.RUNNING, reason=RUNNING, eta_s=left_s, age_s=age_s
            )
        return GateAnswer(
            verdict=verdict_of(entry.exit_code),
            exit_code=entry.exit_code,
            reason=entry.reason,
            run_id=entry.run_id,
            age_s=max(0.0, now_s - entry.ended_s),
        )

    def _counting(self, name: str, key: str) -> Entry | None:
        """Entry of a key that is running or not too old."""
        entry = self._entries[name].get(key)
        return entry if entry is not None and self._counts(name, entry) else None

    def _counts(self, name: str, entry: Entry) -> bool:
        if entry.ended_s is None:
            return True
        # an end in the future: the clock was set back, and nobody knows by how much
        return -_CLOCK_SLACK_S <= self._now() - entry.ended_s <= self._gates[name].max_age_s

    def _running(self, name: str) -> Entry | None:
        return next((e for e in self._entries[name].values() if e.ended_s is None), None)

    def _begin(self, name: str, key: str) -> None:
        entries = self._entries[name]
        newest = _newest(entries)
        for old in [e for e in entries.values() if not self._counts(name, e) and e is not newest]:
            del entries[old.key]
        entry = Entry(key=key, started_s=self._now())
        try:
            # noted first: a run that nobody remembers could be begun twice
            self._store.save(name, [*(e for e in entries.values() if e.key != key), entry])
        except PerfError as error:
            entries[key] = self._ended(entry, Ending(exit_code=INFRA, reason=str(error)))
            return
        entries[key] = entry
        try:
            expected_s = self._start(self._gates[name], lambda end: self._note(name, entry, end))
        except PerfError as error:
            self._note(name, entry, Ending(exit_code=error.exit_code, reason=str(error)))
            return
        if entries[key] is entry:
            entries[key] = replace(entry, expected_s=expected_s)

    def _note(self, name: str, begun: Entry, ending: Ending) -> None:
        """Keep how a run ended, and tell whoever waits."""
        with self._changed:
            entries = self._entries[name]
            ended = self._ended(begun, ending)
            entries[begun.key] = ended
            try:
                self._store.save(name, entries.values())
            except PerfError as error:
                # what was asked for could not be kept: that turns a 0 into 5, and nothing else
                code = INFRA if ended.exit_code == 0 else ended.exit_code
                kept = Ending(exit_code=code, reason=f"not stored: {error}", run_id=ended.run_id)
                entries[begun.key] = self._ended(begun, kept)
            self._changed.notify_all()

    def _ended(self, begun: Entry, ending: Ending) -> Entry:
        return replace(
            begun,
            ended_s=self._now(),
            exit_code=ending.exit_code,
            reason=visible(" ".join(ending.reason.split()), REASON_LENGTH),
            run_id=ending.run_id,
        )

    def _after_restart(self, name: str) -> dict[str, Entry]:
        """Entries as stored; those that still ran when the last server ended are undecided."""
        stored = self._store.load(name)
        cut_off = Ending(exit_code=None, reason=CUT_OFF)
        entries = [self._ended(e, cut_off) if e.ended_s is None else e for e in stored]
        if any(entry.ended_s is None for entry in stored):
            self._store.save(name, entries)
        return {entry.key: entry for entry in entries}


def _newest(entries: Mapping[str, Entry]) -> Entry | None:
    ended = [entry for entry in entries.values() if entry.ended_s is not None]
    return max(ended, key=lambda entry: entry.ended_s or 0.0, default=None)
