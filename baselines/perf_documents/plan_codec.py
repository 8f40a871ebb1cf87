"""`Plan` as strict JSON: what the engine process and stored runs read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from perf_analysis.tags import NO_TAGS, Tags
from perf_analysis.verdict import Threshold
from perf_documents.cells import Seconds, StrictModel
from perf_documents.errors import DocumentError
from perf_documents.plan import Arrivals, Executor, Gate, Plan, Stage

Exact = Annotated[str, Field(pattern=r"^[0-9]{1,40}(/[1-9][0-9]{0,39})?$", max_length=81)]
Vus = Annotated[int, Field(ge=1, le=1_000_000)]
Line = Annotated[str, Field(max_length=1_000)]
Shares = dict[Annotated[str, Field(max_length=100)], Annotated[float, Field(ge=0)]]


class StageModel(StrictModel):
    """A `Stage`; exact numbers are written `60` or `3/2`."""

    duration_s: Exact
    start: Exact
    target: Exact
    phase: Literal["warm-up", "ramp", "sustained"]

    def decode(self) -> Stage:
        """Return the stage."""
        return Stage(
            duration_s=Fraction(self.duration_s),
            start=Fraction(self.start),
            target=Fraction(self.target),
            phase=self.phase,
        )


class ThresholdModel(StrictModel):
    """A `Threshold`; what is at its default may be left out."""

    metric: Line
    selector: Annotated[dict[Line, Line], Field(default_factory=dict)]
    aggregation: Line
    q: float | None = None
    operator: Line
    limit: float
    expression: Line
    abort_on_fail: bool = False
    delay_abort_eval_s: Seconds = 0.0
    is_default: bool = False
    names: Annotated[list[list[Line]], Field(default_factory=list, max_length=20)]

    def decode(self) -> Threshold:
        """Return the threshold."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Threshold(**values | {"names": tuple(map(tuple, self.names))})


class TagsModel(StrictModel):
    """`Tags`."""

    run: dict[Line, Line]
    names: dict[Line, dict[Line, list[Line]]]

    def decode(self) -> Tags:
        """Return the tags."""
        names = {
            key: {value: tuple(names) for value, names in values.items()}
            for key, values in self.names.items()
        }
        return Tags(self.run, names)


class GateModel(StrictModel):
    """A `Gate`."""

    comparison: Literal["regression", "proof", "advisory"]
    comparison_given: bool = False
    must_detect: Shares
    baseline: Literal["optional", "required"]
    baseline_source: Literal["files", "history"]

    def decode(self) -> Gate:
        """Return the gate."""
        return Gate(**{name: getattr(self, name) for name in type(self).model_fields})


def _check_stages(stages: list[StageModel]) -> list[StageModel]:
    if not any(Fraction(stage.duration_s) for stage in stages):
        raise ValueError("a schedule lasts")
    return stages


class PlanModel(StrictModel):
    """A `Plan`, with nothing left to defaults."""

    profile: Line
    scenario: Line
    executor: Executor
    stages: Annotated[list[StageModel], AfterValidator(_check_stages), Field(max_length=1_000)]
    arrivals: Arrivals
    pre_allocated_vus: Vus
    max_vus: Vus
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    timeout_s: Annotated[float, Field(gt=0)]
    graceful_stop_s: Seconds
    graceful_ramp_down_s: Seconds
    time_scale: Exact
    insecure: bool
    thresholds: Annotated[list[ThresholdModel], Field(max_length=1_000)]
    regression: Shares
    tolerance: Shares
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    gate: GateModel
    notes: list[Line]
    source: Line = ""
    tags: TagsModel | None = None

    def decode(self) -> Plan:
        """Return the plan."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Plan(
            **values
            | {
                "stages": tuple(stage.decode() for stage in self.stages),
                "time_scale": Fraction(self.time_scale),
                "thresholds": tuple(threshold.decode() for threshold in self.thresholds),
                "gate": self.gate.decode(),
                "notes": tuple(self.notes),
                "tags": self.tags.decode() if self.tags else NO_TAGS,
            }
        )


def encode_plan(plan: Plan) -> dict[str, object]:
    """Return a plan as JSON."""
    coded = {name: _encode(getattr(plan, name)) for name in PlanModel.model_fields}
    if not plan.tags.keys:
        del coded["tags"]
    return coded


def decode_plan(obj: object) -> Plan:
    """Return the plan that JSON holds; `DocumentError` where it holds none."""
    try:
        return PlanModel.model_validate(obj).decode()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"not a stored plan: {where}: {first['msg']}") from error
    except ValueError as error:
        raise DocumentError(f"not a stored plan: {error}") from error


def _encode(value: object) -> object:
    match value:
        case Fraction():
            return str(value)
        case tuple():
            return [_encode(item) for item in value]
        case Stage() | Threshold() | Gate() | Tags():
            return {name: _encode(getattr(value, name)) for name in value.__slots__}
        case str() | int() | float() | None:
            return value
        case Mapping():
            return {key: _encode(item) for key, item in value.items()}
        case _:
            raise TypeError(f"a plan holds no {type(value).__name__}")
