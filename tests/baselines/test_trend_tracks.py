"""Series of a history: levels, what a change means today, what breaks a line, what is stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from fakes.histories import make_record, stepping, write_records
from perf_baselines.trend_points import points_of
from perf_baselines.trend_rows import Rows, read_rows, save_rows
from perf_baselines.trend_tracks import Known, Status, Track, tracks_of
from perf_baselines.trend_week import week_of
from perf_documents.acknowledged import Acknowledgement
from perf_documents.run import Measure

if TYPE_CHECKING:
    from pathlib import Path

    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_documents.events import Notice

TODAY = date(2026, 6, 1)
Tracked = Callable[..., list[Track]]
UP = [(20, 0.1), (12, 0.13)]
FIRST_AFTER = f"{21:08x}" * 5


def known(*entries: Acknowledgement, today: date = TODAY) -> Known:
    return Known(default_branch="main", acknowledged=entries, today=today, version="0.0.0")


def acknowledgement(**changes: object) -> Acknowledgement:
    values: dict[str, object] = {
        "series": "sustained/staging/p95 of *", "commit": FIRST_AFTER[:10], "reason": "new TLS",
        "who": "anna", "until": None, "line": 2,
    }  # fmt: skip
    return Acknowledgement(**values | changes)  # type: ignore[arg-type]  # as the test wants it


@pytest.fixture
def tracked(root: Path, history: History, tmp_path: Path) -> Tracked:
    """Function from records to tracks, through a real folder and the cache."""

    def make(records: Sequence[Record], about: Known | None = None) -> list[Track]:
        write_records(root, records)
        rows = read_rows(history, tmp_path / "cache")
        found, _ = tracks_of(rows, about or known())
        save_rows(rows, tmp_path / "cache")
        again = read_rows(history, tmp_path / "cache")
        kept, _ = tracks_of(again, about or known())
        assert not again.changed
        assert [*map(repr, kept)] == [*map(repr, found)]
        return found

    return make


def test_equal_values_are_not_searched_twice(
    root: Path, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(root, stepping(UP))
    rows = read_rows(history, tmp_path / "cache")
    found, _ = tracks_of(rows, known())
    save_rows(rows, tmp_path / "cache")

    def searched(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("perf_baselines.trend_found.find_changes", searched)
    assert tracks_of(read_rows(history, tmp_path / "cache"), known())[0] == found
    other = replace(known(), version="0.0.1")
    with pytest.raises(AssertionError):
        tracks_of(read_rows(history, tmp_path / "cache"), other)


def p95(tracks: Sequence[Track], label: str = "") -> Track:
    (found,) = [t for t in tracks if t.name[:2] == ("p95", label) and t.is_default]
    return found


def test_a_step_up_is_an_open_change(tracked: Tracked) -> None:
    track = p95(tracked(stepping(UP)))
    (change,) = track.changes
    assert change.point.first <= 20 <= change.point.last
    assert (change.status, track.status, change.point.improved) == (Status.OPEN, "open", False)
    assert FIRST_AFTER in track.commits(change)
    assert len(track.levels) == 2


@pytest.mark.parametrize(
    ("levels", "status"),
    [
        pytest.param([(20, 0.13), (12, 0.1)], Status.IMPROVED, id="faster"),
        pytest.param([(60, 0.1), (60, 0.14), (90, 0.1)], Status.FIXED, id="back"),
        pytest.param([(60, 0.1), (60, 0.104)], Status.SMALL, id="inside the tolerance"),
    ],
)
def test_what_a_change_means_today(
    tracked: Tracked, levels: list[tuple[int, float]], status: Status
) -> None:
    assert p95(tracked(stepping(levels))).changes[0].status is status


def test_the_change_that_is_told_is_that_of_the_status(tracked: Tracked) -> None:
    """A part of a rise came back since: the rise is open, and the last change is the small one."""
    track = p95(tracked(stepping([(60, 0.1), (60, 0.14), (60, 0.125)])))
    assert (track.status, len(track.changes)) == ("open", 2)
    assert track.telling == track.changes[0]
    assert track.latest == track.changes[1]


@pytest.mark.parametrize(
    ("entry", "status", "is_known"),
    [
        pytest.param({}, Status.ACKNOWLEDGED, True, id="acknowledged"),
        pytest.param({"until": date(2026, 6, 1)}, Status.WAIVED, True, id="its last day"),
        pytest.param({"until": date(2026, 5, 31)}, Status.OPEN, True, id="expired: open again"),
        pytest.param({"series": "smoke/*"}, Status.OPEN, False, id="another series"),
        pytest.param({"commit": "0" * 10}, Status.OPEN, False, id="another commit"),
    ],
)
def test_acknowledgements_change_the_status(
    tracked: Tracked, entry: dict[str, object], status: Status, *, is_known: bool
) -> None:
    track = p95(tracked(stepping(UP), known(acknowledgement(**entry))))
    assert track.changes[0].status is status
    assert (track.changes[0].known is not None) == is_known


def test_another_load_breaks_the_line(tracked: Tracked) -> None:
    before = stepping([(20, 0.1)])
    after = stepping([(20, 0.2)], first=20, seed=2, load_hash="d" * 64)
    track = p95(tracked([*before, *after]))
    assert track.breaks == (20,)
    assert track.changes == ()
    assert [(level.start, level.stop) for level in track.levels] == [(0, 20), (20, 40)]


def test_a_change_before_a_break_is_past(tracked: Tracked) -> None:
    after = stepping([(9, 0.2)], first=32, seed=2, load_hash="d" * 64)
    track = p95(tracked([*stepping(UP), *after]))
    assert [change.status for change in track.changes] == [Status.PAST]
    assert (track.status, track.latest) == ("steady", None)


def test_runs_that_are_not_valid_enter_no_level(tracked: Tracked) -> None:
    records = [
        replace(record, valid=False) if at >= 20 else record
        for at, record in enumerate(stepping(UP))
    ]
    track = p95(tracked(records))
    assert track.changes == ()
    assert track.counted[20:] == (None,) * 12
    assert track.values[20] is not None
    assert track.last == 19


def test_other_branches_are_series_of_their_own(tracked: Tracked) -> None:
    other = stepping([(6, 0.5)], first=40, branch="feature/x")
    tracks = tracked([*stepping([(20, 0.1)]), *other])
    assert [t.is_default for t in tracks] == sorted((t.is_default for t in tracks), reverse=True)
    assert p95(tracks).changes == ()
    assert {t.place.branch for t in tracks} == {"main", "feature/x"}


def test_a_series_that_is_no_longer_measured_is_stale(tracked: Tracked) -> None:
    gone = stepping([(10, 0.1)], labels=("GET /old",))
    track = p95(tracked([*gone, *stepping([(20, 0.1)], first=10)]), "GET /old")
    assert track.stale == "not measured for 20 days"
    assert p95(tracked([]), "GET /health").stale == ""


def test_failures_by_name_are_a_series_once_there_were_any(tracked: Tracked) -> None:
    def named(tracks: Sequence[Track]) -> set[str]:
        return {t.name.label for t in tracks if t.name.metric == "error_rate"}

    assert named(tracked(stepping([(9, 0.1)]))) == {""}
    assert named(tracked(stepping([(3, 0.1)], first=9, failed=2))) == {"", "GET /health"}


def test_an_unreadable_record_is_named_and_left_out(
    root: Path, history: History, notices: list[Notice], tmp_path: Path
) -> None:
    records = stepping([(9, 0.1)])
    write_records(root, records)
    broken = root / "records" / f"{records[4].run_id}.json"
    broken.write_text("{", encoding="utf-8")
    rows = read_rows(history, tmp_path / "cache")
    assert len(rows.rows) == 8
    assert [str(broken) in notice.text for notice in notices] == [True]


def test_a_record_that_was_replaced_is_read_anew(
    root: Path, history: History, tmp_path: Path
) -> None:
    write_records(root, [make_record(0), make_record(1)])
    save_rows(read_rows(history, tmp_path / "cache"), tmp_path / "cache")
    write_records(root, [make_record(1, 0.2, commit="e" * 40)])
    rows = read_rows(history, tmp_path / "cache")
    assert [row.commit for row in rows.rows] == [make_record(0).commit, "e" * 40]


HEAD = '{"schema":2,"names":[],"found":{},"rows":[],"counts":[%s]}\n'


@pytest.mark.parametrize(
    "text",
    [
        "", "{", '{"schema":9}\n', "\x00", "[]\n", '{"schema":2}\n', HEAD % "" + "cut",
        HEAD % "" + 32 * "\x00", HEAD % "1", HEAD % '"x"',
    ],
)  # fmt: skip
def test_a_cache_that_cannot_be_used_is_made_anew(
    root: Path, history: History, tmp_path: Path, text: str
) -> None:
    write_records(root, [make_record(0)])
    (tmp_path / "cache").write_text(text, encoding="utf-8")
    assert [row.run_id for row in read_rows(history, tmp_path / "cache").rows] == [
        make_record(0).run_id
    ]


def test_the_week_is_held_against_the_level_before(tracked: Tracked) -> None:
    week = week_of(tracked(stepping([(30, 0.1), (7, 0.15)])))
    assert week is not None
    assert (week.end, week.runs, week.verdicts) == ("2026-02-10", 7, {"pass": 7})
    moved = {s.track.name.text: s for s in week.shifts if s.is_moved}
    assert "p95 of GET /health" in moved
    assert "error rate of all requests" not in moved
    shift = moved["p95 of GET /health"]
    assert shift.is_worse
    assert shift.effect.low < 1.5 < shift.effect.high


def test_an_unchanged_week_moves_nothing_beyond_chance(tracked: Tracked) -> None:
    week = week_of(tracked(stepping([(40, 0.1)])))
    assert week is not None
    assert [shift for shift in week.shifts if shift.is_moved] == []
    assert week.thin == 0


def test_too_few_runs_say_nothing_of_a_week(tracked: Tracked) -> None:
    tracks = tracked(stepping([(3, 0.1)]))
    week = week_of(tracks)
    assert week is not None
    assert (week.shifts, week.thin) == ((), len(tracks))
    assert week_of([]) is None


def test_nothing_stored_is_no_series() -> None:
    assert tracks_of(Rows(), known()) == ([], [])


def test_every_measure_of_another_tool_is_a_series() -> None:
    """Values in a unit of their own; failures that a tool cannot show are no series at nothing."""
    measure = Measure(name="fib 20", unit="ns", better="lower", value=812.0, low=800.0)
    record = make_record(0, measures=(measure,), unstated=("http_req_failed",))
    points = {point.name.text: point for point in points_of(record)}
    assert points["fib 20"] == (("", "fib 20", "ns", "lower"), 812.0, 800.0, 812.0)
    assert not any("error rate" in name for name in points)
