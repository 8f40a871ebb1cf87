"""How many arrivals a second one load process holds on this machine: a staircase, twice."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from perf_analysis.saturation import cause, is_held
from perf_documents.events import Notice, Progress
from perf_documents.health import readings_of
from perf_loadtests.requests import RunRequest
from perf_loadtests.running import execute, prepare
from perf_loadtests.target.launch import PLAIN, DemoTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.saturation import Reading
    from perf_loadtests.requests import World

# stricter than V6: what is held here is held with room for a target that is slower than ours
LAG_S = 0.005
LOWEST_PER_S = 500
COARSE, FINE = 2.0**0.5, 1.1
COARSE_STEPS, FINE_STEPS = 14, 3
COARSE_S, FINE_S = 1, 2
VUS = 500
_ENOUGH = signal.SIGTERM  # as if a person had ended the run

_PROFILE = """\
scenario: health_check
executor: ramping-arrival-rate
stages:
{stages}
pre_allocated_vus: {vus}
max_vus: {vus}
timeout: 5s
graceful_stop: 1s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What one process held.

    Attributes
    ----------
    held_per_s : int
        Highest rate of the staircase at which, and below which, the generator kept up.
    reading : Reading or None
        The generator at that rate; None where even the lowest step was not held.
    lost_per_s : int or None
        The step that was not held any more; None where all were.
    cause : str
        What stopped it there.
    """

    held_per_s: int
    reading: Reading | None
    lost_per_s: int | None
    cause: str


@dataclass(slots=True)
class _Ended:
    """Signals of a staircase: its own end once it is lost, and those of the person."""

    signals: list[int]


def calibrate(world: World) -> Calibration:
    """Find the rate, in about 25 seconds.

    Raises
    ------
    TargetStartError
        If the answering process does not start.
    """
    coarse = [round(LOWEST_PER_S * COARSE**step) for step in range(COARSE_STEPS)]
    with DemoTarget(world.environ, module=PLAIN) as target:
        first = _climb(coarse, COARSE_S, target.url, world)
        if first.lost_per_s is None or not first.held_per_s or world.stop.signals:
            return first
        fine = [round(first.held_per_s * FINE**step) for step in range(1, FINE_STEPS + 1)]
        second = _climb(fine, FINE_S, target.url, world)
    if not second.held_per_s:
        return replace(second, held_per_s=first.held_per_s, reading=first.reading)
    return second if second.lost_per_s else replace(
        second, lost_per_s=first.lost_per_s, cause=first.cause
    )  # fmt: skip


def _climb(rates: Sequence[int], step_s: int, url: str, world: World) -> Calibration:
    """One run up a staircase, which ends itself where a step is lost."""
    ended = _Ended(list(world.stop.signals))

    def watch(event: Progress | Notice) -> None:
        ended.signals.extend(world.stop.signals[len(ended.signals) :])
        if isinstance(event, Progress) and event.at_s > 1.0 and _is_lost(event):
            ended.signals.append(_ENOUGH)

    with TemporaryDirectory() as folder:
        profile = Path(folder) / "staircase.yaml"
        profile.write_text(_PROFILE.format(stages=_stages(rates, step_s), vus=VUS), "utf-8")
        own = replace(world, root=Path(folder), emit=watch, stop=ended)
        request = RunRequest(profile=str(profile), target=url, time_scale=Fraction(1))
        run = execute(prepare(request, own), own, log=None)
    # the last second of a step: the first grows into it
    seconds = readings_of(run.measured, run.health)
    steps = [seconds.get((n + 1) * step_s - 1) for n in range(len(rates))]
    return judge(steps, rates, seconds[max(seconds)] if seconds else None)


def judge(
    readings: Sequence[Reading | None], rates: Sequence[int], last: Reading | None = None
) -> Calibration:
    """Highest step that was held, and the one above it.

    A lower step that was lost is a moment in which the machine did something else. `last` is the
    last second of all: where a step was lost at once it has no other, and that one may tell why.
    """
    held = -1
    for step, reading in enumerate(readings):
        if reading is not None and is_held(reading, lag_s=LAG_S):
            held = step
    lost = held + 1
    above = readings[lost] if lost < len(rates) else None
    if above is None and lost < len(rates) and last and not is_held(last, lag_s=LAG_S):
        above = last
    return Calibration(
        held_per_s=rates[held] if held >= 0 else 0,
        reading=readings[held] if held >= 0 else None,
        lost_per_s=rates[lost] if lost < len(rates) else None,
        cause=cause(above) if above else "",
    )


def _is_lost(event: Progress) -> bool:
    return event.dropped > 0 or (event.lag_p99_s or 0.0) >= LAG_S * 10


def _stages(rates: Sequence[int], step_s: int) -> str:
    lines = [f"  - {{duration: 0s, target: {rate}}}\n  - {{duration: {step_s}s, target: {rate}}}"
             for rate in rates]  # fmt: skip
    return "\n".join(lines)
