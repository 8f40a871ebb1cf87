"""Accounts of several processes as those of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_loadtests.protocol import CountsModel

if TYPE_CHECKING:
    from collections.abc import Sequence


def sum_counts(parts: Sequence[CountsModel]) -> CountsModel:
    """Accounts of several processes; names that both use are not counted twice (the highest)."""
    summed = {
        name: sum(getattr(part, name) for part in parts)
        for name in CountsModel.model_fields
        if name not in {"requests_known", "names"}
    }
    return CountsModel(
        **summed,
        requests_known=all(part.requests_known for part in parts),
        names=max((part.names for part in parts), default=0),
    )
