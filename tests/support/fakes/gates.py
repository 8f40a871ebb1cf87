"""A clock, a store and a way to start gates that only do what a test tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.gates import Ending, Gates
from perf_documents.errors import StoreError
from perf_documents.serve_config import CanaryGate, ProfileGate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perf_canary.gate_store import Entry
    from perf_documents.serve_config import Gate

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105  # made up
MAX_AGE_S = 1_800.0
STAGING = ProfileGate(name="staging", profile="sustained", target="staging", max_age_s=MAX_AGE_S)
CANARY = CanaryGate(
    name="canary",
    rules="canary.yaml",
    prometheus="https://prometheus.example",
    duration="10m",
    duration_s=600.0,
    every="10s",
    max_age_s=900.0,
)
GATES: dict[str, Gate] = {"staging": STAGING, "canary": CANARY}
PASSED = Ending(exit_code=0, reason="all held", run_id="r1")
FAILED = Ending(exit_code=1, reason="p95 rose", run_id="r2")
UNDECIDED = Ending(exit_code=3, reason="too little data", run_id="r3")


@dataclass(slots=True)
class Wall:
    """Unix time that stands still."""

    now_s: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(slots=True)
class MemoryStore:
    """Entries by gate; `fails` is when writing them does not work."""

    kept: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    fails: bool = False

    def load(self, gate: str) -> tuple[Entry, ...]:
        return self.kept.get(gate, ())

    def save(self, gate: str, entries: Iterable[Entry]) -> None:
        if self.fails:
            raise StoreError("disk full")
        self.kept[gate] = tuple(entries)


@dataclass(slots=True)
class Starts:
    """Runs that were begun, each with the way to end it."""

    begun: list[tuple[str, Callable[[Ending], None]]] = field(default_factory=list)
    expected_s: float | None = 300.0
    at_once: Ending | None = None

    def __call__(self, gate: Gate, done: Callable[[Ending], None]) -> float | None:
        self.begun.append((gate.name, done))
        if self.at_once is not None:
            done(self.at_once)
        return self.expected_s

    def end(self, ending: Ending = PASSED, *, number: int = -1) -> None:
        """End a run, the last one unless told otherwise."""
        self.begun[number][1](ending)


@dataclass(slots=True)
class Bench:
    """Gates, and all that they depend on."""

    wall: Wall = field(default_factory=Wall)
    store: MemoryStore = field(default_factory=MemoryStore)
    starts: Starts = field(default_factory=Starts)

    def gates(self) -> Gates:
        """Gates over what the store holds: again after a restart."""
        return Gates(GATES, self.store, self.starts, self.wall)
