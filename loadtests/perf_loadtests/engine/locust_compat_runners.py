"""Every touch of the private names of Locust's runners, each pinned by a test.

Of master and workers only the transport is used: sockets, frames, and the greenlets that read them.
Their own traffic is off: no statistics, exception texts, files, users to spawn or heartbeats.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NoReturn

import gevent
import locust
import msgpack
import zmq
from locust import argument_parser, runners
from locust.env import Environment
from locust.rpc import Message, zmqrpc

from perf_documents.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust.runners import Runner
    from locust.user.users import User

# of one message, above what ours may be
MAX_MESSAGE_BYTES = 2 << 20
_BROKEN_S = 0.1


def make_environment(
    classes: Sequence[type[User]], host: str, make_runner: Callable[[Environment], Runner]
) -> Environment:
    """Environment with a runner, Locust's own statistics off, and no configuration read.

    Raises
    ------
    ScenarioError
        If the scenario has command-line arguments that must be given.
    """
    parser = argument_parser.get_parser(default_config_files=[])
    try:
        options = parser.parse_args([])
    except SystemExit as error:
        raise ScenarioError(
            "the scenario requires command-line arguments of its own, which perfproof does not "
            "pass on; next: give them defaults, or read the environment"
        ) from error
    environment = Environment(
        user_classes=list(classes),
        events=locust.events,  # else listeners registered in the scenario never fire
        host=host,
        parsed_options=options,
    )
    runner = environment.runner = make_runner(environment)
    # the statistics' listener is the newest: its tables grow with names, and it costs 10 % at speed
    handlers = environment.events.request._handlers  # noqa: SLF001  # no public way to find it
    environment.events.request.remove_listener(
        next(h for h in reversed(handlers) if h.__module__ == "locust.runners")
    )
    environment.events.init.fire(environment=environment, runner=runner, web_ui=None)
    return environment


def hold_runner(environment: Environment, stop: Callable[[], None]) -> None:
    """Let a scenario that stops or quits the runner stop the run: Locust would only kill users."""
    if (runner := environment.runner) is not None:
        runner.quit = runner.stop = stop  # type: ignore[method-assign]  # this run only


class PortTakenError(Exception):
    """A master cannot listen where it should."""


class BoundedServer(zmqrpc.Server):
    """Locust's server, which ends no connection but the one that sends too much."""

    def __init__(self, host: str, port: int) -> None:
        # Locust's own binds before an option can be set
        zmqrpc.BaseSocket.__init__(self, zmq.ROUTER, self.ipv4_only(host, port))
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        self.socket.setsockopt(zmq.LINGER, 0)
        place = f"tcp://[{host}]" if ":" in host else f"tcp://{host}"
        try:
            if port:
                self.socket.bind(f"{place}:{port}")
                self.port = port
            else:
                self.port = self.socket.bind_to_random_port(place)
        except zmq.ZMQError as error:
            raise PortTakenError(
                f"{host}:{port}: {error.strerror}; ss -ltnp 'sport = :{port}' shows who listens "
                "there; next: end that, or choose another --bind"
            ) from error


class LeadingRunner(runners.MasterRunner):
    """Locust's master, which hands every message of ours to a listener and drops the rest.

    Parameters
    ----------
    hear : callable
        Told client, kind and data; nothing in them is known to be true.
    """

    def __init__(
        self, environment: Environment, host: str, port: int,
        hear: Callable[[str, str, object], None],
    ) -> None:  # fmt: skip
        self._hear = hear
        self._listener: gevent.Greenlet | None = None
        original = zmqrpc.Server
        zmqrpc.Server = BoundedServer  # type: ignore[misc]  # there is no argument for it
        try:
            super().__init__(environment, host, port)
        finally:
            zmqrpc.Server = original  # type: ignore[misc]  # as it was
        _forget_listeners(environment)

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return int(self.server.port)

    def heartbeat_worker(self) -> None:  # type: ignore[override]  # returns at once
        """Nothing: who is silent is not redistributed, but ends the run."""

    @property
    def is_listening(self) -> bool:
        """Whether the greenlet that reads has not ended."""
        return self._listener is None or not self._listener.dead

    def client_listener(self) -> NoReturn:
        """Read for ever, whatever comes."""
        self._listener = gevent.getcurrent()
        while True:
            try:
                frames = self.server.socket.recv_multipart()
            except zmq.ZMQError:
                gevent.sleep(_BROKEN_S)
                continue
            with contextlib.suppress(Exception):  # what a stranger sends must not end this
                client, text = frames
                self._read(client.decode("ascii"), text)

    def _read(self, client: str, text: bytes) -> None:
        kind, data, _ = msgpack.loads(text, raw=False)
        if isinstance(kind, str) and kind.startswith("perf_"):
            self._hear(client, kind, data)

    def say(self, kind: str, data: object, client: str) -> None:
        """Send to one worker; what cannot be sent is sent again by whoever needs it."""
        text = Message(kind, data, client).serialize()
        with contextlib.suppress(zmq.ZMQError):
            self.server.socket.send_multipart([client.encode("ascii"), text], zmq.NOBLOCK)


class LedRunner(runners.WorkerRunner):
    """Locust's worker, which obeys nothing but what a listener understands.

    Parameters
    ----------
    hear : callable
        Told kind and data.
    join : callable
        Returns when the worker has its place in a run.
    """

    def __init__(
        self, environment: Environment, place: tuple[str, int],
        hear: Callable[[str, object], None], join: Callable[[LedRunner], None],
    ) -> None:  # fmt: skip
        self._hear, self._join = hear, join
        super().__init__(environment, *place)
        _forget_listeners(environment)

    def connect_to_master(self) -> None:
        """Join before Locust says anything of its own."""
        self.client.socket.setsockopt(zmq.LINGER, 0)
        self._join(self)
        self.connected = True

    def worker(self) -> NoReturn:
        """Read for ever, whatever comes."""
        while True:
            try:
                text = self.client.socket.recv()
            except zmq.ZMQError:
                gevent.sleep(_BROKEN_S)
                continue
            with contextlib.suppress(Exception):  # as in the master
                kind, data, _ = msgpack.loads(text, raw=False)
                self._hear(kind, data)

    def heartbeat(self) -> None:  # type: ignore[override]  # returns at once
        """Nothing: reports and answers say that it is there."""

    def heartbeat_timeout_checker(self) -> None:  # type: ignore[override]  # returns at once
        """Nothing: a lease ends much sooner."""

    def stats_reporter(self) -> None:  # type: ignore[override]  # returns at once
        """Nothing: reports carry histograms, not statistics."""

    def logs_reporter(self) -> None:
        """Nothing: a log may hold secrets."""

    def say(self, kind: str, data: object) -> None:
        """Send to the master; what cannot be sent is sent again by whoever needs it."""
        text = Message(kind, data, self.client_id).serialize()
        with contextlib.suppress(zmq.ZMQError):
            self.client.socket.send(text, zmq.NOBLOCK)


def _forget_listeners(environment: Environment) -> None:
    """Remove what Locust's runners would send by themselves: a worker the texts of exceptions."""
    events = environment.events
    for hook in (events.user_error, events.quitting, events.report_to_master):
        for handler in [h for h in hook._handlers if h.__module__ == "locust.runners"]:  # noqa: SLF001  # no public way to find them
            hook.remove_listener(handler)
