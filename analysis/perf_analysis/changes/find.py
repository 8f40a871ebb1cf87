"""Change points of a series of numbers."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from perf_analysis.changes.model import Changes, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.changes.model import Better


def find_changes(
    values: Sequence[float | None], *, better: Better | None = None, breaks: Sequence[int] = ()
) -> Changes:
    """Return what happened to the level of a series; None and what is not finite is a gap.

    Parameters
    ----------
    breaks : sequence of int
        Indices at which something else begins: each stretch is looked at by itself.
    """
    del better, breaks
    kept = [value for value in values if value is not None and math.isfinite(value)]
    if not kept:
        return Changes(n=0, change_points=(), levels=(), spikes=(), drift=False)
    level = Level(start=0, stop=len(values), n=len(kept), median=statistics.median(kept))
    return Changes(n=len(kept), change_points=(), levels=(level,), spikes=(), drift=False)
