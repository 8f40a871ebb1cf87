"""Calls: what is waited for, what is given up, and what nobody gets to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.answers import trickling
from fakes.github import BOT, TOKEN, FakeClock, FakeGitHub, Fault
from perf_documents.redact import Redactor
from perf_reports.delivery.http import Api, DeliveryError, LostAnswerError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_rate_limit_is_waited_for_and_not_for_long(hub: FakeGitHub) -> None:
    clock = FakeClock()
    hub.faults = [Fault(status=429, headers=(("Retry-After", "20"),))]
    assert hub.api(clock).call("GET", "/user").status == 403
    assert clock.now_s == 20.0
    hub.faults = [Fault(status=403, headers=(("x-ratelimit-remaining", "0"),))]
    with pytest.raises(DeliveryError, match="an unknown time to wait"):
        hub.api(clock).call("GET", "/user")
    hub.faults = [Fault(status=429, headers=(("Retry-After", "61"),))]
    with pytest.raises(DeliveryError, match="61 s to wait is too long"):
        hub.api().call("GET", "/user")
    # the secondary limit says so in words alone
    hub.faults = [Fault(status=403, message="You have exceeded a secondary rate limit.")]
    with pytest.raises(DeliveryError, match="rate limit; an unknown time"):
        hub.api().call("GET", "/user")


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=502), Fault()])
def test_a_read_is_tried_three_times(hub: FakeGitHub, fault: Fault) -> None:
    hub.faults = [fault, fault]
    assert hub.api().call("GET", "/user").status == 403
    hub.faults = [fault, fault, fault]
    with pytest.raises(DeliveryError, match="3 tries"):
        hub.api().call("GET", "/user")


@pytest.mark.parametrize("fault", [Fault(status=502, is_done=True), Fault(is_done=True)])
def test_a_new_comment_whose_answer_was_lost_is_not_written_again(
    hub: FakeGitHub, fault: Fault
) -> None:
    hub.faults = [fault]
    with pytest.raises(LostAnswerError):
        hub.api().call("POST", "/repos/octo/shop/issues/7/comments", {"body": "x"})
    assert len(hub.comments) == 1
    assert [method for method, _ in hub.calls] == ["POST"]


def test_writes_are_a_second_apart(hub: FakeGitHub) -> None:
    clock = FakeClock()
    api = hub.api(clock)
    for _ in range(3):
        api.call("POST", "/repos/octo/shop/issues/7/comments", {"body": "x"})
    assert clock.now_s == pytest.approx(2.0)


def test_after_a_minute_nothing_more_is_tried(hub: FakeGitHub) -> None:
    clock = FakeClock()
    api = hub.api(clock)
    clock.now_s = 60.0
    with pytest.raises(DeliveryError, match="60 s are over"):
        api.call("GET", "/user")
    assert hub.calls == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_elsewhere_is_not_followed_with_a_token(hub: FakeGitHub, status: int) -> None:
    for place in ("http://127.0.0.1:9/", "https://127.0.0.1/", "//evil.example/x", ""):
        hub.calls.clear()
        hub.faults = [Fault(status=status, headers=(("Location", place),))]
        assert hub.api().call("GET", "/user").status == status
        assert len(hub.calls) == 1


def test_a_redirect_to_no_address_is_no_answer(hub: FakeGitHub) -> None:
    hub.faults = [Fault(status=301, headers=(("Location", "http://["),))] * 3
    with pytest.raises(DeliveryError, match="3 tries"):
        hub.api().call("GET", "/user")


def test_redirects_end_somewhere(hub: FakeGitHub) -> None:
    hub.faults = [Fault(status=301, headers=(("Location", f"/{n}"),)) for n in range(9)]
    assert hub.api().call("GET", "/user").status == 301
    assert len(hub.calls) == 4


def test_a_renamed_repository_is_found_by_the_same_request(hub: FakeGitHub) -> None:
    new = "/repos/octo/shop/issues/7/comments"
    hub.faults = [Fault(status=301, headers=(("Location", f"{hub.url}{new}"),))]
    answer = hub.api().call("POST", "/repos/octo/old/issues/7/comments", {"body": "x"})
    assert answer.status == 201
    assert [stored.body for stored in hub.comments.values()] == ["x"]


@pytest.mark.parametrize(
    ("headers", "waits_s"),
    [
        ({"Retry-After": "-1"}, 0.0),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "Wed, 25 Nov 2026 12:00:00 GMT"}, None),
        ({"Retry-After": ""}, None),
        ({"x-ratelimit-reset": "0"}, 0.0),
        ({"x-ratelimit-reset": "253402300799"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
    ],
)
def test_patience_is_at_most_a_minute(
    hub: FakeGitHub, headers: dict[str, str], waits_s: float | None
) -> None:
    clock = FakeClock()
    hub.faults = [Fault(status=429, headers=tuple(headers.items()))]
    if waits_s is None:
        with pytest.raises(DeliveryError, match="to wait is too long"):
            hub.api(clock).call("GET", "/user")
    else:
        hub.api(clock).call("GET", "/user")
    assert clock.now_s == (waits_s or 0.0)


def test_an_endless_answer_is_cut_off(hub: FakeGitHub) -> None:
    for _ in range(9):
        hub.add("x" * 4_000_000, BOT)
    with pytest.raises(DeliveryError, match="more than"):
        hub.thread().mine()


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "//evil/x", "http://["]
)
def test_pages_lead_to_the_same_host_only(hub: FakeGitHub, place: str) -> None:
    hub.faults = [Fault(status=200, headers=(("Link", f'<{place}>; rel="next"'),))]
    api = hub.api()
    assert api.next_page(api.call("GET", "/user")) is None
    with pytest.raises(DeliveryError, match="another host"):
        api.call("GET", "https://evil.example/x")
    assert len(hub.calls) == 1


@pytest.mark.parametrize("beginning", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"",
])  # fmt: skip
def test_an_answer_that_trickles_is_given_up(beginning: bytes) -> None:
    clock = FakeClock()
    with trickling(beginning) as url:
        api = Api(
            base=url, headers={}, redactor=Redactor(), clock=clock, sleep=clock.sleep, call_s=0.2
        )
        with pytest.raises(DeliveryError, match="3 tries"):
            api.call("GET", "/")


def test_what_is_left_of_the_minute_bounds_a_call(hub: FakeGitHub) -> None:
    clock = FakeClock()
    api = hub.api(clock)
    hub.faults = [Fault(status=429, headers=(("Retry-After", "30"),))] * 2
    with pytest.raises(DeliveryError, match="60 s are over"):
        api.call("GET", "/user")
    assert clock.now_s == 60.0


@pytest.mark.parametrize(
    "base",
    ["http://example.com", "ftp://x", "", "https://user:secret@example.com", "file:///etc",
     "http://user:secret@example.com", "https://[secret", "https://example.com:secret"],
)  # fmt: skip
def test_a_token_goes_over_tls_or_stays_on_this_machine(base: str) -> None:
    clock = FakeClock()
    with pytest.raises(DeliveryError, match="address") as caught:
        Api(base=base, headers={}, redactor=Redactor(), clock=clock, sleep=clock.sleep)
    assert "secret" not in str(caught.value)


def test_certificates_that_are_not_there_are_said() -> None:
    clock = FakeClock()
    with pytest.raises(DeliveryError, match="PERF_CA_FILE"):
        Api(
            base="https://example.com", headers={}, redactor=Redactor(), clock=clock,
            sleep=clock.sleep, ca_file="/nowhere/ca.pem",
        )  # fmt: skip


def test_what_a_server_says_is_redacted(hub: FakeGitHub) -> None:
    echo = Fault(status=418, message=f"you sent {TOKEN}\n::error::pwned")
    hub.faults = [echo]
    assert TOKEN not in hub.api().call("GET", "/user").text
    hub.faults = [echo]
    with pytest.raises(DeliveryError, match="you sent") as caught:
        hub.thread().create("x")
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_netrc_and_proxy_variables_are_not_asked(
    hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert hub.thread().mine() == []  # 401 with another authorization
