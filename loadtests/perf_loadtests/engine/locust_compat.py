"""Every touch of Locust's private names, each pinned by a test, so that an upgrade is noticed."""

from __future__ import annotations

import functools
import hashlib
import sys
import traceback
from typing import TYPE_CHECKING, Protocol

import gevent
from locust.contrib.fasthttp import FastHttpSession, FastHttpUser
from locust.exception import StopUser
from locust.user.task import DefaultTaskSet, TaskSet
from locust.user.users import HttpUser, User
from locust.util.load_locustfile import is_user_class, load_locustfile

from perf_documents.errors import ScenarioError
from perf_loadtests.http import LeanHttpUser
from perf_loadtests.http.tls import shared_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from geventhttpclient.client import HTTPClient, HTTPClientPool
    from geventhttpclient.url import URL
    from locust.env import Environment
    from locust.event import EventHook

RUNNING, WAITING, LEAN = "running", "waiting", "lean"  # LEAN: the kind of our own client


def import_scenario(path: Path, class_name: str | None) -> list[type[User]]:
    """User classes of a scenario file, by its path, in the order they stand there.

    Raises
    ------
    ScenarioError
        With file:line, if it does not import or holds no such class.
    """
    if path.stem in sys.stdlib_module_names or path.stem in {"locust", "gevent"}:
        raise ScenarioError(
            f"{path}: a scenario named {path.stem!r} would shadow the module of that name; "
            "next: rename the file"
        )
    try:
        found, _shapes = load_locustfile(str(path))
    except ScenarioError:
        raise  # says itself what is wrong where
    except (Exception, SystemExit) as error:  # whatever a scenario raises
        raise ScenarioError(_explain(path, error)) from error
    classes = list(dict.fromkeys(cls for cls in found.values() if is_user_class(cls)))  # each once
    if class_name is not None:
        names = ", ".join(cls.__name__ for cls in classes) or "none"
        classes = [cls for cls in classes if cls.__name__ == class_name]
        if not classes:
            raise ScenarioError(f"{path}: no user class {class_name!r}; it holds: {names}")
    if not classes:
        raise ScenarioError(
            f"{path}: no user class found; expected a class that extends locust.HttpUser, "
            "FastHttpUser or User"
        )
    _check_classes(path, classes)
    return classes


def _check_classes(path: Path, classes: Sequence[type[User]]) -> None:
    for cls in classes:
        if sum(other.__name__ == cls.__name__ for other in classes) > 1:
            raise ScenarioError(
                f"{path}: two user classes are named {cls.__name__}; next: rename one"
            )
        if not cls.tasks:
            raise ScenarioError(
                f"{path}: {cls.__name__} has no tasks; next: mark a method with @task"
            )
        if not cls.weight > 0:
            raise ScenarioError(
                f"{path}: {cls.__name__} has weight {cls.weight}; expected a weight above 0"
            )


def _explain(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename or path}:{error.lineno}: {error.msg}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    line = frames[-1].lineno if frames else 1
    said = str(error) or "no message"
    return f"{path}:{line}: the scenario does not import: {type(error).__name__}: {said}"


def scenario_sha256(path: Path) -> str:
    """Hash of a scenario file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def client_kind(classes: Sequence[type[User]]) -> str:
    """Which clients make the requests: part of what makes two runs comparable."""
    known: tuple[tuple[type, str], ...] = (
        (LeanHttpUser, LEAN), (FastHttpUser, "fasthttp"), (HttpUser, "http"), (User, "custom"),
    )  # fmt: skip
    kinds = {next(kind for base, kind in known if issubclass(cls, base)) for cls in classes}
    return "+".join(sorted(kinds))


class Watcher(Protocol):
    """Who is told how VUs come and go."""

    def created(self, user: User) -> None:
        """A user was made."""
        ...

    def starting(self, user: User) -> None:
        """Its `on_start` is about to run."""
        ...

    def ready(self, user: User) -> None:
        """Return when the VU may begin: Locust runs the first task at once after `on_start`."""
        ...

    def leaving(self, user: User, error: BaseException) -> None:
        """What ends the VU, before its `on_stop` runs."""
        ...


def drive(cls: type[User], *, name: str, host: str, insecure: bool, tell: Watcher) -> type[User]:
    """Subclass of a scenario class that tells a watcher how its VUs come and go.

    Parameters
    ----------
    name : str
        Under which its VUs are spawned; the class' own for the candidate.
    host : str
    insecure : bool
        Certificates are not verified.
    tell : Watcher
    """

    def __init__(self: User, environment: Environment) -> None:  # noqa: N807  # becomes a method
        cls.__init__(self, environment)
        tell.created(self)

    def on_start(self: User) -> None:
        tell.starting(self)
        cls.on_start(self)
        tell.ready(self)

    def on_stop(self: User) -> None:
        # Locust runs it while it handles what ended the user: the only sight of that
        error = sys.exc_info()[1]
        if error is not None:
            tell.leaving(self, error)
        cls.on_stop(self)

    members: dict[str, object] = {
        "__init__": __init__, "on_start": on_start, "on_stop": on_stop,
        "host": host, "__module__": cls.__module__,
    }  # fmt: skip
    if issubclass(cls, FastHttpUser):
        members["insecure"] = insecure
        if not insecure and cls.ssl_context_factory is None:
            members["ssl_context_factory"] = staticmethod(lambda **_: shared_context())
    made: type[User] = type(cls).__call__(type(cls), name, (cls,), members)
    return made


def listen_first(hook: EventHook, handler: Callable[..., None]) -> None:
    """Add a listener before all others: one that raises StopUser keeps the event from the rest."""
    hook._handlers.insert(0, handler)  # noqa: SLF001  # add_listener only appends


def others_listen(hook: EventHook) -> Callable[[], bool]:
    """Question whether a hook has listeners beside the first, which is our own."""
    return lambda: len(hook._handlers) > 1  # noqa: SLF001  # no public way to count them


def watch_greenlets(tell: Callable[[object, BaseException], None]) -> None:
    """Let `tell` hear of every exception that left a greenlet, beside the usual printing."""
    hub = gevent.get_hub()
    original: Callable[..., None] = hub.handle_error

    def handle_error(context: object, kind: object, value: object, trace: object) -> None:
        if isinstance(value, Exception | gevent.Timeout) and not isinstance(value, StopUser):
            tell(context, value)
        original(context, kind, value, trace)

    hub.handle_error = handle_error  # gevent documents it as replaceable on the hub


def replace_wait(between: Callable[[TaskSet, Callable[[TaskSet], None]], None]) -> None:
    """Let `between` run wherever Locust waits between two tasks, nested task sets included.

    `wait` is what Locust calls after a normal end, after RescheduleTask and after an exception, and
    not after an interrupted task set: the next task then belongs to the same iteration. A scenario
    that calls it inside a task, `on_start` or `on_stop` just waits.
    """
    original: Callable[[TaskSet], None] = TaskSet.wait
    loop = TaskSet.run.__code__

    def wait(self: TaskSet) -> None:
        if sys._getframe(1).f_code is loop:  # noqa: SLF001  # CPython's own name of the caller
            between(self, original)
        else:
            original(self)

    TaskSet.wait = wait  # type: ignore[method-assign]  # there is no hook for it


def set_state(user: User, state: str) -> None:
    """Tell Locust whether a user runs or waits: a waiting one is stopped at once."""
    user._state = state  # noqa: SLF001  # what TaskSet.wait does


def task_set_of(user: User) -> TaskSet | None:
    """Task set that a user runs at its top level."""
    return user._taskset_instance  # noqa: SLF001  # set by User.run


@functools.cache
def _draws(kind: type[TaskSet]) -> bool:
    """Whether a class of task sets leaves the choice of the next task to chance."""
    return kind.get_next_task in (TaskSet.get_next_task, DefaultTaskSet.get_next_task)


def queue_task(task_set: TaskSet, user: User, draw: Callable[[int], float], number: int) -> None:
    """Queue the task of an arrival, drawn by its number where the choice is left to chance."""
    queue = task_set._task_queue  # noqa: SLF001  # what schedule_task appends to
    if queue or not _draws(type(task_set)):
        return
    tasks = user.tasks if isinstance(task_set, DefaultTaskSet) else task_set.tasks
    if tasks:
        task_set.schedule_task(tasks[int(draw(number) * len(tasks)) if len(tasks) > 1 else 0])


def end_of_user() -> StopUser:
    """Exception that ends a VU at the end of its turn."""
    return StopUser()


def switch_retries_off(session: object) -> None:
    """Make geventhttpclient send every request once.

    It re-sends idempotent requests up to pool size + 1 times when a connection closes; with a size
    of -1 (used for nothing else after construction) it has no try left.
    """
    if not isinstance(session, FastHttpSession):
        return
    pool: HTTPClientPool = session.client.clientpool
    if "get_client" in vars(pool):
        return  # one pool that all users of a class share is changed once
    original = pool.get_client

    def get_client(url: str | URL) -> HTTPClient:
        client = original(url)
        client._connection_pool.size = -1  # noqa: SLF001  # no public switch
        return client

    pool.get_client = get_client  # type: ignore[method-assign]  # this pool only
