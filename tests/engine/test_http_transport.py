"""Connections, deadlines, phases and limits of our client."""

from __future__ import annotations

import errno
import os
import resource
import socket
import time
from typing import TYPE_CHECKING

import gevent
import gevent.socket
import pytest
from gevent import _socket3

from booked import Booked
from perf_analysis.timings import TIMINGS
from perf_loadtests.http import LeanHttpUser
from perf_loadtests.http.errors import NotAllowedError
from perf_loadtests.http.wheel import Deadline, DeadlineHit, Wheel
from torture_answers import BODY
from torture_cases import outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torture_server import Server

pytestmark = pytest.mark.engine


@pytest.fixture
def user(server: Server) -> Iterator[Booked]:
    """User whose requests go to the torture server."""
    made = Booked(LeanHttpUser, server.url)
    server.seen()
    yield made
    made.client.close()


@pytest.mark.parametrize("name", ["race", "race-reset"])
def test_the_keep_alive_race_has_its_class_and_says_how_long_it_was_idle(
    user: Booked, server: Server, name: str
) -> None:
    user.client.get(f"/{name}", name="first")
    response = user.client.get(f"/{name}", name="second")
    assert "on a reused connection, idle for 0." in str(response.error)
    assert outcome(user.taken()[0]) == "200, 0 closed_before_response"
    assert len(server.requests()) == 2  # it was not sent again


@pytest.mark.parametrize("name", ["closes-unsaid", "reset-after"])
def test_a_connection_that_ended_while_idle_is_not_used_again(user: Booked, name: str) -> None:
    user.client.get(f"/{name}", name="first")
    gevent.sleep(0.1)
    assert user.client.get("/ok", name="next").content == BODY
    assert outcome(user.taken()[0]) == "200, 200"


def test_bytes_that_nobody_asked_for_are_counted_and_never_read(
    user: Booked, server: Server
) -> None:
    user.client.get("/unasked", name="first")
    gevent.sleep(0.1)
    assert user.client.get("/echo", name="next").json()["path"] == "/echo"
    rows, failures, _ = user.taken()
    assert outcome(rows) == "200, 200"
    assert [row[:3] for row in failures] == [["unsolicited", "next", 1]]
    assert len({number for _, number in server.requests()}) == 2


def test_an_early_answer_ends_the_use_of_its_connection(user: Booked, server: Server) -> None:
    response = user.client.post("/early-answer", data=bytes(5_000_000), name="big")
    assert (response.status_code, response.content) == (413, b"too much")
    assert user.client.get("/ok", name="next").content == BODY
    assert len({number for _, number in server.requests()}) == 2


def test_set_up_of_a_connection_is_no_service_time(user: Booked, server: Server) -> None:
    url = f"https://localhost:{server.ports['tls-good']}/ok"
    fresh, reused = (user.client.get(url).exchange for _ in range(2))
    seconds = fresh.timed().seconds
    by_name = dict(zip(TIMINGS, seconds, strict=True))
    assert min(by_name["connecting"], by_name["tls_handshaking"]) > 0.0
    assert reused.timed().seconds[:3] == (0.0, 0.0, 0.0)
    assert sum(seconds) == pytest.approx(fresh.end_s - fresh.begun_s)
    for exchange in (fresh, reused):
        assert exchange.service_s == pytest.approx(sum(exchange.timed().seconds[3:]))
        assert min(exchange.timed().seconds) >= 0.0


def test_timings_go_to_the_books_and_zeros_count(user: Booked) -> None:
    for _ in range(3):
        user.client.get("/ok", name="x")
    user.client.get("/silent", name="x", timeout=0.1)
    user.client.get("/closed", name="x")
    user.taken()
    rows = {(row[4], row[5]): row[7] for row in user.parts["timings"]}
    good, lost, broken = rows[200, ""], rows[0, "timeout"], rows[0, "closed_before_response"]
    assert (good["n"], good["timed"]) == (3, 3)
    assert good["connecting"]["zero"] == 2
    assert good["tls_handshaking"] == {"b": [0, 3], "sum": 0.0, "min": 0.0, "max": 0.0, "zero": 3}
    for name in ("sending", "waiting"):
        assert sum(good[name]["b"][1::2]) == 3
        assert good[name]["min"] > 0.0
    assert good["sent_bytes"] > 3 * len("GET /ok HTTP/1.1")
    # the wait of what never came is a lower bound, and so is whatever would have followed it
    assert lost["waiting_censored"]["min"] >= 0.09
    assert lost["receiving_censored"]["max"] == 0.0
    assert lost["sending"]["min"] > 0.0
    assert broken == {"n": 1, "sent_bytes": broken["sent_bytes"]}


def test_a_request_cut_off_before_its_client_spoke_has_unknown_timings(user: Booked) -> None:
    user.vu.begin_request("GET", "foreign", asserted=False)
    user.client.books.begin("GET", "own", asserted=False)
    user.vu.settle(cut=True)
    user.taken()
    (row,) = user.parts["timings"]
    assert (row[3], row[5]) == ("own", "abandoned")
    assert row[7]["blocked_censored"]["b"] == row[7]["receiving_censored"]["b"] == [0, 1]


def test_the_deadline_covers_all_hops(user: Booked) -> None:
    began_s = time.perf_counter()
    # a hop takes 100 ms: the deadline is as far from the second as from the third
    user.client.get("/hops-slow/5", name="x", timeout=0.25)
    assert 0.25 <= time.perf_counter() - began_s < 0.3
    assert outcome(user.taken()[0]) == "302, 302, 0 timeout"


def test_a_call_cannot_outlast_the_plan(server: Server) -> None:
    user = Booked(LeanHttpUser, server.url, timeout_s=0.1)
    began_s = time.perf_counter()
    user.client.get("/silent", name="x", timeout=60)
    assert time.perf_counter() - began_s < 0.15
    ((row,), _, cells) = user.taken()
    assert row[3] == "timeout"
    assert 0.09 < cells["x"]["service_censored"]["min"] < 0.15


def test_what_came_in_time_is_no_timeout_though_the_loop_was_late(user: Booked) -> None:
    def block() -> None:
        until_s = time.perf_counter() + 0.3
        while time.perf_counter() < until_s:
            pass

    user.client.get("/ok")
    blocking = gevent.spawn(block)
    response = user.client.get("/ok", name="x", timeout=0.1)
    blocking.join()
    assert response.content == BODY


def test_a_deadline_that_is_taken_back_never_comes() -> None:
    wheel = Wheel()
    kept, taken = Deadline(), Deadline()
    wheel.set(kept, time.perf_counter() + 0.05)
    wheel.set(taken, time.perf_counter() + 0.05)
    wheel.remove(taken)
    with pytest.raises(DeadlineHit):
        gevent.sleep(1.0)
    wheel.remove(kept)
    gevent.sleep(0.1)
    # an empty wheel stands still, and turns again for the next one
    wheel.set(Deadline(), time.perf_counter() + 0.01)
    with pytest.raises(DeadlineHit):
        gevent.sleep(1.0)


def test_a_deadline_that_is_set_anew_comes_at_its_own_time() -> None:
    wheel, deadline = Wheel(), Deadline()
    began_s = time.perf_counter()
    wheel.set(deadline, began_s + 0.06)
    wheel.set(deadline, began_s + 0.3)
    with pytest.raises(DeadlineHit):
        gevent.sleep(10.0)
    assert time.perf_counter() >= began_s + 0.3  # where it lay first, nothing came
    wheel.set(deadline, time.perf_counter() + 30.0)
    deadline.greenlet = None
    wheel.set(deadline, time.perf_counter() + 0.04)
    with pytest.raises(DeadlineHit):
        gevent.sleep(1.0)
    wheel.set(deadline, time.perf_counter() + 0.04)
    deadline.greenlet = None
    gevent.sleep(0.15)


def test_requests_that_overlap_have_deadlines_of_their_own(user: Booked) -> None:
    asked = [
        gevent.spawn(user.client.get, "/silent", name=f"{limit_s}", timeout=limit_s)
        for limit_s in (0.3, 0.1, 0.2)
    ]
    gevent.joinall(asked, timeout=5.0)
    _, _, cells = user.taken()
    took_s = {name: cell["service_censored"]["min"] for name, cell in cells.items()}
    assert sorted(took_s, key=lambda name: took_s[name]) == ["0.1", "0.2", "0.3"]
    assert all(took > float(name) - 0.01 for name, took in took_s.items())


def refuse(number: int) -> Callable[..., None]:
    def connect(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return connect


@pytest.mark.parametrize(
    ("number", "error_class"),
    [
        (errno.EADDRNOTAVAIL, "local_ports"), (errno.ENOBUFS, "local_memory"),
        (errno.ENETUNREACH, "net_unreachable"), (errno.EHOSTUNREACH, "net_unreachable"),
        (errno.ETIMEDOUT, "timeout"),
    ],
)  # fmt: skip
def test_what_fails_here_is_not_blamed_on_the_target(
    user: Booked, monkeypatch: pytest.MonkeyPatch, number: int, error_class: str
) -> None:
    monkeypatch.setattr(_socket3.socket, "connect", refuse(number))
    user.client.get("/ok", name="x")
    assert outcome(user.taken()[0]) == f"0 {error_class}"


def test_a_connection_off_the_allow_list_is_not_allowed(
    user: Booked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise NotAllowedError("10.1.2.3:80 is not on the allow-list")

    monkeypatch.setattr(_socket3.socket, "connect", connect)
    user.client.get("/ok", name="x")
    assert outcome(user.taken()[0]) == "0 not_allowed"


def test_no_free_file_is_the_generators_own_limit(user: Booked) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, "rb") as last:  # noqa: PTH123  # its number is the highest
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, hard))
        try:
            user.client.get("/ok", name="x")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcome(user.taken()[0]) == "0 local_files"


def test_a_name_that_is_gone_is_dns(user: Booked, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(gevent.socket, "getaddrinfo", look_up)
    user.client.get("http://gone.example/", name="x")
    assert outcome(user.taken()[0]) == "0 dns"


def test_an_address_where_nobody_listens_is_passed_over(
    user: Booked, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.ports["http"]
    rows = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(gevent.socket, "getaddrinfo", lambda *_: rows)
    assert user.client.get("/ok").content == BODY


def test_without_verification_any_certificate_will_do(user: Booked, server: Server) -> None:
    user.client.connections.insecure = True
    for name in ("expired", "selfmade", "stranger"):
        assert user.client.get(f"https://localhost:{server.ports[f'tls-{name}']}/ok").ok


def test_https_is_not_left_for_http(user: Booked, server: Server) -> None:
    user.client.get(f"https://localhost:{server.ports['tls-good']}/redirect-to-http", name="x")
    assert outcome(user.taken()[0]) == "302 bad_redirect"


def test_a_large_body_goes_over_tls(user: Booked, server: Server) -> None:
    url = f"https://localhost:{server.ports['tls-good']}/echo"
    body = "x" * 3_000_000
    assert user.client.post(url, data=body).json()["body"] == body
