"""The sentences of a comparison: one place, so that no page says it in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE, PROOF, RowVerdict
from perf_analysis.wording import number, seconds, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.compared import ComparedRow, Demands

_PER_CENT = 100.0
_DIGITS = 2


def sentence(
    verdict: RowVerdict,
    rows: Sequence[ComparedRow],
    blocking: Sequence[ComparedRow],
    demands: Demands,
    *,
    against: str,
) -> str:
    """What a comparison says in one sentence.

    Parameters
    ----------
    verdict : RowVerdict
        Of the gate.
    rows : sequence of ComparedRow
        The worst first.
    blocking : sequence of ComparedRow
        Undecided rows that leave the gate undecided.
    demands : Demands
    against : str
        The other side in words: `5 baselines`, `the control`.
    """
    if verdict is RowVerdict.FAIL:
        failed = [row for row in rows if row.gated and row.verdict is RowVerdict.FAIL]
        return f"{regression(failed[0], against)}{_and_more(failed)}"
    if verdict is RowVerdict.INCONCLUSIVE:
        return f"{undecided(blocking[0], demands, against)}{_and_more(blocking)}"
    if verdict is RowVerdict.NOT_JUDGED:
        return "comparison not judged: no row has a counterpart with enough requests"
    return f"no regression against {against}{_passed(rows)}"


def next_step(verdict: RowVerdict, blocking: Sequence[ComparedRow]) -> str:
    """What to do about it; empty for a pass."""
    if verdict is RowVerdict.FAIL:
        return "find what became slower or began to fail in the report"
    if verdict is RowVerdict.INCONCLUSIVE:
        return blocking[0].advice or "run longer, repeat (--repeat 5), or use --control"
    return ""


def regression(row: ComparedRow, against: str) -> str:
    """A failing row: `p95 of GET /x rose by 34 % (+22 % to +48 %) against .., tolerated 5 %`."""
    tolerated = change(row.metric, row.tolerance, signed=False)
    rise = change(row.metric, row.effect or 0.0, signed=False)
    return (
        f"{subject(row)} rose by {rise} ({interval(row)}) against {against}, tolerated {tolerated}"
    )


def undecided(row: ComparedRow, demands: Demands, against: str) -> str:
    """An undecided row: what could not be excluded, or what would not have been found."""
    if row.effect is None:
        return f"{subject(row)} cannot be compared with {against}: {row.reason}"
    moved = f"{change(row.metric, row.effect)} ({interval(row)})"
    found = f"{subject(row)} changed by {moved} against {against}"
    if demands.mode == PROOF:
        return f"{found}: a rise of {change(row.metric, row.margin, signed=False)} is not excluded"
    if row.detectable is None:
        return f"{found}: {row.reason}"
    wanted = change(row.metric, demands.must_detect.get(row.metric, 0.0), signed=False)
    return f"{found}: {detection(row)}, must_detect asks for {wanted}"


def detection(row: ComparedRow) -> str:
    """What a row would have shown: `a rise of 31 % would be found 4 times in 5`."""
    if row.detectable is None:
        return "what rise would be found is not known"
    rise = change(row.metric, row.detectable, signed=False)
    return f"a rise of {rise} would be found 4 times in 5"


def subject(row: ComparedRow) -> str:
    """Metric and series: `p95 of GET /x`."""
    metric = "error rate" if row.metric == ERROR_RATE else row.metric
    return f"{metric} of {row.label or 'all requests'}"


def level(metric: str, value: float | None) -> str:
    """Level of either side in its unit; a dash where there is none."""
    if value is None:
        return "-"
    return share(value) if metric == ERROR_RATE else seconds(value)


def change(metric: str, value: float, *, signed: bool = True) -> str:
    """Change in its unit: `+31 %`, or `+0.5 pp` of the error rate.

    Examples
    --------
    >>> change("p95", 0.314), change("error_rate", -0.005), change("p95", 1.5, signed=False)
    ('+31 %', '-0.5 pp', '150 %')
    """
    unit = "pp" if metric == ERROR_RATE else "%"
    sign = "+" if signed and value >= 0.0 else ""
    scaled = value * _PER_CENT
    digits = _DIGITS + 1 if abs(scaled) >= _PER_CENT else _DIGITS
    return f"{sign}{number(scaled, digits)} {unit}"


def interval(row: ComparedRow) -> str:
    """Interval of a row's effect: `+22 % to +48 %`, open where requests never completed."""
    low = "unknown" if row.low is None else change(row.metric, row.low)
    return f"{low} to {'beyond any bound' if row.high is None else change(row.metric, row.high)}"


def _passed(rows: Sequence[ComparedRow]) -> str:
    """What a pass owes: the largest rises that might have gone unseen, by kind of metric."""
    known = [row for row in rows if row.gated and row.detectable is not None]
    coarse = [
        max(same, key=lambda row: row.detectable or 0.0)
        for same in ([row for row in known if (row.metric == ERROR_RATE) == is_rate]
                     for is_rate in (False, True))
        if same
    ]  # fmt: skip
    limits = " and ".join(
        f"of {change(row.metric, row.detectable or 0.0, signed=False)} in {subject(row)}"
        for row in coarse
    )
    return f"; a rise {limits} would be found 4 times in 5" if limits else ""


def _and_more(rows: Sequence[ComparedRow]) -> str:
    more = len(rows) - 1
    return f" (and {more} more {'rows' if more > 1 else 'row'})" if more else ""
