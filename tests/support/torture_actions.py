"""How the torture server answers where more than bytes is needed: time, state, resets."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torture_answers import BODY, KEPT, MIB, OK, SIMPLE, chunked, coded, redirect, response

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Asked:
    """One request as the server read it."""

    link: socket.socket
    method: str
    path: str
    before: int  # requests on this connection before this one
    head: str = ""
    body: bytes = b""


def _bomb() -> bytes:
    return gzip.compress(bytes(32 * MIB))


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
    asked.link.sendall(SIMPLE)
    return True


def _race_reset(asked: Asked) -> bool:
    if asked.before:
        reset(asked.link)
        return False
    asked.link.sendall(SIMPLE)
    return True


def _unasked(asked: Asked) -> bool:
    """Answer, and a moment later once more."""
    asked.link.sendall(SIMPLE)
    time.sleep(0.03)
    asked.link.sendall(SIMPLE)
    return True


def _hops(asked: Asked) -> bool:
    left = int(asked.path.rpartition("/")[2])
    asked.link.sendall(redirect(f"{left - 1}") if left else SIMPLE)
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


def _interim(asked: Asked) -> bool:
    """Say that it takes a while; only then read the body."""
    asked.link.sendall(b"HTTP/1.1 102 Wait\r\n")
    time.sleep(0.02)
    asked.link.sendall(b"X: y\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
    time.sleep(0.02)
    return True


def _refused_later(asked: Asked) -> bool:
    asked.link.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    time.sleep(0.02)
    return _refused_early(asked)


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
    asked.link.sendall(redirect(place, f"{status} There".encode()))
    return True


def _cookies(asked: Asked) -> bool:
    """Set the cookies that the query names, separated by commas."""
    lines = asked.path.partition("?")[2].replace("%20", " ").split(",")
    asked.link.sendall(response(BODY, *(b"Set-Cookie: " + line.encode() for line in lines)))
    return True


def _slow_hops(asked: Asked) -> bool:
    time.sleep(0.1)
    return _hops(asked)


def _explode(asked: Asked) -> bool:
    asked.link.sendall(coded(_bomb(), b"gzip"))
    return True


def _break(asked: Asked) -> bool:
    reset(asked.link)
    return False


ACTIONS: dict[str, Callable[[Asked], bool]] = {
    "split": lambda asked: _split(asked, SIMPLE),
    "split-chunked": lambda asked: _split(asked, KEPT["chunk-trailers"]),
    "split-empty": lambda asked: _split(asked, KEPT["header-empty"]),
    "trickle": lambda asked: _drip(asked.link, OK + b"Content-Length: 1000\r\n\r\n", b"x", 0.02),
    "trickle-head": lambda asked: _drip(asked.link, OK, b"X: y\r\n", 0.02),
    "endless": lambda asked: _drip(asked.link, chunked(), b"1\r\nx\r\n", 0.005),
    "flood": lambda asked: _drip(asked.link, chunked(), b"1\r\nx\r\n" * 100_000, 0.0),
    "flood-extension": lambda asked: _drip(asked.link, chunked(b"1;x="), b"y" * 65_536, 0.0),
    "flood-trailer": lambda asked: _drip(asked.link, chunked(b"0\r\nX: "), b"y" * 65_536, 0.0),
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
# Cases that answer before the body of the request was read; it is read where one returns True.
EARLY: dict[str, Callable[[Asked], bool]] = {
    "early-answer": _refused_early,
    "early-interim": _interim,
    "early-hints": _refused_later,
    "early-reset": _break,
    "early-close": lambda asked: _leave(asked.link),
}
