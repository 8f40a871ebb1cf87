"""What perfproof puts in place of Locust's hooks does what Locust's own did, and tells."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import locust.event
import pytest
from locust.event import EventHook
from locust.exception import StopUser

from perf_loadtests.engine import locust_compat, locust_compat_hooks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


def test_locust_still_calls_listeners_as_we_do() -> None:
    """From its source: an engine of another test may have replaced it in this process."""
    source = inspect.getsource(locust.event)
    assert "def fire(self, *, reverse=False, **kwargs):" in source
    names = ", ".join(kind.__name__ for kind in locust_compat_hooks._MEANT)
    caught = "StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet"
    assert names == caught
    assert f"except ({caught}):" in source


def test_an_exception_of_a_listener_is_told_and_the_next_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(EventHook, "fire", EventHook.fire)
    told: list[BaseException] = []
    heard: list[str] = []
    locust_compat_hooks.watch_listeners(told.append)
    hook = EventHook()
    hook.add_listener(lambda **_: heard.append("first"))
    hook.add_listener(lambda **_: 1 // 0)
    hook.add_listener(lambda **_: heard.append("last"))
    hook.fire()
    hook.fire(reverse=True)
    assert heard == ["first", "last", "last", "first"]
    assert [type(error) for error in told] == [ZeroDivisionError, ZeroDivisionError]


def test_an_exception_that_is_meant_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EventHook, "fire", EventHook.fire)
    told: list[BaseException] = []
    locust_compat_hooks.watch_listeners(told.append)

    def ends(**_: object) -> None:
        raise StopUser

    hook = EventHook()
    hook.add_listener(ends)
    with pytest.raises(StopUser):
        hook.fire()
    assert told == []


def test_load_shapes_of_a_scenario_are_found(tmp_path: Path) -> None:
    path = tmp_path / "shaped_scenario.py"
    path.write_text(
        "from locust import LoadTestShape, User, task\n"
        "class Ramp(LoadTestShape):\n    def tick(self):\n        return None\n"
        "class One(User):\n    @task\n    def t(self):\n        pass\n"
    )
    locust_compat.import_scenario(path, None)
    assert locust_compat_hooks.shapes_of(path) == ["Ramp"]
    assert locust_compat_hooks.shapes_of(tmp_path / "never_imported.py") == []
