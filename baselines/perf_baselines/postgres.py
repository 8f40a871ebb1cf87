"""Connections to PostgreSQL with a deadline each, tried again where that helps; secrets unsaid."""

from __future__ import annotations

import re
import socket
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import URL, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from perf_documents.errors import StoreError, UsageError
from perf_documents.redact import Redactor, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

T = TypeVar("T")
CONNECT_S = 5
STATEMENT_MS, LOCK_MS = 10_000, 5_000
# A server that stopped keeps its connections open and answers nothing: they are cut after this.
ANSWER_S = 20.0
# Once connected before: a server that lost one backend cuts all, and is back within a second.
RETRY_S = 5.0
_PAUSE_S = 0.2
_TRIES = 4
_DRIVER = "postgresql+psycopg"
_SECRET_KEYS = ("password", "sslpassword")
# Serialization failure and deadlock: tried again at once.
_AGAIN = frozenset({"40001", "40P01"})
# What a server answers that will soon take connections, which has no SQLSTATE then.
_STARTING = re.compile(r"in recovery mode|starting up|not yet accepting|shutting down")
_CAUSES = {
    "25006": "is read-only",
    "42501": "does not allow this user to do that",
    "53100": "its disk is full",
    "53300": "has no connection left",
    "55P03": f"another session has held a lock for {LOCK_MS // 1000} s",
    "57014": f"took longer than {STATEMENT_MS // 1000} s",
}


class Database:
    """One PostgreSQL database.

    Parameters
    ----------
    address : str
        URL; password and query are never part of a message.

    Raises
    ------
    UsageError
        If it is no URL of PostgreSQL, or psycopg is not installed.
    """

    def __init__(self, address: str) -> None:
        url = _parsed(address)
        self.place = f"postgresql {url.host or 'socket'}{_port(url)}/{url.database or ''}"
        secrets = [url.password, *(url.query.get(key) for key in _SECRET_KEYS)]
        self._redactor = Redactor(str(secret) for secret in secrets if secret)
        limits = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={LOCK_MS}"
        settings = {
            "connect_timeout": CONNECT_S,
            "application_name": "perfproof",
            "options": limits,
            # poolers between lose prepared statements
            "prepare_threshold": None,
        }
        given = {key: value for key, value in settings.items() if key not in url.query}
        try:
            self._engine = create_engine(
                url, connect_args=given, pool_size=1, max_overflow=16, hide_parameters=True
            )
        except ModuleNotFoundError as error:
            raise UsageError(
                "history: psycopg is not installed; next: pip install 'perfproof[postgres]'"
            ) from error
        self._was_connected = False
        weakref.finalize(self, self._engine.dispose)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do idempotent work in a transaction; once more where the server lost or refused it.

        Raises
        ------
        StoreError
            If it cannot be done.
        """
        give_up_s = time.monotonic() + RETRY_S
        number = 0
        while True:
            number += 1
            try:
                with self._engine.connect() as connection, _deadline(connection):
                    self._was_connected = True
                    result = work(connection)
                    connection.commit()
                    return result
            except DBAPIError as error:
                late = time.monotonic() > give_up_s
                if late or not self._is_hopeful(error, number):
                    raise self._failed(error) from None
            time.sleep(_PAUSE_S)

    def _is_hopeful(self, error: DBAPIError, number: int) -> bool:
        """Whether a further try may succeed."""
        state = _state(error)
        if state in _AGAIN:
            return number < _TRIES
        if _STARTING.search(str(error.orig)):
            return True
        return self._was_connected and (error.connection_invalidated or not state)

    def _failed(self, error: DBAPIError) -> StoreError:
        """What happened, without a password; the cause of the exception would show statements."""
        said = self._redactor.clean(" ".join(str(error.orig).split()))
        state = _state(error)
        cause = _CAUSES.get(state, "cannot be used" if state else "cannot be reached")
        return StoreError(f"{self.place}: {cause}: {visible(said, 300)}")


def _state(error: DBAPIError) -> str:
    """SQLSTATE; empty where there was no connection to get one from."""
    return getattr(error.orig, "sqlstate", None) or ""


def _parsed(address: str) -> URL:
    try:
        url = make_url(address)
        _ = url.port
    except (ArgumentError, ValueError):
        url = None
    kinds = {"postgres", "postgresql", _DRIVER}
    if url is None or url.drivername.lower() not in kinds:
        # the URL may hold a password: it is not repeated
        raise UsageError(
            "history: is no URL of PostgreSQL; expected postgresql+psycopg://USER@HOST/DATABASE"
        )
    return url.set(drivername=_DRIVER)


def _port(url: URL) -> str:
    return f":{url.port}" if url.port else ""


@contextmanager
def _deadline(connection: Connection) -> Iterator[None]:
    """Cut a connection that does not answer; who waits for it then gets an error."""
    descriptor: int = connection.connection.driver_connection.fileno()  # type: ignore[union-attr]  # psycopg's

    def cut() -> None:
        with suppress(OSError), socket.socket(fileno=socket.dup(descriptor)) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(ANSWER_S, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
