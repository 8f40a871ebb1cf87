from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_documents.redact import Redactor, secrets_of, visible

PLANTED = "s3cr3t/val ue+é"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(PLANTED, id="plain"),
        pytest.param(quote(PLANTED, safe=""), id="url"),
        pytest.param(quote(PLANTED, safe="").lower(), id="url-lower"),
        pytest.param(quote_plus(PLANTED), id="form"),
        pytest.param(json.dumps(PLANTED), id="json"),
        pytest.param(base64.b64encode(PLANTED.encode()).decode(), id="base64"),
        pytest.param(base64.urlsafe_b64encode(PLANTED.encode()).decode(), id="base64-url"),
    ],
)
def test_a_known_secret_goes_in_every_coding(form: str) -> None:
    cleaned = Redactor([PLANTED]).clean(f"failed: {form} end")
    assert form.strip('"') not in cleaned
    assert "***" in cleaned
    assert cleaned.endswith("end")


@given(
    st.text(min_size=6, max_size=40),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
@settings(deadline=None, max_examples=100)
def test_a_secret_inside_base64_goes(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode()
    coded = base64.b64encode(before + raw + after).decode()
    cleaned = Redactor([secret]).clean(coded)
    # what is left holds no four bytes of the secret in a row
    left = max(cleaned.split("***"), key=len)
    assert len(left) < len(coded)
    assert len(left) <= (len(before) + len(after)) * 8 // 6 + 8


@given(st.text(min_size=6, max_size=30), st.text(max_size=30), st.text(max_size=30))
@settings(deadline=None, max_examples=100)
def test_no_secret_survives_in_any_text(secret: str, before: str, after: str) -> None:
    if secret in "***" + before + after or "***" in secret:
        return
    cleaned = Redactor([secret]).clean(f"{before}{secret}{after}")
    assert secret not in cleaned.replace("***", "\0")


def test_a_secret_within_a_secret_leaves_nothing() -> None:
    assert Redactor(["abcdef", "abcdefghij"]).clean("abcdefghij abcdef") == "*** ***"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://user:pass@host/x", "http://***@host/x"),
        ("http://user@host", "http://***@host"),
        ("http://u:p@ss@host/a", "http://***@host/a"),
        ("postgresql://u:pa/ss@db:5432/x", "postgresql://***@db:5432/x"),
        ("GET /a?token=abc&q=1#at=2", "GET /a?token=***&q=***#at=***"),
        ("GET /a?x=1&amp;y=2", "GET /a?x=***&amp;y=***"),
        ("Authorization: Basic dTpw\nnext", "Authorization: ***\nnext"),
        ("{'Cookie': 'sid=1; b=2', 'a': 1}", "{'Cookie': ***, 'a': 1}"),
        ('{\\"x-api-key\\": \\"k\\"}', '{\\"x-api-key\\": ***'),
        ("Set-Cookie: sid=1; Path=/", "Set-Cookie: ***"),
        ("with Bearer abcdefgh.ijk.", "with Bearer ***"),
        ("a Basic dXNlcjpwYXNz b", "a Basic *** b"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.sig-_1 end", "jwt *** end"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- x", "*** x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc cut", "***"),
        ("key AKIAIOSFODNN7EXAMPLE", "key ***"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "***"),
        ("github_pat_11ABCDEFG0_abcdefghijklmnop", "***"),
        ("xoxb-123456789012-abcdefABCDEF", "***"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
        ("password=hunter2 host=db", "password=*** host=db"),
        ('"client_secret": "abc"', '"client_secret": "***"'),
    ],
)
def test_the_form_gives_a_secret_away(text: str, cleaned: str) -> None:
    assert Redactor().clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/traces",
        "connection refused (111)",
        "git@github.com:org/repo.git",
        "https://example.com:8080/a/b",
        "a basic test of the bearer",
        "http_req_duration{name:GET /health} p(95)<500",
        "5 < 6 and a = b; c=d",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert Redactor().clean(text) == text


def test_short_values_do_not_blacken_words() -> None:
    assert Redactor(["a", ""]).clean("banana") == "banana"


def test_secrets_are_found_by_the_names_of_variables() -> None:
    environ = {
        "GITHUB_TOKEN": "token-value",
        "my_secret": "secret-value",
        "DB_PASSWORD": "password-value",
        "API_KEY": "key-value",
        "AWS_CREDENTIALS": "credential-value",
        "SENTRY_DSN": "https://user-part:long-password@host/1",
        "AUTH": "auth-value",
        "COOKIE": "cookie-value",
        "SHORT_TOKEN": "12345",
        "HOME": "/home/me",
    }
    assert secrets_of(environ) == {
        "token-value",
        "secret-value",
        "password-value",
        "key-value",
        "credential-value",
        "https://user-part:long-password@host/1",
        "long-password",
        "auth-value",
        "cookie-value",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x00\x7f\x85", r"\x00\x7f\x85"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\u200b\ufeff\u2028", r"\u200b\ufeff\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("x" * 201, "x" * 199 + "…"),
        ("\n" * 200, r"\n" * 99 + "\\…"),
        ("x" * 200, "x" * 200),
    ],
)
def test_unseen_characters_are_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(), max_size=400), st.integers(10, 300))
def test_shown_text_is_one_printable_line(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


@pytest.mark.parametrize(
    "unit", ["a", "a-", "http://", "token", "?a", "Basic ", "-----BEGIN A-----", "eyJaaaaaa.", '"']
)
def test_no_text_makes_it_slow(unit: str) -> None:
    # quadratic patterns would take minutes here
    text = unit * (200_000 // len(unit))
    assert len(Redactor(["secret-value"]).clean(text)) <= 2 * len(text)
