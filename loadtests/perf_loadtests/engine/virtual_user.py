"""One virtual user: the iteration it is in, its requests in flight, and how both are booked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gevent
from gevent import GreenletExit
from gevent.greenlet import Greenlet

from perf_analysis.arms import cells_name
from perf_analysis.failure_classes import ABANDONED
from perf_analysis.timings import CheckKey
from perf_loadtests.engine.outcomes import UNKNOWN_S, bytes_of, classify, seconds_of, text_of
from perf_loadtests.http.errors import by_status
from perf_loadtests.request_cell import LONGEST_S, Sample

if TYPE_CHECKING:
    from locust.user.users import User

    from perf_analysis.series import Slot
    from perf_loadtests.engine.ledger import Ledger
    from perf_loadtests.iteration_cell import IterationCell
    from perf_loadtests.pool import Due
    from perf_loadtests.timing import Timed

_getcurrent = gevent.getcurrent
# Under which the books find a request again in the context of its event.
PENDING_KEY = "_perfproof"


@dataclass(slots=True, eq=False)
class Pending:
    """A request between its begin and the moment it is booked."""

    vu: VirtualUser
    method: str
    name: str
    begun_s: float
    slot: Slot
    intended_s: float | None
    asserted: bool
    greenlet: object = field(default_factory=_getcurrent)
    status: int = 0
    returned_s: float | None = None
    aside: str = ""
    error: BaseException | None = None
    timed: Timed | None = None


@dataclass(slots=True, eq=False)
class Iteration:
    """One iteration, numbered over the run; `intended_s` is None under closed executors."""

    slot: Slot
    begun_s: float
    intended_s: float | None
    number: int = 0
    first_pending: bool = True
    request_failed: bool = False
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Arm:
    """A user class of the scenario at one target.

    Attributes
    ----------
    scenario : str
        Name of the class.
    target : str
        `candidate`, or `control`.
    """

    scenario: str
    target: str

    @property
    def cells(self) -> str:
        """Name under which its iterations are counted, and its VUs are spawned."""
        return cells_name(self.scenario, self.target)


@dataclass(slots=True, kw_only=True)
class Limits:
    """What every VU of a run shares.

    Attributes
    ----------
    closed : bool
        Whether requests may no longer begin.
    in_flight : dict
        VUs, ended ones included, with requests that are not booked yet.
    """

    timeout_s: float
    insecure: bool = False
    closed: bool = False
    in_flight: dict[VirtualUser, None] = field(default_factory=dict)


class VirtualUser:
    """Books of one VU, beside its Locust user."""

    def __init__(self, user: User, ledger: Ledger, limits: Limits, arm: Arm) -> None:
        self.user = user
        self.arm = arm
        self.cells = arm.cells
        self.ledger = ledger
        self.limits = limits
        self.number = 0
        self.iteration: Iteration | None = None
        self.ready = False
        self.leaving = False
        self.retire = False
        self.cut = False
        self.greenlet: Greenlet | None = None
        # the open driver's: what it was handed and has not begun, and who waits to be handed it
        self.handed: Due | None = None
        self.parked: Greenlet = _getcurrent()
        self._in_flight: dict[Pending, None] = {}
        self._failed_before = False
        self._noted: BaseException | None = None

    def kill(self) -> None:
        """End the VU where it stands; an iteration that is going on is abandoned."""
        self.cut = True
        if self.greenlet is not None:
            self.greenlet.kill(block=False)

    def give_up(self) -> None:
        """Let a task that will not die keep no account open; one in `on_stop` is only slow."""
        self.cut = True
        if not self.leaving:
            text = "a task goes on after it was ended: it catches BaseException"
            self.ledger.raised("TaskNotEnding", self.arm.scenario, text, excused=False)

    def begin(self, slot: Slot, intended_s: float | None, number: int = 0) -> IterationCell:
        """Begin an iteration now; return what it is counted in."""
        ledger = self.ledger
        self.iteration = Iteration(slot, ledger.clock(), intended_s, number)
        cell = ledger.cell(self.cells, slot)
        cell.started += 1
        return cell

    def end(self, *, cut: bool = False) -> None:
        """End the iteration, if there is one: finished, failed, or abandoned where it was cut."""
        iteration = self.iteration
        if iteration is None:
            return
        if self._in_flight:
            self.settle()
        self.iteration = None
        cell = self.ledger.cell(self.cells, iteration.slot)
        if cut:
            cell.abandoned += 1
            return
        if iteration.raised:
            cell.failed += 1
            cell.faulted += not iteration.request_failed
        else:
            cell.finished += 1
        cell.iteration.keep(min(self.ledger.clock() - iteration.begun_s, LONGEST_S))

    def note_exception(self, error: BaseException) -> None:
        """Book an exception that left a task, `on_start` or the VU itself; each one once."""
        if error is self._noted:
            return
        self._noted = error
        self.settle()  # a failed request that nobody looked at excuses what came of it
        iteration = self.iteration
        excused = self._failed_before
        if iteration is not None:
            excused = iteration.request_failed
            iteration.raised = True
        kind, place, text = describe(error)
        self.ledger.raised(kind, place, text, excused=excused)

    def begin_request(self, method: str, name: str, *, asserted: bool) -> Pending:
        """Book the begin of a request; the first of an iteration carries its intended start."""
        iteration, ledger = self.iteration, self.ledger
        intended_s: float | None = None
        slot: Slot | None = None
        if iteration is not None and iteration.first_pending:
            iteration.first_pending = False
            intended_s, slot = iteration.intended_s, iteration.slot
        begun_s = ledger.clock()
        if slot is None:
            slot = ledger.slot_at(begun_s - ledger.t0_s)
        pending = Pending(self, method, name, begun_s, slot, intended_s, asserted)
        self._in_flight[pending] = None
        self.limits.in_flight[self] = None
        ledger.counts.requests_started += 1
        return pending

    def report(
        self, pending: Pending, error: BaseException | None, took: object, length: object = 0
    ) -> None:
        """Book a request as its client reported it; `took` is in milliseconds."""
        if pending not in self._in_flight:
            return
        error_class = classify(error, pending.status)
        text = "" if error is None else f"{type(error).__name__}: {text_of(error)}"
        self._book(pending, error_class, seconds_of(took), text, bytes_of(length))

    def succeeded(self, pending: Pending, service_s: float, received: int) -> None:
        """Book a whole response that nobody finds fault with."""
        if pending in self._in_flight:
            self._book(pending, "", service_s, "", received)

    def cut_short(self, pending: Pending, error: BaseException) -> None:
        """Book a request whose client raised instead of reporting it."""
        if pending not in self._in_flight:
            return
        took_s = self.ledger.clock() - pending.begun_s
        if isinstance(error, GreenletExit):
            self._book(pending, ABANDONED, took_s, "cut off in flight")
            return
        known = classify(error, 0) not in {"protocol_error", "assertion"}
        # what is unknown was perhaps sent and perhaps answered: no figure of it would be true
        self.report(pending, error, took_s * 1000.0 if known else UNKNOWN_S)

    def check(self, name: str, *, ok: bool) -> None:
        """Book a check of the scenario's own, where its iteration belongs."""
        iteration, ledger = self.iteration, self.ledger
        phase = iteration.slot.phase if iteration else ledger.phase_at(ledger.offset_s())
        ledger.recorder.check(CheckKey(self.arm.target, self.arm.scenario, name), phase, ok=ok)

    def fail_request(self) -> None:
        """Note that a request failed, which excuses exceptions that come of it."""
        if self.iteration is None:
            self._failed_before = True
        else:
            self.iteration.request_failed = True

    def settle(self, *, cut: bool = False) -> None:
        """Book what was answered and never looked at; with `cut`, also what is in flight."""
        now_s = self.ledger.clock()
        for pending in list(self._in_flight):
            if pending.returned_s is None:
                if cut:
                    self._book(pending, ABANDONED, now_s - pending.begun_s, "in flight at the stop")
                continue  # another greenlet of the scenario still waits for it
            if self._is_looked_at(pending) and not cut:
                continue
            took_s = pending.returned_s - pending.begun_s
            error_class = (
                classify(pending.error, pending.status)
                if pending.error is not None
                else by_status(pending.status)
            )
            self._book(pending, error_class, took_s, "never asserted")

    def _is_looked_at(self, pending: Pending) -> bool:
        """Whether another greenlet of the scenario has the response and may still judge it."""
        holder = pending.greenlet
        current = gevent.getcurrent()
        return (
            isinstance(holder, Greenlet)
            and holder not in (self.greenlet, current)
            and not holder.dead
        )

    def _book(
        self, pending: Pending, error_class: str, service_s: float, text: str, received: int = 0
    ) -> None:
        del self._in_flight[pending]
        if not self._in_flight:
            self.limits.in_flight.pop(self, None)
        if error_class:
            self.fail_request()
        intended_s = pending.intended_s
        latency_s = None if intended_s is None else pending.begun_s - intended_s + service_s
        ledger, arm = self.ledger, self.arm
        end_s = pending.begun_s + service_s - ledger.t0_s
        # by place: names would cost as much as all the rest of this
        sample = Sample(
            arm.scenario, pending.method, pending.name, pending.status, error_class, pending.slot,
            ledger.window_at(end_s), service_s, latency_s, latency_s is not None,
            pending.asserted, received, arm.target, pending.timed,
        )  # fmt: skip
        if error_class:
            ledger.request(sample, text, pending.aside)
        else:
            ledger.recorder.add(sample)


def describe(error: BaseException) -> tuple[str, str, str]:
    """Kind, place in the scenario, and text of an exception."""
    trace, place = error.__traceback__, "unknown"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "site-packages" not in code.co_filename:
            place = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__, place, text_of(error)
