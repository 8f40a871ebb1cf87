"""The record of one execution of a profile, and what of it the judgement looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from perf_analysis.facts import Accounts, EndState, RunFacts
from perf_analysis.saturation import CPU_RATIO, LAG_S, in_words
from perf_analysis.series import SUSTAINED
from perf_documents.health import readings_of
from perf_documents.plan import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.figures import RunFigures
    from perf_analysis.series import Measured
    from perf_analysis.verdict import Judgement
    from perf_documents.health import HealthWindow
    from perf_documents.plan import Plan

HEARTBEAT_S = 1.0
Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """Which service was loaded; the URL carries no credentials."""

    name: str
    url: str
    environment: str
    protected: bool = False


def content_of(scenario_sha256: str, data: Mapping[str, str]) -> str:
    """Hash of a scenario's file together with those of the files that feed it, if any do."""
    if not data:
        return scenario_sha256
    return digest_of({"scenario": scenario_sha256, "data": dict(data)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFacts:
    """Which user classes made the load.

    Attributes
    ----------
    spec : str
        As the plan names it.
    sha256 : str
        Of the scenario file's bytes.
    client_kind : str
        `fasthttp`, `http`, `custom` or a mix joined by `+`.
    classes : tuple of str
        User classes, in order.
    may_retry : bool
        The client may send a request twice without saying so.
    includes_connect : bool
        Service time includes DNS, connect and TLS of new connections (Locust's own clients).
    data : mapping of str to str
        SHA-256 of each file that feeds the scenario, by its path there.
    """

    spec: str
    sha256: str
    client_kind: str
    classes: tuple[str, ...]
    may_retry: bool = False
    includes_connect: bool = True
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """Hash of what the scenario does: of its file and of the files that feed it."""
        return content_of(self.sha256, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSample:
    """How requests failed, by class and name: count, first and last time, one redacted text."""

    error_class: str
    label: str
    count: int
    first_s: float
    last_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedException:
    """Exceptions in iterations outside requests, grouped by type and place."""

    kind: str
    place: str
    count: int
    text: str
    excused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What the engine's record says beside the cells.

    Attributes
    ----------
    accounts : Accounts
    cpu_p95_ratio, wall_step_s : float or None
        See `RunFacts`; computed over per-second records before they are widened to windows.
    silent_s : float
        Longest gap between two records.
    processes_planned, processes_final : int
    sequence_problem, end_detail : str
        See `RunFacts`.
    invalid_samples, names : int
    local_errors : mapping of str to int
    exceptions : tuple of ExceptionGroup
    errors : tuple of ErrorSample
    record_sha256 : str
        Of the spool's bytes before the completion record.
    late_wakeup_p99_s : float or None
        Of the calibration before the load.
    unknown_rules : tuple of str
        Validity rules that the source of an imported run cannot show.
    """

    accounts: Accounts
    cpu_p95_ratio: float | None
    wall_step_s: float | None
    silent_s: float
    processes_planned: int = 1
    processes_final: int
    sequence_problem: str = ""
    end_detail: str = ""
    invalid_samples: int = 0
    names: int = 0
    local_errors: Mapping[str, int] = field(default_factory=dict)
    exceptions: tuple[GroupedException, ...] = ()
    errors: tuple[ErrorSample, ...] = ()
    record_sha256: str = ""
    late_wakeup_p99_s: float | None = None
    unknown_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number that another tool measured, in its own unit.

    Attributes
    ----------
    name : str
        Of the benchmark and the measure.
    unit : str
        As the source writes it; empty where it does not.
    better : str
        `lower` or `higher`.
    value : float
    low, high : float or None
        Interval that the source states around it.
    n : int
        Samples behind it; 1 where the source does not say.
    """

    name: str
    unit: str
    better: Better
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a profile, and the document that records it.

    Attributes
    ----------
    run_id : str
        Sortable by time, unique: lower-case letters, digits and dashes.
    started_at : str
        UTC, ISO 8601 with `Z`: a label; every figure comes from the monotonic clock.
    state : EndState
    target, control : TargetFacts
        What was judged, and what was loaded beside it to compare with, if anything.
    reached_s : float
        How far the schedule came.
    resolution_s : float
        To which the source rounds durations; 0 for our own recorder.
    figures : RunFigures or None
        What comparisons need of `measured`, computed once; None where nobody has yet.
    fingerprint, git : mapping of str to str
        The machine and the commit, in a closed list of harmless facts.
    measures : tuple of Measure
        Imported figures that are neither durations nor counts of requests.
    client_notes : tuple of str
        Surprises worth a line: variables ignored, proxies present, defaults given.
    judgement : Judgement or None
        None until the run has been judged.
    """

    run_id: str
    version: str
    started_at: str
    state: EndState
    reached_s: float
    plan: Plan
    target: TargetFacts
    control: TargetFacts | None = None
    scenario: ScenarioFacts
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    git: Mapping[str, str] = field(default_factory=dict)
    measured: Measured
    resolution_s: float = 0.0
    figures: RunFigures | None = None
    health: tuple[HealthWindow, ...] = ()
    engine: EngineFacts
    measures: tuple[Measure, ...] = ()
    client_notes: tuple[str, ...] = ()
    judgement: Judgement | None = None

    @property
    def load_hash(self) -> str:
        """What must be equal for two runs to be comparable."""
        return digest_of(self.load_facts)

    @property
    def load_facts(self) -> dict[str, object]:
        """What `load_hash` is made of.

        A control beside the candidate doubles the load on the machine. The load of an imported run
        is not known, whatever its file looks like: all of one client are taken to be equal.
        """
        facts = self.plan.load_facts(self.scenario.content_sha256, self.scenario.client_kind)
        if self.engine.unknown_rules:
            facts["stages"] = [["1", "1", "1", SUSTAINED]]
        return facts if self.control is None else facts | {"control": "beside"}

    def facts(self) -> RunFacts:
        """Return what the validity rules look at."""
        total = self.measured.scenario_cell("all")
        lag_p99_s = total.lag.quantile_s(0.99) if self.plan.open_model else None
        probes = sum(window.loop_probes for window in self.health)
        excused = {group: group.count - group.excused for group in self.engine.exceptions}
        return RunFacts(
            state=self.state,
            end_detail=self.engine.end_detail,
            schedule_s=self.plan.duration_s,
            reached_s=self.reached_s,
            open_model=self.plan.open_model,
            accounts=self.engine.accounts,
            vu_seconds_planned=total.vu_seconds_planned,
            vu_seconds=total.vu_seconds,
            cpu_p95_ratio=self.engine.cpu_p95_ratio,
            lag_p99_s=lag_p99_s,
            loop_late_ratio=sum(w.loop_late for w in self.health) / probes if probes else 0.0,
            silent_s=self.engine.silent_s,
            local_errors=self.engine.local_errors,
            processes_planned=self.engine.processes_planned,
            processes_final=self.engine.processes_final,
            sequence_problem=self.engine.sequence_problem,
            wall_step_s=self.engine.wall_step_s,
            exceptions={f"{g.kind} in {g.place}": n for g, n in excused.items() if n > 0},
            invalid_samples=self.engine.invalid_samples,
            names=self.engine.names,
            unknown=frozenset(self.engine.unknown_rules),
            saturation=self._saturation(lag_p99_s),
        )

    def _saturation(self, lag_p99_s: float | None) -> str:
        """Words for a generator that did not keep up: only then are the windows read."""
        cpu = self.engine.cpu_p95_ratio
        if (lag_p99_s or 0.0) < LAG_S and (cpu or 0.0) < CPU_RATIO:
            return ""
        return in_words(readings_of(self.measured, self.health).values())
