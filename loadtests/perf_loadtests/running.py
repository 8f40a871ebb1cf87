"""From a request to a recorded run: look everything up, refuse early, start, load, read back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from perf_documents.errors import InfraError, PerfError, RefusedError, UnreachableError, UsageError
from perf_documents.fingerprint import collect_fingerprint
from perf_documents.git import collect_git
from perf_documents.guard import judge_load, judge_target
from perf_documents.plan_codec import encode_plan
from perf_documents.profile import load_profile
from perf_documents.redact import Redactor, secrets_of
from perf_documents.targets import DEMO, Target
from perf_loadtests.preflight import (
    Patience,
    check_files,
    check_space,
    is_loopback,
    origin_of,
    reach,
    resolve,
)
from perf_loadtests.protocol import PROTOCOL, Order, TargetModel
from perf_loadtests.supervisor import StopRequest, Supervisor, Surroundings
from perf_loadtests.target.launch import DemoTarget, TargetStartError
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from fractions import Fraction
    from pathlib import Path

    from perf_documents.events import Notice, Progress
    from perf_documents.plan import Plan
    from perf_documents.run import Run
    from perf_documents.targets import WorkspaceConfig
    from perf_loadtests.workspace import ScenarioFile

T = TypeVar("T")
TOKEN_VARIABLE = "PERF_TOKEN"  # noqa: S105  # the name of a variable, not a token
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a person asked for."""

    profile: str
    target: str
    time_scale: Fraction
    environment: str | None = None
    confirm: str | None = None
    wait_s: float = 0.0
    demo_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The clocks, the environment and the folder that a run happens in.

    `clock` is monotonic; `now` gives the wall clock, for labels only.
    """

    root: Path
    environ: Mapping[str, str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    emit: Callable[[Progress | Notice], None]
    stop: StopRequest
    version: str
    token_hex: Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that may be carried out: nothing in it was wrong, nothing was sent yet."""

    request: RunRequest
    run_id: str
    plan: Plan
    scenario: ScenarioFile
    target: Target | None  # None: the embedded service, started when the run is
    config: WorkspaceConfig
    workspace: Workspace


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
    target = None
    if config is not None and request.target != DEMO:
        target = _attempt(problems, lambda: _find_target(request, config, world))
    if target is not None and load is not None:
        _attempt(problems, lambda: judge_load(load[0], target))
    if load is None or config is None or problems:
        raise _all_of(problems)
    plan, scenario = load
    check_files(plan.max_vus)
    if target is not None and target.insecure:
        plan = replace(plan, insecure=True)
    return Prepared(
        request=request,
        run_id=f"{world.now():%Y%m%dt%H%M%Sz}-{world.token_hex(3)}",
        plan=plan,
        scenario=scenario,
        target=target,
        config=config,
        workspace=workspace,
    )


def execute(ready: Prepared, world: World, *, log: Path | None) -> Run:
    """Reach the target, run the load and return what was recorded, not judged yet."""
    folder = ready.workspace.state / "spool" / ready.run_id
    with _target(ready, world) as (target, token):
        origin = origin_of(target.url)
        addresses = reach(
            origin,
            resolve(origin.host, origin.port),
            verify=not ready.plan.insecure,
            patience=Patience(
                wait_s=ready.request.wait_s,
                clock=world.clock,
                sleep=world.sleep,
                stopped=lambda: bool(world.stop.signals),
            ),
        )
        pinned = [(origin.host, origin.port, addresses), *_others(ready.config, target)]
        order = _order(ready, world, target, pinned)
        around = Surroundings(
            folder=folder,
            environ=_engine_environ(world.environ, token),
            clock=world.clock,
            sleep=world.sleep,
            emit=world.emit,
            stop=world.stop,
            log=log,
        )
        ready.workspace.state.mkdir(mode=0o700, exist_ok=True)
        check_space(ready.workspace.state)
        return Supervisor(order, ready.plan, around).run()


def _attempt(problems: list[PerfError], action: Callable[[], T]) -> T | None:
    """Result of an action; its error joins the others, so that all are reported at once."""
    try:
        return action()
    except (UsageError, RefusedError) as error:
        problems.append(error)
        return None


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


def _find_target(request: RunRequest, config: WorkspaceConfig, world: World) -> Target:
    event = world.environ.get("GITHUB_EVENT_NAME")
    target = judge_target(
        request.target, config, _resolve_quietly, confirm=request.confirm, event=event
    )
    return replace(target, environment=request.environment or target.environment)


def _resolve_quietly(host: str, port: int) -> list[str]:
    try:
        return resolve(host, port)
    except UnreachableError as error:
        raise OSError(str(error)) from error


@contextlib.contextmanager
def _target(ready: Prepared, world: World) -> Iterator[tuple[Target, str | None]]:
    """Target to load with its bearer token; the embedded service lives as long as the block."""
    if ready.target is not None:
        name = ready.target.token_env or TOKEN_VARIABLE
        yield ready.target, world.environ.get(name)
        return
    try:
        demo = DemoTarget(world.environ, ready.request.demo_flags)
    except TargetStartError as error:
        raise InfraError(f"the embedded service does not start: {error}; before load") from error
    with demo:
        environment = ready.request.environment or DEMO
        target = Target(name=DEMO, url=demo.url, environment=environment)
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


def _order(
    ready: Prepared, world: World, target: Target, pinned: list[tuple[str, int, list[str]]]
) -> Order:
    cleaner = Redactor(secrets_of(world.environ))
    local = is_loopback(pinned[0][2][0])
    return Order(
        protocol=PROTOCOL,
        run=ready.run_id,
        version=world.version,
        started_at=f"{world.now():%Y-%m-%dT%H:%M:%SZ}",
        plan=encode_plan(ready.plan),
        target=TargetModel(
            name=target.name,
            url=target.url,
            environment=target.environment,
            protected=target.protected,
        ),
        scenario_path=str(ready.scenario.path.resolve()),
        scenario_class=ready.scenario.class_name,
        workspace=str(ready.workspace.root.resolve()),
        addresses=pinned,
        fingerprint=collect_fingerprint(world.environ),
        git=collect_git(ready.workspace.root, world.environ, redactor=cleaner),
        notes=_notes(world.environ, local=local),
    )


def _notes(environ: Mapping[str, str], *, local: bool) -> list[str]:
    notes: list[str] = []
    proxies = [name for name in _PROXIES if environ.get(name)]
    if proxies:
        notes.append(f"{', '.join(proxies)}: proxies are ignored")
    locust = sorted(name for name in environ if name.startswith("LOCUST_"))
    if locust:
        notes.append(f"{', '.join(locust)}: ignored; the profile decides the load")
    if local:
        notes.append("target on this machine: it shares the processors with the load generator")
    return notes


def _engine_environ(environ: Mapping[str, str], token: str | None) -> dict[str, str]:
    """Environment of the engine: the token under one name, and no settings of Locust's."""
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    if token is not None:
        kept[TOKEN_VARIABLE] = token
    return kept
