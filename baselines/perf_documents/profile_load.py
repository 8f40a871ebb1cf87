"""The load part of a profile: executor, stages, VUs and what goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from perf_analysis.series import SUSTAINED
from perf_documents.durations import format_duration
from perf_documents.plan import Stage
from perf_documents.yaml_fields import Keys, one_of, require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_documents.yaml_fields import Field

RAMP = "ramp"
WARM_UP = "warm-up"
STAGE_PHASES = (WARM_UP, RAMP, SUSTAINED)
MAX_STAGES = 200
MAX_VUS = 100_000
MAX_RATE = 1_000_000
MIN_RATE = Fraction(1, 1_000)
SHORTEST_S = Fraction(1)
LONGEST_S = Fraction(168 * 3_600)

_ARRIVALS = ("constant", "poisson")
_OPEN_KEYS = ("time_unit", "pre_allocated_vus", "max_vus", "arrivals")
EXECUTOR_KEYS: dict[str, tuple[str, ...]] = {
    "ramping-arrival-rate": ("stages", "start_rate", *_OPEN_KEYS),
    "constant-arrival-rate": ("rate", "duration", *_OPEN_KEYS),
    "ramping-vus": ("stages", "start_vus", "graceful_ramp_down"),
    "constant-vus": ("vus", "duration"),
}
LOAD_KEYS = frozenset(name for names in EXECUTOR_KEYS.values() for name in names)
_REQUIRED: dict[str, tuple[str, ...]] = {
    "ramping-arrival-rate": ("stages", "pre_allocated_vus"),
    "constant-arrival-rate": ("rate", "duration", "pre_allocated_vus"),
    "ramping-vus": ("stages",),
    "constant-vus": ("vus", "duration"),
}
_STAGE_KEYS = Keys(
    known={name: name for name in ("duration", "target", "phase")},
    elsewhere=dict.fromkeys(("executor", "scenario", "rate", "vus"), "at the top level")
    | dict.fromkeys(("start", "start_rate", "startRate"), "at the top level, as start_rate"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was read; None where it was refused or is not given."""

    executor: str | None
    stages: tuple[Stage, ...] | None
    arrivals: str | None
    pre_allocated_vus: int | None
    max_vus: int | None


def read_load(root: Field, members: Mapping[str, Field], time_scale: Fraction) -> Load:
    """Read executor, stages, arrivals and VUs."""
    executor = _read_executor(root, members)
    given = members
    if executor is not None:
        _refuse_foreign(executor, members)
        require(root, members, ("scenario", *_REQUIRED[executor]))
        fitting = EXECUTOR_KEYS[executor]
        given = {name: field for name, field in members.items() if name in fitting}
    elif "scenario" not in members:
        require(root, members, ("scenario",))
    closed = executor is not None and executor.endswith("-vus")
    stages = _Stages(closed=closed, time_scale=time_scale).read(given)
    pre_allocated_vus = _read_vus(given, "pre_allocated_vus")
    max_vus = _read_vus(given, "max_vus")
    if pre_allocated_vus and max_vus and max_vus < pre_allocated_vus:
        given["max_vus"].refuse("less than pre_allocated_vus", expected=f"{pre_allocated_vus} up")
    arrivals = given["arrivals"].choice(_ARRIVALS) if "arrivals" in given else _ARRIVALS[0]
    if closed:
        pre_allocated_vus = max_vus = _highest(stages)
    return Load(
        executor=executor,
        stages=stages,
        arrivals=arrivals,
        pre_allocated_vus=pre_allocated_vus,
        max_vus=max_vus or pre_allocated_vus,
    )


def show_timeline(stages: Sequence[Stage]) -> str:
    """Return the planned phases in order: `ramp 0s-1m, sustained 1m-4m`."""
    ends = list(accumulate((stage.duration_s for stage in stages), initial=Fraction(0)))
    shown = [
        f"{stage.phase} {format_duration(start_s)}-{format_duration(start_s + stage.duration_s)}"
        for stage, start_s in zip(stages, ends, strict=False)
        if stage.duration_s
    ]
    return ", ".join(shown if len(shown) <= 10 else [*shown[:10], "..."])  # noqa: PLR2004  # a line


def _highest(stages: Sequence[Stage] | None) -> int | None:
    return int(max(max(s.start, s.target) for s in stages)) if stages else None


def _read_executor(root: Field, members: Mapping[str, Field]) -> str | None:
    if "executor" in members:
        return members["executor"].choice(EXECUTOR_KEYS)
    what = "executor is missing; k6 reads bare stages as ramping-vus, so say which is meant"
    root.problems.add(root.node.mark, what, expected=one_of(EXECUTOR_KEYS))
    return None


def _refuse_foreign(executor: str, members: Mapping[str, Field]) -> None:
    for name in LOAD_KEYS - set(EXECUTOR_KEYS[executor]):
        if name in members:
            expected = one_of(EXECUTOR_KEYS[executor])
            members[name].refuse(f"not a key of {executor}", expected=expected, found=name)


def _read_vus(members: Mapping[str, Field], name: str) -> int | None:
    return members[name].integer(1, MAX_VUS) if name in members else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stages:
    """Reads stages of one kind of executor."""

    closed: bool
    time_scale: Fraction

    def read(self, members: Mapping[str, Field]) -> tuple[Stage, ...] | None:
        unit_s: Fraction | None = Fraction(1)
        if "time_unit" in members:
            unit_s = members["time_unit"].duration(Fraction(1, 1_000), 86_400)
        if "stages" in members:
            return self._ramping(members["stages"], members, unit_s)
        if "duration" in members:
            return self._constant(members["duration"], members, unit_s)
        return None

    def _constant(
        self, duration: Field, members: Mapping[str, Field], unit_s: Fraction | None
    ) -> tuple[Stage, ...] | None:
        duration_s = duration.duration(0, LONGEST_S)
        name = "vus" if self.closed else "rate"
        level = (
            self._level(members[name], 1 if self.closed else MIN_RATE) if name in members else None
        )
        if duration_s is None or level is None or unit_s is None:
            return None
        level /= unit_s
        stage = Stage(
            duration_s=duration_s * self.time_scale, start=level, target=level, phase=SUSTAINED
        )
        return self._checked((stage,), duration)

    def _ramping(
        self, field: Field, members: Mapping[str, Field], unit_s: Fraction | None
    ) -> tuple[Stage, ...] | None:
        name = "start_vus" if self.closed else "start_rate"
        level = self._level(members[name], 0) if name in members else Fraction(0)
        items = field.items()
        if items is None:
            return None
        if not 1 <= len(items) <= MAX_STAGES:
            field.refuse("no stages" if not items else "too many stages",
                         expected=f"1 to {MAX_STAGES} stages", found=str(len(items)))  # fmt: skip
            return None
        stages: list[Stage] = []
        for item in items:
            stage = self._stage(item, level, unit_s)
            level = None
            if stage is not None:
                level = stage.target * unit_s if unit_s else None
                stages.append(stage)
        return self._checked(tuple(stages), field) if len(stages) == len(items) else None

    def _stage(self, item: Field, level: Fraction | None, unit_s: Fraction | None) -> Stage | None:
        members = item.members(_STAGE_KEYS)
        if members is None:
            return None
        require(item, members, ("duration", "target"))
        duration_s = members["duration"].duration(0, LONGEST_S) if "duration" in members else None
        target = self._level(members["target"], 0) if "target" in members else None
        phase = members["phase"].choice(STAGE_PHASES) if "phase" in members else ""
        if duration_s is None or target is None or unit_s is None or phase is None:
            return None
        # after a refused stage its own level serves: nothing of this reaches a plan
        start = target if level is None else level
        usual = SUSTAINED if start == target > 0 else RAMP
        return Stage(
            duration_s=duration_s * self.time_scale,
            start=start / unit_s,
            target=target / unit_s,
            phase=phase or usual,
        )

    def _level(self, field: Field, low: Fraction | int) -> Fraction | None:
        if not self.closed:
            return field.number(low, MAX_RATE)
        vus = field.integer(int(low), MAX_VUS)
        return None if vus is None else Fraction(vus)

    def _checked(self, stages: tuple[Stage, ...], field: Field) -> tuple[Stage, ...] | None:
        total_s = sum((stage.duration_s for stage in stages), Fraction(0))
        if not SHORTEST_S <= total_s <= LONGEST_S:
            scaled = "" if self.time_scale == 1 else f" after --time-scale {self.time_scale}"
            field.refuse(
                f"the schedule is too {'short' if total_s < SHORTEST_S else 'long'}{scaled}",
                expected="1s to 168h in all",
                found=format_duration(total_s),
            )
            return None
        loaded = [stage for stage in stages if stage.duration_s and (stage.start or stage.target)]
        if not loaded:
            field.refuse("nothing would be sent", expected="a target above 0", found="only zeros")
            return None
        if all(stage.phase == WARM_UP for stage in loaded):
            what = "the warm-up is all there is, so nothing would be judged"
            field.refuse(what, expected="a stage of another phase", found=show_timeline(stages))
            return None
        return stages
