"""What Locust and the scenario report: requests, exceptions, and what went wrong elsewhere."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from locust.exception import CatchResponseError

from perf_analysis.series import CANDIDATE
from perf_loadtests.engine import locust_compat, locust_compat_hooks
from perf_loadtests.engine.outcomes import bytes_of, method_of, seconds_of, text_of
from perf_loadtests.engine.virtual_user import PENDING_KEY, Pending, describe
from perf_loadtests.request_cell import Sample

if TYPE_CHECKING:
    from locust.env import Environment

    from perf_loadtests.engine.crew import Crew
    from perf_loadtests.engine.ledger import Ledger


class Listeners:
    """Books what is reported by events."""

    def __init__(self, crew: Crew, ledger: Ledger) -> None:
        self._crew = crew
        self._ledger = ledger

    def install(self, environment: Environment) -> None:
        """Listen before every listener of the scenario, which may raise and so end the event."""
        locust_compat.listen_first(environment.events.request, self.request)
        locust_compat.listen_first(environment.events.user_error, self.user_error)
        locust_compat.watch_greenlets(self.greenlet_error)
        locust_compat_hooks.watch_listeners(partial(book_listener, self._ledger))

    def request(self, **event: object) -> None:
        """Book the end of a request."""
        context, error = event.get("context"), event.get("exception")
        if error is not None and not isinstance(error, BaseException):
            # clients that report a text or a number; an empty one means none, as in Locust
            error = CatchResponseError(text_of(error)) if error else None
        pending = context.get(PENDING_KEY) if isinstance(context, dict) else None
        if isinstance(pending, Pending):
            pending.status = getattr(event.get("response"), "status_code", 0) or 0
            took, length = event.get("response_time"), event.get("response_length")
            pending.vu.report(pending, error, took, length)
            return
        self._book_foreign(event, error)

    def user_error(self, user_instance: object, exception: BaseException, **_: object) -> None:
        """Book an exception that left a task or an `on_start`."""
        vu = self._crew.of_instance(user_instance)
        if vu is not None:
            vu.note_exception(exception)

    def greenlet_error(self, greenlet: object, error: BaseException) -> None:
        """Book an exception that nothing of the scenario caught in a greenlet of its own."""
        vu = self._crew.of_greenlet(greenlet)
        if vu is not None:
            vu.note_exception(error)
            return
        book_listener(self._ledger, error)

    def _book_foreign(self, event: dict[str, object], exception: BaseException | None) -> None:
        """Book a request of a client that is not Locust's own: known only when it ends."""
        ledger, vu = self._ledger, self._crew.current()
        took_s = seconds_of(event.get("response_time"))
        now_s = ledger.offset_s()
        ledger.counts.requests_known = False
        ledger.counts.requests_started += 1
        if exception is not None and vu is not None:
            vu.fail_request()
        sample = Sample(
            scenario=vu.arm.scenario if vu is not None else "custom",
            method=method_of(event.get("request_type")),
            name=text_of(event.get("name")),
            status=0,
            error_class="assertion" if exception else "",
            slot=ledger.slot_at(now_s if math.isnan(took_s) else now_s - took_s),
            end_window=ledger.window_at(now_s),
            service_s=took_s,
            latency_s=None,
            first=False,
            asserted=False,
            received_bytes=bytes_of(event.get("response_length")),
            target=vu.arm.target if vu is not None else CANDIDATE,
        )
        said = f"{type(exception).__name__}: {text_of(exception)}" if exception else ""
        ledger.request(sample, said)


def book_listener(ledger: Ledger, error: BaseException) -> None:
    """Book an exception of a listener; those after it are called all the same."""
    kind, place, text = describe(error)
    ledger.raised(kind, place, text, excused=False)


def book_exit_code(ledger: Ledger, environment: Environment) -> None:
    """Book at the end what Locust itself only keeps as an exit code."""
    code = environment.process_exit_code
    if code:
        text = f"the scenario set process_exit_code to {code}"
        ledger.raised("ExitCode", "process_exit_code", text, excused=False)
