"""Secrets removed and untrusted text made visible, before anything is logged or stored."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
MIN_SECRET = 6
# a listed secret shorter than this would blacken ordinary words
_MIN_FORM = 4
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|KEY|CREDENTIAL|DSN|AUTH|COOKIE", re.IGNORECASE)

_PEM = r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)"
# Between a name and its value: `name: value`, `"name": "value"`, `\"name\": \"value\"`.
_ASSIGN = r"""["'\\]{0,4}\s{0,4}[=:]\s{0,4}"""
# The whole header value, to its closing quote or to the end of the line.
_HEADER = (
    r"\b((?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)"
    + _ASSIGN
    + r""")(?:"[^"\r\n]*"|'[^'\r\n]*'|[^\r\n]*)"""
)
_NAMED = (
    r"\b([\w-]{0,40}(?:passw(?:or)?d|secret|token|api_?-?key|access_?-?key|credential)[\w-]{0,40}"
    + _ASSIGN
    + r"""["'\\]{0,4})[^\s"'\\,;&(){}<>*]{3,}"""
)
# What gives a secret away by its form, each with what is kept of it. Repetitions before an anchor
# are bounded: no text may make these slow.
_SHAPES = (
    (re.compile(_PEM, re.DOTALL), ""),
    (re.compile(_HEADER, re.IGNORECASE), r"\1"),
    (re.compile(r"\b(bearer)\s{1,4}[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\1 "),
    (re.compile(r"\b(Basic)\s{1,4}(?=[a-z]{0,99}[A-Z0-9=])[A-Za-z0-9+/_-]{8,}={0,2}"), r"\1 "),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), ""),
    (re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z0-9]{16}\b"), ""),
    (re.compile(r"\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{16,}"), ""),
    (re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}"), ""),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}"), ""),
    (re.compile(r"(hooks\.slack\.com/services/)[^\s\"'<>]+", re.IGNORECASE), r"\1"),
    # user part of a URL; the password of a database URL may hold slashes
    (re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://)[^\s/?#\"<>]+(?=@)", re.IGNORECASE), r"\1"),
    (re.compile(r"\b((?!http|ws)[a-z][a-z0-9+.-]{0,30}://)[^\s\"<>]+(?=@)", re.IGNORECASE), r"\1"),
    # every value of a query or fragment
    (re.compile(r"([?&#][^=&#?\s\"'<>]{1,100}=)[^&#\s\"'<>]+"), r"\1"),
    (re.compile(_NAMED, re.IGNORECASE), r"\1"),
)


class Redactor:
    """Replaces known secrets, in all their usual codings, and whatever has a secret's form."""

    __slots__ = ("_known",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # the longest first: a secret may contain another
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """Text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for shape, kept in _SHAPES:
            text = shape.sub(kept + MASK, text)
        return text


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """Values of variables whose names promise a secret, and the passwords of URLs among them."""
    values = {value for name, value in environ.items() if _SECRET_NAME.search(name)}
    values |= {_password(value) for value in values if "://" in value}
    return {value for value in values if len(value) >= MIN_SECRET}


def visible(text: str, limit: int = 200) -> str:
    """Text on one line, cut at `limit`; control, format and bidi characters shown as escapes."""
    shown = "".join(map(_show, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _show(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _forms(secret: str) -> set[str]:
    """Return the secret as it may stand in a URL, in JSON or anywhere inside a base64 text."""
    raw = secret.encode("utf-8", "surrogatepass")
    quoted = quote(raw, safe="")
    forms = {secret, secret.strip(), quoted, quote_plus(raw), quote(raw)}
    forms |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), quoted)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for offset in range(3):
        # what stands before and after the secret changes only the outer characters
        coded = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
        inner = coded[-(-offset * 8 // 6) : len(raw + bytes(offset)) * 8 // 6]
        if len(inner) >= MIN_SECRET:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _MIN_FORM}
