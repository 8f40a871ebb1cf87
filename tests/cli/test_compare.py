"""`perf compare` on samples that any tool can write: verdicts, codes, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from commands import Desk


def samples(desk: Desk, name: str, seed: int, slowness: float = 1.0) -> str:
    """Write 3,000 requests of one name; return the file's name."""
    values = np.random.default_rng(seed).lognormal(-3.0, 0.3, 3000) * slowness
    lines = [f"{place / 50:.2f},GET /x,{value:.6f},true" for place, value in enumerate(values)]
    path = desk.folder / f"{name}.csv"
    path.write_text("timestamp_s,name,duration_s,ok\n" + "\n".join(lines) + "\n")
    return path.name


@pytest.fixture
def base(desk: Desk) -> list[str]:
    """Five runs of one level."""
    return [samples(desk, f"base{seed}", seed) for seed in range(5)]


def test_equal_samples_pass_and_slower_ones_fail(desk: Desk, base: list[str]) -> None:
    same = desk.perf("compare", *base, "--", samples(desk, "same", 9))
    assert same.code == 0, same.said
    assert same.out.startswith("✓ PASS\n")
    assert "no regression against 5 runs" in same.out
    slow = desk.perf("compare", *base, "--", samples(desk, "slow", 10, 1.4), "--json")
    assert slow.code == 1, slow.said
    document = json.loads(slow.out)
    assert document["exit_code"] == 1
    (row,) = (row for row in document["comparison"]["rows"] if row["metric"] == "p95")
    assert row["verdict"] == "fail"
    assert row["low"] < 0.4 < row["high"]
    assert row["detectable"] > 0.0
    assert document["comparison"]["source"] == "runs"


def test_the_comparison_has_a_page_of_its_own(desk: Desk, base: list[str]) -> None:
    slow = samples(desk, "slow", 10, 1.4)
    done = desk.perf("compare", *base, "--", slow, "--out", "out")
    assert done.code == 1, done.said
    page = (desk.folder / "out/report.html").read_text()
    assert "<title>FAIL: comparison of 6 runs" in page
    assert page.count('data-line="before"') >= 6
    for run in ("base0", "base4", "slow"):
        assert run in page
    assert json.loads((desk.folder / "out/result.json").read_text())["exit_code"] == 1
    again = desk.perf("compare", *base, "--", slow, "--out", "again")
    assert again.code == 1
    assert (desk.folder / "again/report.html").read_text() == page


def test_a_page_that_cannot_be_written_changes_no_verdict(desk: Desk, base: list[str]) -> None:
    (desk.folder / "file").write_text("")
    done = desk.perf("compare", *base, "--", samples(desk, "same", 9), "--out", "file/out")
    assert done.code == 5, done.said
    assert "the verdict stands" in done.err
    slow = desk.perf("compare", *base, "--", samples(desk, "slow", 9, 1.4), "--out", "file/out")
    assert slow.code == 1


def test_two_runs_cannot_say(desk: Desk, base: list[str]) -> None:
    done = desk.perf("compare", base[0], "--", base[1])
    assert done.code == 3, done.said
    assert "few baselines: 1 of 3 at least" in done.out


def test_samples_are_judged_by_rules(desk: Desk, base: list[str]) -> None:
    (desk.folder / "rules.yaml").write_text("thresholds: {http_req_duration: ['p(95)<500']}\n")
    done = desk.perf("check", "rules.yaml", "--run", base[0])
    assert done.code == 0, done.said
    assert "unknown: V1" in done.out
    refused = desk.perf("baseline", "accept", base[0])
    assert refused.code == 4
    assert "can never be a baseline" in refused.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["base0.csv"], "no candidate"),
        (["--", "base0.csv"], "Missing argument"),
        (["base0.csv", "--"], "no candidate"),
        (["base0.csv", "--", "base0.csv"], "stands on both sides"),
        (["base0.csv", "--", "nothing.csv"], "no such file"),
        (["base0.csv", "--", "broken.csv"], "broken.csv:2: duration_s: found 'nan'"),
        (["base0.csv", "--", "base1.csv", "--nonsense"], "nonsense"),
    ],
)
def test_what_is_no_comparison_is_refused(
    desk: Desk, base: list[str], arguments: list[str], says: str
) -> None:
    assert base
    (desk.folder / "broken.csv").write_text("timestamp_s,name,duration_s,ok\n1,a,nan,true\n")
    done = desk.perf("compare", *arguments)
    assert done.code == 2
    assert says in done.err
    assert done.out == ""


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed(
    desk: Desk, base: list[str]
) -> None:
    candidate = samples(desk, "same", 9)
    said = {
        desk.perf("compare", *base, "--", candidate, "--json",
                  environ={"PYTHONHASHSEED": str(seed)}).out
        for seed in range(5)
    }  # fmt: skip
    assert len(said) == 1
