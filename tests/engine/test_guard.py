"""The allow-list at connect and at look-up."""

from __future__ import annotations

import pytest

from perf_loadtests.engine.guard import Guard
from perf_loadtests.http.errors import NotAllowedError

pytestmark = pytest.mark.engine


@pytest.fixture
def refused() -> list[str]:
    """Addresses that the guard refused."""
    return []


@pytest.fixture
def guard(refused: list[str]) -> Guard:
    """Guard that allows one host by two addresses."""
    return Guard([("api.example", 443, ["203.0.113.7", "2001:db8::7"])], refused.append)


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 1, "127.0.0.1"),
        ("127.9.9.9", 80, "127.9.9.9"),
        ("::1", 80, "::1"),
        ("localhost", 80, "127.0.0.1"),
        ("api.example", 443, "203.0.113.7"),
        ("API.example.", 443, "203.0.113.7"),
        ("203.0.113.7", 443, "203.0.113.7"),
    ],
)
def test_loopback_and_pinned_addresses_are_reached(
    guard: Guard, refused: list[str], host: str, port: int, address: str
) -> None:
    assert guard.check(host, port) == address
    assert refused == []


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("203.0.113.7", 80),
        ("api.example", 80),
        ("203.0.113.8", 443),
        ("::ffff:203.0.113.8", 443),
        ("169.254.169.254", 80),
        ("evil-api.example", 443),
        ("api.example.evil", 443),
        ("10.0.0.1", 443),
        ("192.0.2.1", 80),
    ],
)
def test_everything_else_is_refused_and_reported(
    guard: Guard, refused: list[str], host: str, port: int
) -> None:
    with pytest.raises(NotAllowedError, match="allow-list"):
        guard.check(host, port)
    assert len(refused) == 1


def test_an_ipv4_address_in_ipv6_clothes_is_judged_as_what_it_is(guard: Guard) -> None:
    assert guard.allows("::ffff:127.0.0.1", 80)
    assert guard.allows("::ffff:203.0.113.7", 443)
    assert not guard.allows("::ffff:203.0.113.8", 443)


def test_look_ups_answer_from_what_was_pinned(guard: Guard) -> None:
    rows = guard._getaddrinfo("api.example", 443)
    assert [row[4][0] for row in rows] == ["203.0.113.7", "2001:db8::7"]
