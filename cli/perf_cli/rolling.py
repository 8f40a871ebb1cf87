"""A rollout in the real world: its lock, its audit log, its ways to abort, and its result."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perf_canary.aborts import TOKEN_VARIABLE, AbortDesk, Aborts
from perf_canary.audit import Audit
from perf_canary.rollout import Outside, Rollout
from perf_canary.weights.command import Runner
from perf_canary.weights.orders import Orders
from perf_cli.output import say
from perf_documents.canary_looks import Answer
from perf_documents.errors import RefusedError
from perf_documents.files import make_private_folder
from perf_documents.redact import Redactor, secrets_of
from perf_documents.rollout_plan import ALL, NONE, show_percent
from perf_documents.strict_json import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from perf_canary.reading import Source
    from perf_canary.rollout_state import RolloutResult
    from perf_cli.signals import Signals
    from perf_documents.rollout_plan import RolloutPlan

SCHEMA = "perfproof.rollout/1"
_FOLDER = Path(".perf") / "rollouts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """A rollout that has ended."""

    id: str
    audit: Path
    result: RolloutResult


def roll(
    plan: RolloutPlan,
    source: AbstractContextManager[Source],
    signals: Signals,
    environ: Mapping[str, str],
    abort_file: Path | None = None,
) -> Rolled:
    """Walk through a plan; nothing is run before its audit log can be written.

    `source` is entered before the first command: what cannot be read is found out there.
    """
    now = datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = plan.audit or _FOLDER / f"{name}.jsonl"
    redactor = Redactor(secrets_of(environ))
    audit = Audit(path=path, rollout=name, now=lambda: datetime.now(UTC), redactor=redactor)
    with ExitStack() as stack:
        stack.enter_context(_alone(plan.path))
        make_private_folder(path.parent)
        audit.open()
        stack.callback(audit.close)
        desk = None
        if plan.abort_port is not None:
            desk = AbortDesk(plan.abort_port, environ.get(TOKEN_VARIABLE, ""))
            stack.enter_context(desk)
            _tell(f"abort: POST {desk.url}/abort")
        files = tuple(file for file in (plan.abort_file, abort_file) if file is not None)
        aborts = Aborts(signal_code=lambda: signals.code, files=files, desk=desk)
        outside = Outside(
            clock=_steady(now.timestamp()),
            sleep=time.sleep,
            aborted=aborts,
            tell=_tell,
            show=desk.show if desk is not None else _nobody,
        )
        orders = _orders(plan, audit, outside, environ)
        rollout = Rollout(
            plan=plan,
            source=stack.enter_context(source),
            orders=orders,
            audit=audit,
            outside=outside,
        )
        return Rolled(id=name, audit=path, result=rollout.run())


def _orders(
    plan: RolloutPlan, audit: Audit, outside: Outside, environ: Mapping[str, str]
) -> Orders:
    return Orders(
        plan=plan,
        runner=Runner(
            folder=plan.folder,
            # what may end a rollout is nothing that its commands need
            environ={name: value for name, value in environ.items() if name != TOKEN_VARIABLE},
            redactor=audit.redactor,
            clock=time.monotonic,
        ),
        audit=audit,
        sleep=time.sleep,
        stop=lambda: outside.aborted() is not None,
        tell=outside.tell,
    )


@contextmanager
def _alone(plan: Path) -> Iterator[None]:
    """Hold the plan's lock: two rollouts would take turns at the same weight.

    The system gives it back when the process dies, however it does.
    """
    descriptor = os.open(plan, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                f"{plan}: another rollout of this plan is running; expected one at a time; nothing "
                "was run; next: abort that one, or wait for its end"
            ) from error
        except OSError as error:
            # some network file systems have no locks of files that are only read
            _tell(f"{plan}: cannot be locked ({error.strerror}); see that nobody else rolls it out")
        yield
    finally:
        os.close(descriptor)


def _steady(began_s: float) -> Callable[[], float]:
    """Unix time that goes on by the monotonic clock: it never steps."""
    origin_s = began_s - time.monotonic()
    return lambda: origin_s + time.monotonic()


def _tell(text: str) -> None:
    say(f"perf: {text}")


def _nobody(state: Mapping[str, object]) -> None:
    del state


def render_text(plan: RolloutPlan, rolled: Rolled) -> str:
    """Verdict, reason and what to do next."""
    result = rolled.result
    where = f"at {show_percent(result.percent)} %" if result.step is not None else "before step 1"
    if result.step is not None and result.answer is Answer.ROLLBACK:
        where = f"from {show_percent(result.percent)} %, step {result.step} of {len(plan.steps)}"
    lines = [f"{result.answer} {plan.path} {where}: {result.ending.reason}"]
    if not result.undone:
        lines += [
            f"NOT ROLLED BACK: {result.rollback_failure}; the canary may still have traffic; next:",
            f"  {result.by_hand}",
        ]
    lines.append(f"audit: {rolled.audit}")
    if result.lost:
        lines.append(f"audit is not complete: {result.lost}")
    return "\n".join(lines)


def render_json(plan: RolloutPlan, rolled: Rolled) -> str:
    """One JSON document."""
    result = rolled.result
    document = {
        "schema": SCHEMA,
        "id": rolled.id,
        "plan": str(plan.path),
        "verdict": str(result.answer),
        "end": str(result.ending.end),
        "exit_code": result.exit_code,
        "reason": result.ending.reason,
        "step": result.step,
        "steps": len(plan.steps),
        "weight": float(result.percent),
        "rolled_back": result.answer is Answer.ROLLBACK and result.undone,
        "rollback_failure": result.rollback_failure,
        "by_hand": result.by_hand,
        "audit": str(rolled.audit),
        "lost": result.lost,
    }
    return dump_json(document).decode()


def render_plan_json(plan: RolloutPlan) -> str:
    """What would be run, as one JSON document."""
    document = {
        "schema": f"{SCHEMA}-plan",
        "plan": str(plan.path),
        "folder": str(plan.folder.resolve()),
        "every_s": plan.every_s,
        "max_hold_s": plan.rules.max_hold_s,
        "status": plan.status.arguments(NONE) if plan.status is not None else None,
        "steps": [
            {
                "weight": float(step.percent),
                "hold_s": step.hold_s,
                "shift": plan.shift.arguments(step.percent),
            }
            for step in plan.steps
        ],
        "promote": plan.promote.arguments(ALL),
        "rollback": plan.rollback.arguments(NONE),
    }
    return dump_json(document).decode()
