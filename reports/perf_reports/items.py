"""Named facts in words: where a run comes from, how its generator was, what to know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import BASELINES
from perf_analysis.saturation import CPU_RATIO, LAG_S
from perf_reports import units, wording
from perf_reports.parts import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perf_analysis.facts import RunFacts
    from perf_documents.run import Run

HASH_CHARACTERS = 12
_IN_PROVENANCE = frozenset({"commit", "branch", "dirty"})
_NOTE = "a note"
_NO = frozenset({"", "0", "false", "no", "clean"})


def target_of(run: Run) -> str:
    """Name of the target as it stands on the command line."""
    return run.target.name or run.target.url


def provenance(run: Run, phase: str) -> tuple[Item, ...]:
    """Where the figures come from; what is not known is left out."""
    plan, scenario = run.plan, run.scenario
    dirty = run.git.get("dirty", "").lower() not in _NO
    phase_s = units.length(run.measured.phase_s(phase))
    items = (
        Item(label="run", value=run.run_id),
        Item(label="started", value=run.started_at),
        Item(label="length", value=wording.length_said(run)),
        Item(label="profile", value=plan.profile),
        Item(label="load hash", value=run.load_hash[:HASH_CHARACTERS]),
        Item(label="scenario", value=scenario.spec, hint=", ".join(scenario.classes)),
        Item(label="scenario hash", value=scenario.sha256[:HASH_CHARACTERS]),
        Item(label="target", value=target_of(run), hint=run.target.url),
        Item(label="environment", value=run.target.environment),
        Item(label="tags", value=", ".join(f"{k}:{v}" for k, v in plan.tags.run.items())),
        Item(label="commit", value=run.git.get("commit", ""), hint="uncommitted changes" * dirty),
        Item(label="branch", value=run.git.get("branch", "")),
        Item(label="perfproof", value=run.version),
        Item(label="client", value=scenario.client_kind),
        Item(label="executor", value=plan.executor),
        Item(label="arrivals", value=plan.arrivals if plan.open_model else ""),
        Item(label="seed", value=str(plan.seed)),
        Item(label="time scale", value=f"{float(plan.time_scale):g}"),
        Item(label="phase judged", value=phase, hint=phase_s),
        Item(label="baselines", value=_baselines(run)),
        Item(label="control", value=run.control.name if run.control else ""),
    )
    return tuple(item for item in items if item.value)


def _baselines(run: Run) -> str:
    """How many accepted runs it was compared with."""
    comparison = run.judgement.comparison if run.judgement else None
    if comparison is None or comparison.source != BASELINES:
        return "none"
    return str(len(comparison.reference))


def generator(run: Run, facts: RunFacts) -> tuple[Item, ...]:
    """Return how the generator was: figures of V6 with limits, then what is only noted."""
    health, time, percent = run.health, units.duration, units.percent
    lag = run.measured.scenario_cell("all").lag
    heard = f"{units.count(facts.processes_final)} of {units.count(facts.processes_planned)}"
    local = [f"{units.count(n)} {name}" for name, n in sorted(facts.local_errors.items()) if n]
    return (
        _item("CPU p95", facts.cpu_p95_ratio, percent, f"limit {percent(CPU_RATIO)}"),
        _item("schedule lag p50", lag.quantile_s(0.5), time),
        _item("schedule lag p99", facts.lag_p99_s, time, f"limit {time(LAG_S)}"),
        Item(label="local resource errors", value=", ".join(local) or "0", hint="limit 0"),
        Item(label="processes heard to the end", value=heard),
        _item("longest silence", facts.silent_s, time),
        _item("wall clock step", facts.wall_step_s, time),
        _item("loop probes 100 ms late", facts.loop_late_ratio, percent, _NOTE),
        _item("loop answer, latest", _most(w.loop_lag_s for w in health), time, _NOTE),
        _item("GC pause, longest", _most(w.gc_pause_s for w in health), time, _NOTE),
        _item("host CPU, highest", _most(w.host_cpu_ratio for w in health), percent, _NOTE),
        _item("CPU stolen, highest", _most(w.steal_ratio for w in health), percent, _NOTE),
        _item("memory, highest", _most(w.rss_bytes for w in health), units.size),
        _item("open files, most", _most(w.open_files for w in health), units.count),
        _item("wake-up p99 before the load", run.engine.late_wakeup_p99_s, time),
    )


def environment(run: Run) -> tuple[Item, ...]:
    """Return the machine, and what else of git is known."""
    facts = dict(run.fingerprint)
    facts |= {f"git {key}": value for key, value in run.git.items() if key not in _IN_PROVENANCE}
    return tuple(Item(label=key, value=value) for key, value in sorted(facts.items()))


def notes(run: Run) -> tuple[str, ...]:
    """Lines that a reader should know before trusting a figure."""
    scenario, plan, engine = run.scenario, run.plan, run.engine
    conditions = (
        (plan.insecure, "TLS certificates were not verified (--insecure)."),
        (
            scenario.includes_connect,
            f"Service time includes connecting (client {scenario.client_kind}).",
        ),
        (scenario.may_retry, "The client may send a request twice without saying so."),
        (
            bool(overridden := _overridden(run)),
            f"Overridden: {units.count(overridden)} (status outside 200-399, declared a success).",
        ),
        (bool(engine.invalid_samples), f"{units.count(engine.invalid_samples)} invalid samples."),
        (plan.time_scale != 1, f"Stage durations were scaled by {float(plan.time_scale):g}."),
    )
    said = [line for holds, line in conditions if holds]
    for group in engine.exceptions:
        excused = f", {units.count(group.excused)} after a failed request" if group.excused else ""
        said.append(
            f"Exception in an iteration: {group.kind} in {group.place}, "
            f"{units.count(group.count)} {wording.plural('time', group.count)}{excused}: "
            f"{group.text}"
        )
    return (*plan.notes, *run.client_notes, *said)


def _overridden(run: Run) -> int:
    """Requests that the scenario called a success against their status."""
    return sum(
        cell.n
        for key, phases in run.measured.sums.series.items()
        if not key.error_class and key.status and not 200 <= key.status <= 399  # noqa: PLR2004  # statuses
        for cell in phases.values()
    )


def _item(label: str, value: float | None, say: Callable[[float], str], hint: str = "") -> Item:
    if value is None:
        return Item(label=label, value=units.NOT_AVAILABLE, hint="not measured")
    return Item(label=label, value=say(value), hint=hint)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
