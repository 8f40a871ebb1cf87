"""The run document as strict models, each the twin of a dataclass and equal to it in names."""

# No postponed annotations here: pydantic reads them when a class is made.
import re
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from perf_analysis.facts import EndState
from perf_analysis.stated import Stated
from perf_analysis.verdict import Outcome, Verdict
from perf_documents.cells import (
    CellModel,
    CheckRow,
    Count,
    PhaseName,
    ScenarioCellModel,
    Seconds,
    StrictModel,
    Text,
    TimingsRow,
)
from perf_documents.comparison_model import ComparisonModel
from perf_documents.figures_codec import MAX_SERIES, FiguresModel, Label
from perf_documents.plan_codec import PlanModel, ThresholdModel
from perf_documents.run import Better, Measure

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z", re.ASCII)


def check_instant(text: str) -> str:
    """Return a moment as it is written down: `2026-03-01T12:00:00.000Z`, nothing looser."""
    try:
        if _INSTANT.fullmatch(text) is None:
            raise ValueError(text)  # noqa: TRY301  # both ways to be wrong have one message
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a UTC moment like 2026-03-01T12:00:00.000Z") from None
    return text


RunId = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
Instant = Annotated[str, AfterValidator(check_instant)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=4000)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Url = Annotated[str, Field(max_length=2000)]
Facts = Annotated[dict[Key, Text], Field(max_length=64)]
Ratio = Annotated[float, Field(ge=0)]
Offset = float
ExitCode = Literal[0, 1, 3]


class TargetModel(StrictModel):
    """`TargetFacts`."""

    name: Text
    url: Url
    environment: Text
    protected: bool


class ScenarioModel(StrictModel):
    """`ScenarioFacts`."""

    spec: Text
    # empty where the engine ended before it read the scenario
    sha256: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64})?$")]
    client_kind: Text
    classes: Annotated[tuple[Text, ...], Field(max_length=100)]
    may_retry: bool
    includes_connect: bool
    data: Annotated[dict[Text, Sha256], Field(default_factory=dict, max_length=1000)]


class SpanModel(StrictModel):
    """`Span`."""

    phase: PhaseName
    start_s: Seconds
    end_s: Seconds


# digits, signs, points, exponents, commas and brackets: nothing that JSON would have to escape
WindowsText = Annotated[str, Field(max_length=2**27, pattern=r"^\[[0-9eE.,+\-\[\]]*\]$")]
SeriesEntry = tuple[
    Text, Text, Text, Text, Count, Text, list[tuple[PhaseName, CellModel]], WindowsText
]
ScenarioEntry = tuple[Text, list[tuple[PhaseName, ScenarioCellModel]], WindowsText]


class StatedModel(StrictModel):
    """`Stated`; `quantiles` are pairs of quantile and seconds."""

    label: Label
    n: Count
    average_s: Seconds | None
    quantiles: Annotated[
        tuple[tuple[Annotated[float, Field(ge=0, le=1)], Seconds], ...], Field(max_length=100)
    ]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for before, after in pairwise(self.quantiles):
            if before[0] >= after[0] or before[1] > after[1]:
                raise ValueError("quantiles must ascend, and their values with them")
        return self

    def decode(self) -> Stated:
        """Return the figures."""
        return Stated(
            label=self.label,
            n=self.n,
            average_s=self.average_s,
            quantiles_s=dict(self.quantiles),
        )


class MeasureModel(StrictModel):
    """`Measure`."""

    name: Label
    unit: Text
    better: Better
    value: float
    low: float | None
    high: float | None
    n: Annotated[int, Field(ge=1, lt=2**53)]

    def decode(self) -> Measure:
        """Return the measure."""
        return Measure(**dict(self))


Measures = Annotated[tuple[MeasureModel, ...], Field(max_length=10_000)]


class MeasuredModel(StrictModel):
    """`Measured`: of each series and scenario the sums by phase, and its windows as a text."""

    series: Annotated[list[SeriesEntry], Field(max_length=100_000)]
    scenarios: Annotated[list[ScenarioEntry], Field(max_length=1000)]
    ended: list[tuple[Count, Count]]
    window_s: Annotated[float, Field(gt=0)]
    spans: Annotated[tuple[SpanModel, ...], Field(max_length=1000)]
    open_model: bool
    stated: Annotated[tuple[StatedModel, ...], Field(max_length=MAX_SERIES)] = ()
    unstated: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    timings: Annotated[tuple[TimingsRow, ...], Field(max_length=400_000)] = ()
    checks: Annotated[tuple[CheckRow, ...], Field(max_length=100_000)] = ()


class HealthModel(StrictModel):
    """`HealthWindow`."""

    window: Count
    cpu_ratio: Ratio
    loop_lag_s: Seconds
    loop_probes: Count
    loop_late: Count
    rss_bytes: Count
    open_files: Count
    gc_pause_s: Seconds
    wall_offset_s: Offset
    host_cpu_ratio: Ratio | None
    steal_ratio: Ratio | None


class AccountsModel(StrictModel):
    """`Accounts`; whether they agree is a matter of validity, not of form."""

    planned: Count
    started: Count
    dropped: Count
    late_drops: Count
    unsent: Count
    finished: Count
    failed: Count
    abandoned: Count
    faulted: Count
    requests_started: Count
    requests_ended: Count
    requests_abandoned: Count
    requests_known: bool


class ExceptionModel(StrictModel):
    """`GroupedException`."""

    kind: Text
    place: Words
    count: Count
    text: Words
    excused: Count


class ErrorModel(StrictModel):
    """`ErrorSample`."""

    error_class: Text
    label: Text
    count: Count
    first_s: Seconds
    last_s: Seconds
    text: Words


class EngineModel(StrictModel):
    """`EngineFacts`."""

    accounts: AccountsModel
    cpu_p95_ratio: Ratio | None
    wall_step_s: Seconds | None
    silent_s: Seconds
    processes_planned: Count
    processes_final: Count
    sequence_problem: Words
    end_detail: Words
    invalid_samples: Count
    names: Count
    local_errors: dict[Text, Count]
    exceptions: Annotated[tuple[ExceptionModel, ...], Field(max_length=10_000)]
    errors: Annotated[tuple[ErrorModel, ...], Field(max_length=50_000)]
    record_sha256: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64})?$")]
    unknown_rules: Annotated[tuple[Text, ...], Field(max_length=20)]
    late_wakeup_p99_s: Seconds | None


class CheckModel(StrictModel):
    """`Check`."""

    rule: Annotated[str, Field(pattern=r"^V[0-9]{1,2}$")]
    title: Text
    outcome: Outcome
    figure: Words
    limit: Words
    advice: Words


class ThresholdResultModel(StrictModel):
    """`ThresholdResult`."""

    threshold: ThresholdModel
    observed: float | None
    at_least: bool
    n: Count
    phase: Literal["warm-up", "ramp", "sustained", "drain", "all"]
    verdict: Verdict
    reason: Words
    advice: Words


class JudgementModel(StrictModel):
    """`Judgement`."""

    checks: Annotated[tuple[CheckModel, ...], Field(max_length=20)]
    thresholds: Annotated[tuple[ThresholdResultModel, ...], Field(max_length=1000)]
    comparison: ComparisonModel
    valid: bool
    verdict: Verdict
    exit_code: ExitCode
    reason: Words
    next_step: Words


class RunModel(StrictModel):
    """The run document: one execution of a profile."""

    # "schema" itself is a name of pydantic's own
    schema_: Annotated[Literal[3], Field(alias="schema")]
    run_id: RunId
    version: Text
    started_at: Instant
    state: EndState
    reached_s: Seconds
    load_hash: Sha256
    plan: PlanModel
    target: TargetModel
    control: TargetModel | None
    scenario: ScenarioModel
    fingerprint: Facts
    git: Facts
    measured: MeasuredModel
    resolution_s: Seconds
    figures: FiguresModel | None
    health: Annotated[tuple[HealthModel, ...], Field(max_length=10_000)]
    engine: EngineModel
    measures: Measures = ()
    client_notes: Annotated[tuple[Words, ...], Field(max_length=1000)]
    judgement: JudgementModel | None
