"""`perf trend` as people run it, and what a run says of the trend it belongs to."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes.histories import make_record, stepping, write_records

if TYPE_CHECKING:
    from commands import Desk, Done

ACKNOWLEDGED = """\
acknowledged:
  - {{series: 'sustained/*', commit: '{commit}', reason: known, who: anna, until: {until}}}
"""
UP = [(21, 0.1), (11, 0.14)]


def trend(desk: Desk, *arguments: str) -> Done:
    done = desk.perf("trend", *arguments)
    assert "Traceback" not in done.said
    return done


def statuses(desk: Desk, site: str = "site") -> set[str]:
    document = json.loads((desk.folder / site / "changes.json").read_bytes())
    return {one["status"] for one in document["changes"]}


def test_the_site_of_a_history(desk: Desk) -> None:
    write_records(desk.state / "history", stepping(UP))
    done = trend(desk, "--out", "site")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("site/index.html: ")
    assert (desk.folder / "site/index.html").stat().st_mode & 0o044
    assert statuses(desk) == {"open"}
    again = trend(desk, "--out", "site", "--json")
    assert json.loads(again.out)["written"] == []


def test_a_site_that_grew_run_by_run_is_the_one_made_at_once(desk: Desk) -> None:
    records = stepping([(9, 0.1), (8, 0.14)], labels=("GET /health", "POST /orders"), failed=1)
    for stop in (0, 9, 15, 16, 17):
        write_records(desk.state / "history", records[:stop])
        assert trend(desk, "--out", "grown").code == 0
    (desk.state / "trend-cache.bin").unlink()
    assert trend(desk, "--out", "fresh").code == 0
    grown, fresh = (
        {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        for root in (desk.folder / "grown", desk.folder / "fresh")
    )
    assert grown == fresh


def test_an_empty_history_is_a_page_that_says_what_to_do(desk: Desk) -> None:
    done = trend(desk)
    assert done.code == 0, done.said
    assert "perfproof run" in (desk.state / "trend/index.html").read_text(encoding="utf-8")


def test_reports_of_stored_runs_lie_beside_it(desk: Desk) -> None:
    assert desk.run().code == 0
    done = trend(desk, "--out", "site")
    assert done.code == 0, done.said
    (run,) = desk.stored()
    report = desk.folder / f"site/runs/{run}.html"
    assert run in report.read_text(encoding="utf-8")
    (page,) = (desk.folder / "site/series").glob("*p95-of-all-requests*")
    assert f'href="../runs/{run}.html"' in page.read_text(encoding="utf-8")
    before = report.stat().st_mtime_ns
    assert trend(desk, "--out", "site").out.endswith(" unchanged\n")
    assert report.stat().st_mtime_ns == before
    assert "1 removed" in trend(desk, "--out", "site", "--reports", "0").out
    assert not report.exists()


def test_a_damaged_document_costs_its_report_only(desk: Desk) -> None:
    assert desk.run().code == 0
    (run,) = desk.stored()
    (document,) = (desk.state / "history/runs").glob("*")
    document.write_bytes(document.read_bytes()[:-100])
    done = trend(desk, "--out", "site")
    assert done.code == 0
    assert "its report is left out" in done.err
    assert not (desk.folder / "site/runs").exists()
    assert run in (desk.folder / "site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("until", "status"), [("2199-01-01", "waived"), ("2020-01-01", "open")])
def test_acknowledgements_and_their_end(desk: Desk, until: str, status: str) -> None:
    records = stepping(UP)
    write_records(desk.state / "history", records)
    (desk.folder / "baselines").mkdir()
    text = ACKNOWLEDGED.format(commit=records[21].commit[:12], until=until)
    (desk.folder / "baselines/acknowledged.yaml").write_text(text, encoding="utf-8")
    assert trend(desk, "--out", "site").code == 0
    assert statuses(desk) == {status}


def test_a_broken_acknowledgement_is_exit_2_with_its_place(desk: Desk) -> None:
    (desk.folder / "baselines").mkdir()
    (desk.folder / "baselines/acknowledged.yaml").write_text("acknowledged: 3\n")
    done = trend(desk, "--out", "site")
    assert done.code == 2
    assert "baselines/acknowledged.yaml:1:15: acknowledged" in done.err
    assert not (desk.folder / "site").exists()


def test_an_unreadable_record_is_named_and_left_out(desk: Desk) -> None:
    records = stepping([(9, 0.1)])
    write_records(desk.state / "history", records)
    broken = desk.state / f"history/records/{records[3].run_id}.json"
    broken.write_bytes(broken.read_bytes()[:-40])
    done = trend(desk, "--out", "site")
    assert done.code == 0
    assert broken.name in done.err
    assert broken.name in (desk.folder / "site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--out", "/proc/nowhere/site"), 5, "cannot be made"),
        (("--out", "file"), 2, "is not a folder"),
        (("--out", "file/below"), 5, "cannot be made"),
        (("--out", "taken"), 2, "not of a trend site"),
        (("--commit-url", "javascript:x"), 2, "--commit-url: expected"),
        (("--reports", "-1"), 2, "--reports"),
    ],
)
def test_what_cannot_be_done_is_said(
    desk: Desk, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (desk.folder / "file").write_text("x")
    (desk.folder / "taken").mkdir()
    (desk.folder / "taken/index.html").write_text("mine")
    done = trend(desk, *arguments)
    assert (done.code, said in done.err) == (code, True), done.said
    assert (desk.folder / "taken/index.html").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_exit_5(desk: Desk) -> None:
    (desk.folder / "site").mkdir(mode=0o500)
    assert trend(desk, "--out", "site").code == 5


def test_a_run_says_that_it_may_start_a_change(desk: Desk) -> None:
    """Nine runs of another day that were ten times as fast, then a real one."""
    assert desk.run().code == 0
    (run,) = desk.stored()
    record = json.loads((desk.state / f"history/records/{run}.json").read_bytes())
    days = (datetime(2026, 1, 20, tzinfo=UTC) - datetime.now(UTC)).days
    assert days < 0
    write_records(
        desk.state / "history",
        [
            make_record(
                at, record["total"]["p95_s"] / 10, labels=(), profile="short",
                environment=record["environment"], branch=record["branch"],
                load_hash=record["load_hash"],
            )
            for at in range(9)
        ],
    )  # fmt: skip
    done = desk.run()
    assert done.code == 0, done.said
    (line,) = [line for line in done.out.splitlines() if line.startswith("trend")]
    assert "this run may start a change: p" in line
    assert len(line) <= 100
