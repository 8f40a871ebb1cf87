"""`perf changes` on files, on standard input and on the stored history."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from commands import PERF, environment
from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.history import History

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk

ROWS = [
    f"c{place:02},{value:.3f}"
    for place, value in enumerate(
        np.random.default_rng(1).standard_normal(60) + np.repeat([100.0, 120.0], [40, 20])
    )
]
CSV = "commit,p95\n" + "\n".join(ROWS) + "\n"


def test_a_change_has_its_place_interval_label_and_size(desk: Desk) -> None:
    (desk.folder / "history.csv").write_text(CSV)
    done = desk.perf("changes", "history.csv", "--better", "lower")
    assert done.code == 0, done.said
    assert done.out.splitlines()[0] == "p95: 1 change point in 60 values"
    assert "40 [40..40] c40: worse, up 19.8 % (19.2 % to 20.5 %), 100 → 120" in done.out
    document = json.loads(desk.perf("changes", "history.csv", "--json", "--better", "lower").out)
    (series,) = document["series"]
    assert (series["name"], series["n"], series["drift"]) == ("p95", 60, False)
    (point,) = series["change_points"]
    assert (point["index"], point["interval"], point["direction"]) == (40, [40, 40], "up")
    assert point["effect_ratio"] == pytest.approx(1.2, abs=0.01)
    assert point["improved"] is False
    assert desk.perf("changes", "history.csv", "--json").out == desk.perf(
        "changes", "history.csv", "--json"
    ).out  # fmt: skip


def test_no_change_is_an_answer_and_so_are_several_files(desk: Desk) -> None:
    (desk.folder / "a.json").write_text("[1, 2, 3, null]")
    (desk.folder / "b.json").write_text('{"x": [1, 1, 1]}')
    done = desk.perf("changes", "a.json", "b.json")
    assert done.code == 0, done.said
    assert done.out.splitlines() == [
        "a (a.json): no change points in 3 values, 1 gap",
        "x (b.json): no change points in 3 values",
    ]


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PERF, "changes", "-", "--json"], input=CSV.encode(), capture_output=True, cwd=tmp_path,
        env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["series"][0]["change_points"][0]["index"] == 40


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected files, or --series NAME"),
        (["bad.csv"], "bad.csv:3: p95: found 'NaN'; expected a finite number"),
        (["deep.json"], "deep.json: is nested 100000 deep"),
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["."], ".: is a folder, not a file"),
        (["bad.csv", "bad.csv"], "bad.csv is named twice"),
        (["bad.csv", "--series", "x"], "expected files, or --series NAME"),
        (["bad.csv", "--profile", "x"], "--profile and --environment go with --series"),
        (["--series", "x", "--better", "lower"], "--better goes with files"),
        (["--series", "x"], "no run is stored here yet"),
    ],
)
def test_bad_input_is_a_matter_of_usage(desk: Desk, arguments: list[str], said: str) -> None:
    (desk.folder / "bad.csv").write_text("commit,p95\nc1,1\nc2,NaN\n")
    (desk.folder / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    done = desk.perf("changes", *arguments)
    assert done.code == 2
    assert said in done.said
    assert "Traceback" not in done.said
    assert not done.out


def test_a_file_too_large_is_not_read(desk: Desk) -> None:
    with (desk.folder / "huge.csv").open("wb") as file:
        file.truncate(80 * 1024 * 1024)
    done = desk.perf("changes", "huge.csv")
    assert done.code == 2
    assert "at most 67108864 are read" in done.said


def test_stored_runs_are_series(desk: Desk) -> None:
    history = History(desk.folder / ".perf/history")
    for number in range(24):
        made = make_run(number, verdict=Verdict.PASS, slowness=1.0 if number < 16 else 1.5)
        started = f"2026-03-01T12:{number:02}:00Z"
        run_id = f"20260301t12{number:02}00z-abcdef"
        git = {"commit": f"{number:040x}", "branch": "main"}
        history.store(replace(made, run_id=run_id, started_at=started, git=git))
    done = desk.perf("changes", "--series", "p50 of GET /api/v1/traces")
    assert done.code == 0, done.said
    assert done.out.splitlines()[0] == (
        "p50 of GET /api/v1/traces (sustained on demo): 1 change point in 24 values"
    )
    assert "16 [16..16] 0000000000: slower " in done.out
    document = json.loads(desk.perf("changes", "--series", "p* of *", "--json").out)
    assert {series["environment"] for series in document["series"]} == {"demo"}
    assert len(document["series"]) == 15
    unknown = desk.perf("changes", "--series", "p42 of *")
    assert unknown.code == 2
    assert "no series 'p42 of *'; known: error rate of GET" in unknown.said
