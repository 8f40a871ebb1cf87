"""Runners that forget everything: each adds one run to a branch, and the trend shows them all."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clones import NAME, git, make_origin
from commands import desk_at
from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_documents.codec import dump_run

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk
    from perf_loadtests.target.launch import DemoTarget

CLONES, AT_ONCE = 20, 4
SYNC = ("history", "sync", "--branch", NAME)


def clone(origin: Path, name: str, demo: DemoTarget) -> Desk:
    git(origin.parent, "clone", "-q", "--depth=1", origin.as_uri(), name)
    return desk_at(origin.parent / name, demo)


@pytest.mark.slow
def test_twenty_fresh_clones_are_twenty_points_of_the_trend(
    tmp_path: Path, demo: DemoTarget
) -> None:
    origin = make_origin(tmp_path)

    def add(number: int) -> str:
        desk = clone(origin, f"clone{number}", demo)
        # made by hand: real loads, four at once, would disturb each other
        measured = tmp_path / f"measured{number}.json"
        measured.write_bytes(dump_run(make_run(number, verdict=Verdict.PASS)))
        for arguments in (("history", "import", str(measured)), SYNC):
            done = desk.perf(*arguments)
            assert done.code == 0, done.said
        # of its own run alone it has the document
        (document,) = desk.state.glob("history/runs/*")
        return document.name.removesuffix(".json.gz")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        added = set(pool.map(add, range(CLONES)))
    assert len(added) == CLONES
    last = clone(origin, "last", demo)
    assert last.perf(*SYNC).code == 0
    assert set(last.stored()) == added
    drawn = last.perf("trend", "--out", "site")
    assert drawn.code == 0, drawn.said
    (page,) = (last.folder / "site/series").glob("*p95-of-all-requests*")
    text = page.read_text(encoding="utf-8")
    # dots of the runs that count, rings of those that are not valid
    (plot,) = re.findall(r'id="plot".*?</svg>', text, re.DOTALL)
    assert plot.count("h.01") + plot.count("m-3 0a3 3") == CLONES
    (data,) = re.findall(r'type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    columns = json.loads(data)
    assert [len(columns[key]) for key in ("y", "t", "c", "v")] == [CLONES] * 4
    assert all(value > 0 for value in columns["y"])
    assert all(run_id in text for run_id in added)
