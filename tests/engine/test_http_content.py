"""Heads that are remembered, and bodies that are decoded."""

from __future__ import annotations

import errno
import gzip
import zlib
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import gevent
import gevent.socket
import pytest

from booked import Booked
from perf_loadtests.http import LeanHttpUser, parser
from perf_loadtests.http.content import MAX_MEMBERS, decode
from perf_loadtests.http.errors import RequestFailedError, failure_of
from torture_answers import BODY, raw_deflate
from torture_cases import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine


@contextmanager
def answering(*segments: bytes) -> Iterator[str]:
    """A server for one connection, which sends a segment each time it is asked something."""
    listener = gevent.socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listener.accept()
        with closing(link):
            for segment in segments:
                link.recv(65_536)
                link.sendall(segment)
            link.recv(65_536)

    serving = gevent.spawn(serve)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        serving.kill()
        listener.close()


HEAD = b"HTTP/1.1 200 OK\r\nX-Test: memo\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (HEAD + b"two", "200, 200"),
        (HEAD + b"twofold", "200, 200 unsolicited"),
        (HEAD + b"two" + HEAD + b"two", "200, 200 unsolicited"),
        (HEAD[:-1], "200, 0 timeout"),
        (HEAD + b"tw", "200, 0 timeout"),
        (b"HTTP/1.1 404 X\r\nContent-Length: 3\r\n\r\ntwo", "200, 404 http_4xx"),
    ],
)
def test_a_head_that_was_seen_before_hides_nothing(second: bytes, found: str) -> None:
    user = Booked(LeanHttpUser, "http://127.0.0.1")
    with answering(HEAD + b"one", second) as url:
        assert user.client.get(url, name="x").content == b"one"
        assert HEAD in parser._MEMO
        user.client.get(url, name="x", timeout=0.1)
    assert outcome(user.taken()[0]) == found


def test_remembered_heads_are_bounded() -> None:
    for i in range(600):
        with_number = HEAD.replace(b"memo", b"%d" % i)
        made = parser.Parser(to_head=False)
        made.feed(with_number + b"abc")
        assert made.head is not None
        parser._remember(with_number, made.head)
    assert len(parser._MEMO) <= 256


ZEROS = bytes(2 << 20)


@pytest.mark.parametrize(
    ("body", "encoding", "found"),
    [
        (BODY, "identity", BODY),
        (gzip.compress(b"a") + gzip.compress(b"b"), "gzip", b"ab"),
        (gzip.compress(zlib.compress(b"a")), "deflate, x-gzip", b"a"),
        (raw_deflate(b"a"), "deflate", b"a"),
        (gzip.compress(ZEROS[: 1 << 20]), "gzip", ZEROS[: 1 << 20]),
        (gzip.compress(ZEROS), "gzip", "body_too_large"),
        (gzip.compress(b"a") * MAX_MEMBERS, "gzip", b"a" * MAX_MEMBERS),
        (gzip.compress(b"a") * (MAX_MEMBERS + 1), "gzip", "decode_error"),
        (gzip.compress(b"") * ((1 << 20) // 20), "gzip", "decode_error"),
        (gzip.compress(b"a") + b"b", "gzip", "decode_error"),
        (zlib.compress(b"a") + b"b", "deflate", "decode_error"),
        (gzip.compress(b"a")[:-1], "gzip", "decode_error"),
        (b"a", "gzip, gzip, gzip", "decode_error"),
        (b"a", "zstd", "decode_error"),
    ],
)  # fmt: skip
def test_bodies_are_decoded_up_to_a_limit(body: bytes, encoding: str, found: bytes | str) -> None:
    if isinstance(found, bytes):
        assert decode(body, encoding) == found
        return
    with pytest.raises(RequestFailedError) as caught:
        decode(body, encoding)
    assert caught.value.error_class == found


@pytest.mark.parametrize(
    ("error", "error_class"),
    [(PermissionError(errno.EACCES, "x"), "reset"), (ConnectionAbortedError(), "reset")],
)
def test_an_error_of_no_known_number_is_still_one_of_the_connection(
    error: OSError, error_class: str
) -> None:
    assert failure_of(error).error_class == error_class
