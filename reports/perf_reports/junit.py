"""The verdict as JUnit XML, in the subset that Jenkins and GitLab read.

One case for each validity rule, threshold and compared row of the gated family. What could not be
decided is an error where it gates: hosts show `skipped` as harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_reports import comparisons, wording
from perf_reports.escape import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_analysis.compared import ComparedRow
    from perf_analysis.verdict import Check, ThresholdResult
    from perf_reports.parts import View

FAILURE, ERROR, SKIPPED, NOTE = "failure", "error", "skipped", "system-out"
# What XML 1.0 cannot hold at all, not even as a reference.
_FOREIGN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ALL = "all requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case.

    Attributes
    ----------
    group, name : str
        Class name and name.
    state : str
        `failure`, `error`, `skipped`, or empty for a passed case; `system-out` is passed too, with
        something to say.
    kind, said : str
        Type and message of that state.
    """

    group: str
    name: str
    state: str = ""
    kind: str = ""
    said: str = ""


def render_junit(view: View) -> str:
    """Return the document; equal views give equal bytes."""
    cases = list(_cases(view))
    counts = {
        "tests": len(cases),
        "failures": sum(case.state == FAILURE for case in cases),
        "errors": sum(case.state == ERROR for case in cases),
        "skipped": sum(case.state == SKIPPED for case in cases),
    }
    numbers = {name: str(number) for name, number in counts.items()}
    time = {"time": f"{view.length_s:.3f}"}
    root = ET.Element("testsuites", {"name": "perfproof", **numbers, **time})
    suite = ET.SubElement(root, "testsuite", {"name": _clean(view.profile), **numbers, **time})
    started = next((item.value for item in view.provenance if item.label == "started"), "")
    if started:
        suite.set("timestamp", _clean(started))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(view):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for case in cases:
        _add(suite, case)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _properties(view: View) -> Iterator[tuple[str, str]]:
    yield "verdict", view.verdict.value
    yield "exit_code", str(view.exit_code)
    yield "headline", view.headline
    yield "run", view.run_id
    yield "target", view.target
    yield "version", view.version


def _add(suite: ET.Element, case: Case) -> None:
    # no duration of its own: the cases are claims about one run
    attributes = {"classname": _clean(case.group), "name": _clean(case.name), "time": "0"}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.state == NOTE:
        ET.SubElement(element, NOTE).text = _clean(case.said)
    elif case.state:
        child = ET.SubElement(element, case.state, {"message": _clean(case.said)})
        if case.state != SKIPPED:
            child.set("type", case.kind)


def _cases(view: View) -> Iterator[Case]:
    yield from (_check(check) for check in view.checks)
    yield from (_threshold(result) for result in view.thresholds)
    if not comparisons.gated(view.comparison):
        yield _not_compared(view)
    gates = view.comparison.gates
    yield from (_row(row, gates=gates) for row in comparisons.gated(view.comparison))


def _check(check: Check) -> Case:
    name = f"{check.rule} {check.title}"
    match check.outcome:
        case Outcome.BROKEN:
            said = wording.check_said(check)
            return Case(group="validity", name=name, state=ERROR, kind="not valid", said=said)
        case Outcome.UNKNOWN:
            said = "unknown: the source of this run cannot show it"
            return Case(group="validity", name=name, state=SKIPPED, said=said)
        case Outcome.HELD:
            return Case(group="validity", name=name)


def _threshold(result: ThresholdResult) -> Case:
    threshold = result.threshold
    group, name = f"threshold.{threshold.metric}", f"{threshold.subject} {threshold.expression}"
    said = wording.threshold_said(result)
    match result.verdict:
        case Verdict.FAIL:
            return Case(group=group, name=name, state=FAILURE, kind="breached", said=said)
        case Verdict.INCONCLUSIVE:
            return Case(group=group, name=name, state=ERROR, kind="inconclusive", said=said)
        case Verdict.PASS:
            return Case(group=group, name=name)


def _row(row: ComparedRow, *, gates: bool) -> Case:
    group, name = f"compare.{row.label or _ALL}", row.metric
    said = comparisons.row_said(row)
    if row.verdict is RowVerdict.NOT_JUDGED:
        return Case(group=group, name=name, state=SKIPPED, said=said)
    if gates and row.verdict is RowVerdict.FAIL:
        return Case(group=group, name=name, state=FAILURE, kind="regression", said=said)
    if gates and row.blocks:
        return Case(group=group, name=name, state=ERROR, kind="inconclusive", said=said)
    if row.verdict is RowVerdict.PASS:
        return Case(group=group, name=name)
    unseen = "" if row.detectable is None else f"; {comparisons.row_text(row).detectable} would be"
    more = f"{unseen} found 4 times in 5" if unseen else ""
    return Case(group=group, name=name, state=NOTE, said=f"{said}{more}")


def _not_compared(view: View) -> Case:
    """Nothing was compared: an error where a baseline is required, never a silent pass."""
    said = view.comparison.sentence
    if view.comparison.gates and view.comparison.verdict is RowVerdict.INCONCLUSIVE:
        return Case(group="compare", name=_ALL, state=ERROR, kind="inconclusive", said=said)
    return Case(group="compare", name=_ALL, state=SKIPPED, said=said)


def _clean(text: str) -> str:
    """Text without control and direction characters, and without what XML cannot hold."""
    return _FOREIGN.sub("\N{REPLACEMENT CHARACTER}", visible(text))
