"""The user classes of one target under an open executor, each with its own pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import ScenarioError
from perf_loadtests.pool import Due, Pool, shares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_documents.plan import Plan
    from perf_loadtests.engine.virtual_user import Arm, VirtualUser


@dataclass(slots=True, kw_only=True)
class Group:
    """One user class with its own pool."""

    name: str
    weight: float
    pool: Pool[VirtualUser, Due]
    pre_allocated: int


def groups_of(plan: Plan, side: Sequence[tuple[Arm, float]]) -> list[Group]:
    """Pools of one target, by the weights of the classes."""
    if plan.max_vus < len(side):
        raise ScenarioError(
            f"max_vus is {plan.max_vus}, the scenario has {len(side)} user classes; "
            "expected a VU for each at least; next: raise max_vus or name one class"
        )
    weights = [weight for _, weight in side]
    shares = zip(
        side,
        shares_of(plan.max_vus, weights),
        shares_of(max(plan.pre_allocated_vus, len(side)), weights),
        strict=True,
    )
    return [
        Group(name=arm.cells, weight=weight, pool=Pool(max_vus=most), pre_allocated=min(pre, most))
        for (arm, weight), most, pre in shares
    ]
