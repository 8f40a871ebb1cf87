"""What became of a request: one class of the closed list, whichever client made it."""

from __future__ import annotations

import re
import socket
import ssl
import zlib
from typing import TYPE_CHECKING

import gevent
import requests.exceptions
import urllib3.exceptions
from geventhttpclient._parser import HTTPParseError
from geventhttpclient.response import HTTPConnectionClosed
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.exception import CatchResponseError

from perf_loadtests.http.errors import BY_ERRNO, NotAllowedError, RequestFailedError, by_status

if TYPE_CHECKING:
    from collections.abc import Iterator

_Rules = tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]
UNKNOWN_S = float("nan")
MAX_KIND = 64
_PRINTED = re.compile(r"[ -~]+")
_BAD_STATUS = (LocustBadStatusCode, requests.exceptions.HTTPError)


class DeadlineExceededError(TimeoutError):
    """The total deadline of a request has passed."""


# The first match decides, so the narrower types stand first.
_BY_TYPE: _Rules = (
    (NotAllowedError, "not_allowed"),
    (DeadlineExceededError, "timeout"),
    (CatchResponseError, "assertion"),
    (ssl.SSLCertVerificationError, "tls_verify"),
    (socket.gaierror, "dns"),
    ((requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError),
     "connect_timeout"),
    (HTTPConnectionClosed, "closed_before_response"),
    (requests.exceptions.TooManyRedirects, "too_many_redirects"),
    ((requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError, zlib.error),
     "decode_error"),
    ((requests.exceptions.ChunkedEncodingError, urllib3.exceptions.IncompleteRead),
     "body_truncated"),
    ((requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema,
      requests.exceptions.MissingSchema), "bad_redirect"),
    ((TimeoutError, requests.exceptions.Timeout, gevent.Timeout), "timeout"),
)  # fmt: skip
_LAST_RESORT: _Rules = (
    (ssl.SSLError, "tls_handshake"),
    ((ConnectionResetError, BrokenPipeError), "reset"),
    (ConnectionRefusedError, "refused"),
)


def classify(exception: BaseException | None, status: int) -> str:
    """Class of a request that a client reported.

    Parameters
    ----------
    exception : BaseException or None
        What the client reported; None where it (or the scenario) called the request a success.
    status : int
        0 where no response came.
    """
    if exception is None:
        # a scenario may declare a 404 a success; a request without any response is none, nor is a
        # status that HTTP does not have, which requests lets pass
        if not status:
            return "protocol_error"
        return "bad_status" if by_status(status) == "bad_status" else ""
    if isinstance(exception, RequestFailedError):
        return exception.error_class
    chain = list(_chain(exception))
    found = (
        _by_type(_BY_TYPE, chain)
        or _by_errno(chain)
        or _by_parser(chain, status)
        or _by_type(_LAST_RESORT, chain)
    )
    if found:
        return found
    if not status:
        return _unanswered(chain)
    # any other exception beside a whole response is what the scenario said of it
    return by_status(status) if any(isinstance(e, _BAD_STATUS) for e in chain) else "assertion"


def _by_type(rules: _Rules, chain: list[BaseException]) -> str | None:
    return next((name for kinds, name in rules if any(isinstance(e, kinds) for e in chain)), None)


def _by_parser(chain: list[BaseException], status: int) -> str | None:
    if any("Redirection limit" in str(error) for error in chain):
        return "too_many_redirects"
    if any(isinstance(error, HTTPParseError) for error in chain):
        return "body_truncated" if status else "protocol_error"
    return None


def _by_errno(chain: list[BaseException]) -> str | None:
    numbers = (e.errno for e in chain if isinstance(e, OSError) and not isinstance(e, ssl.SSLError))
    return next((BY_ERRNO[number] for number in numbers if number in BY_ERRNO), None)


def _unanswered(chain: list[BaseException]) -> str:
    text = " ".join(str(error) for error in chain)
    if "RemoteDisconnected" in text or "closed connection without response" in text:
        return "closed_before_response"
    return "protocol_error"


def _chain(exception: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps, by cause, context, reason or argument."""
    todo, seen = [exception], set[int]()
    while todo and len(seen) < 50:  # noqa: PLR2004  # chains are short; cycles are not followed
        error = todo.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        # urllib3 keeps what it wraps as `reason`, geventhttpclient as `original`
        wrapped = (getattr(error, "reason", None), getattr(error, "original", None))
        inner = [error.__cause__, error.__context__, *wrapped, *error.args]
        todo.extend(item for item in inner if isinstance(item, BaseException))


def seconds_of(took: object) -> float:
    """Duration that a client reported in milliseconds; NaN where it is no number."""
    is_number = isinstance(took, int | float) and not isinstance(took, bool)
    try:
        return took / 1000.0 if is_number else UNKNOWN_S  # type: ignore[operator]  # a number
    except OverflowError:
        return UNKNOWN_S


def bytes_of(length: object) -> int:
    """Length that a client reported, 0 where it reported none; negative where it is no length."""
    if length is None:
        return 0
    return length if isinstance(length, int) and not isinstance(length, bool) else -1


def method_of(kind: object) -> str:
    """Kind of a custom client's request as a method: its letters, empty where it is no name.

    Locust's users call their requests `grpc`, `WSR` or `socketio-emit`: whatever is printed on one
    line is taken by its letters.
    """
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_KIND:
        return ""
    return "".join(filter(str.isalpha, kind.upper()))[:16] if _PRINTED.fullmatch(kind) else ""


def text_of(value: object) -> str:
    """Text of whatever a scenario handed over, even of what cannot say what it is."""
    try:
        return value if isinstance(value, str) else str(value)
    except Exception as error:  # noqa: BLE001  # a scenario's own __str__
        return f"({type(value).__name__} whose text raises {type(error).__name__})"
