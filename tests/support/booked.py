"""Users with a client and books, without a run: for tests in a process that imports locust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import locust
from locust import FastHttpUser
from locust.env import Environment

from engine_runs import plan_of
from perf_loadtests.engine.client import wrap_client
from perf_loadtests.engine.crew import Crew
from perf_loadtests.engine.ledger import Ledger
from perf_loadtests.engine.listeners import Listeners
from perf_loadtests.engine.virtual_user import Arm, Limits, VirtualUser
from perf_loadtests.http.clock import clock
from perf_loadtests.http.tls import shared_context

if TYPE_CHECKING:
    from typing import Any

    from locust.user.users import User

Row = tuple[str, str, int, str]


class Booked:
    """One VU with books.

    Parameters
    ----------
    base : type of User
    host : str
    timeout_s : float
    """

    def __init__(self, base: type[User], host: str, timeout_s: float = 5.0) -> None:
        hook = locust.events.request
        hook._handlers.clear()
        cls = type("Booked", (base,), {"host": host, "tasks": [print], "insecure": False})
        if issubclass(cls, FastHttpUser):
            cls.ssl_context_factory = staticmethod(lambda **_: shared_context())
        self.environment = Environment(user_classes=[cls], events=locust.events)
        self.ledger = Ledger(plan_of(rate=1.0), clock=clock, clean=str)
        self.ledger.t0_s = clock()
        self.limits = Limits(timeout_s=timeout_s)
        crew = Crew()
        Listeners(crew, self.ledger).install(self.environment)
        user = cls(self.environment)
        self.vu = VirtualUser(user, self.ledger, self.limits, Arm("Booked", "candidate"))
        crew.add(self.vu)
        wrap_client(self.vu)
        self.history: list[dict[str, Any]] = []  # cells of the last call of `taken`
        self.parts: dict[str, Any] = {}  # timings and checks of that call
        self.client: Any = user.client

    def taken(self) -> tuple[list[Row], list[list[Any]], dict[str, Any]]:
        """Requests booked since the last call, rows of failures, and cells by name."""
        self.vu.settle()
        taken: dict[str, Any] = self.ledger.take()
        rows: list[Row] = []
        cells: dict[str, Any] = {}
        self.history = [row[-1] for row in taken["cells"]["series"]]
        self.parts = {name: taken["cells"][name] for name in ("timings", "checks")}
        for _, _, method, name, status, error_class, _, _, cell in taken["cells"]["series"]:
            rows += [(method, name, status, error_class)] * cell["n"]
            cells[name] = cell
        return rows, taken["errors"], cells
