"""JUnit: what two real parsers read is what the view says, and nothing undecided looks harmless."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import junitparser
import pytest

from perf_analysis.compared import RowVerdict
from perf_analysis.verdict import Outcome, Verdict
from perf_reports.comparisons import gated
from perf_reports.junit import render_junit

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_reports.parts import View

    Golden = Callable[[str, str], None]


def states(view: View) -> dict[tuple[str, str], str]:
    """State of each case by class name and name, as a reader of the file sees it."""
    suites = junitparser.JUnitXml.fromstring(render_junit(view).encode())
    found = {}
    for suite in suites:
        for case in suite:
            kinds = [type(part).__name__.lower() for part in case.result]
            found[case.classname, case.name] = kinds[0] if kinds else "passed"
    return found


def test_every_situation_has_its_file(
    golden: Golden, view_of: Callable[[str], View], situation: str
) -> None:
    golden(f"reports/{situation}.junit.xml", render_junit(view_of(situation)))


def test_counts_are_those_of_the_cases(view_of: Callable[[str], View], situation: str) -> None:
    view = view_of(situation)
    root = ET.fromstring(render_junit(view))  # noqa: S314  # just made
    tags = Counter(child.tag for case in root.iter("testcase") for child in case)
    for element in (root, root[0]):
        assert int(element.attrib["tests"]) == len(list(root.iter("testcase")))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[name]) == tags[tag]
    rows = gated(view.comparison)
    count = len(view.checks) + len(view.thresholds) + (len(rows) or 1)
    assert int(root.attrib["tests"]) == count


def test_a_file_without_failure_and_error_means_exit_0_and_the_other_way_round(
    view_of: Callable[[str], View], situation: str
) -> None:
    view = view_of(situation)
    bad = set(states(view).values()) & {"failure", "error"}
    assert bool(bad) == (view.verdict is not Verdict.PASS)


def test_states_follow_the_view(view_of: Callable[[str], View], situation: str) -> None:
    view = view_of(situation)
    found = states(view)
    for check in view.checks:
        wanted = {Outcome.HELD: "passed", Outcome.BROKEN: "error", Outcome.UNKNOWN: "skipped"}
        assert found["validity", f"{check.rule} {check.title}"] == wanted[check.outcome]
    if situation != "hostile":
        for result in view.thresholds:
            name = f"{result.threshold.subject} {result.threshold.expression}"
            wanted_state = {
                Verdict.PASS: "passed", Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "error",
            }[result.verdict]  # fmt: skip
            assert found[f"threshold.{result.threshold.metric}", name] == wanted_state


def test_an_undecided_row_is_an_error_only_where_it_gates(view_of: Callable[[str], View]) -> None:
    assert states(view_of("undetected"))["compare.all requests", "p95"] == "error"
    view = view_of("undetected")
    rows = tuple(replace(row, must_detect=0.9) for row in view.comparison.rows)
    tolerant = replace(view, comparison=replace(view.comparison, rows=rows))
    assert states(tolerant)["compare.all requests", "p95"] == "passed"
    text = render_junit(tolerant)
    assert "+83 % would be found 4 times in 5" in text
    strict = tuple(replace(row, must_detect=None) for row in rows)
    proof = replace(view, comparison=replace(view.comparison, rows=strict))
    assert states(proof)["compare.all requests", "p95"] == "error"


def test_an_advisory_comparison_fails_nothing(view_of: Callable[[str], View]) -> None:
    assert states(view_of("advisory"))["compare.all requests", "p95"] == "passed"
    assert "+50 %" in render_junit(view_of("advisory"))


def test_nothing_compared_is_said_and_gates_where_a_baseline_is_required(
    view_of: Callable[[str], View],
) -> None:
    view = view_of("no_baseline")
    assert states(view)["compare", "all requests"] == "skipped"
    required = replace(view.comparison, verdict=RowVerdict.INCONCLUSIVE)
    assert states(replace(view, comparison=required))["compare", "all requests"] == "error"


@pytest.mark.parametrize(
    "text", ["\x00", "\x1b[31m", "\u202e", "\ud800", "\ufffe", "]]>", "<a>&'\""]
)
def test_any_name_makes_a_readable_file(view_of: Callable[[str], View], text: str) -> None:
    view = view_of("pass")
    hostile = replace(view, profile=f"a{text}b", headline=text, target=text)
    root = ET.fromstring(render_junit(hostile).encode())  # noqa: S314  # just made
    name = root[0].attrib["name"]
    assert name.startswith("a")
    assert name.endswith("b")
    if text in {"]]>", "<a>&'\""}:
        assert name == f"a{text}b"
