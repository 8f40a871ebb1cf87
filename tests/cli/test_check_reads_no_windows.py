"""`perf check` judges a stored run by its sums: proved by windows that would contradict them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from commands import PERF, Done, environment
from fakes.runs import make_plan, make_run
from perf_analysis.grammar import parse_threshold
from perf_analysis.histogram import Histogram
from perf_documents.codec import dump_run
from perf_documents.strict_json import pack

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.run import Run

THRESHOLDS = (
    parse_threshold("http_req_duration", "p(95)<500"),
    parse_threshold("http_req_failed", "rate<0.01"),
    parse_threshold("vus", "value<50"),
)


def perf(folder: Path, *arguments: str) -> Done:
    ended = subprocess.run(
        [*PERF, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def without_drops() -> Run:
    """A run that passes; the moments of dropped arrivals are told by windows alone."""
    run = make_run(1, plan=make_plan(thresholds=THRESHOLDS), failed_ratio=0.0)
    cells = {
        name: {
            slot: replace(cell, planned=cell.started, dropped=0, dropped_latency=Histogram())
            for slot, cell in slots.items()
        }
        for name, slots in run.measured.scenarios.items()
    }
    accounts = replace(run.engine.accounts, planned=run.engine.accounts.started, dropped=0)
    return replace(
        run,
        measured=replace(run.measured, scenarios=cells),
        engine=replace(run.engine, accounts=accounts),
    )


def without_windows(document: dict[str, Any]) -> dict[str, Any]:
    """The document with no window at all, which no reader of windows accepts."""
    for row in (*document["measured"]["series"], *document["measured"]["scenarios"]):
        row[-1] = "[]"
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    data = dump_run(without_drops())
    emptied = json.dumps(without_windows(json.loads(data))).encode() + b"\n"
    (folder / "whole.json.gz").write_bytes(pack(data))
    (folder / "emptied.json.gz").write_bytes(pack(emptied))
    return folder


@pytest.mark.parametrize("form", ["--json", "--quiet", None])
def test_a_run_whose_windows_nobody_could_read_is_judged_alike(
    folder: Path, form: str | None
) -> None:
    more = [form] if form else []
    whole = perf(folder, "check", "--run", "whole.json.gz", *more)
    emptied = perf(folder, "check", "--run", "emptied.json.gz", *more)
    assert whole.code == 0, whole.said
    assert emptied == whole


def test_whoever_needs_windows_refuses_them_by_file_and_place(folder: Path) -> None:
    done = perf(folder, "baseline", "accept", "emptied.json.gz")
    assert done.code == 2, done.said
    assert "emptied.json.gz: measured.series[0][7]: the windows do not add up" in done.err
    assert "Traceback" not in done.said
