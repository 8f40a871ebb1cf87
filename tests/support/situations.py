"""What a run can be like: one situation for each that a page must tell apart, and its judgement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from compared_cases import CASES
from perf_analysis.compared import Comparison, RowVerdict
from perf_analysis.facts import EndState
from perf_analysis.grammar import parse_threshold
from perf_analysis.thresholds import evaluate_all
from perf_analysis.verdict import Check, Judgement, Outcome, Threshold, ThresholdResult, Verdict

if TYPE_CHECKING:
    from perf_analysis.series import Measured

NOTHING = Comparison(sentence="not judged: no baseline yet")
LIMIT_S = 0.5
EXITS = {
    RowVerdict.PASS: 0,
    RowVerdict.FAIL: 1,
    RowVerdict.INCONCLUSIVE: 3,
    RowVerdict.NOT_JUDGED: 0,
}
ENDPOINTS = (("GET", "/health", 0.002), ("GET", "/api/v1/traces", 0.02), ("POST", "/orders", 0.05))
HOSTILE = (
    ("GET", "</title><script>alert(1)</script><img src=x onerror=alert(1)>", 0.01),
    ("GET", "`|a|` **b** [c](http://evil.example) @octocat #1 www.evil.example <b>", 0.02),
    ("GET", "\x1b[31mred\x1b[0m\x07 \u202egnp.exe \x9b2J\r\n::error::pwned\n##[error]x", 0.03),
    ("PO\nST", "::set-output name=verdict::pass" + "long/" * 60 + "$x^2$ \ud800 {{7*7}}", 0.04),
)
NAME = f"GET {HOSTILE[1][1]}"
TITLES = ("schedule completed", "enough requests", "accounts close", "little abandoned",
          "load offered", "generator healthy", "record whole", "clock steady", "scenario sound",
          "runs comparable", "few names")  # fmt: skip


def broken(number: int, figure: str, limit: str) -> Check:
    return Check(
        rule=f"V{number}", title=TITLES[number - 1], outcome=Outcome.BROKEN, figure=figure,
        limit=limit, advice="see the log of the load process",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a run is like; the rest follows from it."""

    rate: int = 60
    seconds: int = 20
    ramp: int = 5
    endpoints: tuple[tuple[str, str, float], ...] = ENDPOINTS
    slowness: float = 1.0
    failing: dict[int, tuple[int, str]] = field(default_factory=lambda: {97: (500, "http_5xx")})
    dropped: tuple[int, ...] = (7,)
    closed: bool = False
    own_client: bool = False
    cut_s: float | None = None
    broken: tuple[Check, ...] = ()
    state: EndState = EndState.COMPLETED
    exit_code: int = 0
    comparison: Comparison = NOTHING
    thresholds: tuple[Threshold, ...] = (
        parse_threshold("http_req_duration", "p(95)<500"),
        parse_threshold("http_reqs", "rate>1"),
        replace(parse_threshold("http_req_failed", "rate<0.02"), is_default=True),
    )


INTERRUPTED = broken(1, "interrupted at 12.5 s of 30 s: SIGINT", "the whole schedule")
UNHEALTHY = broken(6, "CPU p95 97 %", "CPU < 85 %")
EMPTY = broken(5, "offered 0 of 0 arrivals", "at least 99 %")
SITUATIONS = {
    "pass": Situation(own_client=True),
    "fail": Situation(slowness=9.0, exit_code=1),
    "inconclusive": Situation(rate=5, dropped=(), failing={}, exit_code=3),
    "not_valid": Situation(broken=(UNHEALTHY,), exit_code=3),
    "interrupted": Situation(
        cut_s=12.5, broken=(INTERRUPTED,), state=EndState.INTERRUPTED, exit_code=130
    ),
    "zero_requests": Situation(
        rate=0, dropped=(), broken=(EMPTY,), state=EndState.INCOMPLETE, exit_code=3
    ),
    "one_endpoint": Situation(endpoints=ENDPOINTS[1:2], failing={}, dropped=()),
    "all_failed": Situation(failing={1: (0, "refused")}, exit_code=1),
    "closed": Situation(closed=True, dropped=(), failing={83: (0, "timeout")}),
    "hostile": Situation(
        endpoints=HOSTILE,
        comparison=CASES["hostile"],
        failing={9: (500, "http_5xx")},
        exit_code=1,
        thresholds=(
            replace(parse_threshold("http_req_duration", "p(95)<20"), selector={"name": NAME}),
            parse_threshold("http_req_failed", "rate<0.02"),
        ),
    ),
    **{
        name: Situation(
            failing={},
            dropped=(),
            comparison=made,
            exit_code=EXITS[made.verdict] if made.gates else 0,
        )
        for name, made in CASES.items()
        if name != "hostile"
    },
    "six_seconds": Situation(rate=40, seconds=6, ramp=0, failing={}, dropped=()),
}


def judgement_of(about: Situation, measured: Measured) -> Judgement:
    # reasons in this file's own words: the judging room may reword its sentences
    results = tuple(
        replace(r, reason=f"has {r.n}, needs 200" if r.verdict is Verdict.INCONCLUSIVE else "")
        for r in evaluate_all(about.thresholds, measured)
    )
    found = {check.rule: check for check in about.broken}
    checks = tuple(
        found.get(f"V{number}")
        or Check(rule=f"V{number}", title=title, outcome=Outcome.HELD, figure="fine", limit="any")
        for number, title in enumerate(TITLES, start=1)
    )
    verdicts = {r.verdict for r in results} or {Verdict.INCONCLUSIVE}
    verdict = min(verdicts, key=[Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS].index)
    verdict = _with_comparison(about, verdict)
    verdict = Verdict.INCONCLUSIVE if found else verdict
    return Judgement(
        checks=checks,
        thresholds=results,
        comparison=about.comparison,
        valid=not found,
        verdict=verdict,
        exit_code={Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}[verdict],
        reason=_reason(about, results),
        next_step=about.broken[0].advice if found else about.comparison.next_step,
    )


def _with_comparison(about: Situation, verdict: Verdict) -> Verdict:
    """Verdict once the comparison has been heard."""
    said = {RowVerdict.FAIL: Verdict.FAIL, RowVerdict.INCONCLUSIVE: Verdict.INCONCLUSIVE}
    if verdict is not Verdict.PASS or not about.comparison.gates:
        return verdict
    return said.get(about.comparison.verdict, verdict)


def _reason(about: Situation, results: tuple[ThresholdResult, ...]) -> str:
    for check in about.broken:
        return f"{check.rule} {check.title}: {check.figure}, limit {check.limit}"
    bad = [result for result in results if result.verdict is not Verdict.PASS]
    if not bad and _with_comparison(about, Verdict.PASS) is not Verdict.PASS:
        return about.comparison.sentence
    return f"{bad[0].threshold.subject}: {bad[0].reason or 'breached'}" if bad else "all held"
