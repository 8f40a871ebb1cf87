"""What becomes of each answer of the torture server: name, whether the connection is used again,
the outcome with our client, and after a bar the one with FastHttpUser where it differs.
"""

from __future__ import annotations

from typing import NamedTuple

TABLE = """
ok                       kept   200
empty                    kept   200
chunked                  kept   200
chunk-trailers           kept   200
chunk-huge               closed 200 protocol_error | 0 protocol_error
chunk-bad-hex            closed 200 protocol_error | 0 protocol_error
length-short             closed 200 unsolicited | 0 protocol_error
length-negative          closed 0 protocol_error
length-equal             closed 0 protocol_error
length-different         closed 0 protocol_error
length-chunked           closed 0 protocol_error
coding-gzip              closed 0 protocol_error | 200 timeout
two-at-once              closed 200 unsolicited | 200
bytes-after              closed 200 unsolicited | 0 protocol_error
http10-keep              kept   200
http2                    closed 0 protocol_error | 200
head-length              kept   200
head-body                closed 200 unsolicited | 200
no-content               kept   204
no-content-body          closed 204 unsolicited | 0 protocol_error
not-modified             kept   304
not-modified-body        closed 304 unsolicited | 0 protocol_error
garbage                  closed 0 protocol_error
status-0                 kept   0 bad_status | 0 timeout
status-99                kept   99 bad_status | 0 timeout
status-600               kept   600 bad_status
status-999               kept   999 bad_status
status-1000              closed 0 protocol_error
status-404               kept   404 http_4xx
status-503               kept   503 http_5xx
interim-100              kept   200
interim-103              kept   200
interim-10               kept   200
interim-11               closed 0 protocol_error | 200
interim-101              closed 0 protocol_error
headers-200              kept   200
headers-500              closed 0 protocol_error | 200
header-1-mib             closed 0 protocol_error | 200
header-10-mb             closed 0 protocol_error | 200
header-empty             kept   200
header-empty-last        kept   200
header-folded            closed 0 protocol_error
header-nul               closed 0 protocol_error
header-nameless          closed 0 protocol_error
header-escape            closed 0 protocol_error
header-markup            kept   200
gzip                     kept   200
gzip-twice               kept   200 | 0 invalid_sample
gzip-thrice              kept   200 decode_error | 0 invalid_sample
gzip-bad                 kept   200 decode_error
gzip-cut                 kept   200 decode_error
gzip-label               kept   200 decode_error
deflate                  kept   200
deflate-raw              kept   200
br                       kept   200 | 200
br-bad                   kept   200 decode_error | 0 invalid_sample
coding-unknown           kept   200 decode_error | 0 invalid_sample
json-cut                 kept   200
redirect-relative        kept   302, 200 | 200
redirect-slashes         kept   302, 0 refused | 0 refused
redirect-loop            kept   5x302, 302 too_many_redirects | 0 too_many_redirects
redirect-none            kept   302
redirect-bad             kept   302 bad_redirect | 0 invalid_sample
redirect-blank           kept   302 bad_redirect | 0 closed_before_response
redirect-scheme          kept   302 bad_redirect | 0 protocol_error
redirect-301             kept   301, 200 | 200
redirect-303             kept   303, 200 | 200
redirect-307             kept   307, 200 | 200
redirect-to-http         kept   302, 0 refused | 0 refused
closed                   closed 0 closed_before_response
closed-in-head           closed 0 protocol_error
closed-in-body           closed 200 body_truncated
closed-in-chunk          closed 200 body_truncated
chunk-no-last            closed 200 body_truncated
body-to-end              closed 200
http10                   closed 200
closes-after             closed 200
interim-only             closed 0 protocol_error
reset                    closed 0 reset | 0 closed_before_response
reset-in-head            closed 0 reset
reset-in-body            closed 200 reset
silent                   closed 0 timeout
silent-in-head           closed 0 timeout
silent-in-body           closed 0 timeout | 200 timeout
silent-before-last-chunk closed 0 timeout | 200 timeout
trickle                  closed 0 timeout | 200 timeout
trickle-head             closed 0 timeout
endless                  closed 0 timeout | 200 timeout
hops/5                   kept   5x302, 200 | 200
hops/6                   kept   5x302, 302 too_many_redirects | 200
body-64-mib              closed 200 body_too_large | 200
body-announced           closed 0 body_too_large | 200 body_truncated
bomb                     kept   200 body_too_large | 200
early-answer             closed 413 http_4xx | 0 timeout
early-interim            kept   200
early-hints              closed 413 http_4xx | 0 timeout
early-reset              closed 0 reset | 0 closed_before_response
early-close              closed 0 closed_before_response
"""
LONG = frozenset({"body-64-mib", "body-announced", "bomb", "header-10-mb"})


class Case(NamedTuple):
    """One line of the table; an outcome is status and class of each request that is booked."""

    name: str
    kept: bool
    lean: str
    fast: str

    @property
    def method(self) -> str:
        """Method of the request."""
        if self.name in {"head-length", "head-body"}:
            return "HEAD"
        return "POST" if self.name.startswith(("early", "redirect-30")) else "GET"

    @property
    def body(self) -> bytes | None:
        """Body of the request: 5 MB where the server does not wait for it."""
        if self.method != "POST":
            return None
        return bytes(5_000_000) if self.name.startswith("early") else b"x"


def cases() -> list[Case]:
    """The table, line by line."""
    found = []
    for line in TABLE.strip().splitlines():
        name, fate, rest = line.split(None, 2)
        lean, _, fast = (part.strip() for part in rest.partition("|"))
        found.append(Case(name, fate == "kept", lean, fast or lean))
    return found


def outcome(rows: list[tuple[str, str, int, str]]) -> str:
    """Requests as the table writes them."""
    text = ", ".join(f"{status} {error_class}".strip() for _, _, status, error_class in rows)
    return text.replace("302, 302, 302, 302, 302,", "5x302,")
