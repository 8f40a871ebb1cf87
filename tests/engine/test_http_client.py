"""What a scenario gets from our client: calls, redirects, cookies, judgements, events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import locust
import pytest
from locust.exception import LocustError, StopUser

from booked import Booked
from perf_loadtests.engine.client import close_client
from perf_loadtests.http import LeanHttpUser
from torture_answers import BODY
from torture_cases import outcome

if TYPE_CHECKING:
    from typing import Any

    from torture_server import Server

pytestmark = pytest.mark.engine


@pytest.fixture
def user(server: Server) -> Booked:
    """User whose requests go to the torture server."""
    return Booked(LeanHttpUser, server.url)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"params": {"a": [1, 2], "b": None}}, {"path": "/echo?a=1&a=2"}),
        ({"params": "x=y"}, {"path": "/echo?x=y"}),
        ({"data": b"\x00\xff"}, {"body": "\x00\xff"}),
        ({"data": "é"}, {"body": "Ã©"}),
        ({"data": {"a": "b c"}}, {"body": "a=b+c", "content-type":
                                  "application/x-www-form-urlencoded"}),
        ({"json": {"a": None}}, {"body": '{"a": null}', "content-type": "application/json"}),
        ({"json": [], "headers": {"content-type": "x/y"}}, {"body": "[]", "content-type": "x/y"}),
        ({"headers": {"X-Own": " 1 "}}, {"x-own": "1", "x-all": "2"}),
        ({"headers": {"x-all": "3"}}, {"x-all": "3"}),
        ({"auth": ("user", "pass")}, {"authorization": "Basic dXNlcjpwYXNz"}),
        ({"headers": {"Host": "elsewhere"}}, {"host": "elsewhere"}),
    ],
)  # fmt: skip
def test_a_call_says_what_it_was_told(
    user: Booked, call: dict[str, Any], said: dict[str, str]
) -> None:
    user.client.headers["X-All"] = "2"
    for _ in range(2):  # built, then from the cache
        found = user.client.request("POST", "/echo", **call).json()
        heard = found["headers"] | {name: found[name] for name in ("path", "body")}
        assert said.items() <= heard.items()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"files": {}}, "unknown option 'files'"),
        ({"timeout": 0}, "timeout: expected seconds above 0"),
        ({"timeout": float("nan")}, "timeout: expected seconds above 0"),
        ({"data": "a", "json": {}}, "either data or json"),
        ({"data": 7}, "bytes, text or a form"),
        ({"headers": {"X": "a\r\nY: b"}}, "one line of text"),
        ({"headers": {"X\n": "a"}}, "one line of text"),
        ({"headers": {"Content-Length": "1"}}, "set by the client itself"),
        ({"url": "/a b"}, "blanks or control"),
        ({"url": "/a\r\nX: y"}, "blanks or control"),
        ({"url": "ftp://127.0.0.1/"}, "http or https"),
        ({"url": "http:///x"}, "http or https"),
        ({"method": "GET /x"}, "method of HTTP"),
    ],
)
def test_a_call_that_is_wrong_sends_nothing(
    user: Booked, server: Server, call: dict[str, Any], message: str
) -> None:
    server.seen()
    with pytest.raises((TypeError, ValueError), match=message):
        user.client.request(**({"method": "GET", "url": "/ok"} | call))
    assert user.ledger.counts.requests_started == 0
    assert server.seen() == []


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        (301, "POST", "GET", ""), (302, "POST", "GET", ""), (303, "PUT", "GET", ""),
        (302, "PUT", "PUT", "x"), (307, "POST", "POST", "x"), (308, "PATCH", "PATCH", "x"),
    ],
)  # fmt: skip
def test_redirects_keep_or_change_the_method(
    user: Booked, status: int, method: str, becomes: str, body: str
) -> None:
    found = user.client.request(method, f"/to/{status}?/echo", data="x", name="moved").json()
    assert (found["method"], found["body"]) == (becomes, body)
    assert [row[:3] for row in user.taken()[0]] == [
        (method, "moved", status),
        (becomes, "moved", 200),
    ]


@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize("port", ["http", "other"])
@pytest.mark.parametrize(
    ("call", "content_type"),
    [
        ({"json": {"a": 1}}, "application/json"),
        ({"data": {"a": "1"}}, "application/x-www-form-urlencoded"),
        ({"json": {}, "headers": {"content-type": "x/y"}}, "x/y"),
        ({"data": b"a"}, None),
    ],
)
def test_what_a_body_is_goes_with_it_through_redirects(
    user: Booked, server: Server, status: int, port: str,
    call: dict[str, Any], content_type: str | None,
) -> None:  # fmt: skip
    place = f"http://127.0.0.1:{server.ports[port]}/to/{status}?/echo"
    found = user.client.post(f"/to/{status}?{place}", **call).json()
    kept = status != 301
    assert bool(found["body"]) == kept
    assert found["headers"].get("content-type") == (content_type if kept else None)


@pytest.mark.parametrize("port", ["http", "other"])
def test_credentials_do_not_go_to_another_origin(user: Booked, server: Server, port: str) -> None:
    user.client.get("/cookies?a=1")
    place = f"http://127.0.0.1:{server.ports[port]}/echo"
    secret = {"Authorization": "Bearer x", "X-Other": "kept"}
    heard = user.client.get(f"/to/302?{place}", headers=secret).json()["headers"]
    assert heard["x-other"] == "kept"
    assert ("authorization" in heard) == (port == "http")
    # by RFC 6265 a cookie knows hosts, not ports
    assert heard["cookie"] == "a=1"


def test_a_judgement_is_of_the_last_hop_alone(user: Booked) -> None:
    with user.client.get("/to/302?/ok", name="x", catch_response=True) as response:
        response.failure("not here")
    rows, _, _ = user.taken()
    assert outcome(rows) == "302, 200 assertion"
    assert [cell.get("asserted", 0) for cell in user.history] == [0, 1]


def test_redirects_are_followed_only_if_asked_for(user: Booked) -> None:
    assert user.client.get("/to/302?/ok", allow_redirects=False).status_code == 302
    assert user.client.head("/to/302?/ok").status_code == 302


def test_the_latency_of_redirects_ends_with_the_last_hop(user: Booked) -> None:
    user.vu.begin(user.ledger.slot_at(0.0), user.ledger.clock() - 10.0)
    user.client.get("/hops-slow/2", name="moved")
    rows, _, _ = user.taken()
    assert len(rows) == 3
    user.vu.end()
    series = user.history
    latency = [cell["latency"] for cell in series if "latency" in cell]
    assert [cell.get("first", 0) for cell in series] == [0, 1]
    assert len(latency) == 1
    assert 10.18 < latency[0]["sum"] < 11.0


def test_the_scenario_judges_where_it_says_so(user: Booked) -> None:
    with user.client.get("/status-404", name="x", catch_response=True) as response:
        response.success()
    with user.client.get("/ok", name="x", catch_response=True) as response:
        response.failure("not what it should be")
    with user.client.get("/status-503", name="x", catch_response=True):
        pass
    with pytest.raises(KeyError), user.client.get("/ok", name="x", catch_response=True):
        raise KeyError("token")
    user.client.get("/ok", name="x", catch_response=True)  # never looked at
    assert outcome(user.taken()[0]) == "404, 200 assertion, 503 http_5xx, 200, 200"
    with pytest.raises(LocustError, match="inside a with block"):
        user.client.get("/ok").failure("outside")


def test_a_response_that_never_came_is_read_without_surprises(user: Booked) -> None:
    response = user.client.get("/closed", name="x")
    assert (response.status_code, response.content, response.text) == (0, b"", "")
    assert not response.ok
    assert dict(response.headers) == {}
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()
    with pytest.raises(Exception, match="before the first byte"):
        response.raise_for_status()


def test_after_the_drain_no_request_begins(user: Booked, server: Server) -> None:
    user.limits.closed = True
    server.seen()
    with pytest.raises(StopUser):
        user.client.get("/ok")
    assert server.seen() == []


def test_requests_of_one_user_may_overlap(user: Booked, server: Server) -> None:
    server.seen()
    both = [gevent.spawn(user.client.get, "/hops-slow/0", name="x") for _ in range(2)]
    gevent.joinall(both, raise_error=True)
    assert [one.value.content for one in both] == [BODY, BODY]
    assert user.client.get("/ok").content == BODY
    assert len({line[2] for line in server.seen() if line[0] == "request"}) == 2


def test_a_user_that_is_killed_abandons_its_request(user: Booked) -> None:
    running = gevent.spawn(user.client.get, "/silent", name="x")
    gevent.sleep(0.05)
    running.kill()
    assert outcome(user.taken()[0]) == "0 abandoned"


def test_a_limit_of_the_scenarios_own_is_a_timeout(user: Booked) -> None:
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        user.client.get("/silent", name="x")
    assert outcome(user.taken()[0]) == "0 timeout"
    assert user.client.get("/ok").content == BODY


def test_the_event_is_fired_for_others_alone(user: Booked, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, Any]] = []
    fired: list[str] = []
    fire: Any = locust.events.request.fire

    def spy(**event: object) -> None:
        fired.append(str(event["name"]))
        fire(**event)

    monkeypatch.setattr(locust.events.request, "fire", spy)
    user.client.get("/ok", name="silent")
    assert fired == []
    locust.events.request.add_listener(lambda **event: heard.append(event))
    user.client.get("/status-404", name="loud", context={"a": 1})
    assert outcome(user.taken()[0]) == "200, 404 http_4xx"
    assert fired == ["loud"]
    (event,) = heard
    assert (event["name"], event["request_type"], event["response"].status_code) == (
        "loud",
        "GET",
        404,
    )
    assert event["context"]["a"] == 1
    assert event["exception"].error_class == "http_4xx"


def test_plain_locust_hears_every_request(server: Server) -> None:
    user = Booked(LeanHttpUser, server.url)
    user.client.books = None
    heard: list[dict[str, Any]] = []
    locust.events.request.add_listener(lambda **event: heard.append(event))
    user.client.get("/ok")
    user.client.get("/closed", name="broken")
    assert [(event["name"], event["exception"] is None) for event in heard] == [
        ("/ok", True),
        ("broken", False),
    ]
    assert 0.0 < heard[0]["response_time"] < 1000.0


def test_a_user_without_a_host_is_refused(user: Booked) -> None:
    user.environment.host = None
    cls = type("Nowhere", (LeanHttpUser,), {"tasks": [print]})
    with pytest.raises(LocustError, match="no host"):
        cls(user.environment)


def test_a_user_that_is_gone_keeps_nothing_open(user: Booked) -> None:
    user.client.get("/ok")
    (connection,) = user.client.connections._idle.values()
    close_client(user.vu)
    assert connection.socket.closed
