"""Requests as bytes: built once for each method, address and set of headers, then sent again."""

from __future__ import annotations

import base64
import json as json_module
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from perf_loadtests.http.connection import Origin
from perf_loadtests.http.content import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_loadtests.http.cookies import Jar

Pairs = Mapping[str, object] | list[tuple[str, object]] | tuple[tuple[str, object], ...]
PORTS = {"http": 80, "https": 443}
# Never sent on to another origin, nor set twice.
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OWN = frozenset({"content-length", "transfer-encoding", "connection"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BREAKING = re.compile(r"[\r\n\0]")
_VARIES = re.compile(r"[0-9]|[a-fA-F]{16}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}|[a-fA-F]{16,}")
_KEEP = "/:?#[]@!$&'()*+,;=%~-._"
_DEFAULTS = (
    ("User-Agent", "perfproof"), ("Accept", "*/*"), ("Accept-Encoding", ACCEPTED),
)  # fmt: skip
_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_MAX_CACHED = 4_096


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart: where to connect, and what to ask for there."""

    origin: Origin
    target: str

    @property
    def path(self) -> str:
        """Path without the query."""
        return self.target.partition("?")[0]

    @property
    def url(self) -> str:
        """The URL again, without user and fragment."""
        scheme = "https" if self.origin.secure else "http"
        return f"{scheme}://{authority(self.origin)}{self.target}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All of a request but its cookies and its body's length.

    `content_type` is the default by the kind of the body, `asked` the path as a name,
    `bare` the whole request without cookies where it needs no body.
    """

    method: str
    address: Address
    headers: tuple[tuple[str, str], ...]
    head: bytes
    has_cookie: bool
    content_type: str = ""
    asked: str = "/"
    bare: bytes = b""


def template_of(url: str) -> str:
    """Path that a request is named by: without query, and with what varies in it left out.

    Examples
    --------
    >>> template_of("/user/12345/token/abcdef0123456789?page=2")
    '/user/{n}/token/{hex}'
    >>> template_of("/v1/orders/3f2b8c1e-0a4d-4e0f-9c55-7b1e2d3c4a5b")
    '/v1/orders/{uuid}'
    """
    path = urlsplit(url).path or "/"
    if not _VARIES.search(path):
        return path
    return "/".join(map(_placeholder, path.split("/")))


def _placeholder(segment: str) -> str:
    if segment.isascii() and segment.isdigit():
        return "{n}"
    if _UUID.fullmatch(segment):
        return "{uuid}"
    return "{hex}" if _HEX.fullmatch(segment) else segment


def authority(origin: Origin) -> str:
    """Host and port as they stand in a URL and in `Host`."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    usual = PORTS["https" if origin.secure else "http"]
    return host if origin.port == usual else f"{host}:{origin.port}"


def parse_url(url: str, base: str = "") -> Address:
    """Take a URL apart; what has no scheme lies below `base`.

    Raises
    ------
    ValueError
        If it has blanks or control characters, no host, or a scheme other than http and https.

    Examples
    --------
    >>> parse_url("/a?b=c#d", "http://h:8080").url
    'http://h:8080/a?b=c'
    """
    if _UNSAFE.search(url):
        raise ValueError(f"a URL must not hold blanks or control characters: {url!r}")
    if not url.lower().startswith(("http://", "https://")):
        if _SCHEME.match(url):
            raise ValueError(f"expected an http or https URL, got {url!r}")
        url = f"{base.rstrip('/')}/{url.lstrip('/')}"
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"expected an http or https URL, or a path below the host: {url!r}")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    port = parts.port if parts.port is not None else PORTS[parts.scheme]
    target = quote(parts.path or "/", safe=_KEEP)
    if parts.query:
        target += f"?{quote(parts.query, safe=_KEEP)}"
    return Address(Origin(parts.scheme == "https", host, port), target)


def resolve(location: str, address: Address) -> Address:
    """Where a `Location` leads; ValueError where it leads nowhere or from https to http."""
    found = parse_url(urljoin(address.url, location.strip(" \t")))
    if address.origin.secure and not found.origin.secure:
        raise ValueError("from https to http")
    return found


def with_params(url: str, params: Pairs | str | None) -> str:
    """URL with further query parameters."""
    if not params:
        return url
    query = params if isinstance(params, str) else urlencode(_present(params), doseq=True)
    url, _, fragment = url.partition("#")
    del fragment
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def body_of(data: object, json: object) -> tuple[bytes, str]:
    """Body and its default content type: bytes, text, a form, or JSON.

    Raises
    ------
    ValueError
        If both are given, or `data` is of another kind.
    """
    if json is not None:
        if data is not None:
            raise ValueError("expected either data or json, got both")
        return json_module.dumps(json).encode(), "application/json"
    if data is None:
        return b"", ""
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data), ""
    if isinstance(data, str):
        return data.encode(), ""
    if isinstance(data, Mapping | list | tuple):
        form = urlencode(_present(data), doseq=True)
        return form.encode(), "application/x-www-form-urlencoded"
    raise ValueError(f"expected data as bytes, text or a form, got {type(data).__name__}")


def _present(pairs: Pairs) -> list[tuple[str, object]]:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [(key, value) for key, value in items if value is not None]


def basic(user: str, password: str) -> str:
    """Value of `Authorization` for basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


_CACHE: dict[tuple[object, ...], Prepared] = {}


def prepare(
    method: str, url: str, base: str, headers: tuple[tuple[str, str], ...], content_type: str
) -> Prepared:
    """Request line and headers; from the cache where the same was asked before.

    Raises
    ------
    ValueError
        If method, URL or a header could break out of its place in the message.
    """
    key = (method, url, base, headers, content_type)
    known = _CACHE.get(key)
    if known is None:
        if len(_CACHE) >= _MAX_CACHED:
            _CACHE.clear()
        made = build(method, parse_url(url, base), headers, content_type)
        known = _CACHE[key] = replace(made, asked=template_of(url))
    return known


def build(
    method: str, address: Address, headers: Iterable[tuple[str, str]], content_type: str = ""
) -> Prepared:
    """Request line and headers of one request; later headers replace earlier ones."""
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"expected a method of HTTP, got {method!r}")
    chosen: dict[str, tuple[str, str]] = {"host": ("Host", authority(address.origin))}
    defaults = (*_DEFAULTS, ("Content-Type", content_type)) if content_type else _DEFAULTS
    for name, value in (*defaults, *headers):
        if not _TOKEN.fullmatch(name) or _BREAKING.search(value):
            raise ValueError(f"header {name!r}: expected a name and one line of text")
        if name.lower() in _OWN:
            raise ValueError(f"header {name!r} is set by the client itself")
        chosen[name.lower()] = (name, value.strip(" \t"))
    lines = [f"{method.upper()} {address.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in chosen.values()]
    kept = tuple(headers)
    head = "\r\n".join(lines).encode() + b"\r\n"
    method = method.upper()
    bare = head + b"\r\n" if method in _BODYLESS else b""
    has_cookie = "cookie" in chosen
    return Prepared(method, address, kept, head, has_cookie, content_type, bare=bare)


def finish(prepared: Prepared, body: bytes, jar: Jar) -> bytes:
    """Whole request: cookies and length behind the prepared head, then the body."""
    head = prepared.head
    if jar.held and not prepared.has_cookie:
        address = prepared.address
        line = jar.line(secure=address.origin.secure, host=address.origin.host, path=address.path)
        if line:
            head += f"Cookie: {line}\r\n".encode("latin-1", "replace")
    if body or prepared.method not in _BODYLESS:
        head += b"Content-Length: %d\r\n" % len(body)
    return head + b"\r\n" + body


def redirected(prepared: Prepared, location: str, *, to_get: bool) -> Prepared:
    """Request that follows a redirect: to another origin without credentials.

    Raises
    ------
    ValueError
        If the location leads nowhere, or from https to http.
    """
    address = resolve(location, prepared.address)
    dropped = {"content-type"} if to_get else set()
    if address.origin != prepared.address.origin:
        dropped |= {*CREDENTIALS, "host"}
    headers = [pair for pair in prepared.headers if pair[0].lower() not in dropped]
    method = "GET" if to_get and prepared.method != "HEAD" else prepared.method
    return build(method, address, headers, "" if to_get else prepared.content_type)
