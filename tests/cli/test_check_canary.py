"""`perf check RULES`: live on a real Prometheus, replayed, tried on cases, planned."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from canary_stage import Traffic, stage
from commands import Done, environment
from fakes.runs import make_run
from perf_documents.codec import dump_run
from real_prometheus import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
rules: [{name: errors, metric: error_rate, when: '> 1%', for: 2m, fast_burn: true}]
warm_up: 0s
promote: {after: 5m}
"""
NEEDS_PROMETHEUS = pytest.mark.skipif(PROGRAM is None, reason="no prometheus on this machine")


def perf(folder: Path, *arguments: str) -> Done:
    command = [sys.executable, "-P", "-m", "perf_cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


def story(folder: Path, errors: int, looks: int = 40, **first: object) -> str:
    lines = [first] if first else []
    lines += [
        {"t_s": 10 * at, "arm": "canary", "requests": 1000 * at, "errors": errors * at}
        for at in range(looks)
    ]
    path = folder / "story.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


@pytest.mark.parametrize(
    ("errors", "looks", "code", "says"),
    [(0, 40, 0, "PROMOTE"), (50, 40, 1, "ROLLBACK"), (0, 10, 3, "HOLD"), (0, 1, 3, "HOLD")],
)
def test_a_replay_ends_in_its_code(
    folder: Path, errors: int, looks: int, code: int, says: str
) -> None:
    done = perf(folder, "check", "rules.yaml", "--replay", story(folder, errors, looks))
    assert done.code == code, done.said
    assert says in done.out.splitlines()[0]


def test_a_replay_leaves_lines_and_a_page(folder: Path) -> None:
    name = story(folder, 50)
    done = perf(folder, "check", "rules.yaml", "--replay", name, "--json", "--out", "out")
    assert done.code == 1, done.said
    document = json.loads(done.out)
    assert (document["answer"], document["t_s"]) == ("ROLLBACK", 130.0)
    looks = [json.loads(line) for line in (folder / "out/looks.jsonl").read_text().splitlines()]
    assert looks[-1] == document
    assert len(looks) == 14
    assert "ROLLBACK" in (folder / "out/report.html").read_text()


def test_the_same_replay_gives_the_same_bytes(folder: Path) -> None:
    name = story(folder, 50)
    for out in ("a", "b"):
        perf(folder, "check", "rules.yaml", "--replay", name, "--quiet", "--out", out)
    for file in ("looks.jsonl", "report.html"):
        assert (folder / "a" / file).read_bytes() == (folder / "b" / file).read_bytes()


def test_a_stored_run_is_judged_by_canary_rules(folder: Path) -> None:
    (folder / "run.json").write_bytes(dump_run(make_run(3, failed_ratio=0.3)))
    (folder / "quick.yaml").write_text(RULES.replace("for: 2m", "for: 10s").replace("5m", "10s"))
    done = perf(folder, "check", "quick.yaml", "--run", "run.json", "--every", "1s")
    assert done.code in {1, 3}, done.said
    assert ("ROLLBACK" if done.code == 1 else "the run is not valid") in done.out


def test_cases_pass_or_fail(folder: Path) -> None:
    right = story(folder, 50, case="errors", expect="ROLLBACK", at_s=130, rule="errors")
    done = perf(folder, "check", "rules.yaml", "--test", right)
    assert (done.code, done.out.splitlines()[-1]) == (0, "1 of 1 cases as written")
    wrong = story(folder, 50, case="errors", expect="PROMOTE")
    done = perf(folder, "check", "rules.yaml", "--test", wrong)
    assert done.code == 1
    assert "FAILED  errors: expected PROMOTE, got ROLLBACK at 130 s" in done.out


def test_a_plan_says_how_long_it_takes(folder: Path) -> None:
    done = perf(folder, "check", "rules.yaml", "--plan", "--traffic", "50", "--weight", "10%")
    assert done.code == 0, done.said
    assert "50 requests/s, 10.0% to the canary" in done.out
    assert "as good as the control" in done.out
    assert "ROLLBACK after" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "expected --run RUN, or RULES"), (["none.yaml"], "no file none.yaml"),
        (["rules.yaml"], "no source to read from"),
        (["rules.yaml", "--prometheus", "http://x"], "no source to read from"),
        (["rules.yaml", "--replay", "none"], "does not exist"),
        (["rules.yaml", "--replay", "rules.yaml"], "rules.yaml:2: "),
        (["rules.yaml", "--plan", "--weight", "0%"], "above 0%"),
        (["rules.yaml", "--plan", "--weight", "100%"], "below 100%"),
        (["rules.yaml", "--plan", "--weight", "5"], "such as 5%"),
        (["rules.yaml", "--plan", "--traffic", "0"], "--traffic"),
        (["rules.yaml", "--plan", "--traffic", "nan"], "'nan': expected a finite number"),
        (["rules.yaml", "--plan", "--traffic", "inf"], "'inf': expected a finite number"),
        (["rules.yaml", "--since", "nan"], "'nan': expected a finite number"),
        (["rules.yaml", "--every", "0s"], "'0s': expected a duration above 0"),
        (["rules.yaml", "--for", "0s"], "'0s': expected a duration above 0"),
        (["rules.yaml", "--for", "5"], "--for"),
        (["rules.yaml", "--for", "5 m"], "--for"),
        (["rules.yaml", "--for=-5m"], "--for"),
        (["rules.yaml", "--for", "1000000h"], "--for"),
        (["rules.yaml", "--plan", "--run", "latest"], "--run and --plan at once"),
        (["empty.yaml", "--plan"], "empty.yaml"),
        (["rules.yaml", "--plan", "--abort-file", "x"], "--abort-file does nothing with --plan"),
        (["rules.yaml", "--plan", "--out", "x"], "--out does nothing with --plan"),
        (["rules.yaml", "--plan", "--baseline", "x"], "--baseline does nothing with --plan"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(folder: Path, arguments: list[str], says: str) -> None:
    (folder / "empty.yaml").write_text("")
    done = perf(folder, "check", *arguments)
    assert done.code == 2, done.said
    assert says in done.err


def test_a_prometheus_that_does_not_answer_holds(folder: Path) -> None:
    (folder / "live.yaml").write_text(
        RULES + "source: {prometheus: 'http://127.0.0.1:9', canary: 'a=\"b\"'}\n"
        "metrics: {requests: 'sum(r{$arm})', errors: 'sum(e{$arm})'}\n"
    )
    done = perf(folder, "check", "live.yaml")
    assert done.code == 3, done.said
    assert "HOLD: nothing can be read" in done.err


@NEEDS_PROMETHEUS
def test_a_canary_that_fails_is_rolled_back(tmp_path: Path) -> None:
    with stage(tmp_path, faults={"errors": 0.04}) as ill:
        (tmp_path / "rules.yaml").write_text(ill.rules)
        with Traffic(f"{ill.blue.url}/health", 60), Traffic(f"{ill.green.url}/health", 20):
            done = perf(
                tmp_path, "check", "rules.yaml", "--for", "30s", "--every", "2s", "--out", "ill"
            )
    assert done.code == 1, done.said
    assert "ROLLBACK" in done.out
    assert "error" in done.out


@NEEDS_PROMETHEUS
def test_a_healthy_canary_is_promoted_and_derived_again(tmp_path: Path) -> None:
    with stage(tmp_path) as well:
        (tmp_path / "rules.yaml").write_text(
            well.rules.replace(
                "  - {name: health, metric: health_failures, when: '> 50%', for: 10s}\n", ""
            )
        )
        with Traffic(f"{well.blue.url}/health", 60), Traffic(f"{well.green.url}/health", 20):
            done = perf(
                tmp_path, "check", "rules.yaml", "--for", "30s", "--every", "2s", "--out", "well"
            )
        assert done.code == 0, done.said
        # a restart derives the same looks from the same times
        first = json.loads((tmp_path / "well/looks.jsonl").read_text().splitlines()[0])
        since = str(first["t_s"])
        again = perf(
            tmp_path, "check", "rules.yaml", "--for", "30s", "--every", "2s", "--since", since,
            "--quiet", "--out", "again",
        )  # fmt: skip
    assert again.code == 0, again.said
    kept = [json.loads((tmp_path / name / "looks.jsonl").read_text().splitlines()[-1])
            for name in ("well", "again")]  # fmt: skip
    assert kept[0]["arms"] == kept[1]["arms"]
    assert kept[0]["answer"] == kept[1]["answer"] == "PROMOTE"
