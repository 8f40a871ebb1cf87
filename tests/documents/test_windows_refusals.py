"""Damaged and contradictory windows: refused by name and place, never by another error."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.runs import make_run
from perf_analysis.series import Cell, SeriesKey, Slot, sum_series
from perf_documents.codec import dump_run, load_run, read_run
from perf_documents.errors import DocumentError
from perf_documents.windows import Windows, encode_windows, series_windows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = SeriesKey("candidate", "Api", "GET", "/", 200, "")
PLACE = "measured.series[0][7]"
RUN = make_run(1)
DATA = dump_run(RUN)
# the first series, which has two phases
SLOTS: Mapping[Slot, Cell] = RUN.measured.series[min(RUN.measured.series)]
SUMS = sum_series(SLOTS)
TEXT = encode_windows(SLOTS)
BIG = "9" * 4000


def windows_of(text: str) -> Windows[Cell]:
    """Windows beside the sums of the first series."""
    return series_windows(KEY, text, SUMS, PLACE)


def with_text(text: str, *path: str | int) -> bytes:
    """The document with another text of windows."""
    document = json.loads(DATA)
    inner = document["measured"]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = text
    return json.dumps(document).encode() + b"\n"


def read_first(data: bytes, kind: str) -> None:
    """Load a run, and ask for the windows of its first series or scenario."""
    measured = load_run(data).measured
    len(next(iter((measured.series if kind == "series" else measured.scenarios).values())))


def refusal(text: str, kind: str, *path: int) -> str:
    with pytest.raises(DocumentError) as caught:
        read_first(with_text(text, kind, *path), kind)
    return str(caught.value)


def test_damage_is_said_at_each_use() -> None:
    windows = windows_of("[]")
    for _ in range(2):
        with pytest.raises(DocumentError, match="do not add up"):
            len(windows)
    assert not windows.is_decoded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", f"{PLACE}: string should match"),
        ("[]x", f"{PLACE}: string should match"),
        ("[]\n", f"{PLACE}: string should match"),
        ('[["]', f"{PLACE}: string should match"),
        ("[[2,5", f"{PLACE}: string should match"),
        ("[[2,5]", f"{PLACE}: is not windows"),
        ("[1],[2]", f"{PLACE}: is not windows"),
        ("[" * 100_000 + "]" * 100_000, f"{PLACE}: is not windows"),
        ("[[" + "9" * 5000 + "]]", f"{PLACE}: is not windows"),
        ("[]", f"{PLACE}: the windows do not add up to the sums"),
        ("[1]", f"{PLACE}[0]: is no cell of 8 fields"),
        ("[[2,5]]", f"{PLACE}[0]: is no cell of 8 fields"),
        ("[[9,5,1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: begins with no phase: 0 to 3"),
        ("[[-1,5,1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: begins with no phase"),
        ("[[2.0,5,1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: begins with no phase"),
        ("[[[2],5,1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: begins with no phase"),
        ("[[2,5,1,0,0,0,0,0,0,0]]", f"{PLACE}: the windows do not add up to the sums"),
        (
            "[[2,5,1,0,0,0,0,0,0,0],[2,5,1,0,0,0,0,0,0,0]]",
            f"{PLACE}[1]: a row for the same cell stands above",
        ),
        ("[[2,-5,1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: input should be greater than or equal to 0"),
        ("[[2,[5],1,0,0,0,0,0,0,0]]", f"{PLACE}[0]: input should be a valid integer"),
        ("[[2,5,1.0,0,0,0,0,0,0,0]]", f"{PLACE}[0].n: input should be a valid integer"),
        ("[[2,5,1e400,0,0,0,0,0,0,0]]", f"{PLACE}[0].n: input should be a valid integer"),
        (f"[[2,5,{BIG},0,0,0,0,0,0,0]]", f"{PLACE}[0].n: input should be less than"),
        ("[[2,5,1,0,0,0,[1,2],0,0,0]]", f"{PLACE}[0].service: input should be"),
        ("[[2,5,1,0,0,0,5,0,0,0]]", f"{PLACE}[0].service: input should be"),
        (f"[[2,5,1,0,0,0,[{BIG},1,1,[5,1]],0,0,0]]", f"{PLACE}[0].service.sum: input should"),
        ("[[2,5,1,0,0,0,[1e400,1,1,[5,1]],0,0,0]]", f"{PLACE}[0].service.sum: input should"),
        ("[[2,5,1,0,0,0,[1,1,1,[5]],0,0,0]]", f"{PLACE}[0].service.b: buckets are pairs"),
        ("[[2,5,1,0,0,0,[1,1,1,5],0,0,0]]", f"{PLACE}[0].service.b: input should be"),
        ("[[2,5,1,0,0,0,[1,1,1,[5,1],5],0,0,0]]", f"{PLACE}[0].service.at: input should"),
        ("[[2,5,1,0,0,0,[1,1,1,[5,1],[5]],0,0,0]]", f"{PLACE}[0].service.at[0]: input should"),
        ("[[2,5,1,0,0,0,[1,9,2,[5,1]],0,0,0]]", f"{PLACE}[0].service: min 9"),
    ],
)
def test_damaged_windows_are_refused_at_the_latest_when_they_are_read(text: str, says: str) -> None:
    assert says in refusal(text, "series", 0, 7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "measured.scenarios[0][2]: string should match"),
        ("[[2,5]]", "measured.scenarios[0][2][0]: is no cell of 17 fields"),
        ("[[2,5" + ",0" * 17 + "]]", "measured.scenarios[0][2]: the windows do not add up"),
        ("[[2,5" + ",-1" * 17 + "]]", "measured.scenarios[0][2][0].planned: input should be"),
        ("[[2,5" + ",0" * 13 + ",[1,9,2,[5,1]],0,0,0]]", "measured.scenarios[0][2][0].lag: min 9"),
    ],
)
def test_damaged_windows_of_a_scenario_are_refused_too(text: str, says: str) -> None:
    assert says in refusal(text, "scenarios", 0, 2)


@given(st.text("0123456789eE.,+-[]", max_size=60) | st.text("019,[]", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_of_the_allowed_characters_escapes_as_another_error(text: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(PLACE)):
        len(windows_of(f"[{text}]"))


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("0123456789eE.,+-[]"))
@settings(max_examples=300, deadline=None)
def test_a_changed_character_is_refused_or_changes_nothing_that_counts(
    place: int, character: str
) -> None:
    try:
        found = windows_of(TEXT[:place] + character + TEXT[place + 1 :])
        len(found)
    except DocumentError:
        return
    # a window's number, or a digit of a duration below the rounding of its sum: for the hash
    assert [cell.n for cell in found.values()] == [cell.n for cell in windows_of(TEXT).values()]


def test_windows_of_another_series_are_refused() -> None:
    other = json.loads(DATA)["measured"]["series"][1][7]
    assert "do not add up to the sums beside them" in refusal(other, "series", 0, 7)


def with_sums(change: float, *, reverse: bool = False) -> Windows[Cell]:
    """Windows beside sums whose seconds are a little different, or whose phases are swapped."""
    sums = {
        phase: replace(cell, service=replace(cell.service, sum_s=cell.service.sum_s * change))
        for phase, cell in SUMS.items()
    }
    return series_windows(KEY, TEXT, dict(reversed(sums.items())) if reverse else sums, PLACE)


def test_the_rounding_of_seconds_may_differ_but_nothing_else() -> None:
    assert with_sums(1 + 1e-15) == SLOTS
    with pytest.raises(DocumentError, match="do not add up"):
        len(with_sums(1 + 1e-6))
    with pytest.raises(DocumentError, match="do not add up"):
        len(with_sums(math.nan))


def test_phases_in_another_order_are_refused() -> None:
    # the last phase says how many users were there at the end
    assert len(SUMS) > 1
    with pytest.raises(DocumentError, match="do not add up"):
        len(with_sums(1.0, reverse=True))


def test_damage_that_is_found_late_still_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(with_text("[[2,5]]", "series", 0, 7))
    run = read_run(path)
    with pytest.raises(DocumentError) as caught:
        len(next(iter(run.measured.series.values())))
    assert str(caught.value) == f"{path}: {PLACE}[0]: is no cell of 8 fields"
