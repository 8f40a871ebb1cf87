"""What `perf check RULES` does with a canary: live, replayed, tried on cases, or planned."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perf_analysis.judgement import judge
from perf_canary.cases import try_case
from perf_canary.following import Following, replay, settle_s
from perf_canary.planning import Traffic, plan
from perf_canary.sources.probe import HealthProbe
from perf_canary.sources.prometheus import PrometheusSource
from perf_canary.sources.stored import story_of
from perf_canary.sources.timeline import DEFAULT_EVERY_S, read_timelines
from perf_canary.watch import Watch
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_cli.signals import Signals
from perf_cli.termination import leave_message
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import stepped
from perf_documents.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perf_canary.reading import Source
    from perf_cli.canary_output import Output
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules
    from perf_documents.run import Run

CODES = {
    Answer.PROMOTE: Code.PASS,
    Answer.ROLLBACK: Code.FAIL,
    Answer.HOLD: Code.INCONCLUSIVE,
}
_GLANCE_S = 0.5
_NOTHING_LOOKED_AT = "--abort-file: there is one already; nothing was looked at; next: remove it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """How a running system is looked at.

    Attributes
    ----------
    prometheus : str or None
        Address, where it is not that of the rules.
    for_s : float or None
        Watch so long from now; without it, judge what lies behind, once.
    every_s : float
    since_s : float or None
        When the step began, in Unix seconds.
    weight : float or None
    abort_file : Path or None
        Its appearance rolls back.
    """

    prometheus: str | None
    for_s: float | None
    every_s: float
    since_s: float | None
    weight: float | None
    abort_file: Path | None


def wall_s() -> float:
    """Unix seconds: the time that Prometheus stamps samples with."""
    return datetime.now(UTC).timestamp()


@contextlib.contextmanager
def open_source(
    rules: Rules, url: str | None, environ: Mapping[str, str]
) -> Iterator[tuple[PrometheusSource, str]]:
    """Prometheus of a RULES file, with its health probe beside it, and why it cannot be read yet.

    Raises
    ------
    UsageError
        If the rules name no source, or Prometheus does not understand a query.
    InfraError
        If it says no to us.
    """
    source, queries = rules.source, rules.queries
    if source is not None and url is not None:
        source = replace(source, prometheus=url)
    if source is None or queries is None or source.prometheus is None:
        raise UsageError(
            "RULES: no source to read from; expected source with prometheus, canary and metrics; "
            "next: add them, or use --replay FILE"
        )
    probe = HealthProbe(source.probe, time.monotonic) if source.probe else None
    reader = PrometheusSource(
        source=source, queries=queries, environ=environ, clock=time.monotonic, sleep=time.sleep,
        probes=probe.counts if probe else None,
    )  # fmt: skip
    unreadable = reader.probe_round(wall_s())
    with probe or contextlib.nullcontext():
        yield reader, unreadable


@contextlib.contextmanager
def live_source(rules: Rules, url: str | None, environ: Mapping[str, str]) -> Iterator[Source]:
    """Source that can be read: for whom a canary must not take traffic unseen.

    Raises
    ------
    UnreachableError
        If it cannot.
    """
    with open_source(rules, url, environ) as (reader, unreadable):
        if unreadable:
            raise UnreachableError(f"{unreadable}; nothing was run; next: mend that first")
        yield reader


def check_live(rules: Rules, live: Live, output: Output) -> Code:
    """Watch a running system until it is decided or time is up; or judge what lies behind, once."""
    signals = Signals()
    signals.install()
    step_s = stepped(live.every_s, rules.source.scrape_interval_s if rules.source else 1.0)
    with open_source(rules, live.prometheus, os.environ) as (source, unreadable):
        now_s = wall_s()
        if unreadable:
            say(f"perf check: {unreadable}")
        if unreadable and live.for_s is None:
            say("perf check: HOLD: nothing can be read; next: mend that, or wait for it with --for")
            return Code.INCONCLUSIVE
        watch, until_s = _watch(rules, live, step_s, now_s)
        following = Following(
            watch=watch,
            source=source,
            until_s=until_s,
            delay_s=settle_s(rules.source.scrape_interval_s) if rules.source else 0.0,
            now=wall_s,
            rest=lambda seconds: rest(seconds, signals, live.abort_file),
        )
        following.prepare()
        return follow(following, output, signals, _NOTHING_LOOKED_AT)


def follow(following: Following, output: Output, signals: Signals, nothing: str) -> Code:
    """Show looks as they come; the code of the last one, or of the signal that ended them.

    Raises
    ------
    UsageError
        With the text `nothing`, if there was none.
    """
    looks = []
    for look in following.looks():
        looks.append(look)
        output.show(look)
    if signals.code is not None:
        output.finish(looks)
        said = looks[-1].reason if looks else "interrupted before the first look"
        leave_message(os.environ, signals.code, said)
        return signals.code
    if not looks:
        raise UsageError(nothing)
    return _ended(looks, output)


def _watch(rules: Rules, live: Live, step_s: float, now_s: float) -> tuple[Watch, float]:
    """A watch and the time of its last look: one more than the span, so that it can end well."""
    span_s = rules.shortest_span_s
    if live.for_s is not None:
        span_s = max(live.for_s, rules.longest_for_s)
    began_s = live.since_s
    if began_s is None:
        began_s = now_s if live.for_s is not None else now_s - span_s - step_s
    if began_s > now_s:
        raise UsageError("--since: lies in the future; expected Unix seconds of the past")
    # whole looks: a restart derives the same ones
    until_s = now_s if live.for_s is None else began_s + span_s + step_s
    watch = Watch(rules=rules, began_s=began_s, every_s=step_s, span_s=span_s, weight=live.weight)
    return watch, until_s


def rest(seconds: float, signals: Signals, abort_file: Path | None) -> tuple[Answer, str] | None:
    """Wait, glancing at what could end it; how and why to end."""
    deadline_s = time.monotonic() + seconds
    while True:
        if signals.code is not None:
            return Answer.HOLD, "interrupted: nothing was decided"
        if abort_file is not None and abort_file.exists():
            return Answer.ROLLBACK, f"a person asked for it: {abort_file} exists"
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            return None
        time.sleep(min(_GLANCE_S, left_s))


def _ended(looks: list[Look], output: Output) -> Code:
    delivered = output.finish(looks)
    code = CODES[looks[-1].answer]
    code = delivered if code is Code.PASS else code
    leave_message(os.environ, code, looks[-1].reason)
    return code


def check_replay(
    rules: Rules, path: Path, every_s: float | None, output: Output, *, weight: float | None
) -> Code:
    """Judge what a file says happened."""
    stories = read_timelines(path)
    if len(stories) != 1 or stories[0].expect is not None:
        raise UsageError(f"--replay: {path}: holds cases; next: perf check RULES --test {path}")
    (story,) = stories
    for note in story.notes:
        say(f"perf check: {note}")
    looks = []
    for look in replay(rules, story, every_s=every_s, weight=weight):
        looks.append(look)
        output.show(look)
    if not looks:
        raise UsageError(f"--replay: {path}: no line of the canary; nothing to judge")
    return _ended(looks, output)


def check_stored(rules: Rules, run: Run, every_s: float | None, output: Output) -> Code:
    """Judge a stored run as a canary; one that is not valid proves nothing, whatever it says."""
    # by the rules of this version, whatever the document says of itself
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    step_s = stepped(every_s or DEFAULT_EVERY_S, run.measured.window_s)
    looks = []
    for look in replay(rules, story_of(run, step_s), every_s=step_s):
        looks.append(look)
        output.show(look)
    if not looks:
        raise UsageError(f"--run: {run.run_id}: nothing was measured; nothing to judge")
    if not judgement.valid and looks[-1].answer is not Answer.HOLD:
        said = f"the run is not valid: {judgement.reason}"
        looks[-1] = replace(looks[-1], answer=Answer.HOLD, reason=said)
    return _ended(looks, output)


def check_cases(rules: Rules, path: Path, every_s: float | None) -> Code:
    """Try scripted cases; each as written, or FAIL."""
    results = [try_case(rules, story, every_s=every_s) for story in read_timelines(path)]
    wrong = [one for one in results if one.wrong]
    lines = [
        f"FAILED  {one.name}: {one.wrong}" if one.wrong
        else f"ok      {one.name}: {one.look.answer} at {one.look.t_s:g} s"
        for one in results
    ]  # fmt: skip
    lines.append(f"{len(results) - len(wrong)} of {len(results)} cases as written")
    delivered = result("\n".join(lines))
    return Code.FAIL if wrong else delivered


def check_plan(rules: Rules, traffic: Traffic, every_s: float | None) -> Code:
    """Say beforehand how long a decision takes."""
    scrape_s = rules.source.scrape_interval_s if rules.source else 1.0
    step_s = stepped(every_s or DEFAULT_EVERY_S, scrape_s)
    lines = [
        (
            f"{traffic.requests_per_s:g} requests/s, {traffic.share:.1%} to the canary, "
            f"{traffic.errors:.2%} errors, a look every {step_s:g} s"
        ),
        (
            f"warm-up {rules.warm_up_s:g} s, promotion after {rules.shortest_span_s:g} s at the "
            f"earliest, needs {rules.needs}"
        ),
        "",
    ]
    for one in plan(rules, traffic, step_s):
        when = f"{one.look.answer} after {one.look.elapsed_s:.0f} s"
        if one.look.answer is Answer.HOLD:
            when = f"HOLD even after {one.look.elapsed_s:.0f} s"
        lines.append(f"{one.name:<36} {when}: {one.look.reason}")
    lines += ["", "Counts are their expectations: real times vary around these."]
    return result("\n".join(lines))
