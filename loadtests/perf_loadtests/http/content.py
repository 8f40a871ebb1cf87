"""Bodies out of their content codings, and no further than a limit."""

from __future__ import annotations

import importlib
import zlib
from typing import TYPE_CHECKING

from perf_loadtests.http.errors import RequestFailedError
from perf_loadtests.http.parser import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CODINGS = 2
MAX_MEMBERS = 64  # of a gzip body; what follows one is copied, so that many would cost its square
MAX_RATIO = 100
RATIO_FROM_BYTES = 1 << 20
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15


def _brotli() -> Callable[[bytes, int], bytes] | None:
    try:
        module = importlib.import_module("brotli")
    except ImportError:
        return None

    def decode(data: bytes, limit: int) -> bytes:
        decoder = module.Decompressor()
        found = bytes(decoder.process(data, output_buffer_limit=limit))
        while len(found) < limit and not decoder.is_finished():
            more = bytes(decoder.process(b"", output_buffer_limit=limit - len(found)))
            if not more and decoder.can_accept_more_data():
                raise RequestFailedError("decode_error", "br: the body is cut")
            found += more
        return found

    return decode


def _inflate(data: bytes, limit: int, bits: int) -> bytes:
    found = bytearray()
    for _ in range(MAX_MEMBERS):
        decoder = zlib.decompressobj(bits)
        found += decoder.decompress(data, limit - len(found))
        if len(found) >= limit:
            return bytes(found)
        if not decoder.eof:
            raise RequestFailedError("decode_error", "the compressed body is cut")
        data = decoder.unused_data
        if not data or bits != _GZIP_BITS:
            break
        if not data.startswith(b"\x1f\x8b"):
            raise RequestFailedError("decode_error", "bytes after the compressed body")
    if data:
        text = f"bytes after the compressed body of at most {MAX_MEMBERS} members"
        raise RequestFailedError("decode_error", text)
    return bytes(found)


def _deflate(data: bytes, limit: int) -> bytes:
    """Both readings of `deflate`: with zlib's header, as it stands in RFC 9110, and without."""
    try:
        return _inflate(data, limit, _ZLIB_BITS)
    except zlib.error:
        return _inflate(data, limit, _RAW_BITS)


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": lambda data, limit: _inflate(data, limit, _GZIP_BITS),
    "x-gzip": lambda data, limit: _inflate(data, limit, _GZIP_BITS),
    "deflate": _deflate,
    "identity": lambda data, _: data,
}
_BR = _brotli()
if _BR is not None:
    _CODINGS["br"] = _BR
ACCEPTED = "gzip, deflate, br" if _BR is not None else "gzip, deflate"


def decode(body: bytes, encoding: str) -> bytes:
    """Body without its content codings.

    Raises
    ------
    RequestFailedError
        `decode_error` where it is broken or of an unknown coding, `body_too_large` beyond 64 MiB or
        beyond 100 times its size and 1 MiB.
    """
    codings = [coding.strip() for coding in encoding.split(",") if coding.strip()]
    if len(codings) > MAX_CODINGS:
        raise RequestFailedError("decode_error", f"{len(codings)} stacked codings")
    for coding in reversed(codings):
        decoder = _CODINGS.get(coding)
        if decoder is None:
            raise RequestFailedError("decode_error", "a coding that was not asked for")
        limit = min(MAX_BODY_BYTES, max(RATIO_FROM_BYTES, MAX_RATIO * len(body)))
        try:
            found = decoder(body, limit + 1)
        except RequestFailedError:
            raise
        except Exception as error:  # zlib.error, and brotli's own
            raise RequestFailedError("decode_error", f"{coding}: {error}") from error
        if len(found) > limit:
            raise RequestFailedError("body_too_large", f"more than {limit} bytes decoded")
        body = found
    return body
