"""A response off the wire: llhttp's verdict on every head, each equal head parsed only once."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from geventhttpclient._parser import HTTPParseError, HTTPResponseParser

from perf_loadtests.http.clock import clock
from perf_loadtests.http.errors import RequestFailedError, failure_of
from perf_loadtests.http.headers import Headers

MAX_HEADERS = 200
MAX_HEADER_BYTES = 65_536
MAX_BODY_BYTES = 64 << 20
MAX_INTERIM = 10
_MEMO_HEADS = 256
_MEMO_BYTES = 4_096
_LAST_INTERIM, _SWITCHING = 199, 101
_FIELD, _VALUE = 1, 2


class Source(Protocol):
    """What a response is read from: a connection."""

    def read(self) -> bytes:
        """Next bytes; none at the end of the stream."""
        ...


class Head(NamedTuple):
    """Status and headers of a response; `length` is None where the body has no Content-Length."""

    status: int
    headers: Headers
    length: int | None
    encoding: str
    sets_cookies: bool


class Received(NamedTuple):
    """A whole response: its body as sent, whether the connection may be used again, and stamps."""

    head: Head
    body: bytes | bytearray
    keep: bool
    wire_bytes: int
    first_s: float
    end_s: float


class PartlyReceivedError(RequestFailedError):
    """A response that broke off or broke a rule; `status` is 0 before its head was whole."""

    def __init__(
        self, error_class: str, text: str, *, status: int = 0, wire_bytes: int = 0
    ) -> None:
        super().__init__(error_class, text)
        self.status = status
        self.wire_bytes = wire_bytes


# Heads that llhttp has passed, by their bytes. A server repeats its heads until the second changes,
# so at speed nearly every response is found here; a miss costs one parse.
_MEMO: dict[bytes, Head] = {}


def receive(connection: Source, *, to_head: bool) -> Received:
    """Read one response.

    Parameters
    ----------
    connection : Source
    to_head : bool
        The request was a HEAD: the response ends with its head, whatever its headers say.

    Raises
    ------
    PartlyReceivedError
        Where it ends too early or with the connection, breaks the protocol or a limit.
    """
    data = _more(connection)
    first_s = clock()
    if not to_head:
        end = data.find(b"\r\n\r\n") + 4
        head = _MEMO.get(data[:end])
        if head is not None and (length := head.length) is not None:
            total = end + length
            if len(data) == total:  # nearly every response
                return Received(head, data[end:], True, total, first_s, first_s)  # noqa: FBT003  # a field
            if len(data) < total:
                return _sized(connection, head, data, end, first_s)
    if not data:
        raise PartlyReceivedError("closed_before_response", "closed before the first byte")
    return _parsed(connection, data, first_s, to_head=to_head)


def _more(connection: Source, status: int = 0, wire_bytes: int = 0) -> bytes:
    try:
        return connection.read()
    except OSError as error:
        failure = failure_of(error)
        raise PartlyReceivedError(
            failure.error_class, str(error), status=status, wire_bytes=wire_bytes
        ) from error


def _sized(connection: Source, head: Head, data: bytes, end: int, first_s: float) -> Received:
    """Body of a known length behind a known head."""
    length = head.length or 0
    total = end + length
    body = bytearray(data[end:])
    while len(body) < length:
        data = _more(connection, head.status, end + len(body))
        if not data:
            text = f"{len(body)} of {length} bytes of the body"
            raise PartlyReceivedError(
                "body_truncated", text, status=head.status, wire_bytes=end + len(body)
            )
        body += data
    end_s = clock()
    if len(body) > length:
        raise _unsolicited(head.status, end + len(body))
    return Received(head, body, True, total, first_s, end_s)  # noqa: FBT003  # a field


def _parsed(connection: Source, data: bytes, first_s: float, *, to_head: bool) -> Received:
    parser = Parser(to_head=to_head)
    first = data
    wire_bytes = len(data)
    while True:
        parser.quiet_bytes += len(data)
        try:
            parser.feed(data)
        except HTTPParseError as error:
            raise parser.broken(str(error.args[0]), data, wire_bytes) from error
        except RequestFailedError as error:
            raise PartlyReceivedError(
                error.error_class, str(error.args[0]), status=parser.status, wire_bytes=wire_bytes
            ) from None
        if parser.complete or not data:
            break
        if parser.quiet_bytes > 2 * MAX_HEADER_BYTES:
            text = f"{parser.quiet_bytes} bytes without any of the body"
            raise parser.broken(text, data, wire_bytes)
        data = _more(connection, parser.status, wire_bytes)
        wire_bytes += len(data)
    end_s = clock()
    head = parser.head
    if head is None or not parser.complete:
        raise parser.broken("the connection ended", b"", wire_bytes)
    keep = parser.should_keep_alive()
    if keep and not to_head and not parser.interim and head.length is not None:
        _remember(first, head)
    return Received(head, parser.body, keep, wire_bytes, first_s, end_s)


def _remember(first: bytes, head: Head) -> None:
    """Keep a head that stood whole and alone at the begin of a segment."""
    end = first.find(b"\r\n\r\n") + 4
    if first.startswith(b"HTTP/1.1 2") and 4 < end <= _MEMO_BYTES and head.status != 204:  # noqa: PLR2004  # No Content
        if len(_MEMO) >= _MEMO_HEADS:
            _MEMO.clear()
        _MEMO[first[:end]] = head


def _unsolicited(status: int, wire_bytes: int) -> PartlyReceivedError:
    text = "bytes after the end of the response"
    return PartlyReceivedError("unsolicited", text, status=status, wire_bytes=wire_bytes)


class Parser(HTTPResponseParser):
    """Collects what llhttp reports of one response and of the interim ones before it."""

    def __init__(self, *, to_head: bool) -> None:
        super().__init__()
        self.to_head = to_head
        self.body = bytearray()
        self.head: Head | None = None
        self.complete = False
        self.interim = 0
        self.quiet_bytes = 0  # fed since a part of the body came last
        self._parts: list[str] = []
        self._state = 0
        self._trailers = 0

    @property
    def status(self) -> int:
        """Status of the final response; 0 before its head was whole."""
        return self.head.status if self.head is not None else 0

    def broken(self, text: str, data: bytes, wire_bytes: int) -> PartlyReceivedError:
        """What an error of the parser means at this point; `data` is what it was fed last."""
        if self.complete:
            return _unsolicited(self.status, wire_bytes)
        ended_in_body = self.head is not None and not data
        name = "body_truncated" if ended_in_body else "protocol_error"
        return PartlyReceivedError(name, text, status=self.status, wire_bytes=wire_bytes)

    def _on_message_begin(self) -> None:
        if self.complete:
            raise HTTPParseError("a second response")
        self._parts.clear()
        self._state = 0

    def _on_status(self, text: str) -> None:
        """Nothing: the phrase tells nothing that the status does not."""

    def _on_header_field(self, text: str) -> None:
        if self.head is not None:
            self._trailers += len(text)
            self._check(self._trailers)
        elif self._state == _FIELD:
            self._parts[-1] += text
        else:
            self._parts.append(text)
            self._state = _FIELD

    def _on_header_value(self, text: str) -> None:
        if self.head is not None:
            self._trailers += len(text)
            self._check(self._trailers)
        elif self._state == _VALUE:
            self._parts[-1] += text
        else:
            self._parts.append(text)
            self._state = _VALUE

    def _check(self, size: int) -> None:
        if size > MAX_HEADER_BYTES:
            raise RequestFailedError("protocol_error", f"headers beyond {MAX_HEADER_BYTES} bytes")
        if len(self._parts) > 2 * MAX_HEADERS:
            raise RequestFailedError("protocol_error", f"more than {MAX_HEADERS} headers")

    def _on_headers_complete(self) -> bool:
        self._check(sum(map(len, self._parts)))
        status = self.get_code()
        if 100 <= status <= _LAST_INTERIM:  # noqa: PLR2004  # 1xx
            self.interim += 1
            if status == _SWITCHING or self.interim > MAX_INTERIM:
                raise RequestFailedError(
                    "protocol_error", f"interim answer {self.interim} of status {status}"
                )
            return False
        headers = Headers(self._parts[::2], self._parts[1::2])
        encoding = (headers.get("content-encoding") or "").strip().lower()
        self.head = Head(status, headers, self._length(headers), encoding, "set-cookie" in headers)
        return self.to_head

    def _length(self, headers: Headers) -> int | None:
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.strip().lower() != "chunked":
            raise RequestFailedError("protocol_error", "a transfer coding other than chunked")
        if self.get_http_version() not in {"HTTP/1.1", "HTTP/1.0"}:
            raise RequestFailedError("protocol_error", "a version other than HTTP/1")
        if "content-length" not in headers:
            return None
        length = int(self.get_remaining_content_length())
        if length > MAX_BODY_BYTES and not self.to_head:
            raise RequestFailedError("body_too_large", f"{length} bytes announced")
        return length

    def _on_body(self, data: bytearray) -> None:
        self.body += data
        self.quiet_bytes = 0
        if len(self.body) > MAX_BODY_BYTES:
            raise RequestFailedError("body_too_large", f"more than {MAX_BODY_BYTES} bytes")

    def _on_message_complete(self) -> None:
        if self.head is not None:
            self.complete = True


def is_interim(data: bytes) -> bool:
    """Whether all that came while a request was being sent is interim answers, if yet cut."""
    parser = Parser(to_head=False)
    try:
        parser.feed(data)
    except (HTTPParseError, RequestFailedError):
        return False
    return parser.head is None and len(data) <= 2 * MAX_HEADER_BYTES
