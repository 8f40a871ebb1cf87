"""One virtual user: the iteration it is in, its requests in flight, and how both are booked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gevent
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession

from perf_analysis.series import ABANDONED, Slot
from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.outcomes import DeadlineExceededError, by_status, classify
from perf_loadtests.recorder import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.user.users import User

    from perf_loadtests.engine.ledger import Ledger

PENDING_KEY = "_perfproof"


@dataclass(slots=True, kw_only=True, eq=False)
class Pending:
    """A request between its begin and the moment it is booked."""

    vu: VirtualUser
    method: str
    name: str
    begun_s: float
    slot: Slot
    intended_s: float | None
    asserted: bool
    status: int = 0
    returned_s: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Iteration:
    """One iteration; `intended_s` is None under closed executors."""

    slot: Slot
    begun_s: float
    intended_s: float | None
    first_pending: bool = True
    request_failed: bool = False
    raised: bool = False


@dataclass(slots=True, kw_only=True)
class Limits:
    """What every VU of a run shares: the deadline, and whether requests may still begin."""

    timeout_s: float
    insecure: bool = False
    closed: bool = False


class VirtualUser:
    """Books of one VU, beside its Locust user."""

    def __init__(self, user: User, ledger: Ledger, limits: Limits) -> None:
        self.user = user
        self.scenario = type(user).__name__
        self.ledger = ledger
        self.limits = limits
        self.iteration: Iteration | None = None
        self.in_flight: dict[Pending, None] = {}
        self.ready = False
        self.retire = False
        self.cut = False
        self._greenlet: gevent.Greenlet | None = None
        self._failed_before = False
        self._wrap_client(user)

    def runs_in(self, greenlet: gevent.Greenlet) -> None:
        """Note the greenlet that runs the user."""
        self._greenlet = greenlet

    def kill(self) -> None:
        """End the VU where it stands; an iteration that is going on is abandoned."""
        self.cut = True
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def begin(self, slot: Slot, intended_s: float | None) -> None:
        """Begin an iteration now."""
        begun_s = self.ledger.clock()
        self.iteration = Iteration(slot=slot, begun_s=begun_s, intended_s=intended_s)
        self.ledger.book(self.scenario, slot, started=1)

    def end(self, *, cut: bool = False) -> None:
        """End the iteration, if there is one: finished, failed, or abandoned where it was cut."""
        iteration, self.iteration = self.iteration, None
        if iteration is None:
            return
        self._settle(cut=cut)
        slot = iteration.slot
        if cut:
            self.ledger.book(self.scenario, slot, abandoned=1)
            return
        if iteration.raised:
            faulted = 0 if iteration.request_failed else 1
            cell = self.ledger.book(self.scenario, slot, failed=1, faulted=faulted)
        else:
            cell = self.ledger.book(self.scenario, slot, finished=1)
        cell.iteration.add(min(self.ledger.clock() - iteration.begun_s, 3600.0))

    def note_exception(self, error: BaseException) -> None:
        """Book an exception that left a task (or `on_start`)."""
        iteration = self.iteration
        excused = self._failed_before
        if iteration is not None:
            excused = iteration.request_failed
            iteration.raised = True
        kind, place, text = _describe(error)
        self.ledger.raised(kind, place, text, excused=excused)

    def report(self, pending: Pending, error: BaseException | None, took: object) -> None:
        """Book a request as its client reported it; `took` is in milliseconds."""
        if pending not in self.in_flight:
            return
        del self.in_flight[pending]
        service_s = took / 1000.0 if isinstance(took, int | float) else float("nan")
        error_class = classify(error, pending.status)
        text = "" if error is None else f"{type(error).__name__}: {error}"
        self._book(pending, error_class, service_s, text)

    def _book(self, pending: Pending, error_class: str, service_s: float, text: str) -> None:
        iteration = self.iteration
        if error_class:
            if iteration is None:
                self._failed_before = True
            else:
                iteration.request_failed = True
        latency_s: float | None = None
        if pending.intended_s is not None:
            latency_s = pending.begun_s - pending.intended_s + service_s
        ledger = self.ledger
        end_s = pending.begun_s + service_s - ledger.t0_s
        sample = Sample(
            scenario=self.scenario,
            method=pending.method,
            name=pending.name,
            status=pending.status,
            error_class=error_class,
            slot=pending.slot,
            end_window=ledger.window_at(end_s),
            service_s=service_s,
            latency_s=latency_s,
            first=pending.intended_s is not None,
            asserted=pending.asserted,
            received_bytes=self._length,
        )
        ledger.request(sample, text)

    _length = 0

    def measure(self, length: object) -> None:
        """Note the body length of the request that is about to be reported."""
        self._length = length if isinstance(length, int) and length >= 0 else 0

    def _settle(self, *, cut: bool) -> None:
        """Book what was begun and never reported: cut off, or answered and never looked at."""
        now_s = self.ledger.clock()
        for pending in list(self.in_flight):
            if pending.returned_s is None and not cut:
                continue  # another greenlet of the scenario still waits for it
            del self.in_flight[pending]
            self._length = 0
            if pending.returned_s is None:
                self._book(pending, ABANDONED, now_s - pending.begun_s, "in flight at the stop")
            else:
                took_s = pending.returned_s - pending.begun_s
                self._book(pending, by_status(pending.status), took_s, "never asserted")

    def _wrap_client(self, user: User) -> None:
        session = getattr(user, "client", None)
        if not isinstance(session, HttpSession | FastHttpSession):
            return
        locust_compat.switch_retries_off(session)
        original = session.request
        if isinstance(session, HttpSession):
            session.trust_env = False  # no proxy, no netrc
            session.verify = session.verify and not self.limits.insecure

        def request(method: str, url: str, *args: object, **options: object) -> object:
            name = options.get("name") or (args[0] if args else None) or session.request_name
            return self._request(original, (method, url, *args), options, name)

        session.request = request  # type: ignore[method-assign, assignment]  # this user only

    def _request(
        self, send: Callable[..., object], call: tuple[object, ...], options: dict[str, object],
        name: object,
    ) -> object:  # fmt: skip
        if self.limits.closed:
            self.cut = True
            raise locust_compat.end_of_user()
        pending = self._pending(str(call[0]), str(call[1]), name)
        pending.asserted = bool(options.get("catch_response"))
        context = options.get("context")
        options["context"] = {**(context if isinstance(context, dict) else {}),
                              PENDING_KEY: pending}  # fmt: skip
        self.in_flight[pending] = None
        self.ledger.counts.requests_started += 1
        deadline = DeadlineExceededError(f"no complete response within {self.limits.timeout_s} s")
        try:
            with gevent.Timeout(self.limits.timeout_s, deadline):
                response = send(*call, **options)
        except Exception as error:
            self._not_sent(pending, error)
            raise
        pending.returned_s = self.ledger.clock()
        pending.status = getattr(response, "status_code", 0) or 0
        return response

    def _not_sent(self, pending: Pending, error: Exception) -> None:
        """Take back a request that its client refused to send, unless a redirect was at fault."""
        if pending not in self.in_flight:
            return
        if classify(error, 0) == "bad_redirect":
            self.report(pending, error, (self.ledger.clock() - pending.begun_s) * 1000.0)
            return
        del self.in_flight[pending]
        self.ledger.counts.requests_started -= 1

    def _pending(self, method: str, url: str, name: object) -> Pending:
        iteration, ledger = self.iteration, self.ledger
        intended_s: float | None = None
        slot: Slot | None = None
        if iteration is not None and iteration.first_pending:
            iteration.first_pending = False
            intended_s, slot = iteration.intended_s, iteration.slot
        begun_s = ledger.clock()
        return Pending(
            vu=self,
            method=method.upper(),
            name=str(name) if name else _path_of(url),
            begun_s=begun_s,
            slot=slot or ledger.slot_at(begun_s - ledger.t0_s),
            intended_s=intended_s,
            asserted=False,
        )


def _path_of(url: str) -> str:
    """Path that was asked for, without query, fragment and user."""
    return urlsplit(url).path or "/"


def _describe(error: BaseException) -> tuple[str, str, str]:
    trace, place = error.__traceback__, "unknown"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "site-packages" not in code.co_filename:
            place = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__, place, str(error)
