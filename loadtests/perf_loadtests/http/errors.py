"""Why a request failed: one class of the closed list of `perf_analysis.failure_classes`."""

from __future__ import annotations

import errno
import socket
import ssl

_OK, _CLIENT_ERROR, _SERVER_ERROR, _BEYOND = 200, 400, 500, 600
BY_ERRNO = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
    errno.ENETUNREACH: "net_unreachable",
    errno.EHOSTUNREACH: "net_unreachable",
    errno.EADDRNOTAVAIL: "local_ports",
    errno.EMFILE: "local_files",
    errno.ENFILE: "local_files",
    errno.ENOMEM: "local_memory",
    errno.ENOBUFS: "local_memory",
    errno.ETIMEDOUT: "timeout",
}


class NotAllowedError(PermissionError):
    """A connection to an address outside the allow-list was refused before it was made."""


class RequestFailedError(Exception):
    """A request that failed, and its class."""

    def __init__(self, error_class: str, text: str) -> None:
        super().__init__(text)
        self.error_class = error_class


def failure_of(error: OSError) -> RequestFailedError:
    """What an error of a socket, a look-up or a handshake means.

    Examples
    --------
    >>> failure_of(ConnectionRefusedError(111, "Connection refused")).error_class
    'refused'
    """
    if isinstance(error, NotAllowedError):
        name = "not_allowed"
    elif isinstance(error, ssl.SSLCertVerificationError):
        return RequestFailedError("tls_verify", error.verify_message or str(error))
    elif isinstance(error, ssl.SSLError):
        name = "tls_handshake"
    elif isinstance(error, socket.gaierror):
        name = "dns"
    else:
        name = BY_ERRNO.get(error.errno or 0, "reset")
    return RequestFailedError(name, str(error))


def by_status(status: int) -> str:
    """Class of a whole response by its status alone; empty for a success (200 to 399)."""
    if _OK <= status < _CLIENT_ERROR:
        return ""
    if _CLIENT_ERROR <= status < _SERVER_ERROR:
        return "http_4xx"
    return "http_5xx" if _SERVER_ERROR <= status < _BEYOND else "bad_status"
