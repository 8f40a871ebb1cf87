"""One bounded call after another to one host: deadlines, sizes, rate limits, no surprises."""

from __future__ import annotations

import json
import math
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTimeError
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

import requests

from perf_documents.errors import InfraError
from perf_documents.redact import visible
from perf_reports.delivery.answer import read_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_documents.redact import Redactor
    from perf_reports.delivery.answer import Answer

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
TOTAL_S = 60.0
CALL_S = 30.0
MOST_WAIT_S = 60.0
TRIES = 3
# a page of 100 comments of 65,536 characters, four bytes each
MOST_BYTES = 32 * 1024 * 1024
BETWEEN_WRITES_S = 1.0
_CHUNK = 64 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BROKEN = 500
# A renamed repository: the same request is to be made again, on the same host only.
_MOVED = frozenset({301, 302, 307, 308})
MOST_REDIRECTS = 3
_WRITES = frozenset({"POST", "PATCH", "PUT"})


class DeliveryError(InfraError):
    """Something could not be delivered; the verdict stands."""


class LostAnswerError(DeliveryError):
    """No answer to a write, or one that says nothing: it may have been done or not."""


class WaitedError(LostAnswerError):
    """A write was put off by a limit and waited for: not done, but the world has moved on."""


@dataclass(slots=True, kw_only=True)
class Api:
    """Calls to one host.

    Parameters
    ----------
    base : str
        `https://...`; plain http only to this machine itself.
    headers : mapping
    redactor : Redactor
        Cleans what servers say before anybody reads it.
    clock, sleep : callable
        Monotonic seconds, and waiting.
    ca_file, proxy : str
        Certificates to trust, and a proxy; the environment and .netrc are not asked: a token goes
        where it was meant to go.
    call_s : float
        Deadline of one call, name look-up and the last byte of its answer included.
    total_s : float
        Deadline of all calls together.
    """

    base: str
    headers: Mapping[str, str]
    redactor: Redactor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    ca_file: str = ""
    proxy: str = ""
    call_s: float = CALL_S
    total_s: float = TOTAL_S
    _session: requests.Session = field(init=False, default_factory=requests.Session)
    _began_s: float = field(init=False)
    _wrote_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        check_url(self.base)
        if self.ca_file and not Path(self.ca_file).is_file():
            raise DeliveryError(f"PERF_CA_FILE: no file {visible(self.ca_file)}; expected "
                                "certificates in PEM")  # fmt: skip
        self._began_s = self.clock()
        self._session.trust_env = False
        self._session.proxies = {"https": self.proxy} if self.proxy else {}
        self._session.verify = self.ca_file or True

    def call(self, method: Method, path: str, body: object = None) -> Answer:
        """Answer to one call, limits on the rate waited for.

        A write is never repeated here: what was true before a wait need not be after it.

        Raises
        ------
        LostAnswerError
            If a write got no answer, or 5xx: the caller must look before it writes again.
        WaitedError
            If a write had to wait for a limit, and now may be made.
        DeliveryError
            If a read failed three times, time is up, or the server asks for too much patience.
        """
        lost = ""
        for attempt in range(TRIES):
            if lost:
                self._wait(2.0**attempt / 2.0, lost)
            answer, lost = self._tried(method, path, body)
            if answer is not None:
                return answer
            if method in _WRITES:
                kind = LostAnswerError if lost else WaitedError
                raise kind(f"{self._host}: {lost or f'{method} {path}: rate limit'}")
        raise DeliveryError(f"{self._host}: {lost or 'rate limit'}, {TRIES} tries")

    def _tried(self, method: Method, path: str, body: object) -> tuple[Answer | None, str]:
        """Answer, or None and why it was lost; a limit has then been waited for."""
        what = f"{method} {path}"
        try:
            answer = self._once(method, path, body)
        # ValueError: requests reads the Location of a redirect, followed or not
        except (requests.RequestException, ValueError) as error:
            return None, f"{what}: {type(error).__name__}"
        if answer.is_limited:
            self._wait(answer.patience_s, f"{what}: rate limit")
            return None, ""
        return (answer, "") if answer.status < _BROKEN else (None, f"{what}: {answer.status}")

    def next_page(self, answer: Answer) -> str | None:
        """Address behind `rel="next"`, on the same host only."""
        for part in answer.headers.get("link", "").split(","):
            address, _, relation = part.strip().partition(";")
            if 'rel="next"' in relation:
                return self._beside(address.strip("<> "), self.base)
        return None

    @property
    def _host(self) -> str:
        return urlsplit(self.base).hostname or self.base

    def _once(self, method: Method, path: str, body: object) -> Answer:
        if method != "GET":
            self._space_writes()
        url: str | None = self.base.rstrip("/") + path
        if path.startswith(("https://", "http://")):
            url = self._beside(path, self.base)
        if url is None:
            raise DeliveryError(f"{self._host}: an address on another host; nothing was sent")
        answer = self._ask(method, url, body)
        for _ in range(MOST_REDIRECTS):
            moved = self._beside(answer.headers.get("location", ""), url)
            if answer.status not in _MOVED or moved is None or moved == url:
                break
            url = moved
            answer = self._ask(method, url, body)
        return answer

    def _beside(self, address: str, at: str) -> str | None:
        """Whole address of a link found at another; None where it leads to another host."""
        try:
            url = urljoin(at, address)
            return url if urlsplit(url)[:2] == urlsplit(self.base)[:2] else None
        except ValueError:
            return None  # no address at all

    def _ask(self, method: Method, url: str, body: object) -> Answer:
        """Answer in time, or none: a thread of its own is waited for.

        Timeouts of sockets are those of single reads: neither a slow name server nor a trickle of
        bytes ever meets one.
        """
        left_s = min(self.call_s, self.total_s - (self.clock() - self._began_s))
        if left_s <= 0:
            raise DeliveryError(
                f"{self._host}: {self.total_s:g} s are over; nothing more was tried"
            )
        answer: Future[Answer] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._exchange(method, url, body, left_s))
            except Exception as error:  # noqa: BLE001  # raised again where it is waited for
                answer.set_exception(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            return answer.result(left_s)
        except NotInTimeError as error:
            raise requests.Timeout("the answer did not end") from error

    def _exchange(self, method: Method, url: str, body: object, timeout_s: float) -> Answer:
        with self._session.request(
            method,
            url,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self.headers, "Content-Type": "application/json"},
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as got:
            return read_answer(got.status_code, got.headers, self._read(got), self.redactor)

    def _read(self, got: requests.Response) -> bytes:
        data = bytearray()
        for chunk in got.iter_content(_CHUNK):
            data += chunk
            if len(data) > MOST_BYTES:
                raise DeliveryError(f"{self._host}: an answer of more than {MOST_BYTES:,} bytes")
        return bytes(data)

    def _space_writes(self) -> None:
        if self._wrote_s is not None:
            self.sleep(max(0.0, BETWEEN_WRITES_S - (self.clock() - self._wrote_s)))
        self._wrote_s = self.clock()

    def _wait(self, wait_s: float, why: str) -> None:
        left_s = self.total_s - (self.clock() - self._began_s)
        if wait_s > min(MOST_WAIT_S, left_s):
            asked = f"{wait_s:.0f} s" if math.isfinite(wait_s) else "an unknown time"
            raise DeliveryError(f"{self._host}: {why}; {asked} to wait is too long")
        self.sleep(wait_s)


def check_url(url: str) -> None:
    """Refuse what would send a token in the clear, or to nobody knows where.

    The address is in no message: it may hold credentials.
    """
    try:
        parts = urlsplit(url)
        host, credentials, _ = parts.hostname, parts.username or parts.password, parts.port
    except ValueError as error:
        raise DeliveryError("an address that cannot be read; expected https://HOST") from error
    plain = parts.scheme == "http" and host in _LOOPBACK
    if credentials:
        raise DeliveryError("an address with credentials in it; expected one without")
    if not host or not (parts.scheme == "https" or plain):
        found = f"{parts.scheme}://{host}" if host else "no address"
        raise DeliveryError(f"{visible(found)}: expected an https address")
