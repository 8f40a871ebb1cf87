"""What the torture server answers, by the path that is asked for, where that is plain bytes."""

from __future__ import annotations

import gzip
import zlib

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"status":"ok"}'
MIB = 1 << 20


def response(body: bytes = BODY, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Well-formed response."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*rest: bytes) -> bytes:
    """Chunked response: head, then `rest` as it is."""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(rest)


def coded(body: bytes, coding: bytes) -> bytes:
    """Response whose body is said to be coded."""
    return response(body, b"Content-Encoding: " + coding)


def raw_deflate(body: bytes) -> bytes:
    """Deflate without zlib's header."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def redirect(place: str, status: bytes = b"302 Found") -> bytes:
    """Redirect to a place."""
    return response(b"", b"Location: " + place.encode("latin-1"), status=status)


SIMPLE = response()
# Answers that are bytes, after which the connection stays open.
KEPT: dict[str, bytes] = {
    "ok": SIMPLE,
    "empty": response(b""),
    "chunked": chunked(b"6\r\n{\"stat\r\n", b"9\r\nus\":\"ok\"}\r\n0\r\n\r\n"),
    "chunk-trailers": chunked(b"f;a=b;c=\"d\"\r\n", BODY, b"\r\n0\r\nX-Sum: 1\r\n\r\n"),
    "chunk-huge": chunked(b"ffffffffffffffffff\r\nab"),
    "chunk-bad-hex": chunked(b"zz\r\nabc\r\n0\r\n\r\n"),
    "length-short": OK + b"Content-Length: 5\r\n\r\n" + BODY,
    "length-negative": OK + b"Content-Length: -5\r\n\r\n" + BODY,
    "length-equal": OK + b"Content-Length: 15\r\nContent-Length: 15\r\n\r\n" + BODY,
    "length-different": OK + b"Content-Length: 15\r\nContent-Length: 5\r\n\r\n" + BODY,
    "length-chunked": OK + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"f\r\n" + BODY + b"\r\n0\r\n\r\n",
    "coding-gzip": OK + b"Transfer-Encoding: gzip\r\n\r\n" + gzip.compress(BODY),
    "two-at-once": SIMPLE + SIMPLE,
    "bytes-after": SIMPLE + b"what nobody asked for",
    "http10-keep": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 15\r\n\r\n"
                   + BODY,
    "http2": b"HTTP/2.0 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY,
    "head-length": OK + b"Content-Length: 1000000\r\n\r\n",
    "head-body": SIMPLE,
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no-content-body": response(status=b"204 No Content"),
    "not-modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 15\r\n\r\n",
    "not-modified-body": response(status=b"304 Not Modified"),
    "garbage": b"\x16\x03\x01\x00 this is no HTTP\r\n\r\n",
    "status-0": response(status=b"000 Zero"),
    "status-99": response(status=b"099 Low"),
    "status-600": response(status=b"600 High"),
    "status-999": response(status=b"999 Top"),
    "status-1000": response(status=b"1000 Beyond"),
    "status-404": response(status=b"404 Not Found"),
    "status-503": response(b"", b"Retry-After: 1", status=b"503 Busy"),
    "interim-100": b"HTTP/1.1 100 Continue\r\n\r\n" + SIMPLE,
    "interim-103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + SIMPLE,
    "interim-10": b"HTTP/1.1 102 Wait\r\n\r\n" * 10 + SIMPLE,
    "interim-11": b"HTTP/1.1 102 Wait\r\n\r\n" * 11 + SIMPLE,
    "interim-101": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "headers-200": response(BODY, *(b"X-%d: y" % i for i in range(198))),
    "headers-500": response(BODY, *(b"X-%d: y" % i for i in range(500))),
    "header-1-mib": response(BODY, b"X: " + b"y" * MIB),
    "header-10-mb": response(BODY, *(b"X-%d: " % i + b"y" * 100_000 for i in range(100))),
    "header-empty": OK + b"X:\r\nY: \r\nContent-Length: 15\r\n\r\n" + BODY,
    "header-empty-last": response(BODY, b"X:"),
    "header-folded": response(BODY, b"X: a\r\n b"),
    "header-nul": response(BODY, b"X: a\0b"),
    "header-nameless": response(BODY, b": a"),
    "header-escape": response(BODY, b"X: \x1b[31m"),
    "header-markup": response(BODY, b"X: <script>alert(1)</script>"),
    "gzip": coded(gzip.compress(BODY), b"gzip"),
    "gzip-twice": coded(gzip.compress(gzip.compress(BODY)), b"gzip, gzip"),
    "gzip-thrice": coded(gzip.compress(BODY), b"gzip, gzip, gzip"),
    "gzip-bad": coded(gzip.compress(BODY)[:-9] + bytes(9), b"gzip"),
    "gzip-cut": coded(gzip.compress(BODY)[:-9], b"gzip"),
    "gzip-label": coded(BODY, b"gzip"),
    "deflate": coded(zlib.compress(BODY), b"deflate"),
    "deflate-raw": coded(raw_deflate(BODY), b"deflate"),
    "br": coded(b'\x0b\x07\x80{"status":"ok"}\x03', b"br"),
    "br-bad": coded(b"\xff\xff\xff\xff", b"br"),
    "coding-unknown": coded(BODY, b"martian"),
    "json-cut": response(BODY[:-3]),
    "redirect-relative": redirect("ok"),
    "redirect-slashes": redirect("//127.0.0.1:1/x"),
    "redirect-loop": redirect("/redirect-loop"),
    "redirect-none": response(b"", status=b"302 Found"),
    "redirect-bad": redirect("http://[::1"),
    "redirect-blank": redirect("/a b"),
    "redirect-scheme": redirect("file:///etc/passwd"),
    "redirect-301": redirect("/ok", b"301 Moved"),
    "redirect-303": redirect("/ok", b"303 See Other"),
    "redirect-307": redirect("/ok", b"307 Again"),
    "redirect-to-http": redirect("http://localhost:1/ok"),
    "early-interim": SIMPLE,
}  # fmt: skip
# Answers that are bytes, after which the connection is closed.
CLOSED: dict[str, bytes] = {
    "closed": b"",
    "closed-in-head": OK + b"Content-Le",
    "closed-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "closed-in-chunk": chunked(b"f\r\n", BODY[:4]),
    "chunk-no-last": chunked(b"f\r\n", BODY, b"\r\n"),
    "body-to-end": OK + b"\r\n" + BODY,
    "http10": b"HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY,
    "closes-after": response(BODY, b"Connection: close"),
    "closes-unsaid": SIMPLE,
    "interim-only": b"HTTP/1.1 100 Continue\r\n\r\n",
}
# Answers that are bytes, after which the connection is reset.
RESET: dict[str, bytes] = {
    "reset": b"",
    "reset-in-head": OK + b"Content-Le",
    "reset-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "reset-after": SIMPLE,
}
# Answers that are bytes, after which nothing more ever comes.
STALLED: dict[str, bytes] = {
    "silent": b"",
    "silent-in-head": OK + b"Content-Le",
    "silent-in-body": OK + b"Content-Length: 1000\r\n\r\n" + BODY,
    "silent-before-last-chunk": chunked(b"f\r\n", BODY, b"\r\n"),
}
