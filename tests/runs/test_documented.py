"""The examples of docs/scenarios.md run as they stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine_runs import requests_of
from perf_analysis.thresholds import evaluate_all
from perf_analysis.verdict import Verdict
from profile_texts import CONSTANT, read
from repository import ROOT

if TYPE_CHECKING:
    from engine_runs import Bench

TEXT = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Examples in one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_first_scenario_runs(bench: Bench) -> None:
    run = bench.run(blocks("python")[0], rate=40)
    assert run.facts().exceptions == {}
    assert requests_of(run) == requests_of(run, "/health") + requests_of(run, "/health again")


def test_the_scenario_with_rows_and_checks_holds_its_thresholds(bench: Bench) -> None:
    (rows,) = blocks("csv")
    (bench.folder / "users.csv").write_text(rows, encoding="utf-8")
    checks = read(CONSTANT + blocks("yaml")[0]).thresholds
    run = bench.run(blocks("python")[1], rate=120, thresholds=checks)
    assert run.facts().exceptions == {}
    assert (requests_of(run, "/health"), requests_of(run, "/again")) == (240, 240)
    found = {r.threshold.subject: r.verdict for r in evaluate_all(checks, run.measured)}
    assert found == dict.fromkeys(found, Verdict.PASS)
    assert "checks{check:says ok}" in found


def test_the_profile_with_tags_is_read() -> None:
    plan = read(CONSTANT + blocks("yaml")[1])
    assert plan.tags.keys == ("team", "critical", "kind")
    assert [bool(threshold.names) for threshold in plan.thresholds] == [True, True]
