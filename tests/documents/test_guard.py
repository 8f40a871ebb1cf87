"""Which targets may be loaded (rows A05 to A09, W02, and section 4.5 of the fault catalogue)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import RefusedError, UsageError
from perf_documents.guard import judge_load, judge_target
from perf_documents.targets import Target, WorkspaceConfig, load_workspace_config
from profile_texts import CLOSED, CONSTANT, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ADDRESSES = {
    "localhost": ["127.0.0.1", "::1"],
    "127.0.0.1": ["127.0.0.1"],
    "127.1": ["127.0.0.1"],
    "0x7f000001": ["127.0.0.1"],
    "2130706433": ["127.0.0.1"],
    "::1": ["::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "staging.example": ["203.0.113.5"],
    "api.example": ["203.0.113.6"],
    "mixed.example": ["127.0.0.1", "203.0.113.7"],
    "metadata-alias.example": ["169.254.169.254"],
}


def resolve(host: str, port: int) -> Sequence[str]:
    assert 1 <= port <= 65_535
    if host not in ADDRESSES:
        raise OSError(host)
    return ADDRESSES[host]


def listed(name: str, url: str, **options: object) -> Target:
    return Target(name=name, url=url, environment=name, **options)  # type: ignore[arg-type]  # table


def config(*targets: Target, distrust: str = "") -> WorkspaceConfig:
    return WorkspaceConfig(targets={t.name: t for t in targets}, distrust=distrust)


STAGING = listed("staging", "https://staging.example", max_rate=300.0)
LIVE = listed("live", "https://api.example", protected=True, max_rate=5.0)
CONFIG = config(STAGING, LIVE)


def refusal(
    spec: str, given: WorkspaceConfig = CONFIG, *, today: date | None = None, **options: str
) -> str:
    with pytest.raises(RefusedError) as caught:
        judge_target(spec, given, resolve, today=today, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("spec", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost.:8000", "http://localhost:8000"),
        ("http://127.1:8000/api", "http://127.0.0.1:8000/api"),
        ("http://0x7f000001", "http://127.0.0.1"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://mapped", "http://mapped"),
    ],
)
def test_a07_loopback_is_always_allowed_and_shown_as_what_it_is(spec: str, url: str) -> None:
    assert judge_target(spec, WorkspaceConfig(), resolve) == listed("local", url)


def test_names_and_listed_urls_stand_for_their_entry() -> None:
    assert judge_target("staging", CONFIG, resolve) == STAGING
    by_url = judge_target("https://staging.example:443/v2", CONFIG, resolve)
    assert (by_url.name, by_url.url, by_url.max_rate) == (
        "staging", "https://staging.example/v2", 300.0,
    )  # fmt: skip


def test_a_listed_host_that_does_not_resolve_is_left_to_preflight() -> None:
    gone = listed("gone", "http://gone.example")
    assert judge_target("gone", config(gone), resolve) == gone


@pytest.mark.parametrize(
    "spec",
    [
        "https://other.example",
        "http://staging.example",
        "https://staging.example:8443",
        "https://evil-staging.example",
        "https://staging.example.evil.net",
        "http://mixed.example",
        "http://10.0.0.5:8000",
    ],
)
def test_a09_w02_what_is_not_listed_exactly_is_refused_with_the_yaml(
    spec: str, tmp_path: Path
) -> None:
    message = refusal(spec)
    file = tmp_path / "perf.yaml"
    file.write_text(message.partition("\n\n")[2])
    pasted = load_workspace_config(file)
    allowed = judge_target(spec, pasted, resolve)
    assert allowed.url == spec
    assert allowed.max_rate == 50.0
    assert allowed.name not in CONFIG.targets


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("http://169.254.169.254/", ["169.254.169.254"]),
        ("http://[fd00:ec2::254]", ["fd00:ec2::254"]),
        ("http://metadata.google.internal", ["203.0.113.9"]),
        ("http://metadata-alias.example", ["169.254.169.254"]),
        ("http://[fe80::1]", ["fe80::1%2"]),
        ("http://[::ffff:169.254.169.254]", ["::ffff:169.254.169.254"]),
        ("http://[64:ff9b::a9fe:a9fe]", ["64:ff9b::a9fe:a9fe"]),
        ("http://half.example", ["203.0.113.5", "169.254.1.1"]),
        ("http://0.0.0.0", ["0.0.0.0"]),  # noqa: S104  # an address to be refused
        ("http://224.0.0.1", ["224.0.0.1"]),
        ("http://100.100.100.200", ["100.100.100.200"]),
    ],
)
def test_a08_some_addresses_are_never_loaded_even_if_listed(spec: str, found: list[str]) -> None:
    trusting = config(listed("it", spec.rstrip("/")))
    for name in ("it", spec):
        with pytest.raises(RefusedError, match="never loaded"):
            judge_target(name, trusting, lambda _host, _port: found)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("example.com", "in perf.yaml; known: demo, live, staging", id="A05"),
        pytest.param("stagin", 'did you mean "staging"', id="A05-near"),
        pytest.param("http:/x", "neither a target's name nor an http or https URL", id="A05-slash"),
        pytest.param("javascript:alert(1)", "neither a target's name", id="A05-script"),
        pytest.param("ftp://x", "not an http or https URL", id="A05-ftp"),
        pytest.param("http://user:hunter2@h", "credentials do not belong", id="A06"),
        pytest.param("user:hunter2@h", "a text with @", id="A06-bare"),
        pytest.param("http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "ASCII digits", id="A07"),
        *(pytest.param(name, "neither a target's name", id=f"A02-{name!a}")
          for name in ("", " ", ".", "..", "/etc/passwd", "../x", "a/b", "-rf", ".hidden", "CON",
                       "x" * 300, "a\nb", "%2e%2e", "a:b", "\U0001f600", "\u00e9", "e\u0301")),
    ],
)  # fmt: skip
def test_what_is_neither_name_nor_url_is_a_usage_error(spec: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        judge_target(spec, CONFIG, resolve)
    message = str(caught.value)
    assert said in message
    assert "hunter2" not in message
    assert message.isprintable()
    assert len(message) < 300


def test_a_protected_target_needs_its_name_again() -> None:
    assert judge_target("live", CONFIG, resolve, confirm="live") == LIVE
    assert judge_target("https://api.example", CONFIG, resolve, confirm="live") == LIVE
    assert "add --confirm live" in refusal("live")
    assert "add --confirm live" in refusal("https://api.example", confirm="Live")


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "pull_request_review"])
def test_a_protected_target_is_never_loaded_from_a_pull_request(event: str) -> None:
    assert f"never loaded on {event} events" in refusal("live", confirm="live", event=event)
    assert judge_target("live", CONFIG, resolve, confirm="live", event="push") == LIVE
    assert judge_target("staging", CONFIG, resolve, event=event) == STAGING


def test_w06_an_entry_that_has_expired_is_refused() -> None:
    last = date(2026, 12, 31)
    entry = listed("live", "https://api.example", protected=True, max_rate=5.0, until=last)
    given = config(entry)
    assert judge_target("live", given, resolve, confirm="live", today=last) == entry
    after = refusal("live", given, confirm="live", today=date(2027, 1, 1))
    assert "until 2026-12-31" in after
    assert "which is over" in refusal("live", given, confirm="live")


def test_the_stricter_of_two_entries_for_one_origin_speaks() -> None:
    twice = config(listed("free", "https://api.example"), LIVE)
    assert "add --confirm live" in refusal("https://api.example", twice)


def test_w05_a_list_that_others_could_have_written_allows_loopback_only() -> None:
    local = listed("head", "http://127.0.0.1:8001")
    doubted = config(STAGING, local, distrust="perf.yaml can be written by everybody")
    assert "written by everybody" in refusal("staging", doubted)
    assert judge_target("head", doubted, resolve) == local


def test_a_plan_above_the_highest_rate_is_refused() -> None:
    judge_load(read(CONSTANT), STAGING)
    judge_load(read(CONSTANT), listed("free", "http://x"))
    slow = listed("slow", "http://x", max_rate=99.5)
    with pytest.raises(
        RefusedError, match=r"plans up to 100 iterations per second; slow allows 99\.5"
    ):
        judge_load(read(CONSTANT), slow)
    with pytest.raises(RefusedError, match="plans up to 50 VUs"):
        judge_load(read(CLOSED), listed("slow", "http://x", max_rate=49.0))


def test_a_protected_target_takes_no_closed_loop() -> None:
    with pytest.raises(RefusedError, match="ramping-vus holds no rate"):
        judge_load(read(CLOSED), listed("live", "http://x", protected=True, max_rate=100.0))
