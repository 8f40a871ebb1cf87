"""Progress: one line every ten seconds of the run, or a display that is redrawn."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from perf_documents.events import Notice, Progress
from perf_reports.progress import ProgressDisplay, block, line, notice_line

MOMENT = Progress(
    at_s=92.0, duration_s=300.0, left_s=208.0, phase="sustained", open_model=True, planned=100.0,
    achieved=99.7, p50_s=0.0123, p95_s=0.0456, p99_s=0.0801, requests=9180, failed=3, dropped=2,
    abandoned=0, lag_p99_s=0.0004, vus=12,
)  # fmt: skip
SILENT = replace(
    MOMENT, open_model=False, planned=10.0, achieved=9.0, p50_s=None, p95_s=None, p99_s=None,
    requests=0, failed=0, dropped=0, lag_p99_s=None,
)  # fmt: skip
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_one_line_holds_all_that_matters() -> None:
    assert line(MOMENT) == (
        "1m 32s of 5m 00s  sustained  99.7/s of 100/s  p50 12.3 ms  p95 45.6 ms  p99 80.1 ms  "
        "9,180 requests  3 failed (0.0327 %)  2 dropped  lag p99 0.400 ms  3m 28s left"
    )


def test_what_is_not_known_is_said() -> None:
    assert line(SILENT) == (
        "1m 32s of 5m 00s  sustained  9 of 10 VUs  p50 n/a  p95 n/a  p99 n/a  0 requests  "
        "0 failed  0 dropped  3m 28s left"
    )


def test_a_line_is_due_every_ten_seconds_of_the_run() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream, redraw=False) as display:
        for second in range(35):
            display.show(replace(MOMENT, at_s=float(second)))
    assert [text.split(" of")[0] for text in stream.getvalue().splitlines()] == [
        "0 s", "10 s", "20 s", "30 s",
    ]  # fmt: skip


def test_notices_are_shown_at_once_and_cannot_act() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream, redraw=False) as display:
        display.show(Notice(text="target answers"))
        display.show(Notice(text="\x1b[2J\n::error::x", warning=True))
    assert stream.getvalue() == "note: target answers\nwarning: \\x1b[2J\\n::error::x\n"
    assert notice_line(Notice(text="x" * 1000)).endswith("x")
    assert len(notice_line(Notice(text="x" * 1000))) < 420


@pytest.mark.parametrize("colour", [False, True])
def test_a_terminal_is_redrawn_and_left_clean(colour: bool) -> None:  # noqa: FBT001  # both rows
    stream = io.StringIO()
    with ProgressDisplay(stream, redraw=True, colour=colour) as display:
        display.show(MOMENT)
        display.show(Notice(text="half way"))
        display.show(replace(MOMENT, at_s=93.0))
    text = stream.getvalue()
    assert "note: half way" in text
    assert "1m 33s of 5m 00s" in text
    assert "99.7/s of 100/s" in text
    assert ("\x1b[36m" in text) is colour
    assert "\x1b[?25h" in text


def test_plain_terminals_get_ascii() -> None:
    stream = io.StringIO()
    with ProgressDisplay(stream, redraw=True, plain=True) as display:
        display.show(MOMENT)
    assert CONTROL.sub("", stream.getvalue()).isascii()
    assert "#######-----------------" in stream.getvalue()


@pytest.mark.parametrize(
    ("at_s", "duration_s", "full"),
    [(0.0, 10.0, 0), (5.0, 10.0, 12), (10.0, 10.0, 24), (12.0, 10.0, 24), (0.0, 0.0, 24)],
)
def test_the_bar_never_leaves_its_frame(at_s: float, duration_s: float, full: int) -> None:
    bar = block(replace(MOMENT, at_s=at_s, duration_s=duration_s))[0][1][0]
    assert (len(bar), bar.count("█")) == (24, full)


def test_failures_stand_out() -> None:
    styles = {text.strip(): style for row in block(MOMENT) for text, style in row}
    assert styles["3 failed (0.0327 %)"] == "bold red"
    assert styles["2 dropped"] == "bold red"
    assert {style for row in block(SILENT) for _, style in row} == {"", "bold", "cyan", "dim"}
