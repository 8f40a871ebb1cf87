"""What was read of a file, whatever tool wrote it, and the run that it becomes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE
from perf_analysis.facts import Accounts, EndState
from perf_analysis.figures import QUANTILES
from perf_analysis.series import CONTROL, SUSTAINED
from perf_documents.errors import DocumentError
from perf_documents.figures_codec import stored
from perf_documents.plan import Plan, Stage
from perf_documents.profile_gate import Regression, read_gate
from perf_documents.run import EngineFacts, Run, ScenarioFacts, TargetFacts
from perf_importers.rows import SHOWN
from perf_importers.source import instant
from perf_importers.summaries import exact, summed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perf_analysis.figures import RunFigures
    from perf_analysis.series import Measured
    from perf_analysis.verdict import Threshold
    from perf_documents.run import Better, Measure
    from perf_importers.rows import Rows
    from perf_importers.source import Source
    from perf_importers.summaries import Summary

# what another tool's file knows nothing of
UNKNOWN = ("V1", "V3", "V4", "V5", "V6", "V7", "V8", "V9")
# samples may come from whatever client
_ANY = "samples"
_HASH_LENGTH = 12
_EARLIEST_S = 946_684_800.0  # 2000-01-01
_LATEST_S = 4_102_444_800.0  # 2100-01-01
_AHEAD_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person who imports knows beyond the file.

    Attributes
    ----------
    profile : str
        Empty for the name of the tool.
    environment : str
    commit, branch : str
        Of the code that was measured; empty for what the file says.
    at_s : float or None
        When it was measured, in seconds since 1970; None for what the file says.
    better : str or None
        Direction of measures whose format does not say it.
    now_s : float
        Present time: nothing was measured after it.
    """

    profile: str = ""
    environment: str = "imported"
    commit: str = ""
    branch: str = ""
    at_s: float | None = None
    better: Better | None = None
    now_s: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run as a file tells it.

    Attributes
    ----------
    tool : str
        Whose clock and client it was: runs of two tools are not comparable.
    source, sha256 : str
        The file, and the hash of what it says of this run.
    measured : Measured
    figures : RunFigures or None
        Where `measured` holds no samples to compute them from.
    started_s : float or None
        Seconds since 1970; None where the file does not say.
    length_s : float or None
    names : int
    resolution_s : float
    metrics : tuple of str
        What is compared of such runs.
    thresholds : tuple of Threshold
    measures : tuple of Measure
    facts, machine : mapping of str to str
        Commit and branch; the machine it ran on.
    includes_connect : bool
    notes : tuple of str
    modified_s : float
        When the file was written, for want of anything better.
    profile : str
        As the file names it; empty for the tool's name.
    arms : tuple of str
    requests : int
        Of one arm.
    """

    tool: str
    source: str
    sha256: str
    measured: Measured
    figures: RunFigures | None = None
    started_s: float | None = None
    length_s: float | None = None
    names: int = 0
    resolution_s: float = 0.0
    metrics: tuple[str, ...] = ("p95", ERROR_RATE)
    thresholds: tuple[Threshold, ...] = ()
    measures: tuple[Measure, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    includes_connect: bool = True
    notes: tuple[str, ...] = ()
    modified_s: float = 0.0
    profile: str = ""
    arms: tuple[str, ...] = ()
    requests: int = 0


def of_rows(
    source: Source,
    rows: Rows,
    *,
    tool: str,
    resolution_s: float,
    shows: frozenset[str] = SHOWN,
    notes: tuple[str, ...] = (),
) -> Reading:
    """Reading of a file with a line for each request."""
    by_arm = rows.by_arm()
    return Reading(
        tool=tool,
        source=str(source.path),
        sha256=source.sha256,
        measured=rows.measured(shows),
        started_s=rows.first_s,
        length_s=rows.length_s,
        names=len(rows.names),
        resolution_s=resolution_s,
        metrics=_metrics("p95", shows),
        arms=tuple(sorted(by_arm)),
        requests=max(by_arm.values()),
        notes=notes,
    )


def of_summaries(
    source: Source,
    summaries: Sequence[Summary],
    *,
    tool: str,
    length_s: float,
    shows: frozenset[str] = SHOWN,
    resolution_s: Callable[[float], float] = exact,
) -> Reading:
    """Reading of a file that sums up its series; DocumentError where they contradict each other."""
    try:
        measured, figures = summed_up(
            summaries, tool=tool, length_s=length_s, shows=shows, resolution_s=resolution_s
        )
    except ValueError as error:
        raise source.error(str(error)) from error
    total = next((summary for summary in summaries if not summary.label), summaries[0])
    return Reading(
        tool=tool,
        source=str(source.path),
        sha256=source.sha256,
        measured=measured,
        figures=figures,
        length_s=length_s,
        names=len(summaries),
        metrics=_metrics(best_quantile(total.quantiles_s), shows),
        modified_s=source.modified_s,
        requests=total.n,
    )


def _metrics(quantile: str, shows: frozenset[str]) -> tuple[str, ...]:
    """What is compared: failures only where they are known."""
    return (quantile, ERROR_RATE) if "http_req_failed" in shows else (quantile,)


def run_of(reading: Reading, options: Options) -> Run:
    """Return the run of a reading.

    Raises
    ------
    DocumentError
        If it claims to have been measured in the future.

    Notes
    -----
    The id is made of the start and of what was read, so that the same file gives the same run.
    """
    started_s, notes = _start(reading, options)
    stamp = instant(started_s)
    run_id = f"{stamp[:19].replace('-', '').replace(':', '').lower()}z-{reading.tool}"
    run_id = f"{run_id}-{reading.sha256[:_HASH_LENGTH]}"
    profile = options.profile or reading.profile or reading.tool
    target = TargetFacts(name="imported", url="", environment=options.environment)
    length_s = reading.length_s or reading.measured.phase_s(SUSTAINED)
    said = {"commit": options.commit, "branch": options.branch}
    git = {**reading.facts, **{key: text for key, text in said.items() if text}}
    return Run(
        run_id=run_id,
        version="",
        started_at=stamp,
        state=EndState.COMPLETED,
        reached_s=float(length_s),
        plan=_plan(reading, profile, length_s),
        target=target,
        control=target if CONTROL in reading.arms else None,
        scenario=ScenarioFacts(
            spec=reading.tool, sha256="0" * 64,
            client_kind="unknown" if reading.tool == _ANY else reading.tool,
            classes=(reading.tool,), includes_connect=reading.includes_connect,
        ),
        fingerprint=reading.machine,
        git=git,
        measured=reading.measured,
        resolution_s=reading.resolution_s,
        figures=reading.figures and stored(replace(reading.figures, run_id=run_id)),
        engine=EngineFacts(
            accounts=Accounts(), cpu_p95_ratio=None, wall_step_s=None, silent_s=0.0,
            processes_final=0, names=reading.names, unknown_rules=UNKNOWN,
        ),
        measures=reading.measures,
        client_notes=(
            f"imported from {reading.tool}: the load and the generator are not known", *notes,
        ),
    )  # fmt: skip


def _start(reading: Reading, options: Options) -> tuple[float, tuple[str, ...]]:
    """When it was measured, as the person, the file, or the file's own date says."""
    notes = reading.notes
    said_s = options.at_s if options.at_s is not None else reading.started_s
    if said_s is None:
        said_s = reading.modified_s
        notes = (*notes, "the file does not say when it was measured: dated by the file itself")
    if not 0.0 <= said_s < _LATEST_S:
        raise DocumentError(
            f"{reading.source}: {said_s:g} s since 1970 is no moment of a test; next: --at TIME"
        )
    if said_s > options.now_s + _AHEAD_S:
        raise DocumentError(
            f"{reading.source}: was measured at {instant(said_s)}, in the future; "
            "next: correct the clock, or give --at TIME"
        )
    return said_s, notes


def check_epoch(at_s: float, what: str) -> float:
    """Seconds since 1970 of a stamp; ValueError where they cannot be the start of a test."""
    if not _EARLIEST_S <= at_s < _LATEST_S:
        raise ValueError(f"{what}: {at_s:.15g} s since 1970 is not between 2000 and 2100")
    return at_s


def _plan(reading: Reading, profile: str, length_s: float) -> Plan:
    """Plan that the run looks like: one plateau, judged by the usual margins."""
    usual = Regression()
    quantile, quantile_tolerance = usual.margins["p95"], usual.tolerance["p95"]
    margins = {name: usual.margins.get(name, quantile) for name in reading.metrics}
    rate = max(Fraction(1, 1000), Fraction(reading.requests, max(1, round(length_s))))
    return Plan(
        profile=profile,
        scenario=reading.tool,
        executor="constant-arrival-rate",
        stages=(
            Stage(duration_s=Fraction(round(length_s * 1000), 1000) or Fraction(1), start=rate,
                  target=rate, phase=SUSTAINED),
        ),
        pre_allocated_vus=1,
        max_vus=1,
        graceful_stop_s=0.0,
        timeout_s=1.0,
        thresholds=reading.thresholds,
        regression=margins,
        tolerance={name: usual.tolerance.get(name, quantile_tolerance) for name in margins},
        alpha=usual.alpha,
        gate=read_gate(None, margins),
    )  # fmt: skip


def best_quantile(quantiles: Mapping[float, float]) -> str:
    """Metric to compare where a source states only some quantiles: p95, or what is nearest."""
    wanted = [q for q in (0.95, 0.99, 0.9, 0.5) if q in quantiles]
    others = [q for q in quantiles if 0.0 < q < 1.0]
    best = wanted[0] if wanted else max(others, default=QUANTILES[0])
    return f"p{best * 100:g}"
