"""Our client against a server that breaks HTTP in every way, and FastHttpUser beside it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from locust import FastHttpUser

from booked import Booked
from perf_loadtests.http import LeanHttpUser
from repository import ROOT
from torture_answers import BODY, KEPT
from torture_cases import LONG, Case, cases, outcome

if TYPE_CHECKING:
    from locust.user.users import User

    from torture_server import Server

pytestmark = pytest.mark.engine
CASES = cases()
DEADLINE_S, LONG_S = 0.25, 20.0
OVERSHOOT_S = 0.05
SPLIT = [("ok", "split"), ("chunk-trailers", "split-chunked"), ("header-empty", "split-empty")]


def booked(server: Server, base: type[User] = LeanHttpUser, name: str = "") -> Booked:
    """User whose requests go to the server, with the deadline of a case."""
    return Booked(base, server.url, LONG_S if name in LONG else DEADLINE_S)


def ask(user: Booked, case: Case) -> tuple[str, float]:
    """Outcome of a case as it was booked, and how long it took."""
    began_s = time.perf_counter()
    with suppress(Exception):  # what FastHttpUser lets through is booked all the same
        user.client.request(case.method, f"/{case.name}", name="case", data=case.body)
    took_s = time.perf_counter() - began_s
    return outcome(user.taken()[0]), took_s


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_answer_ends_in_its_class_once_and_in_time(server: Server, case: Case) -> None:
    user = booked(server, name=case.name)
    server.seen()
    found, took_s = ask(user, case)
    assert found == case.lean
    if case.name not in LONG:
        assert took_s < DEADLINE_S + OVERSHOOT_S
    user.limits.timeout_s = user.client.timeout_s = LONG_S
    assert user.client.get("/ok", name="next").content == BODY
    assert outcome(user.taken()[0]) == "200"
    asked = server.requests()
    hops = found.count(",") + 5 * found.count("5x302") - found.count("0 refused")
    # nothing was sent twice, and the connection was kept or closed as it should be
    assert len(asked) == 2 + hops - found.count("5x302")
    (*_, (_, before)), (path, after) = asked[:-1], asked[-1]
    assert path == "/ok"
    assert (before == after) == case.kept
    user.client.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_answers_through_fasthttpuser(server: Server, case: Case) -> None:
    user = booked(server, FastHttpUser, case.name)
    found, _ = ask(user, case)
    assert found == case.fast


def test_the_differences_are_documented() -> None:
    text = (ROOT / "docs/http-client.md").read_text()
    rows = [f"| `{c.name}` | {c.lean} | {c.fast} |" for c in CASES if c.lean != c.fast]
    table = text.partition("| answer | LeanHttpUser | FastHttpUser |\n")[2].partition("\n\n")[0]
    assert table.splitlines()[1:] == rows
    ways = sum(lean != "200" for _, _, lean, _ in CONNECT)
    counts = (
        f"the same {len(CASES)} answers, {ways} ways for a connection to fail, "
        f"and {len(SPLIT)} responses cut at every byte. {len(CASES) - len(rows)} answers end alike"
    )
    assert counts in " ".join(text.split())


@pytest.mark.parametrize("port", ["http", "tls-good"])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("flood", "0 timeout"),
        ("flood-extension", "200 protocol_error"),
        ("flood-trailer", "200 protocol_error"),
    ],
)
def test_what_comes_faster_than_it_is_read_ends_in_time(
    server: Server, port: str, name: str, found: str
) -> None:
    user = booked(server)
    place = "https://localhost" if port.startswith("tls") else "http://127.0.0.1"
    began_s = time.perf_counter()
    user.client.get(f"{place}:{server.ports[port]}/{name}", name="case")
    took_s = time.perf_counter() - began_s
    assert outcome(user.taken()[0]) == found
    assert took_s < DEADLINE_S + OVERSHOOT_S


@pytest.mark.parametrize(("name", "path"), SPLIT)
def test_a_response_may_be_cut_anywhere(server: Server, name: str, path: str) -> None:
    user = booked(server)
    server.seen()
    for at in range(len(KEPT[name])):  # 0: byte by byte
        response = user.client.get(f"/{path}/{at}", name="split", timeout=DEADLINE_S)
        assert (response.status_code, response.content) == (200, BODY), at
    assert len(user.taken()[0]) == len(KEPT[name])
    assert len({number for _, number in server.requests()}) == 1
    user.client.close()


CONNECT = [
    # port, URL, our outcome, FastHttpUser's where it differs
    ("none", "http://127.0.0.1", "0 refused", ""),
    ("full", "http://127.0.0.1", "0 connect_timeout", "0 timeout"),
    ("silent", "http://127.0.0.1", "0 timeout", ""),
    ("closes", "http://127.0.0.1", "0 closed_before_response", ""),
    ("resets", "http://127.0.0.1", "0 reset", "0 closed_before_response"),
    ("http", "http://localhost", "200", ""),
    ("tls-good", "https://localhost", "200", ""),
    ("tls-good", "https://127.0.0.1", "0 tls_verify", ""),
    ("tls-expired", "https://localhost", "0 tls_verify", ""),
    ("tls-elsewhere", "https://localhost", "0 tls_verify", ""),
    ("tls-stranger", "https://localhost", "0 tls_verify", ""),
    ("tls-selfmade", "https://localhost", "0 tls_verify", ""),
    ("silent", "https://localhost", "0 tls_handshake", "0 timeout"),
    ("plain", "https://localhost", "0 tls_handshake", ""),
    ("resets", "https://localhost", "0 tls_handshake", "0 reset"),
]  # fmt: skip


@pytest.mark.parametrize(("port", "place", "lean", "fast"), CONNECT)
@pytest.mark.parametrize("base", [LeanHttpUser, FastHttpUser])
def test_a_connection_that_fails_says_how(
    server: Server, base: type[User], port: str, place: str, lean: str, fast: str
) -> None:  # fmt: skip
    user = booked(server, base)
    url = f"{place}:{server.ports.get(port, 1)}/ok"
    began_s = time.perf_counter()
    user.client.get(url, name="case", timeout=DEADLINE_S)
    took_s = time.perf_counter() - began_s
    assert outcome(user.taken()[0]) == (fast if fast and base is FastHttpUser else lean)
    assert took_s < DEADLINE_S + OVERSHOOT_S
    if base is LeanHttpUser:
        user.client.close()
