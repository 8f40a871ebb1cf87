"""What one engine process takes of a run: all of it, or a stripe under somebody's direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perf_loadtests.schedule import WHOLE, Arrival, Stripe, arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.env import Environment
    from locust.runners import Runner

    from perf_documents.plan import Plan


class Share(Protocol):
    """Part of a run that one process offers."""

    @property
    def stripe(self) -> Stripe:
        """Which arrivals and VUs; known once the runner is made."""
        ...

    def runner(self, environment: Environment) -> Runner:
        """Make Locust's runner of this process."""
        ...

    def arrivals(self, plan: Plan) -> Iterator[Arrival]:
        """Arrivals to offer, for as long as they may be offered."""
        ...

    def is_open(self) -> bool:
        """Whether load may be offered now."""
        ...


class Everything:
    """The share of an engine that is alone."""

    stripe = WHOLE

    def runner(self, environment: Environment) -> Runner:
        """Make a local runner."""
        return environment.create_local_runner()

    def arrivals(self, plan: Plan) -> Iterator[Arrival]:
        """Every arrival."""
        return arrivals(plan)

    def is_open(self) -> bool:
        """Nobody forbids it."""
        return True
