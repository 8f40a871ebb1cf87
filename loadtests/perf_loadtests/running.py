"""From a request to a recorded run: look everything up, refuse early, start, load, read back."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from perf_documents.errors import InfraError, PerfError, RefusedError, UnreachableError, UsageError
from perf_documents.guard import judge_load, judge_target
from perf_documents.profile import load_profile
from perf_documents.targets import DEMO, Target
from perf_loadtests.joining import Joining
from perf_loadtests.ordering import TOKEN_VARIABLE, engine_environ, make_order
from perf_loadtests.preflight import (
    Patience,
    check_files,
    check_space,
    origin_of,
    reach,
    resolve,
)
from perf_loadtests.requests import Prepared, RunRequest, World
from perf_loadtests.spreading import spread_of, with_token
from perf_loadtests.started import started
from perf_loadtests.supervisor import Supervisor, Surroundings
from perf_loadtests.surroundings import check_clock, check_variables
from perf_loadtests.target.launch import DemoTarget, TargetStartError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from perf_documents.plan import Plan
    from perf_documents.run import Run
    from perf_documents.targets import WorkspaceConfig
    from perf_loadtests.protocol import Order, SpreadModel
    from perf_loadtests.workspace import ScenarioFile

T = TypeVar("T")


def prepare(request: RunRequest, world: World) -> Prepared:
    """Check everything that can be checked without the target, and report all errors at once.

    Raises
    ------
    UsageError
        Anything that is to be edited, each with its place.
    RefusedError
        If a safety guard says no.
    """
    workspace = Workspace(world.root)
    problems: list[PerfError] = []
    load = _attempt(problems, lambda: _read_load(request, workspace))
    config = _attempt(problems, workspace.config)
    found: dict[str, Target | None] = {}
    names = _Names()
    for name in filter(None, (request.target, request.control)):
        found[name] = None
        if config is not None and name != DEMO:
            find = partial(judge_target, name, config, names.resolve)
            found[name] = _attempt(problems, partial(_find_target, request, find, world))
    for target in filter(None, found.values()):
        if load is not None:
            _attempt(problems, partial(judge_load, load[0], target))
    spread: SpreadModel | None = None
    if load is not None:
        _attempt(problems, partial(_check_control, request, load[0], found.values()))
        spread = _attempt(problems, partial(spread_of, request, load[0], world.environ))
    _attempt(problems, lambda: _check_environ(load, config, world))
    if load is None or config is None or problems:
        raise _all_of(problems)
    check_clock(world.now())
    plan, scenario = load
    check_files(plan.max_vus * (1 if request.control is None else 2))
    if any(target.insecure for target in found.values() if target is not None):
        plan = replace(plan, insecure=True)
    return Prepared(
        request=request,
        run_id=f"{world.now():%Y%m%dt%H%M%Sz}-{world.token_hex(3)}",
        plan=plan,
        scenario=scenario,
        target=found[request.target],
        control=found[request.control] if request.control else None,
        config=config,
        workspace=workspace,
        spread=spread,
        addresses=names.found,
    )


def execute(ready: Prepared, world: World, *, log: Path | None) -> Run:
    """Reach the target, run the load and return what was recorded, not judged yet."""
    with _ordered(ready, world, "spool", log) as (order, around):
        return Supervisor(order, ready.plan, around).run()


def join(ready: Prepared, world: World, place: tuple[str, int]) -> str:
    """Reach the target and load it for the master at a place; why that was not whole, or empty."""
    # whoever started the run starts its targets too
    mine = replace(ready, target=_running(ready.target), control=_running(ready.control))
    with _ordered(mine, world, "workers", None) as (order, around):
        return Joining(order, ready.plan, around, place).run()


@contextlib.contextmanager
def _ordered(
    ready: Prepared, world: World, kind: str, log: Path | None
) -> Iterator[tuple[Order, Surroundings]]:
    """What an engine is told and works in, while its targets are there."""
    folder = ready.workspace.state / kind / ready.run_id
    with contextlib.ExitStack() as block:
        # started in turns, so that neither is always the one that was there first
        arms = [False] if ready.request.control is None else [ready.swapped, not ready.swapped]
        found = {control: block.enter_context(_target(ready, world, control=control))
                 for control in arms}  # fmt: skip
        targets = [found[control] for control in sorted(found)]
        pinned = [_pin(target, ready, world) for target, _ in targets]
        pinned += _others(ready.config, targets[0][0])
        order = make_order(ready, world, [target for target, _ in targets], pinned)
        around = Surroundings(
            folder=folder,
            environ=with_token(
                engine_environ(world.environ, [token for _, token in targets]),
                ready.spread,
                world.token_hex,
            ),
            clock=world.clock,
            sleep=world.sleep,
            emit=world.emit,
            stop=world.stop,
            log=log,
        )
        ready.workspace.state.mkdir(mode=0o700, exist_ok=True)
        check_space(ready.workspace.state)
        yield order, around


def _running(target: Target | None) -> Target | None:
    return replace(target, start=()) if target is not None else None


def _pin(target: Target, ready: Prepared, world: World) -> tuple[str, int, list[str]]:
    """Host and port of a target with its addresses, the one that answered first."""
    origin = origin_of(target.url)
    addresses = reach(
        origin,
        ready.addresses.get((origin.host, origin.port)) or resolve(origin.host, origin.port),
        verify=not ready.plan.insecure,
        patience=Patience(
            wait_s=ready.request.wait_s,
            clock=world.clock,
            sleep=world.sleep,
            stopped=lambda: bool(world.stop.signals),
        ),
    )
    return origin.host, origin.port, addresses


def _check_control(request: RunRequest, plan: Plan, found: Iterable[Target | None]) -> None:
    if request.control is None:
        return
    if not plan.open_model:
        raise UsageError(
            f"--control: executor {plan.executor} has no arrivals to pair; expected "
            "ramping-arrival-rate or constant-arrival-rate"
        )
    urls = [target.url for target in found if target is not None]
    if len(set(urls)) < len(urls) or (
        request.control == request.target and request.control != DEMO
    ):
        raise UsageError("--control: is the target itself; expected the old version beside it")


def _attempt(problems: list[PerfError], action: Callable[[], T]) -> T | None:
    """Result of an action; its error joins the others, so that all are reported at once."""
    try:
        return action()
    except (UsageError, RefusedError) as error:
        problems.append(error)
        return None


def _check_environ(
    load: tuple[Plan, ScenarioFile] | None, config: WorkspaceConfig | None, world: World
) -> None:
    if load is None or config is None:
        return  # which variables have a meaning is not known yet
    own = [target.token_env for target in config.targets.values() if target.token_env]
    check_variables(world.environ, own, load[1].path.read_bytes())


def _read_load(request: RunRequest, workspace: Workspace) -> tuple[Plan, ScenarioFile]:
    found = workspace.find_profile(request.profile)
    plan = load_profile(found.path, name=found.name, time_scale=request.time_scale)
    if request.profile != found.name:
        plan = replace(plan, source=request.profile)
    return plan, workspace.find_scenario(plan.scenario, found.path.parent)


def _all_of(problems: list[PerfError]) -> PerfError:
    """One error that says everything; a refusal decides the code."""
    text = "\n".join(str(problem) for problem in problems)
    refused = any(isinstance(problem, RefusedError) for problem in problems)
    return RefusedError(text) if refused else UsageError(text)


def _find_target(request: RunRequest, find: Callable[..., Target], world: World) -> Target:
    event = world.environ.get("GITHUB_EVENT_NAME")
    target = find(confirm=request.confirm, event=event, today=world.now().date())
    return replace(target, environment=request.environment or target.environment)


class _Names:
    """Addresses by host and port: what was judged is loaded, whatever a resolver says next."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], list[str]] = {}

    def resolve(self, host: str, port: int) -> list[str]:
        try:
            found = self.found[host, port] = resolve(host, port)
        except UnreachableError as error:
            raise OSError(str(error)) from error
        return found


@contextlib.contextmanager
def _target(ready: Prepared, world: World, *, control: bool) -> Iterator[tuple[Target, str | None]]:
    """Target to load with its bearer token; the embedded service lives as long as the block."""
    target = ready.control if control else ready.target
    if target is not None:
        name = target.token_env or TOKEN_VARIABLE
        with contextlib.ExitStack() as block:
            if target.start:
                block.enter_context(
                    started(target, world.root, world.environ, world.clock, world.sleep)
                )
            yield target, world.environ.get(name)
        return
    try:
        demo = DemoTarget(world.environ, ready.request.demo_flags)
    except TargetStartError as error:
        raise InfraError(f"the embedded service does not start: {error}; before load") from error
    with demo:
        target = Target(name=DEMO, url=demo.url, environment=ready.environment)
        yield target, demo.token_env_value


def _others(config: WorkspaceConfig, target: Target) -> list[tuple[str, int, list[str]]]:
    """Other listed targets, which a scenario may call too; those that do not resolve are left."""
    pinned: list[tuple[str, int, list[str]]] = []
    for other in config.targets.values():
        if other.protected or other.name == target.name:
            continue
        origin = origin_of(other.url)
        with contextlib.suppress(UnreachableError):
            pinned.append((origin.host, origin.port, resolve(origin.host, origin.port)))
    return pinned
