"""Sentences: one per outcome, computed from the data and never more certain than they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import RowVerdict
from perf_analysis.facts import EndState
from perf_analysis.verdict import Outcome, Verdict
from perf_reports import units
from perf_reports.parts import Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perf_analysis.facts import Accounts, RunFacts
    from perf_analysis.verdict import Check, Judgement, ThresholdResult
    from perf_documents.run import Run
    from perf_reports.parts import FailureRow, Quantile

OUTCOME_GLYPHS = {Outcome.HELD: "✓", Outcome.BROKEN: "✗", Outcome.UNKNOWN: "○"}
NOT_JUDGED = "○"
EXIT_MEANINGS = {
    0: "proven: valid, measured and held",
    1: "a threshold was breached, or a regression was found",
    2: "usage: nothing was sent",
    3: "nothing is proven",
    4: "refused by a safety guard",
    5: "a verdict exists, but something asked for could not be kept or delivered",
    70: "a bug of perfproof",
    129: "interrupted (hang-up)",
    130: "interrupted",
    143: "interrupted (terminated)",
}
_EXIT_INFRA = 5
_NO_NEXT = {
    Verdict.PASS: "No action needed.",
    Verdict.FAIL: "Please look before this goes on.",
    Verdict.INCONCLUSIVE: "Repeat the run once the cause is gone.",
}
_END_STATES = {
    EndState.COMPLETED: "the whole schedule",
    EndState.ABORTED: "stopped early by abortOnFail",
    EndState.STOPPED: "stopped early: nothing but transport errors",
    EndState.INTERRUPTED: "interrupted",
    EndState.INCOMPLETE: "no whole completion record",
}


def exit_meaning(exit_code: int) -> str:
    """Return what an exit code says, from the closed list."""
    return EXIT_MEANINGS.get(exit_code, "not one of perfproof's")


def qualifier(run: Run, judgement: Judgement) -> str:
    """Return what must be said beside the verdict's word, or nothing."""
    if run.state is EndState.INTERRUPTED:
        return "interrupted"
    if not judgement.valid:
        return "run not valid"
    return "" if run.state is EndState.COMPLETED else "ended early"


def headline(
    run: Run, judgement: Judgement, thresholds: Sequence[ThresholdResult], exit_code: int
) -> str:
    """One sentence: the verdict and why; `thresholds` are the judgement's, worst first."""
    sentence = _headline(run, judgement, thresholds)
    if exit_code == _EXIT_INFRA:
        return f"{sentence} But something asked for could not be kept or delivered."
    return sentence


def _headline(run: Run, judgement: Judgement, thresholds: Sequence[ThresholdResult]) -> str:
    why = _as_end(judgement.reason)
    if run.state is EndState.INTERRUPTED:
        reached, planned = units.length(run.reached_s), units.length(run.plan.duration_s)
        return f"Interrupted at {reached} of {planned}: a partial run proves nothing."
    if not judgement.valid:
        return f"The run is not valid, so it proves nothing: {why}"
    whole = len(thresholds)
    noun = plural("threshold", whole)
    match judgement.verdict:
        case Verdict.PASS:
            return f"The run is valid and {whole} of {whole} {noun} held{_compared(judgement)}."
        case Verdict.FAIL if not any(r.verdict is Verdict.FAIL for r in thresholds):
            return f"Regression: {why}"
        case Verdict.FAIL:
            broken = sum(result.verdict is Verdict.FAIL for result in thresholds)
            worst = breach_said(thresholds[0])
            return f"{broken} of {whole} {noun} breached: {worst}"
        case Verdict.INCONCLUSIVE:
            return f"Could not tell: {why}"


def _compared(judgement: Judgement) -> str:
    """What a pass says of the comparison: also that there was none."""
    compared = judgement.comparison
    if compared.verdict is RowVerdict.PASS:
        return f"; {compared.sentence}"
    unjudged = compared.verdict is RowVerdict.NOT_JUDGED and compared.sentence
    return f"; comparison {compared.sentence}" if unjudged else ""


def next_step(judgement: Judgement) -> str:
    """Return what to do; never empty."""
    return judgement.next_step or _NO_NEXT[judgement.verdict]


def length_said(run: Run) -> str:
    """How far the run came, and how it ended."""
    if run.state is EndState.COMPLETED:
        return units.length(run.reached_s)
    reached, planned = units.length(run.reached_s), units.length(run.plan.duration_s)
    return f"{reached} of {planned} ({_END_STATES[run.state]})"


def check_said(check: Check) -> str:
    """One validity rule with figure, limit and advice."""
    limit = f", limit {check.limit}" if check.limit else ""
    advice = f": {check.advice}" if check.advice and check.outcome is Outcome.BROKEN else ""
    return f"{check.rule} {check.title}: {check.figure}{limit}{advice}"


def breach_said(result: ThresholdResult) -> str:
    """Say a breach as a sentence: p(95) of http_req_duration was 612 ms, limit < 500 ms."""
    threshold = result.threshold
    figure = threshold.expression.partition(threshold.operator)[0]
    value = units.observed(result).replace("≥", "at least")
    return f"{figure} of {threshold.subject} was {value}, limit {units.limit(threshold)}."


def threshold_said(result: ThresholdResult) -> str:
    """One threshold with value, limit and n."""
    threshold = result.threshold
    said = (
        f"{threshold.subject} {threshold.expression}: {units.observed(result)}, "
        f"limit {units.limit(threshold)}, n = {units.count(result.n)}"
    )
    return f"{said}; {result.reason}" if result.reason else said


def quantile(figure: Quantile) -> str:
    """Quantile, or why there is none: `212 ms`, `≥ 30.0 s`, `n/a: needs 1,000, has 412`."""
    if figure.value_s is None and not figure.needs:
        return f"{units.NOT_AVAILABLE}: the source does not state it"
    if figure.value_s is None:
        return (
            f"{units.NOT_AVAILABLE}: needs {units.count(figure.needs)}, has {units.count(figure.n)}"
        )
    text = units.duration(figure.value_s)
    return f"≥ {text}" if figure.at_least else text


def quantile_name(q: float) -> str:
    """`p95` of 0.95."""
    return f"p{units.significant(q * 100.0).rstrip('0').rstrip('.')}"


def checks_said(checks: Sequence[Check]) -> str:
    """Count of rules that held, or the broken ones by name."""
    held = sum(check.outcome is Outcome.HELD for check in checks)
    said = f"{held} of {len(checks)} held"
    broken = [check.rule for check in checks if check.outcome is Outcome.BROKEN]
    unknown = [check.rule for check in checks if check.outcome is Outcome.UNKNOWN]
    said += f", broken: {', '.join(broken)}" if broken else ""
    return said + (f", unknown: {', '.join(unknown)}" if unknown else "")


def thresholds_said(results: Sequence[ThresholdResult]) -> str:
    """Count of thresholds by verdict."""
    if not results:
        return "none"
    parts = [f"{sum(r.verdict is Verdict.PASS for r in results)} of {len(results)} held"]
    for verdict, word in ((Verdict.FAIL, "breached"), (Verdict.INCONCLUSIVE, "inconclusive")):
        number = sum(result.verdict is verdict for result in results)
        parts += [f"{number} {word}"] if number else []
    return ", ".join(parts)


def accounts_said(accounts: Accounts, facts: RunFacts) -> tuple[Account, ...]:
    """Return the closing accounts as equations."""
    a = accounts
    said = [
        _equation(
            (a.started, "iterations started"),
            (a.finished, "finished"), (a.failed, "failed"), (a.abandoned, "abandoned at the stop"),
        )
    ]  # fmt: skip
    if facts.open_model:
        arrivals = _equation(
            (a.planned, "arrivals planned"),
            (a.started, "started"), (a.dropped, "dropped"), (a.unsent, "unsent"),
        )  # fmt: skip
        said.insert(0, arrivals)
    if a.requests_known:
        said.append(
            _equation(
                (a.requests_started, "requests started"),
                (a.requests_ended, "ended"), (a.requests_abandoned, "abandoned at the stop"),
            )
        )  # fmt: skip
    return tuple(said)


def _equation(left: tuple[int, str], *right: tuple[int, str]) -> Account:
    closed = left[0] == sum(number for number, _ in right)
    sides = [" ".join((units.count(number), name)) for number, name in (left, *right)]
    return Account(
        text=f"{sides[0]} {'=' if closed else '≠'} {' + '.join(sides[1:])}", closed=closed
    )


def fault_said(facts: RunFacts, checks: Sequence[Check]) -> str:
    """Whose fault lateness was."""
    parts = [_lateness(facts)]
    on_target = facts.accounts.dropped - facts.accounts.late_drops
    if on_target:
        parts.append(
            f"{arrivals(on_target)} found every VU busy and {was(on_target)} dropped: "
            "the target was too slow for this load, and each counts as failed."
        )
    if facts.accounts.late_drops:
        parts.append(
            f"{arrivals(facts.accounts.late_drops)} {was(facts.accounts.late_drops)} dropped while "
            "the generator itself was late: its own fault."
        )
    if facts.accounts.unsent:
        number = facts.accounts.unsent
        parts.append(f"{arrivals(number)} {was(number)} never sent: the generator's fault.")
    if any(check.rule == "V6" and check.outcome is Outcome.BROKEN for check in checks):
        parts.append("The generator was not healthy, so slowness may be its own.")
    return " ".join(parts)


def _lateness(facts: RunFacts) -> str:
    if not facts.open_model:
        return "Closed model: VUs wait for answers, so there is no schedule to be late for."
    if facts.lag_p99_s is None:
        return "No arrival began, so schedule lag is not known."
    said = f"schedule lag p99 was {units.duration(facts.lag_p99_s)}"
    return f"The generator's own lateness: {said}."


def failures_said(rows: Sequence[FailureRow], requests: int) -> str:
    """How many failures, most frequent class first; also what zero of them means."""
    total = sum(row.count for row in rows)
    if not total:
        return f"No failures: {units.share(0, requests)} failed." if requests else "No requests."
    most = rows[0]
    return (
        f"{units.share(total, most.of)} failed; "
        f"most frequent: {most.error_class}, {units.count(most.count)}."
    )


def arrivals(number: int) -> str:
    """`1 arrival`, `12 arrivals`."""
    return f"{units.count(number)} {plural('arrival', number)}"


def plural(noun: str, number: int) -> str:
    """Noun in the number's form."""
    return noun if number == 1 else f"{noun}s"


def was(number: int) -> str:
    """`was` or `were`."""
    return "was" if number == 1 else "were"


def joined(names: Iterable[str]) -> str:
    """Return `a, b and c`."""
    listed = list(names)
    return " and ".join((", ".join(listed[:-1]), listed[-1]) if len(listed) > 1 else listed)


def _as_end(reason: str) -> str:
    """Reason as the end of a sentence."""
    return reason if not reason or reason.endswith((".", "!", "?")) else f"{reason}."
