"""The order of a trend: by commit, though the clocks of runners differ."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakes.histories import make_record, stepping
from fakes.runs import make_run
from fakes.sites import make_site
from perf_baselines.record import summarise
from perf_baselines.record_codec import dump_record, load_record
from perf_baselines.trend_order import in_order
from perf_baselines.trend_series import series_of
from perf_documents.codec import dump_run

if TYPE_CHECKING:
    from perf_baselines.record import Record

HOUR = timedelta(hours=1)


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def skewed(records: list[Record], seed: int = 1) -> list[Record]:
    """The same runs, an hour between their commits, by clocks that are up to three hours off."""
    chance = random.Random(seed)  # noqa: S311  # clocks of a test
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        replace(
            record,
            committed_at=written(start + at * HOUR),
            started_at=written(start + at * HOUR + chance.uniform(-3, 3) * HOUR),
        )
        for at, record in enumerate(records)
    ]


def test_e05_runs_of_skewed_clocks_stand_in_the_order_of_their_commits() -> None:
    plain = stepping([(20, 0.1), (12, 0.13)])
    records = skewed(plain)
    ids = [record.run_id for record in plain]
    by_start = sorted(records, key=lambda record: record.started_at)
    assert [record.run_id for record in by_start] != ids
    for at in range(3):
        random.Random(at).shuffle(by_start)  # noqa: S311  # an order to begin with
        assert [run.run_id for run in in_order(by_start)] == ids
        assert [run.run_id for run in series_of(by_start)[0].records] == ids
    tracks = make_site(records).tracks
    for track, expected in zip(tracks, make_site(plain).tracks, strict=True):
        assert [row.run_id for row in track.rows] == ids
        assert [c.point for c in track.changes] == [c.point for c in expected.changes]


def test_e05_runs_of_one_commit_stand_by_their_start_then_by_their_id() -> None:
    made = "2026-03-01T00:00:00.000Z"
    runs = [
        make_record(at, run_id=run_id, commit=commit, started_at=f"2026-03-0{day}T00:00:00.000Z",
                    committed_at=made if commit == "a" * 40 else "")
        for at, (run_id, commit, day) in enumerate([
            ("first", "a" * 40, 2), ("tied-1", "a" * 40, 4), ("tied-2", "a" * 40, 4),
            ("later", "b" * 40, 3), ("without", "", 5),
        ])
    ]  # fmt: skip
    expected = ["first", "tied-1", "tied-2", "later", "without"]
    assert [run.run_id for run in in_order(reversed(runs))] == expected
    # where no record knows when the commit was made, its first run says so
    unknown = [replace(run, committed_at="") for run in runs]
    assert [run.run_id for run in in_order(reversed(unknown))] == expected


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("2026-02-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", id="before"),
        pytest.param("2099-01-01T00:00:00.000Z", "", id="long after it was measured"),
        pytest.param("yesterday", "", id="no moment"),
        pytest.param("", "", id="not known"),
    ],
)
def test_a_record_keeps_when_its_commit_was_made(said: str, kept: str) -> None:
    run = replace(make_run(1), git={"commit": "a" * 40, "committed_at": said})
    record = summarise(run, dump_run(run))
    assert record.committed_at == kept
    text = dump_record(record)
    assert load_record(text).committed_at == kept
    assert (b"committed_at" in text) == bool(kept)
