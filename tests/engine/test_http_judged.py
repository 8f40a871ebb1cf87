"""What a scenario's verdict replaces: that by status, and nothing else."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from gevent import _socket3

from booked import Booked
from perf_loadtests.http import LeanHttpUser
from torture_cases import outcome

if TYPE_CHECKING:
    from torture_server import Server

pytestmark = pytest.mark.engine
VERDICTS = {
    "success": lambda response: response.success(),
    "failure": lambda response: response.failure("not what it should be"),
    "exception": lambda response: response.failure(KeyError("token")),
}


def judged(user: Booked, path: str, verdict: str) -> str:
    """Outcome of a request that the scenario judges."""
    with user.client.get(path, name="x", catch_response=True, timeout=1.0) as response:
        VERDICTS[verdict](response)
    return outcome(user.taken()[0])


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("closed", "0 closed_before_response"), ("closed-in-body", "200 body_truncated"),
        ("reset-in-body", "200 reset"), ("garbage", "0 protocol_error"),
        ("chunk-bad-hex", "200 protocol_error"), ("bytes-after", "200 unsolicited"),
        ("gzip-bad", "200 decode_error"), ("bomb", "200 body_too_large"),
        ("silent-in-body", "0 timeout"), ("redirect-bad", "302 bad_redirect"),
        ("redirect-slashes", "302, 0 refused"),
        ("redirect-loop", "5x302, 302 too_many_redirects"),
    ],
)  # fmt: skip
def test_no_verdict_makes_whole_what_broke(
    server: Server, path: str, found: str, verdict: str
) -> None:
    assert judged(Booked(LeanHttpUser, server.url), f"/{path}", verdict) == found


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize(
    ("number", "found"),
    [
        (errno.EMFILE, "0 local_files"), (errno.EADDRNOTAVAIL, "0 local_ports"),
        (errno.ENOBUFS, "0 local_memory"),
    ],
)  # fmt: skip
def test_no_verdict_blames_the_target_for_the_generator(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int, found: str, verdict: str
) -> None:
    def connect(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_socket3.socket, "connect", connect)
    assert judged(Booked(LeanHttpUser, server.url), "/ok", verdict) == found


@pytest.mark.parametrize(
    ("path", "verdict", "found"),
    [
        ("ok", "success", "200"), ("ok", "failure", "200 assertion"),
        ("ok", "exception", "200 assertion"), ("status-404", "success", "404"),
        ("status-404", "failure", "404 assertion"), ("status-503", "success", "503"),
        ("status-600", "success", "600"),
    ],
)  # fmt: skip
def test_a_verdict_replaces_the_one_by_status(
    server: Server, path: str, verdict: str, found: str
) -> None:
    assert judged(Booked(LeanHttpUser, server.url), f"/{path}", verdict) == found
