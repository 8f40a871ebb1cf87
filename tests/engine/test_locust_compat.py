"""Each private name of Locust and geventhttpclient that the engine touches still means the same."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from geventhttpclient.client import HTTPClient
from locust import FastHttpUser, HttpUser, User, events, task
from locust.contrib.fasthttp import FastHttpSession
from locust.user.task import DefaultTaskSet, TaskSet

from perf_documents.errors import ScenarioError
from perf_loadtests.engine import locust_compat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from locust.env import Environment

pytestmark = pytest.mark.engine


class Fast(FastHttpUser):
    """A user with two tasks."""

    @task
    def one(self) -> None:
        """Do nothing."""

    @task(2)
    def two(self) -> None:
        """Do nothing either."""


@pytest.fixture
def environment() -> Iterator[Environment]:
    """Environment as the engine makes it."""
    made = locust_compat.make_environment([Fast], "http://127.0.0.1:9")
    yield made
    if made.runner is not None:
        made.runner.quit()


def test_locust_still_waits_by_calling_wait_on_the_task_set() -> None:
    source = inspect.getsource(TaskSet.run)
    assert source.count("self.wait()") == 3
    assert "RescheduleTaskImmediately:\n                    pass" in source


def test_wait_can_be_replaced_for_every_task_set(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(TaskSet, "wait", TaskSet.wait)
    locust_compat.replace_wait(lambda task_set, _wait: seen.append(task_set))
    mark = object.__new__(DefaultTaskSet)
    mark.wait()
    assert seen == [mark]


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
    made: list[User] = []
    driven = locust_compat.drive(
        Fast, host="http://h", insecure=False, created=made.append, ready=made.append
    )
    assert driven.__name__ == "Fast"
    assert driven.host == "http://h"
    assert [task.__name__ for task in driven.tasks] == ["one", "two", "two"]  # type: ignore[union-attr]  # tasks are functions here


def test_a_driven_user_reports_when_it_is_made_and_verifies_certificates(
    environment: Environment,
) -> None:
    made: list[User] = []
    driven = locust_compat.drive(
        Fast, host="http://127.0.0.1:9", insecure=False, created=made.append, ready=made.append
    )
    user = driven(environment)
    assert made == [user]
    assert driven.insecure is False  # type: ignore[attr-defined]  # a FastHttpUser
    assert locust_compat.shared_ssl_context().check_hostname


def test_retries_of_geventhttpclient_hang_on_the_pools_size_alone() -> None:
    source = inspect.getsource(HTTPClient.request)
    assert "attempts_left = self._connection_pool.size + 1" in source
    session = FastHttpSession("http://127.0.0.1:9", events.request, None)
    locust_compat.switch_retries_off(session)
    client = session.client.clientpool.get_client("http://127.0.0.1:9")
    assert client._connection_pool.size == -1
    changed = session.client.clientpool.get_client
    locust_compat.switch_retries_off(session)
    assert session.client.clientpool.get_client is changed
    assert session.client.max_retries in {0, 3}


def test_the_scheduled_task_is_queued_only_where_chance_would_choose(
    environment: Environment,
) -> None:
    user = Fast.__new__(Fast)
    user.environment = environment
    for name in ("min_wait", "max_wait", "wait_function"):
        setattr(user, name, None)
    plain = DefaultTaskSet(user)
    locust_compat.queue_task(plain, lambda: 0.99)
    assert plain._task_queue.pop().__name__ == "two"

    class Own(DefaultTaskSet):
        def get_next_task(self) -> object:  # the scenario's own order
            return None

    own = Own(user)
    locust_compat.queue_task(own, lambda: 0.0)
    assert not own._task_queue


@pytest.mark.parametrize(
    ("bases", "kind"),
    [
        ((Fast,), "fasthttp"),
        ((HttpUser,), "http"),
        ((User,), "custom"),
        ((Fast, User), "custom+fasthttp"),
    ],
)
def test_the_kind_of_client_is_named(bases: tuple[type[User], ...], kind: str) -> None:
    assert locust_compat.client_kind(bases) == kind


def test_a_scenario_that_would_shadow_a_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "json.py"
    path.write_text("from locust import User")
    with pytest.raises(ScenarioError, match="shadow the module"):
        locust_compat.import_scenario(path, None)


def test_a_class_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "scenario_of_one.py"
    path.write_text(
        "from locust import User, task\nclass There(User):\n    @task\n    def t(self): pass\n"
    )
    with pytest.raises(ScenarioError, match="it holds: There"):
        locust_compat.import_scenario(path, "Missing")
    (found,) = locust_compat.import_scenario(path, "There")
    assert found.__name__ == "There"
