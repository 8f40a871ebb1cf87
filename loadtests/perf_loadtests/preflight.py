"""Before any load: the target resolves, connects and shows a certificate; files suffice."""

from __future__ import annotations

import ipaddress
import resource
import shutil
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perf_documents.errors import InfraError, UnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 3
PAUSE_S = 1.0
CONNECT_S = 5.0
RESOLVE_S = 10.0
FREE_BYTES = 64 * 1024 * 1024
SPARE_FILES = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port of a target."""

    scheme: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def origin_of(url: str) -> Origin:
    """Origin of a checked URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return Origin(
        scheme=parts.scheme, host=host, port=parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)
    )


def resolve(host: str, port: int) -> list[str]:
    """Addresses of a host within ten seconds, in the resolver's order, each once.

    Raises
    ------
    UnreachableError
        If it does not resolve in time.
    """
    found: list[str] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except OSError as error:
            failed.append(error.strerror or str(error))

    # the resolver knows no deadline of its own
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(RESOLVE_S)
    if not found:
        cause = failed[0] if failed else f"no answer within {RESOLVE_S:.0f} s"
        raise UnreachableError(
            f"cannot resolve {host}: {cause}; before load, nothing sent; "
            "next: correct --target or the resolver"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on trying.

    Attributes
    ----------
    wait_s : float
        At least three tries, one second apart, are made.
    stopped : callable
        Whether to give up at once.
    """

    wait_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    stopped: Callable[[], bool]


def reach(origin: Origin, addresses: list[str], *, verify: bool, patience: Patience) -> list[str]:
    """Addresses of a target with the one that answered first; only a connection is made.

    Parameters
    ----------
    verify : bool
        Whether a certificate that does not verify counts as not reached.

    Raises
    ------
    UnreachableError
        If no address accepts a connection (and completes a TLS handshake, for https).
    """
    deadline_s, tries, cause = patience.clock() + patience.wait_s, 0, ""
    while True:
        tries += 1
        for address in addresses:
            cause = _try(origin, address, verify=verify)
            if not cause:
                return [address, *(other for other in addresses if other != address)]
        if patience.stopped() or (tries >= TRIES and patience.clock() >= deadline_s):
            break
        patience.sleep(PAUSE_S)
    raise UnreachableError(
        f"target unreachable: {origin.place} {cause} ({tries} tries); before load, nothing sent; "
        "next: start it or correct --target"
    )


def _try(origin: Origin, address: str, *, verify: bool) -> str:
    try:
        with socket.create_connection((address, origin.port), timeout=CONNECT_S) as plain:
            if origin.scheme == "https":
                context = ssl.create_default_context()
                if not verify:
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with context.wrap_socket(plain, server_hostname=origin.host):
                    pass
    except ssl.SSLCertVerificationError as error:
        return f"shows a certificate that does not verify ({error.verify_message})"
    except ssl.SSLError as error:
        return f"does not complete a TLS handshake ({error.reason})"
    except ConnectionRefusedError:
        return "refused the connection"
    except TimeoutError:
        return f"did not answer within {CONNECT_S:.0f} s"
    except OSError as error:
        return f"cannot be connected to ({error.strerror or error})"
    return ""


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def check_files(max_vus: int) -> None:
    """Raise the limit of open files as far as it goes, and make sure that it suffices.

    Raises
    ------
    UsageError
        If it is below 2 * `max_vus` + 200.
    """
    needed = 2 * max_vus + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < needed:
        limit = needed if hard == unlimited else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        soft = limit
    if soft != unlimited and soft < needed:
        raise UsageError(
            f"open files: {max_vus} VUs need {needed} descriptors, the limit is {soft}; before "
            f"load, nothing sent; next: lower max_vus or raise the limit (ulimit -n {needed})"
        )


def check_space(folder: Path) -> None:
    """Make sure that the record of a run has room.

    Raises
    ------
    InfraError
        If fewer than 64 MiB are free.
    """
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise InfraError(
            f"{folder}: {free // 2**20} MiB free, the record of a run may need "
            f"{FREE_BYTES // 2**20}; before load, nothing sent; next: free some space"
        )
