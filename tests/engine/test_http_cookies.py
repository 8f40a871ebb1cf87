"""Cookies of a VU, whatever a server sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booked import Booked
from perf_loadtests.http import LeanHttpUser
from perf_loadtests.http.cookies import Jar
from torture_cases import outcome

if TYPE_CHECKING:
    from torture_server import Server

pytestmark = pytest.mark.engine


@pytest.fixture
def user(server: Server) -> Booked:
    """User whose requests go to the torture server."""
    return Booked(LeanHttpUser, server.url)


def test_cookies_are_kept_by_the_rules(user: Booked) -> None:
    user.client.get("/cookies?a=1,b=2;%20Path=/none,c=3;%20Secure,d=4;%20Domain=example.org")
    assert user.client.get("/echo").json()["headers"]["cookie"] == "a=1"
    user.client.get("/cookies?a=;%20Max-Age=0")
    assert "cookie" not in user.client.get("/echo").json()["headers"]


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("a=1", "a=1"), ("a=1; Path=/x", "a=1"), ("a=1; Path=/xy", ""), ("a=1; Path=x", "a=1"),
        ("a=1; Domain=shop.example", "a=1"), ("a=1; Domain=.SHOP.example", "a=1"),
        ("a=1; Domain=example", ""), ("a=1; Domain=other.example", ""), ("a=1; Max-Age=9", ""),
        ("a=1; Max-Age=11", "a=1"), ("a=1; Max-Age=nine", "a=1"), ("=1", ""), ("a", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:16:49 GMT", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:17:01 GMT; Max-Age=1", ""),
        ("a=1; Expires=soon", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:17:01 GMT", "a=1"), ("a=\x1b1", ""),
        ("a=" + "x" * 5000, ""),
    ],
)  # fmt: skip
def test_a_cookie_goes_where_it_belongs(line: str, sent: str) -> None:
    now_s = [1000.0]
    jar = Jar(lambda: now_s[0])
    jar.store([line], host="www.shop.example", path="/x/page")
    now_s[0] = 1010.0
    assert jar.line(secure=False, host="www.shop.example", path="/x/y") == sent


def test_a_jar_is_bounded() -> None:
    jar = Jar(lambda: 0.0)
    jar.store((f"c{i}=1" for i in range(1000)), host="h", path="/")
    assert len(jar) == 200


TEXT = st.text("aZ019;=,./ -\u00e9\u0661", max_size=20)
NUMBER = st.from_regex(r"[-+]{0,3}[0-9\u0661]{0,30}", fullmatch=True)
DATE = st.from_regex(
    r"([A-Z][a-z]{2}, )?-?[0-9]{0,5}[ -](Jan|Feb|Dec|x)[ -][0-9]{0,6} "
    r"-?[0-9]{0,3}(:-?[0-9]{0,9}){0,3} ?(GMT|-0000|[+-][0-9]{0,12})?",
    fullmatch=True,
)
ATTRIBUTE = (
    st.builds("Max-Age={}".format, NUMBER)
    | st.builds("expires={}".format, DATE)
    | st.builds("{}={}".format, st.sampled_from(["Domain", "PATH", "Secure"]), TEXT)
    | TEXT
)
LINE = st.lists(ATTRIBUTE).map(lambda attributes: ";".join(["a=1", *attributes])) | st.text()


@given(lines=st.lists(LINE, max_size=5))
def test_no_line_is_too_strange_to_be_read(lines: list[str]) -> None:
    jar = Jar(lambda: 1000.0)
    jar.store(lines, host="www.shop.example", path="/x/page")
    assert "\n" not in jar.line(secure=True, host="www.shop.example", path="/x/page")


@given(age=st.integers() | st.integers().map(lambda exponent: 10 ** (abs(exponent) % 4000)))
def test_any_age_in_seconds_is_read(age: int) -> None:
    jar = Jar(lambda: 1000.0)
    jar.store([f"a=1; Max-Age={age}; Expires=Thu, 01 Jan 1970 00:00:01 GMT"], host="h", path="/")
    assert len(jar) == (age > 0)


def test_an_age_that_is_none_ends_no_request_untold(user: Booked) -> None:
    response = user.client.get("/cookies?a=1;%20Max-Age=--5", name="x")
    assert response.ok
    assert outcome(user.taken()[0]) == "200"


@pytest.mark.parametrize(
    ("broken", "path"),
    [("http.cookies.Jar.store", "/cookies?a=1"), ("http.message.redirected", "/to/302?/ok")],
)
def test_what_fails_behind_an_answer_still_ends_the_request(
    user: Booked, monkeypatch: pytest.MonkeyPatch, broken: str, path: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of our own")

    monkeypatch.setattr(f"perf_loadtests.{broken}", fail)
    with pytest.raises(RuntimeError, match="of our own"):
        user.client.get(path, name="x")
    assert outcome(user.taken()[0]) == "0 invalid_sample"
    assert not user.limits.in_flight
