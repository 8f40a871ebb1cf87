"""Stored runs: judged again, listed and shown, by id, beginning, `latest` or file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Done, Passed

STRICT = "thresholds: {http_req_duration: ['p(95)<0.01']}\n"
NO_DATA = "thresholds: {'http_req_duration{name:/nowhere}': ['p(95)<500']}\n"


def specs_of(passed: Passed) -> dict[str, str]:
    """Every way to name the one run."""
    (run,) = passed.desk.stored()
    return {
        "id": run,
        "latest": "latest",
        "beginning": run[:12],
        "file": f".perf/runs/{run}/run.json.gz",
    }


def check(passed: Passed, tmp_path: Path, rules: str, *arguments: str) -> Done:
    """Judge the run by other rules."""
    path = tmp_path / "rules.yaml"
    path.write_text(rules, encoding="utf-8")
    return passed.desk.perf("check", str(path), "--run", specs_of(passed)["id"], *arguments)


@pytest.mark.parametrize("spec", ["id", "latest", "beginning", "file"])
def test_check_repeats_the_verdict(passed: Passed, spec: str) -> None:
    done = passed.desk.perf("check", "--run", specs_of(passed)[spec], "--json")
    assert done.code == 0, done.said
    document = json.loads(done.out)
    assert document["verdict"] == "pass"
    assert document["exit_code"] == 0
    (path,) = passed.desk.state.glob("runs/*/result.json")
    assert document["thresholds"] == json.loads(path.read_bytes())["thresholds"]


def test_a_stricter_limit_fails(passed: Passed, tmp_path: Path) -> None:
    done = check(passed, tmp_path, STRICT)
    assert done.code == 1, done.said
    assert any(line.startswith("✗ http_req_duration") for line in done.out.splitlines())
    document = json.loads(check(passed, tmp_path, STRICT, "--json").out)
    assert (document["exit_code"], document["verdict"]) == (1, "fail")


def test_a_metric_without_data_is_inconclusive(passed: Passed, tmp_path: Path) -> None:
    done = check(passed, tmp_path, NO_DATA)
    assert done.code == 3, done.said
    assert "/health" in done.out


def test_judging_by_other_rules_stores_nothing(passed: Passed, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in passed.desk.state.rglob("*.json*")}
    check(passed, tmp_path, STRICT)
    assert {path: path.stat().st_mtime_ns for path in passed.desk.state.rglob("*.json*")} == before


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        pytest.param("thresholds: {http_req_duration: ['p95<5']}\n", "rules.yaml:1:", id="bad"),
        pytest.param("rate: 5\n", "rules.yaml", id="no-thresholds"),
    ],
)
def test_bad_rules_are_refused(passed: Passed, tmp_path: Path, rules: str, part: str) -> None:
    done = check(passed, tmp_path, rules)
    assert done.code == 2, done.said
    assert done.out == ""
    assert part in done.err


def test_rules_that_do_not_exist_are_refused(passed: Passed) -> None:
    done = passed.desk.perf("check", "nowhere.yaml", "--run", specs_of(passed)["id"])
    assert done.code == 2, done.said
    assert "nowhere.yaml" in done.err


def test_a_run_that_is_not_there_is_refused(passed: Passed) -> None:
    done = passed.desk.perf("check", "--run", "20000101t000000z-abcdef")
    assert done.code == 2, done.said
    assert "Traceback" not in done.said


def test_history_lists_the_run(passed: Passed) -> None:
    (run,) = passed.desk.stored()
    done = passed.desk.perf("history", "list")
    assert done.code == 0, done.said
    (line,) = done.out.splitlines()
    assert line.startswith(f"✓ {run}  short")
    (row,) = json.loads(passed.desk.perf("history", "list", "--json").out)["runs"]
    assert row["run_id"] == run
    assert row["verdict"] == "pass"


def test_history_list_is_filtered(passed: Passed) -> None:
    assert passed.desk.perf("history", "list", "--profile", "other").out == ""
    assert passed.desk.perf("history", "list", "--profile", "short").out.count("\n") == 1


@pytest.mark.parametrize("spec", ["id", "latest", "beginning"])
def test_history_shows_the_run_as_it_was_judged(passed: Passed, spec: str) -> None:
    done = passed.desk.perf("history", "show", specs_of(passed)[spec])
    assert done.code == 0, done.said
    assert done.out.startswith("✓ PASS   exit 0")
    assert specs_of(passed)["id"] in done.out
