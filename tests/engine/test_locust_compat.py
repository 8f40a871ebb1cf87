"""Each private name of Locust and geventhttpclient that the engine touches still means the same."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import gevent
import pytest
from locust import FastHttpUser, User, events, task
from locust.event import EventHook
from locust.exception import StopUser
from locust.user.task import DefaultTaskSet, TaskSet

from perf_documents.errors import ScenarioError
from perf_loadtests.engine import locust_compat, locust_compat_runners
from perf_loadtests.engine.share import Everything
from perf_loadtests.http.tls import shared_context

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from locust.env import Environment

pytestmark = pytest.mark.engine
LOCAL = Everything().runner


class Fast(FastHttpUser):
    """A user with two tasks."""

    @task
    def one(self) -> None:
        """Do nothing."""

    @task(2)
    def two(self) -> None:
        """Do nothing either."""


class Diary:
    """Watcher that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def created(self, user: User) -> None:
        """Note it."""
        del user
        self.told.append("created")

    def starting(self, user: User) -> None:
        """Note it."""
        del user
        self.told.append("starting")

    def ready(self, user: User) -> None:
        """Note it."""
        del user
        self.told.append("ready")

    def leaving(self, user: User, error: BaseException) -> None:
        """Note it."""
        del user
        self.told.append(f"leaving {error!r}")


@pytest.fixture
def environment() -> Iterator[Environment]:
    """Environment as the engine makes it."""
    made = locust_compat_runners.make_environment([Fast], "http://127.0.0.1:9", LOCAL)
    yield made
    if made.runner is not None:
        made.runner.quit()


def test_locust_still_waits_by_calling_wait_on_the_task_set() -> None:
    source = inspect.getsource(TaskSet.run)
    assert source.count("self.wait()") == 3
    assert "RescheduleTaskImmediately:\n                    pass" in source


def test_the_wait_of_locusts_own_loop_is_replaced_and_no_other(
    monkeypatch: pytest.MonkeyPatch, environment: Environment
) -> None:
    between: list[TaskSet] = []
    plain: list[TaskSet] = []
    monkeypatch.setattr(TaskSet, "wait", plain.append)

    def end(task_set: TaskSet, wait: Callable[[TaskSet], None]) -> None:
        between.append(task_set)
        wait(task_set)
        raise StopUser

    class Waiting(User):
        @task
        def one(self) -> None:
            self.wait()  # type: ignore[no-untyped-call]  # a method of Locust

    locust_compat.replace_wait(end)
    user = Waiting(environment)
    user.run()  # type: ignore[no-untyped-call]  # a method of Locust
    assert between == [locust_compat.task_set_of(user)]
    # the scenario's own wait, inside the task, and the one of the loop
    assert plain == 2 * between


def test_a_first_listener_hears_before_those_of_the_scenario() -> None:
    hook, heard = EventHook(), list[str]()

    def ends(**_: object) -> None:
        heard.append("scenario")
        raise StopUser

    hook.add_listener(ends)
    locust_compat.listen_first(hook, lambda **_: heard.append("ours"))
    with pytest.raises(StopUser):
        hook.fire()
    assert heard == ["ours", "scenario"]


def test_a_scenario_can_only_ask_the_runner_to_stop(environment: Environment) -> None:
    asked: list[str] = []
    runner = environment.runner
    assert runner is not None
    for name in ("quit", "stop"):
        assert callable(getattr(type(runner), name))
    locust_compat_runners.hold_runner(environment, lambda: asked.append("stop"))
    runner.quit()
    runner.stop()
    assert asked == ["stop", "stop"]
    del runner.quit, runner.stop


def test_uncaught_exceptions_of_greenlets_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[object, BaseException]] = []
    hub = gevent.get_hub()
    monkeypatch.setattr(hub, "handle_error", hub.handle_error)
    locust_compat.watch_greenlets(lambda greenlet, error: heard.append((greenlet, error)))

    def leave() -> None:
        raise StopUser

    failing = gevent.spawn(lambda: 1 // 0)
    gevent.joinall([failing, gevent.spawn(leave)])
    assert heard == [(failing, failing.exception)]


def test_required_arguments_of_a_scenario_are_refused() -> None:
    def add(parser: ArgumentParser) -> None:
        parser.add_argument("--needed", required=True)

    events.init_command_line_parser.add_listener(add)
    try:
        with pytest.raises(ScenarioError, match="requires command-line arguments"):
            locust_compat_runners.make_environment([Fast], "http://127.0.0.1:9", LOCAL)
    finally:
        events.init_command_line_parser.remove_listener(add)


def test_locusts_own_statistics_see_no_request(environment: Environment) -> None:
    environment.events.request.fire(
        request_type="GET", name="/x", response_time=1.0, response_length=0, exception=None
    )
    assert environment.stats.total.num_requests == 0


def test_listeners_of_the_scenario_are_heard(environment: Environment) -> None:
    heard: list[str] = []
    events.request.add_listener(lambda name, **_: heard.append(name))
    environment.events.request.fire(
        request_type="GET", name="/x", response_time=1.0, response_length=0, exception=None
    )
    assert heard == ["/x"]


def test_a_driven_class_keeps_its_name_and_its_weighted_tasks() -> None:
    driven = locust_compat.drive(
        Fast, name="Fast@control", host="http://h", insecure=False, tell=Diary()
    )
    assert driven.__name__ == "Fast@control"
    assert driven.host == "http://h"
    assert [task.__name__ for task in driven.tasks] == ["one", "two", "two"]  # type: ignore[union-attr]  # tasks are functions here


def test_a_driven_user_reports_when_it_is_made_and_verifies_certificates(
    environment: Environment,
) -> None:
    diary = Diary()
    driven = locust_compat.drive(
        Fast, name="Fast", host="http://127.0.0.1:9", insecure=False, tell=diary
    )
    user = driven(environment)
    assert diary.told == ["created"]
    user.on_start()
    assert diary.told == ["created", "starting", "ready"]
    try:
        next(iter(()))
    except StopIteration:
        user.on_stop()
    assert diary.told[-1] == "leaving StopIteration()"
    assert driven.insecure is False  # type: ignore[attr-defined]  # a FastHttpUser
    assert shared_context().check_hostname


def test_the_scheduled_task_is_queued_only_where_chance_would_choose(
    environment: Environment,
) -> None:
    user = Fast.__new__(Fast)
    user.environment = environment
    for name in ("min_wait", "max_wait", "wait_function"):
        setattr(user, name, None)
    plain = DefaultTaskSet(user)
    locust_compat.queue_task(plain, user, lambda _: 0.99, 1)
    assert plain._task_queue.pop().__name__ == "two"

    class Own(DefaultTaskSet):
        def get_next_task(self) -> object:  # the scenario's own order
            return None

    plain._task_queue.clear()
    user.tasks = [Fast.one]  # where there is one, nothing is drawn
    locust_compat.queue_task(plain, user, lambda _: 1.0, 1)
    assert plain._task_queue.pop() is Fast.one
    own = Own(user)
    locust_compat.queue_task(own, user, lambda _: 0.0, 1)
    assert not own._task_queue


def test_a_scenario_that_would_shadow_a_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "json.py"
    path.write_text("from locust import User")
    with pytest.raises(ScenarioError, match="shadow the module"):
        locust_compat.import_scenario(path, None)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class A(User):\n    weight = 0\n    @task\n    def t(self): ...", "weight 0"),
        (("A = type('Same', (User,), {'tasks': [print]})\n"
         "B = type('Same', (User,), {'tasks': [print]})"), "two user classes are named Same"),
    ],
)  # fmt: skip
def test_classes_that_cannot_be_told_apart_or_chosen_are_refused(
    tmp_path: Path, source: str, message: str
) -> None:
    path = tmp_path / "odd.py"
    path.write_text(f"from locust import User, task\n{source}\n")
    with pytest.raises(ScenarioError, match=message):
        locust_compat.import_scenario(path, None)


def test_a_class_under_two_names_is_one_class(tmp_path: Path) -> None:
    path = tmp_path / "twice.py"
    path.write_text("from locust import User\nclass A(User):\n    tasks = [print]\nB = A\n")
    assert len(locust_compat.import_scenario(path, None)) == 1


def test_a_class_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "scenario_of_one.py"
    path.write_text(
        "from locust import User, task\nclass There(User):\n    @task\n    def t(self): pass\n"
    )
    with pytest.raises(ScenarioError, match="it holds: There"):
        locust_compat.import_scenario(path, "Missing")
    (found,) = locust_compat.import_scenario(path, "There")
    assert found.__name__ == "There"
