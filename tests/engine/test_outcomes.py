"""Every way a client can fail has one class, whichever client it was."""

from __future__ import annotations

import errno
import socket
import ssl
import zlib

import pytest
import requests.exceptions
import urllib3.exceptions
from geventhttpclient._parser import HTTPParseError
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.useragent import RetriesExceeded
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.exception import CatchResponseError

from perf_analysis.failure_classes import FAILURE_CLASSES
from perf_loadtests.engine.outcomes import DeadlineExceededError, classify
from perf_loadtests.http.errors import NotAllowedError, by_status

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("status", "name"),
    [(200, ""), (204, ""), (304, ""), (399, ""), (400, "http_4xx"), (429, "http_4xx"),
     (500, "http_5xx"), (599, "http_5xx"), (600, "bad_status"), (999, "bad_status"),
     (99, "bad_status"), (0, "bad_status")],
)  # fmt: skip
def test_a_status_alone_has_one_class(status: int, name: str) -> None:
    assert by_status(status) == name


def wrapped(inner: BaseException) -> BaseException:
    return RetriesExceeded("http://x/", 0, original=inner)


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        pytest.param(None, 200, "", id="success"),
        pytest.param(None, 404, "", id="declared-success"),
        pytest.param(None, 0, "protocol_error", id="no-response-is-no-success"),
        pytest.param(DeadlineExceededError("5 s"), 0, "timeout", id="deadline"),
        pytest.param(wrapped(DeadlineExceededError("5 s")), 0, "timeout", id="deadline-wrapped"),
        pytest.param(NotAllowedError("x"), 0, "not_allowed", id="guard"),
        pytest.param(ConnectionRefusedError(errno.ECONNREFUSED, "x"), 0, "refused", id="refused"),
        pytest.param(
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ProtocolError("x", ConnectionResetError(errno.ECONNRESET, "x"))
            ),
            0, "reset", id="reset-in-requests",
        ),
        pytest.param(BrokenPipeError(), 0, "reset", id="broken-pipe"),
        pytest.param(HTTPConnectionClosed("x"), 0, "closed_before_response", id="closed"),
        pytest.param(
            requests.exceptions.ConnectionError("RemoteDisconnected('Remote end closed')"),
            0, "closed_before_response", id="closed-in-requests",
        ),
        pytest.param(HTTPParseError("x"), 0, "protocol_error", id="garbage"),
        pytest.param(HTTPParseError("x"), 200, "body_truncated", id="cut-body"),
        pytest.param(
            requests.exceptions.ChunkedEncodingError("x"), 200, "body_truncated", id="cut-chunks"
        ),
        pytest.param(zlib.error("x"), 200, "decode_error", id="bad-gzip"),
        pytest.param(ssl.SSLCertVerificationError("x"), 0, "tls_verify", id="certificate"),
        pytest.param(ssl.SSLError("x"), 0, "tls_handshake", id="handshake"),
        pytest.param(socket.gaierror(-2, "x"), 0, "dns", id="dns"),
        pytest.param(OSError(errno.EMFILE, "x"), 0, "local_files", id="files"),
        pytest.param(OSError(errno.EADDRNOTAVAIL, "x"), 0, "local_ports", id="ports"),
        pytest.param(OSError(errno.ENOMEM, "x"), 0, "local_memory", id="memory"),
        pytest.param(OSError(errno.EHOSTUNREACH, "x"), 0, "net_unreachable", id="route"),
        pytest.param(
            requests.exceptions.ConnectTimeout("x"), 0, "connect_timeout", id="connect-timeout"
        ),
        pytest.param(requests.exceptions.ReadTimeout("x"), 0, "timeout", id="read-timeout"),
        pytest.param(
            requests.exceptions.TooManyRedirects("x"), 302, "too_many_redirects", id="redirects"
        ),
        pytest.param(
            RetriesExceeded("http://x/", "Redirection limit reached (5)"), 0,
            "too_many_redirects", id="redirects-fasthttp",
        ),
        pytest.param(requests.exceptions.InvalidURL("x"), 0, "bad_redirect", id="location"),
        pytest.param(CatchResponseError("no token"), 200, "assertion", id="failure"),
        pytest.param(ValueError("no token"), 200, "assertion", id="failure-by-exception"),
        pytest.param(LocustBadStatusCode("http://x/", code=503), 503, "http_5xx", id="fast-503"),
        pytest.param(requests.exceptions.HTTPError("404"), 404, "http_4xx", id="requests-404"),
        pytest.param(LocustBadStatusCode("http://x/", code=300), 300, "", id="fast-300"),
        pytest.param(None, 404, "", id="declared-a-success"),
        pytest.param(None, 999, "bad_status", id="no-status-of-http"),
    ],
)  # fmt: skip
def test_a_failure_has_one_class(error: BaseException | None, status: int, name: str) -> None:
    assert classify(error, status) == name
    assert name in ("", *FAILURE_CLASSES)


def test_a_cycle_of_causes_ends() -> None:
    error = RuntimeError("a")
    error.__context__ = ValueError("b")
    error.__context__.__context__ = error
    assert classify(error, 0) == "protocol_error"
