"""Requests into windows, one at a time: in any order, in bounded memory, nothing lost."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_analysis.filling import build
from perf_documents.plan import MAX_WINDOWS
from perf_importers.rows import RowError, Rows
from perf_importers.samples import read_samples

if TYPE_CHECKING:
    from pathlib import Path

T0 = 1_772_366_400.0
REQUESTS = st.lists(
    st.tuples(
        st.floats(0.0, 100_000.0), st.sampled_from("abc"), st.floats(0.0, 4000.0), st.booleans()
    ),
    min_size=1,
    max_size=60,
)


def filled(requests: list[tuple[float, str, float, bool]]) -> Rows:
    rows = Rows("tool")
    for at_s, name, duration_s, ok in requests:
        key = rows.series_key(name, error="" if ok else "assertion")
        rows.add(key, T0 + at_s, duration_s)
    return rows


@given(REQUESTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(requests: list[tuple[float, str, float, bool]],
                                           random: object) -> None:  # fmt: skip
    shuffled = list(requests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # of the standard library
    assert filled(shuffled).measured() == filled(requests).measured()


@given(REQUESTS)
def test_no_request_is_lost_and_windows_stay_few(
    requests: list[tuple[float, str, float, bool]],
) -> None:
    rows = filled(requests)
    measured = rows.measured()
    cells = measured.cells("all")
    assert sum(cell.n for cell in cells.values()) == len(requests) == rows.count
    for (name, ok), cell in {(k.name, not k.error_class): c for k, c in cells.items()}.items():
        mine = build([d for _, n, d, o in requests if (n, o) == (name, ok)])
        assert cell.service.counts == mine.counts
        assert cell.service.sum_s == pytest.approx(mine.sum_s, abs=1e-9)
        assert (cell.service.min_s, cell.service.max_s) == (mine.min_s, mine.max_s)
    windows = {slot.window for slots in measured.series.values() for slot in slots}
    assert 0 <= min(windows) <= max(windows) <= MAX_WINDOWS
    assert measured.phase_s("sustained") >= max(r[0] for r in requests) - min(
        r[0] for r in requests
    )


def test_stamps_of_two_units_are_refused() -> None:
    rows = Rows("tool")
    rows.add(rows.series_key("a"), T0, 0.1)
    with pytest.raises(RowError, match="stamps of two units"):
        rows.add(rows.series_key("a"), T0 * 1000, 0.1)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path) -> None:
    """100,000 rows take no more than 10,000 do, beside what their windows take."""

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.write("timestamp_s,name,duration_s,ok\n")
            for place in range(count):
                file.write(f"{T0 + place % 600},n{place % 5},{0.001 * (1 + place % 50):.3f},1\n")
        tracemalloc.start()
        read_samples(path)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(30_000), peak(120_000)
    assert many < 1.3 * few + 500_000
