"""Each private name of Locust's master and workers that is touched still means the same."""

from __future__ import annotations

import inspect
import socket
from typing import TYPE_CHECKING

import gevent
import pytest
from locust import User, events, runners, task
from locust.rpc import zmqrpc

from perf_loadtests.engine import locust_compat_runners
from perf_loadtests.engine.locust_compat_runners import (
    MAX_MESSAGE_BYTES,
    LeadingRunner,
    LedRunner,
    PortTakenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.env import Environment

pytestmark = pytest.mark.engine
URL = "http://127.0.0.1:9"


class Silent(User):
    """A user that asks for nothing."""

    @task
    def nothing(self) -> None:
        """Do nothing."""


class Ear:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def __call__(self, *message: object) -> None:
        """Note it; fail where a listener could."""
        self.heard.append(message)
        if message[-1] == "fail":
            raise ValueError("a listener that fails")

    def wait(self, number: int) -> None:
        """Wait for so many messages."""
        with gevent.Timeout(5.0):
            while len(self.heard) < number:
                gevent.sleep(0.01)


def leading(ear: Ear, port: int = 0) -> tuple[Environment, LeadingRunner]:
    """Environment with a master."""
    made: list[LeadingRunner] = []

    def make(environment: Environment) -> LeadingRunner:
        made.append(LeadingRunner(environment, "127.0.0.1", port, ear))
        return made[0]

    return locust_compat_runners.make_environment([Silent], URL, make), made[0]


@pytest.fixture
def ears() -> Iterator[tuple[Ear, Ear, LeadingRunner, LedRunner]]:
    """A master and a worker that are connected."""
    above, below = Ear(), Ear()
    _, master = leading(above)
    joined: list[LedRunner] = []

    def make(environment: Environment) -> LedRunner:
        return LedRunner(environment, ("127.0.0.1", master.port), below, joined.append)

    locust_compat_runners.make_environment([Silent], URL, make)
    yield above, below, master, joined[0]
    for runner in (joined[0], master):
        runner.greenlet.kill()
    joined[0].client.close(linger=0)
    master.server.close(linger=0)


def test_messages_of_ours_go_both_ways_and_a_failing_listener_ends_nothing(
    ears: tuple[Ear, Ear, LeadingRunner, LedRunner],
) -> None:
    above, below, master, worker = ears
    for data in ("fail", "up"):
        worker.say("perf_test", data)
    above.wait(2)
    assert above.heard == [(worker.client_id, "perf_test", data) for data in ("fail", "up")]
    for data in ("fail", "down"):
        master.say("perf_test", data, worker.client_id)
    below.wait(2)
    assert below.heard == [("perf_test", data) for data in ("fail", "down")]
    assert master.is_listening


def test_nothing_of_locusts_own_is_sent_or_obeyed(
    ears: tuple[Ear, Ear, LeadingRunner, LedRunner],
) -> None:
    above, below, master, worker = ears
    worker.send_message("client_ready", {})
    worker.send_message("quit")
    worker.say("perf_last", None)
    above.wait(1)
    assert above.heard == [(worker.client_id, "perf_last", None)]
    assert len(master.clients) == 0
    gevent.sleep(0.05)
    assert below.heard == []
    # what Locust's greenlets would send, and its listeners
    for name in ("heartbeat", "stats_reporter", "logs_reporter", "heartbeat_timeout_checker"):
        assert callable(getattr(runners.WorkerRunner, name))
        getattr(worker, name)()
    for hook in (events.user_error, events.quitting, events.report_to_master):
        assert [h for h in hook._handlers if h.__module__ == "locust.runners"] == []


def test_a_message_that_is_too_large_ends_its_own_connection_only(
    ears: tuple[Ear, Ear, LeadingRunner, LedRunner],
) -> None:
    above, _, _, worker = ears
    worker.say("perf_large", bytes(MAX_MESSAGE_BYTES + 1))
    gevent.sleep(0.3)
    worker.say("perf_small", None)
    above.wait(1)
    assert [message[1] for message in above.heard] == ["perf_small"]


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"127.0.0.1:{port}: Address already in use"):
            leading(Ear(), port)
    assert zmqrpc.Server.__module__ == "locust.rpc.zmqrpc"


def test_locust_still_makes_its_server_and_greenlets_as_it_did() -> None:
    master = inspect.getsource(runners.MasterRunner.__init__)
    assert "rpc.Server(master_bind_host, master_bind_port)" in master
    assert "self.client_listener" in master
    worker = inspect.getsource(runners.WorkerRunner.__init__)
    assert worker.index("self.connect_to_master()") < worker.index("self.heartbeat)")
    for name in ("worker", "heartbeat", "stats_reporter", "logs_reporter"):
        assert f"self.{name})" in worker
