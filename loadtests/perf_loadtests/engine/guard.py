"""The allow-list at every connect: only loopback and the pinned addresses are ever reached."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import gevent.socket
from gevent import _socket3

from perf_loadtests.http.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Address = tuple[str, int] | tuple[str, int, int, int]
_INET = (socket.AF_INET, socket.AF_INET6)
MOST_KNOWN = 1_024


class Guard:
    """Checks addresses and answers look-ups from what was resolved before the load.

    Parameters
    ----------
    addresses : sequence of (host, port, addresses)
    refused : callable
        Told the first forbidden address, before the connect fails.
    """

    def __init__(
        self, addresses: Sequence[tuple[str, int, list[str]]], refused: Callable[[str], None]
    ) -> None:
        self._pinned = {host.lower().rstrip("."): found for host, _, found in addresses}
        self._allowed = {(ip, port) for _, port, found in addresses for ip in found}
        self._refused = refused
        # a user that starts under load connects at once: what was allowed stays allowed
        self._known: dict[tuple[str, int], str] = {}

    def allows(self, ip: str, port: int) -> bool:
        """Whether a connection to an address may be made."""
        address = ipaddress.ip_address(ip.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        return address.is_loopback or (str(address), port) in self._allowed

    def check(self, host: str, port: int) -> str:
        """Return the address to connect to; raise `NotAllowedError` where it is not allowed."""
        known = self._known.get((host, port))
        if known is not None:
            return known
        for ip in self.lookup(host):
            if self.allows(ip, port):
                if len(self._known) < MOST_KNOWN:
                    self._known[host, port] = ip
                return ip
        self._refused(f"{host}:{port}")
        raise NotAllowedError(f"{host}:{port} is not on the allow-list")

    def lookup(self, host: str) -> list[str]:
        """Addresses of a host: itself, or what was pinned; others are not resolved at all."""
        name = host.lower().rstrip(".")
        try:
            return [str(ipaddress.ip_address(name.partition("%")[0]))]
        except ValueError:
            if name in self._pinned:
                return self._pinned[name]
        if name == "localhost":
            return ["127.0.0.1", "::1"]
        self._refused(host)
        raise NotAllowedError(f"{host} is not on the allow-list, so it is not resolved")

    def install(self) -> None:
        """Put the guard before every connect and every look-up of this process."""
        original = _socket3.socket.connect
        original_ex = _socket3.socket.connect_ex

        def guarded(sock: _socket3.socket, address: Address) -> Address:
            if sock.family not in _INET:
                return address
            return (self.check(address[0], address[1]), *address[1:])

        def connect(sock: _socket3.socket, address: Address) -> object:
            return original(sock, guarded(sock, address))

        def connect_ex(sock: _socket3.socket, address: Address) -> object:
            return original_ex(sock, guarded(sock, address))

        _socket3.socket.connect = connect
        _socket3.socket.connect_ex = connect_ex
        socket.getaddrinfo = self._getaddrinfo  # type: ignore[assignment]  # fewer overloads
        gevent.socket.getaddrinfo = self._getaddrinfo

    def _getaddrinfo(  # the standard library's own signature
        self,
        host: str | bytes | None,
        port: str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002  # the standard library's own name
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[int, int, int, str, Address]]:
        del flags
        name = host.decode() if isinstance(host, bytes) else (host or "127.0.0.1")
        number = int(port or 0)
        kind = type or socket.SOCK_STREAM
        rows: list[tuple[int, int, int, str, Address]] = []
        for ip in self.lookup(name):
            found = socket.AF_INET6 if ":" in ip else socket.AF_INET
            if family in (0, found):
                place: Address = (ip, number, 0, 0) if ":" in ip else (ip, number)
                rows.append((found, kind, proto or socket.IPPROTO_TCP, "", place))
        if not rows:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} has no address of that family")
        return rows
