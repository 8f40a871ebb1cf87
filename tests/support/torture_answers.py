"""What the torture server answers, by the path that is asked for: bytes, or how they come."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"status":"ok"}'
MIB = 1 << 20


@dataclass
class Asked:
    """One request as the server read it."""

    link: socket.socket
    method: str
    path: str
    before: int  # requests on this connection before this one
    head: str = ""
    body: bytes = b""


def response(body: bytes = BODY, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Well-formed response."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*rest: bytes) -> bytes:
    """Chunked response: head, then `rest` as it is."""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(rest)


def _coded(body: bytes, coding: bytes) -> bytes:
    return response(body, b"Content-Encoding: " + coding)


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def _bomb() -> bytes:
    return gzip.compress(bytes(32 * MIB))


def _redirect(place: str, status: bytes = b"302 Found") -> bytes:
    return response(b"", b"Location: " + place.encode("latin-1"), status=status)


_SIMPLE = response()
# Answers that are bytes, after which the connection stays open.
KEPT: dict[str, bytes] = {
    "ok": _SIMPLE,
    "empty": response(b""),
    "chunked": chunked(b"6\r\n{\"stat\r\n", b"9\r\nus\":\"ok\"}\r\n0\r\n\r\n"),
    "chunk-trailers": chunked(b"f;a=b;c=\"d\"\r\n", BODY, b"\r\n0\r\nX-Sum: 1\r\n\r\n"),
    "chunk-huge": chunked(b"ffffffffffffffffff\r\nab"),
    "chunk-bad-hex": chunked(b"zz\r\nabc\r\n0\r\n\r\n"),
    "length-short": OK + b"Content-Length: 5\r\n\r\n" + BODY,
    "length-negative": OK + b"Content-Length: -5\r\n\r\n" + BODY,
    "length-equal": OK + b"Content-Length: 15\r\nContent-Length: 15\r\n\r\n" + BODY,
    "length-different": OK + b"Content-Length: 15\r\nContent-Length: 5\r\n\r\n" + BODY,
    "length-chunked": OK + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"f\r\n" + BODY + b"\r\n0\r\n\r\n",
    "coding-gzip": OK + b"Transfer-Encoding: gzip\r\n\r\n" + gzip.compress(BODY),
    "two-at-once": _SIMPLE + _SIMPLE,
    "bytes-after": _SIMPLE + b"what nobody asked for",
    "http10-keep": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 15\r\n\r\n"
                   + BODY,
    "http2": b"HTTP/2.0 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY,
    "head-length": OK + b"Content-Length: 1000000\r\n\r\n",
    "head-body": _SIMPLE,
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no-content-body": response(status=b"204 No Content"),
    "not-modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 15\r\n\r\n",
    "not-modified-body": response(status=b"304 Not Modified"),
    "garbage": b"\x16\x03\x01\x00 this is no HTTP\r\n\r\n",
    "status-0": response(status=b"000 Zero"),
    "status-99": response(status=b"099 Low"),
    "status-600": response(status=b"600 High"),
    "status-999": response(status=b"999 Top"),
    "status-1000": response(status=b"1000 Beyond"),
    "status-404": response(status=b"404 Not Found"),
    "status-503": response(b"", b"Retry-After: 1", status=b"503 Busy"),
    "interim-100": b"HTTP/1.1 100 Continue\r\n\r\n" + _SIMPLE,
    "interim-103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _SIMPLE,
    "interim-10": b"HTTP/1.1 102 Wait\r\n\r\n" * 10 + _SIMPLE,
    "interim-11": b"HTTP/1.1 102 Wait\r\n\r\n" * 11 + _SIMPLE,
    "interim-101": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "headers-200": response(BODY, *(b"X-%d: y" % i for i in range(198))),
    "headers-500": response(BODY, *(b"X-%d: y" % i for i in range(500))),
    "header-1-mib": response(BODY, b"X: " + b"y" * MIB),
    "header-10-mb": response(BODY, *(b"X-%d: " % i + b"y" * 100_000 for i in range(100))),
    "header-folded": response(BODY, b"X: a\r\n b"),
    "header-nul": response(BODY, b"X: a\0b"),
    "header-nameless": response(BODY, b": a"),
    "header-escape": response(BODY, b"X: \x1b[31m"),
    "header-markup": response(BODY, b"X: <script>alert(1)</script>"),
    "gzip": _coded(gzip.compress(BODY), b"gzip"),
    "gzip-twice": _coded(gzip.compress(gzip.compress(BODY)), b"gzip, gzip"),
    "gzip-thrice": _coded(gzip.compress(BODY), b"gzip, gzip, gzip"),
    "gzip-bad": _coded(gzip.compress(BODY)[:-9] + bytes(9), b"gzip"),
    "gzip-cut": _coded(gzip.compress(BODY)[:-9], b"gzip"),
    "gzip-label": _coded(BODY, b"gzip"),
    "deflate": _coded(zlib.compress(BODY), b"deflate"),
    "deflate-raw": _coded(_raw_deflate(BODY), b"deflate"),
    "br": _coded(b'\x0b\x07\x80{"status":"ok"}\x03', b"br"),
    "br-bad": _coded(b"\xff\xff\xff\xff", b"br"),
    "coding-unknown": _coded(BODY, b"martian"),
    "json-cut": response(BODY[:-3]),
    "redirect-relative": _redirect("ok"),
    "redirect-slashes": _redirect("//127.0.0.1:1/x"),
    "redirect-loop": _redirect("/redirect-loop"),
    "redirect-none": response(b"", status=b"302 Found"),
    "redirect-bad": _redirect("http://[::1"),
    "redirect-blank": _redirect("/a b"),
    "redirect-scheme": _redirect("file:///etc/passwd"),
    "redirect-301": _redirect("/ok", b"301 Moved"),
    "redirect-303": _redirect("/ok", b"303 See Other"),
    "redirect-307": _redirect("/ok", b"307 Again"),
    "redirect-to-http": _redirect("http://localhost:1/ok"),
}  # fmt: skip
# Answers that are bytes, after which the connection is closed.
CLOSED: dict[str, bytes] = {
    "closed": b"",
    "closed-in-head": OK + b"Content-Le",
    "closed-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "closed-in-chunk": chunked(b"f\r\n", BODY[:4]),
    "chunk-no-last": chunked(b"f\r\n", BODY, b"\r\n"),
    "body-to-end": OK + b"\r\n" + BODY,
    "http10": b"HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY,
    "closes-after": response(BODY, b"Connection: close"),
    "closes-unsaid": _SIMPLE,
    "interim-only": b"HTTP/1.1 100 Continue\r\n\r\n",
}
# Answers that are bytes, after which the connection is reset.
RESET: dict[str, bytes] = {
    "reset": b"",
    "reset-in-head": OK + b"Content-Le",
    "reset-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "reset-after": _SIMPLE,
}
# Answers that are bytes, after which nothing more ever comes.
STALLED: dict[str, bytes] = {
    "silent": b"",
    "silent-in-head": OK + b"Content-Le",
    "silent-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "silent-before-last-chunk": chunked(b"f\r\n", BODY, b"\r\n"),
}


def reset(link: socket.socket) -> None:
    """Close with a reset."""
    with suppress(OSError):
        time.sleep(0.02)  # what was sent is read before the reset discards it
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()


def _leave(link: socket.socket) -> bool:
    """End the stream in good order: bytes that lie unread would make it a reset."""
    link.shutdown(socket.SHUT_WR)
    while link.recv(65_536):
        pass
    return False


def _drip(link: socket.socket, first: bytes, drop: bytes, every_s: float) -> bool:
    link.sendall(first)
    while True:
        link.sendall(drop)
        time.sleep(every_s)


def _split(asked: Asked, whole: bytes) -> bool:
    """Send a response in two segments, cut at the number in the path; 0 cuts everywhere."""
    at = int(asked.path.rpartition("/")[2])
    parts = [whole[:at], whole[at:]] if at else [bytes([one]) for one in whole]
    for part in parts:
        asked.link.sendall(part)
        time.sleep(0.0005)
    return True


def _race(asked: Asked) -> bool:
    """Answer the first request of a connection; close without a byte when the next has come."""
    if asked.before:
        return False
    asked.link.sendall(_SIMPLE)
    return True


def _race_reset(asked: Asked) -> bool:
    if asked.before:
        reset(asked.link)
        return False
    asked.link.sendall(_SIMPLE)
    return True


def _unasked(asked: Asked) -> bool:
    """Answer, and a moment later once more."""
    asked.link.sendall(_SIMPLE)
    time.sleep(0.03)
    asked.link.sendall(_SIMPLE)
    return True


def _hops(asked: Asked) -> bool:
    left = int(asked.path.rpartition("/")[2])
    asked.link.sendall(_redirect(f"{left - 1}") if left else _SIMPLE)
    return True


def _many(asked: Asked) -> bool:
    asked.link.sendall(chunked())
    part = b"100000\r\n" + bytes(MIB) + b"\r\n"
    for _ in range(66):
        asked.link.sendall(part)
    asked.link.sendall(b"0\r\n\r\n")
    return True


def _announced(asked: Asked) -> bool:
    asked.link.sendall(OK + b"Content-Length: %d\r\n\r\n" % (64 * MIB + 1))
    return _many(asked)


def _refused_early(asked: Asked) -> bool:
    asked.link.sendall(response(b"too much", status=b"413 Too Large"))
    time.sleep(0.3)
    return False


def _echo(asked: Asked) -> bool:
    """Answer with what was asked."""
    lines = [line.partition(": ") for line in asked.head.split("\r\n")[1:]]
    said = {
        "method": asked.method,
        "path": asked.path,
        "headers": {name.lower(): value for name, _, value in lines},
        "body": asked.body.decode("latin-1"),
    }
    asked.link.sendall(response(json.dumps(said).encode()))
    return True


def _to(asked: Asked) -> bool:
    """Redirect as the path says: /to/STATUS?LOCATION."""
    status, _, place = asked.path.removeprefix("/to/").partition("?")
    asked.link.sendall(_redirect(place, f"{status} There".encode()))
    return True


def _cookies(asked: Asked) -> bool:
    """Set the cookies that the query names, separated by commas."""
    lines = asked.path.partition("?")[2].replace("%20", " ").split(",")
    asked.link.sendall(response(BODY, *(b"Set-Cookie: " + line.encode() for line in lines)))
    return True


def _slow_hops(asked: Asked) -> bool:
    time.sleep(0.06)
    return _hops(asked)


def _explode(asked: Asked) -> bool:
    asked.link.sendall(_coded(_bomb(), b"gzip"))
    return True


def _break(asked: Asked) -> bool:
    reset(asked.link)
    return False


ACTIONS: dict[str, Callable[[Asked], bool]] = {
    "split": lambda asked: _split(asked, _SIMPLE),
    "split-chunked": lambda asked: _split(asked, KEPT["chunk-trailers"]),
    "trickle": lambda asked: _drip(asked.link, OK + b"Content-Length: 1000\r\n\r\n", b"x", 0.02),
    "trickle-head": lambda asked: _drip(asked.link, OK, b"X: y\r\n", 0.02),
    "endless": lambda asked: _drip(asked.link, chunked(), b"1\r\nx\r\n", 0.005),
    "race": _race,
    "race-reset": _race_reset,
    "unasked": _unasked,
    "hops": _hops,
    "hops-slow": _slow_hops,
    "echo": _echo,
    "to": _to,
    "cookies": _cookies,
    "body-64-mib": _many,
    "body-announced": _announced,
    "bomb": _explode,
}
# Cases that answer before the body of the request was read.
EARLY: dict[str, Callable[[Asked], bool]] = {
    "early-answer": _refused_early,
    "early-reset": _break,
    "early-close": lambda asked: _leave(asked.link),
}
