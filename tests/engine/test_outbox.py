"""What a worker sends of a large second comes in pieces that add up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perf_loadtests.engine.distributed import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("series", "timings"), [(450, 450), (10, 450), (450, 0), (200, 200)])
def test_pieces_of_a_second_add_up_to_it(series: int, timings: int) -> None:
    whole: dict[str, Any] = {
        "series": [[number] for number in range(series)],
        "timings": [[-number] for number in range(timings)],
        "scenarios": [["S"]], "ended": [[1, 2]], "checks": [["x"]],
    }  # fmt: skip
    record = {"at_s": 3.0, "cells": whole, "errors": ["e"], "exceptions": ["x"]}
    pieces: Sequence[dict[str, Any]] = list(outbox._pieces(record))
    assert len(pieces) == -(-max(series, timings) // outbox.ROWS)
    for name, rows in whole.items():
        assert [row for piece in pieces for row in piece["cells"][name]] == rows
        assert all(len(piece["cells"][name]) <= outbox.ROWS for piece in pieces)
    assert [piece["errors"] for piece in pieces] == [["e"], *[[]] * (len(pieces) - 1)]
    assert {piece["at_s"] for piece in pieces} == {3.0}
