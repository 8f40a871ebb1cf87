"""Cookies of one VU, by the rules of RFC 6265 that matter to a client without a browser."""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_COOKIES = 200
MAX_BYTES = 4_096
_AGE = re.compile(r"-?[0-9]+")
_FAR_S = 10**11  # some three thousand years: a float holds it beside today


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie; `expires_s` on the wall clock, None for the length of the session."""

    name: str
    value: str
    host: str
    host_only: bool
    path: str
    secure: bool
    expires_s: float | None

    def fits(self, *, secure: bool, host: str, path: str) -> bool:
        """Whether a request to host and path carries it."""
        if self.secure and not secure:
            return False
        if host != self.host and (self.host_only or not host.endswith(f".{self.host}")):
            return False
        base = self.path if self.path.endswith("/") else f"{self.path}/"
        return path == self.path or path.startswith(base)


class Jar:
    """Cookies that a VU holds; false while there are none.

    Attributes
    ----------
    held : dict
        By host, path and name; while it is empty cookies cost nothing.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:  # noqa: TID251  # expiry
        self._wall = wall
        self.held: dict[tuple[str, str, str], Cookie] = {}

    def __len__(self) -> int:
        return len(self.held)

    def clear(self) -> None:
        """Forget all."""
        self.held.clear()

    def store(self, lines: Iterable[str], *, host: str, path: str) -> None:
        """Take the `Set-Cookie` lines of a response; those that are not allowed are ignored."""
        for line in lines:
            cookie = parse(line, host=host, path=path, now_s=self._wall())
            if cookie is None:
                continue
            key = (cookie.host, cookie.path, cookie.name)
            self.held.pop(key, None)
            if cookie.expires_s is not None and cookie.expires_s <= self._wall():
                continue
            if len(self.held) >= MAX_COOKIES:
                del self.held[next(iter(self.held))]
            self.held[key] = cookie

    def line(self, *, secure: bool, host: str, path: str) -> str:
        """Value of the `Cookie` header, longest path first; empty where none fits."""
        now_s = self._wall()
        fitting = [
            cookie for cookie in self.held.values()
            if cookie.fits(secure=secure, host=host, path=path)
            and (cookie.expires_s is None or cookie.expires_s > now_s)
        ]  # fmt: skip
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)


def parse(line: str, *, host: str, path: str, now_s: float) -> Cookie | None:
    """One `Set-Cookie` line; None where it is malformed or for somebody else's host."""
    first, *rest = line.split(";")
    name, equals, value = first.partition("=")
    name = name.strip()
    if not equals or not name or len(line) > MAX_BYTES or not line.isprintable():
        return None
    given: dict[str, str] = {}
    for attribute in rest:
        key, _, text = attribute.partition("=")
        given[key.strip().lower()] = text.strip()
    domain = given.get("domain", "").lstrip(".").lower()
    if domain and not _may_set(domain, host):
        return None
    where = given.get("path", "")
    if not where.startswith("/"):
        where = path.rpartition("/")[0] or "/"
    return Cookie(
        name=name,
        value=value.strip(),
        host=domain or host,
        host_only=not domain or _is_address(host),
        path=where,
        secure="secure" in given,
        expires_s=_expiry(given, now_s),
    )


def _may_set(domain: str, host: str) -> bool:
    if domain == host:
        return True
    return "." in domain and host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _expiry(given: dict[str, str], now_s: float) -> float | None:
    """`Max-Age` before `Expires`; None where neither can be read."""
    age = _AGE.fullmatch(given.get("max-age", ""))
    if age is not None:
        return now_s + max(-_FAR_S, min(int(age[0]), _FAR_S))
    if "expires" in given:
        try:
            return parsedate_to_datetime(given["expires"]).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
    return None
