"""The view: what it says of a run, and that it says what the judgement says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.filling import build
from perf_analysis.grammar import parse_threshold
from perf_analysis.histogram import Histogram
from perf_analysis.judgement import judge
from perf_analysis.thresholds import evaluate, evaluate_all
from perf_analysis.validity import check_stored
from perf_analysis.verdict import Outcome, Verdict
from perf_reports.endpoints import endpoint_rows, quantile
from perf_reports.view import build_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View

FEW = Histogram()


def test_a_run_without_a_judgement_has_no_view(run_of: Callable[[str], Run]) -> None:
    with pytest.raises(ValueError, match="judged"):
        build_view(replace(run_of("pass"), judgement=None), exit_code=0)


UNHEALTHY = "V6 generator healthy: CPU p95 97 %, limit CPU < 85 %."
SLOW = "p(95) of http_req_duration was 724 ms, limit < 500 ms."


@pytest.mark.parametrize(
    ("name", "beside", "headline"),
    [
        (
            "pass",
            "",
            "The run is valid and 3 of 3 thresholds held; comparison not judged: no baseline yet.",
        ),
        ("fail", "", f"1 of 3 thresholds breached: {SLOW}"),
        ("inconclusive", "", "Could not tell: http_req_duration: has 100, needs 200."),
        ("not_valid", "run not valid", f"The run is not valid, so it proves nothing: {UNHEALTHY}"),
        (
            "interrupted",
            "interrupted",
            "Interrupted at 12.5 s of 30 s: a partial run proves nothing.",
        ),
    ],
)
def test_the_headline_says_verdict_and_why(
    view_of: Callable[[str], View], name: str, beside: str, headline: str
) -> None:
    view = view_of(name)
    assert (view.qualifier, view.headline) == (beside, headline)
    assert view.next_step


def test_three_verdicts_have_three_words_and_glyphs(view_of: Callable[[str], View]) -> None:
    said = [(view_of(name).glyph, view_of(name).word) for name in ("pass", "fail", "not_valid")]
    assert said == [("✓", "PASS"), ("✗", "FAIL"), ("?", "INCONCLUSIVE")]


def test_what_could_not_be_kept_is_said_beside_the_verdict(run_of: Callable[[str], Run]) -> None:
    view = build_view(run_of("pass"), exit_code=5, stored=check_stored(equal=False))
    assert view.verdict is Verdict.PASS
    assert "could not be kept" in view.headline
    assert view.checks[0].rule == "V12"
    assert view.deciders[0].text.startswith("V12")


def test_worst_comes_first(view_of: Callable[[str], View]) -> None:
    order = [check.outcome for check in view_of("not_valid").checks]
    assert order == sorted(order, key=[Outcome.BROKEN, Outcome.UNKNOWN, Outcome.HELD].index)
    verdicts = [result.verdict for result in view_of("all_failed").thresholds]
    assert verdicts == [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    shares = [row.failed_ratio for row in view_of("hostile").endpoints[1:]]
    assert shares == sorted(shares, reverse=True)


def test_the_run_is_repeated_by_one_command(run_of: Callable[[str], Run]) -> None:
    run = run_of("pass")
    odd = replace(run, target=replace(run.target, name="a b; rm"))
    assert build_view(run, exit_code=0).repeat == (
        "perfproof run --profile sustained --target staging"
    )
    assert build_view(odd, exit_code=0).repeat.endswith("--target 'a b; rm'")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("phase", ["sustained", "ramp", "all"])
@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("http_req_failed", "rate<0.01"),
        ("http_reqs", "rate>1"),
        ("http_req_duration", "p(50)<500"),
        ("http_req_duration", "p(95)<500"),
        ("http_req_latency", "p(95)<500"),
    ],
)
def test_endpoints_count_as_thresholds_do(
    seed: int, phase: str, metric: str, expression: str
) -> None:
    measured = make_run(seed, failed_ratio=0.05).measured
    threshold = parse_threshold(metric, expression)
    for row in endpoint_rows(measured, phase, ()):
        selector = {"phase": phase} | ({} if row.label == "all" else {"name": row.label})
        result = evaluate(replace(threshold, selector=selector), measured)
        if metric == "http_req_failed":
            assert (row.failed, row.failed_of) == (
                round((result.observed or 0) * result.n),
                result.n,
            )
        elif metric == "http_reqs":
            assert row.rate_per_s == pytest.approx(result.observed)
        else:
            figures = {figure.q: figure for figure in row.service}
            shown = row.latency if metric == "http_req_latency" else figures[threshold.q or 0.0]
            assert shown is not None
            assert shown.n == result.n
            if shown.value_s is not None:
                assert shown.value_s * 1000.0 == pytest.approx(result.observed, rel=0.004)
                assert shown.at_least == result.at_least


def test_a_judged_quantile_is_shown_as_it_was_judged(run_of: Callable[[str], Run]) -> None:
    run = run_of("pass")
    limits = (parse_threshold("http_req_duration{name:GET /health}", "p(95)<4.06"),)
    results = evaluate_all(limits, run.measured)
    rows = {row.label: row for row in endpoint_rows(run.measured, "sustained", results)}
    assert results[0].observed is not None
    assert rows["GET /health"].service[1].value_s == results[0].observed / 1000.0


def test_a_quantile_needs_ten_values_above_it() -> None:
    few, enough = build([0.01] * 199), build([0.01] * 200)
    assert quantile(0.95, few, FEW).value_s is None
    assert quantile(0.95, few, FEW).needs == 200
    assert quantile(0.95, enough, FEW).value_s == pytest.approx(0.01)
    assert quantile(0.5, FEW, FEW, above=0).value_s is None


@pytest.mark.parametrize(
    ("q", "never", "at_least"),
    [
        pytest.param(0.5, [30.0] * 10, False, id="far above"),
        pytest.param(0.95, [30.0] * 100, True, id="among them"),
        pytest.param(0.5, [0.001] * 100, True, id="below it, and may be above"),
        pytest.param(0.5, [], False, id="none"),
    ],
)
def test_a_quantile_among_what_never_completed_is_a_lower_bound(
    q: float,
    never: list[float],
    at_least: bool,  # noqa: FBT001  # a row of the table
) -> None:
    complete = build([0.01 + 0.0001 * place for place in range(400)])
    assert quantile(q, complete, build(never)).at_least is at_least


def test_dropped_arrivals_are_failures_of_the_target(view_of: Callable[[str], View]) -> None:
    rows = {(row.error_class, row.generator): row for row in view_of("pass").failures}
    dropped = rows["dropped", False]
    assert (dropped.count, dropped.judged, dropped.of) == (2, 2, 1500)
    assert "2 arrivals found every VU busy" in view_of("pass").fault


def test_the_timeline_adds_up_to_the_accounts(
    view_of: Callable[[str], View], run_of: Callable[[str], Run]
) -> None:
    timeline, accounts = view_of("pass").timeline, run_of("pass").engine.accounts
    assert sum(value or 0 for value in timeline.planned) == accounts.planned
    assert sum(value or 0 for value in timeline.started) == accounts.started
    assert sum(value or 0 for value in timeline.dropped) == accounts.dropped
    assert set(timeline.phases) == {"ramp", "sustained"}
    assert len({len(line) for line in (timeline.p50_s, timeline.ended, timeline.cpu_ratio)}) == 1


def test_a_long_run_is_drawn_from_at_most_150_points(run_of: Callable[[str], Run]) -> None:
    run = run_of("pass")
    ended = dict.fromkeys(range(600), 1)
    long = replace(run, measured=replace(run.measured, ended=ended), health=())
    timeline = build_view(long, exit_code=0).timeline
    assert len(timeline.at_s) == 150
    assert (timeline.point_s, timeline.windows) == (4.0, 600)


def test_a_real_judgement_makes_a_view() -> None:
    run = make_run(1)
    judged = replace(run, judgement=judge(run.facts(), run.measured, run.plan.thresholds))
    assert judged.judgement is not None
    view = build_view(judged, exit_code=judged.judgement.exit_code)
    assert view.word == "INCONCLUSIVE"
    assert view.headline.startswith("The run is not valid")


@pytest.mark.parametrize("field", ["reason", "comparison"])
def test_the_judgements_own_words_are_kept(
    view_of: Callable[[str], View], run_of: Callable[[str], Run], field: str
) -> None:
    for name in ("pass", "fail", "not_valid"):
        assert getattr(view_of(name), field) == getattr(run_of(name).judgement, field)
