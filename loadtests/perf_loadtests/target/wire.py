"""HTTP/1.1 as bytes: requests taken from what a client sent, answers encoded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

MAX_HEAD_BYTES = 16_384
MAX_BODY_BYTES = 65_536
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/([0-9])\.[0-9]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_LENGTH_DIGITS = 18
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_CRLF = b"\r\n"
_HEAD_END = b"\r\n\r\n"


class WireError(Exception):
    """Bytes that are no request this service takes; the connection ends after the answer."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request without its body; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body_bytes: int
    keep_alive: bool

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for leave before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer without what the connection adds."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Reader:
    """What a client has sent and nobody has taken yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Add what was received."""
        self._buffer += received

    def __len__(self) -> int:
        return len(self._buffer)

    def take_head(self) -> Head | None:
        """Return the next head, or None while it is not complete."""
        buffer = self._buffer
        while buffer.startswith(_CRLF):  # allowed before a request line (RFC 9112, 2.2)
            del buffer[:2]
        end = buffer.find(_HEAD_END, 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(buffer) >= MAX_HEAD_BYTES:
                raise WireError(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"the head is above {MAX_HEAD_BYTES} bytes",
                )
            if b"\n\n" in buffer:  # would otherwise wait for an end that cannot come
                raise _bad("lines must end in CRLF")
            return None
        text = buffer[:end].decode("latin-1")
        del buffer[: end + len(_HEAD_END)]
        return parse_head(text)

    def take_body(self, size_bytes: int) -> bytes | None:
        """Return a body of that size, or None while it is not complete."""
        if len(self._buffer) < size_bytes:
            return None
        body = bytes(self._buffer[:size_bytes])
        del self._buffer[:size_bytes]
        return body


def parse_head(text: str) -> Head:
    """Return the head whose lines, without the empty one that ends them, are `text`."""
    request_line, *lines = text.split("\r\n")
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise _bad("the request line cannot be read")
    method, target, major = match.groups()
    if major != "1":
        raise WireError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 is spoken here")
    headers = _parse_headers(lines)
    path, _, query = _origin_form(target).partition("?")
    tokens = {token.strip() for token in headers.get("connection", "").lower().split(",")}
    http_1_0 = request_line.endswith("1.0")
    return Head(
        method=method,
        path=path,
        query=query,
        headers=headers,
        body_bytes=_body_bytes(headers),
        keep_alive="close" not in tokens and (not http_1_0 or "keep-alive" in tokens),
    )


def encode_head(response: Response, *, keep_alive: bool) -> bytes:
    """Return the status line and headers, with the empty line that ends them."""
    status = response.status
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
    ]
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append("Connection: keep-alive\r\n\r\n" if keep_alive else "Connection: close\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1")


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        # Bare line feeds, folded lines and spaces before the colon are how requests are smuggled.
        if not colon or _NAME.fullmatch(name) is None or _CONTROL.search(value):
            raise _bad("a header line cannot be read")
        name, value = name.lower(), value.strip(" \t")
        if headers.setdefault(name, value) != value:
            if name in ("authorization", "content-length", "host", "transfer-encoding"):
                raise _bad(f"{name} is given twice")
            headers[name] += f", {value}"
    return headers


def _origin_form(target: str) -> str:
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):  # as sent to a proxy
        _, slash, path = rest.partition("/")
        return slash + path or "/"
    raise _bad("the request target cannot be read")


def _body_bytes(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length")
    if "transfer-encoding" in headers:
        if length is not None:
            raise _bad("content-length beside transfer-encoding")
        raise WireError(HTTPStatus.LENGTH_REQUIRED, "send a content-length")
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise _bad("content-length cannot be read")
    return int(length)


def _bad(text: str) -> WireError:
    return WireError(HTTPStatus.BAD_REQUEST, text)
