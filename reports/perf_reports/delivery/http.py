"""One bounded call after another to one host: deadlines, sizes, rate limits, no surprises."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

import requests

from perf_documents.errors import InfraError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_documents.redact import Redactor

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
TOTAL_S = 60.0
CALL_S = 30.0
MOST_WAIT_S = 60.0
TRIES = 3
MOST_BYTES = 8 * 1024 * 1024
BETWEEN_WRITES_S = 1.0
_CHUNK = 64 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST = 300
_OK, _MULTIPLE = 200, 300
_FORBIDDEN, _TOO_MANY, _BROKEN = 403, 429, 500
# A renamed repository: the same request is to be made again, on the same host only.
_MOVED = frozenset({301, 302, 307, 308})
MOST_REDIRECTS = 3


class DeliveryError(InfraError):
    """Something could not be delivered; the verdict stands."""


class LostAnswerError(DeliveryError):
    """No answer to a write, or one that says nothing: it may have been done or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said.

    Attributes
    ----------
    status : int
    headers : mapping
        Names in lower case.
    body : object
        Parsed JSON; None where there is none.
    text : str
        The beginning of the body, redacted.
    """

    status: int
    headers: Mapping[str, str]
    body: object
    text: str

    @property
    def is_ok(self) -> bool:
        """Whether the status is one of success."""
        return _OK <= self.status < _MULTIPLE

    @property
    def is_limited(self) -> bool:
        """Whether the server asks for patience."""
        if self.status not in {_FORBIDDEN, _TOO_MANY}:
            return False
        return (
            self.status == _TOO_MANY
            or "retry-after" in self.headers
            or self.headers.get("x-ratelimit-remaining") == "0"
        )


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
    """

    base: str
    headers: Mapping[str, str]
    redactor: Redactor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    ca_file: str = ""
    proxy: str = ""
    _session: requests.Session = field(init=False, default_factory=requests.Session)
    _began_s: float = field(init=False)
    _wrote_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        check_url(self.base)
        self._began_s = self.clock()
        self._session.trust_env = False
        self._session.proxies = {"https": self.proxy} if self.proxy else {}
        self._session.verify = self.ca_file or True

    def call(self, method: Method, path: str, body: object = None) -> Answer:
        """Answer to one call, limits on the rate waited for.

        Raises
        ------
        LostAnswerError
            If a write got no answer, or 5xx: the caller must look before it writes again.
        DeliveryError
            If a read failed three times, time is up, or the server asks for too much patience.
        """
        lost = ""
        for attempt in range(TRIES):
            if lost:
                self._wait(2.0**attempt / 2.0, lost)
            try:
                answer = self._once(method, path, body)
            except requests.RequestException as error:
                lost = f"{method} {path}: {type(error).__name__}"
            else:
                if answer.is_limited:
                    self._wait(_patience_s(answer), f"{method} {path}: rate limit")
                    lost = ""
                    continue
                if answer.status < _BROKEN:
                    return answer
                lost = f"{method} {path}: {answer.status}"
            if method == "POST":
                raise LostAnswerError(f"{self._host}: {lost}")
        raise DeliveryError(f"{self._host}: {lost or 'rate limit'}, {TRIES} tries")

    def next_page(self, answer: Answer) -> str | None:
        """Address behind `rel="next"`, on the same host only."""
        for part in answer.headers.get("link", "").split(","):
            address, _, relation = part.strip().partition(";")
            if 'rel="next"' in relation:
                url = urljoin(self.base, address.strip("<> "))
                if urlsplit(url)[:2] == urlsplit(self.base)[:2]:
                    return url
        return None

    @property
    def _host(self) -> str:
        return urlsplit(self.base).hostname or self.base

    def _once(self, method: Method, path: str, body: object) -> Answer:
        if method != "GET":
            self._space_writes()
        left_s = TOTAL_S - (self.clock() - self._began_s)
        if left_s <= 0:
            raise DeliveryError(f"{self._host}: {TOTAL_S:g} s are over; nothing more was tried")
        url = path if path.startswith(("https://", "http://")) else self.base.rstrip("/") + path
        timeout_s = min(CALL_S, left_s)
        answer = self._ask(method, url, body, timeout_s)
        for _ in range(MOST_REDIRECTS):
            moved = urljoin(url, answer.headers.get("location", url))
            same_host = urlsplit(moved)[:2] == urlsplit(self.base)[:2]
            if answer.status not in _MOVED or moved == url or not same_host:
                break
            url = moved
            answer = self._ask(method, url, body, timeout_s)
        return answer

    def _ask(self, method: Method, url: str, body: object, timeout_s: float) -> Answer:
        with self._session.request(
            method,
            url,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self.headers, "Content-Type": "application/json"},
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as got:
            data = self._read(got)
            headers = {name.lower(): value for name, value in got.headers.items()}
            return Answer(
                status=got.status_code, headers=headers, body=_parsed(data),
                text=self.redactor.clean(data[: 4 * _LONGEST].decode(errors="replace"))[:_LONGEST],
            )  # fmt: skip

    def _read(self, got: requests.Response) -> bytes:
        """Body, under a size and a deadline of its own: a trickle keeps a read timeout quiet."""
        data, until_s = bytearray(), self.clock() + CALL_S
        for chunk in got.iter_content(_CHUNK):
            data += chunk
            if len(data) > MOST_BYTES:
                raise DeliveryError(f"{self._host}: an answer of more than {MOST_BYTES:,} bytes")
            if self.clock() > until_s:
                raise requests.Timeout("the answer did not end")
        return bytes(data)

    def _space_writes(self) -> None:
        if self._wrote_s is not None:
            self.sleep(max(0.0, BETWEEN_WRITES_S - (self.clock() - self._wrote_s)))
        self._wrote_s = self.clock()

    def _wait(self, wait_s: float, why: str) -> None:
        left_s = TOTAL_S - (self.clock() - self._began_s)
        if wait_s > min(MOST_WAIT_S, left_s):
            asked = f"{wait_s:.0f} s" if math.isfinite(wait_s) else "an unknown time"
            raise DeliveryError(f"{self._host}: {why}; {asked} to wait is too long")
        self.sleep(wait_s)


def check_url(url: str) -> None:
    """Refuse what would send a token in the clear, or to nobody knows where."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise DeliveryError(f"{url[:100]!r}: expected an https address")
    if parts.username or parts.password:
        raise DeliveryError("an address with credentials in it; expected one without")


def _patience_s(answer: Answer) -> float:
    """Seconds to wait: as asked, or until the limit is reset by the server's own clock."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        pass
    try:
        reset_s = float(answer.headers["x-ratelimit-reset"])
        now_s = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return math.inf  # nobody says when
    return max(0.0, reset_s - now_s)


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
