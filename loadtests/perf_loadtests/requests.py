"""What a person asked for, the world it happens in, and what is known before any load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_documents.targets import DEMO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from fractions import Fraction
    from pathlib import Path

    from perf_documents.events import Notice, Progress
    from perf_documents.plan import Plan
    from perf_documents.targets import Target, WorkspaceConfig
    from perf_loadtests.protocol import SpreadModel
    from perf_loadtests.supervisor import StopRequest
    from perf_loadtests.workspace import ScenarioFile, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a person asked for.

    Attributes
    ----------
    processes : int or None
        Load processes on this machine; None: one, or none beside `workers`.
    workers : int
        Load processes elsewhere (`perf worker`), to be waited for at `bind`.
    """

    profile: str
    target: str
    time_scale: Fraction
    environment: str | None = None
    confirm: str | None = None
    wait_s: float = 0.0
    control: str | None = None
    demo_flags: tuple[str, ...] = ()
    processes: int | None = None
    workers: int = 0
    bind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The clocks, the environment and the folder that a run happens in.

    `clock` is monotonic; `now` gives the wall clock, for labels only.
    """

    root: Path
    environ: Mapping[str, str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    emit: Callable[[Progress | Notice], None]
    stop: StopRequest
    version: str
    token_hex: Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that may be carried out: nothing in it was wrong, nothing was sent yet.

    Attributes
    ----------
    target, control : Target or None
        None: the embedded service, started when the run is.
    swapped : bool
        The control is started first.
    addresses : mapping
        What each target's host and port resolved to when it was judged.
    """

    request: RunRequest
    run_id: str
    plan: Plan
    scenario: ScenarioFile
    target: Target | None
    control: Target | None = None
    config: WorkspaceConfig
    workspace: Workspace
    spread: SpreadModel | None = None
    swapped: bool = False
    addresses: Mapping[tuple[str, int], list[str]] = field(default_factory=dict)

    @property
    def restarts(self) -> bool:
        """Whether every target is started anew for each run."""
        ours = [self.target] if self.request.control is None else [self.target, self.control]
        return all(target is None or target.start for target in ours)

    @property
    def environment(self) -> str:
        """Name that the run is filed under."""
        if self.target is not None:
            return self.target.environment
        return self.request.environment or DEMO
