"""A master's Locust: the scenario's classes, its listeners, and a runner that only talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_loadtests.engine import locust_compat_runners
from perf_loadtests.engine.listeners import book_exit_code
from perf_loadtests.engine.locust_compat_runners import LeadingRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.env import Environment
    from locust.user.users import User

    from perf_loadtests.engine.distributed.desk import Desk
    from perf_loadtests.engine.ledger import Ledger


class Stage:
    """What a scenario sees of a master: `init`, `test_start` and `test_stop`, and no user."""

    def __init__(
        self, classes: Sequence[type[User]], host: str, place: tuple[str, int], desk: Desk,
        obey: Callable[[str], None],
    ) -> None:  # fmt: skip
        def make(environment: Environment) -> LeadingRunner:
            runner = LeadingRunner(environment, *place, desk.hear)
            desk.runner = runner
            return runner

        self._environment = locust_compat_runners.make_environment(classes, host, make)
        locust_compat_runners.hold_runner(self._environment, lambda: obey("stop"))
        self._runner = desk.runner

    @property
    def port(self) -> int:
        """Port that the master listens on."""
        return self._runner.port if self._runner is not None else 0

    @property
    def is_listening(self) -> bool:
        """Whether the greenlet that reads is there."""
        return self._runner is not None and self._runner.is_listening

    def began(self) -> None:
        """Tell the scenario's listeners."""
        self._environment.events.test_start.fire(environment=self._environment)

    def ended(self, ledger: Ledger) -> None:
        """Tell the scenario's listeners, and book what they say of the run."""
        self._environment.events.test_stop.fire(environment=self._environment)
        self._environment.events.quitting.fire(environment=self._environment)
        book_exit_code(ledger, self._environment)
