"""What the engine touches of Locust's clients, and how it tells them apart."""

from __future__ import annotations

import inspect

import pytest
from geventhttpclient.client import HTTPClient
from locust import FastHttpUser, HttpUser, User, events
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from perf_loadtests.engine import locust_compat
from perf_loadtests.http import LeanHttpUser

pytestmark = pytest.mark.engine


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


@pytest.mark.parametrize(
    ("bases", "kind"),
    [
        ((FastHttpUser,), "fasthttp"),
        ((HttpUser,), "http"),
        ((User,), "custom"),
        ((LeanHttpUser,), "lean"),
        ((FastHttpUser, User), "custom+fasthttp"),
    ],
)
def test_the_kind_of_client_is_named(bases: tuple[type[User], ...], kind: str) -> None:
    assert locust_compat.client_kind(bases) == kind


def test_listeners_beside_our_own_are_noticed() -> None:
    hook = EventHook()
    others = locust_compat.others_listen(hook)
    locust_compat.listen_first(hook, lambda **_: None)
    assert not others()
    hook.add_listener(lambda **_: None)
    assert others()
