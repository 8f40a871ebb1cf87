"""What a scenario's own code may ask of the engine that runs it: set by the engine, else absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan


class Place(NamedTuple):
    """Where the running code stands.

    Attributes
    ----------
    iteration : int or None
        Number of the arrival (of the iteration under closed executors) in the whole run, over all
        load generators; None outside iterations.
    vu : int
        Number of the VU among those of its target, over all load generators: below `max_vus`.
    """

    iteration: int | None
    vu: int


class Tell(Protocol):
    """Who counts checks."""

    def __call__(self, name: str, *, ok: bool) -> None:
        """Count one."""
        ...


class Fed(Protocol):
    """A feeder, as the engine sees it: path as the scenario gave it, hash of the file's bytes."""

    name: str
    sha256: str

    def check(self, plan: Plan) -> None:
        """Refuse a plan that needs more rows than there are."""
        ...


@dataclass(slots=True, kw_only=True)
class Session:
    """One run, as the scenario's code may see it.

    Attributes
    ----------
    seed : int
    place : callable
        Where the asking greenlet stands; None where it works for no VU.
    check : callable
        Counts a check where the asking greenlet stands.
    loading : bool
        The scenario is being imported: nothing was sent yet.
    feeders : list of Fed
        Those that the scenario made while it was imported.
    """

    seed: int
    place: Callable[[], Place | None]
    check: Tell
    loading: bool = True
    feeders: list[Fed] = field(default_factory=list)


_running: list[Session] = []


def begin(session: Session) -> None:
    """Let the scenario's code find a run, from before its import to the end of the process."""
    _running[:] = [session]


def end() -> None:
    """Let it find none any more."""
    _running.clear()


def session() -> Session | None:
    """Return the run that this process makes; None under plain Locust."""
    return _running[0] if _running else None
