"""URLs of targets, parsed strictly: http or https, a host, perhaps a port and a path."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LENGTH = 2_000
_MAX_HOST = 253
_MAX_PORT = 65_535
_URL = re.compile(r"(https?)://([^/]*)(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# what inet_aton takes for an IPv4 address: 127.1, 0x7f000001, 2130706433
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class Origin(NamedTuple):
    """What an entry of the allow-list must match exactly."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetUrl:
    """A parsed URL; `path` is empty or begins with a slash and does not end in one."""

    origin: Origin
    path: str

    @property
    def is_numeric(self) -> bool:
        """Whether the host is an address in some form, not a name."""
        host = self.origin.host
        return ":" in host or _NUMERIC.fullmatch(host) is not None

    def text(self, host: str | None = None) -> str:
        """Return the URL in its one usual form, perhaps with another form of its host."""
        scheme, own, port = self.origin
        host = own if host is None else host
        shown = f"[{host}]" if ":" in host else host
        suffix = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
        return f"{scheme}://{shown}{suffix}{self.path}"


def parse_url(text: str) -> TargetUrl:
    """Return the parts of a URL; `ValueError` never repeats it, since it may hold a password."""
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"a URL has at most {_MAX_LENGTH} characters")
    if "?" in text or "#" in text:
        raise ValueError("a target's URL has no query and no fragment")
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError("not an http or https URL such as https://staging.example:8443")
    scheme, authority, path = match[1].lower(), match[2], match[3] or ""
    if "@" in authority:
        raise ValueError("credentials do not belong in a URL; name a variable with token_env")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("not a host with an optional port")
    port = int(parts[2]) if parts[2] else _DEFAULT_PORTS[scheme]
    if not 1 <= port <= _MAX_PORT:
        raise ValueError(f"a port lies between 1 and {_MAX_PORT}")
    return TargetUrl(origin=Origin(scheme, _parse_host(parts[1]), port), path=path.rstrip("/"))


def _parse_host(text: str) -> str:
    if text.startswith("["):
        try:
            address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise ValueError("not an IPv6 address in brackets") from None
        if address.scope_id is not None:
            raise ValueError("an address with a zone is not a target")
        return address.compressed
    host = (text if text.isascii() else _to_ascii(text)).lower().removesuffix(".")
    if "*" in host:
        raise ValueError("a wildcard is not a host: name each target")
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(part) for part in host.split(".")):
        raise ValueError("not a host name")
    return host


def _to_ascii(text: str) -> str:
    # IDNA's own mapping would quietly turn circled or full-width digits into an address
    if any(not c.isascii() and not c.isalpha() and not c.isdecimal() for c in text):
        raise ValueError("a host is written in letters, ASCII digits, dots and dashes")
    if any(c.isdecimal() and not c.isascii() for c in text):
        raise ValueError("a host has ASCII digits only")
    if unicodedata.normalize("NFKC", text) != text:
        raise ValueError("a host is written in its usual characters")
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("not an international host name") from None
