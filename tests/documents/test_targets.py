"""perf.yaml: what it may say (rows W01, W05, W06, W07, A05, Y58)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import ProfileError
from perf_documents.targets import Target, WorkspaceConfig, load_workspace_config
from perf_documents.urls import parse_url

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
targets:
  staging: {url: 'https://Staging.Example/', max_rate: 300, token_env: STAGING_TOKEN}
  head:
    url: http://127.0.0.1:8001
    start: [./serve, --port, '8001', '${X}']
    ready: /health
    stop: signal
  live: {url: https://api.example, protected: true, max_rate: 5, insecure: true}
history: .perf/history
"""


def load(path: Path, text: str) -> WorkspaceConfig:
    file = path / "perf.yaml"
    file.write_text(text)
    file.chmod(0o644)
    return load_workspace_config(file)


def target(text: str) -> str:
    return f"targets:\n  staging: {text}\n"


def test_everything_it_may_say(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.targets == {
        "staging": Target(
            name="staging",
            url="https://staging.example",
            environment="staging",
            max_rate=300.0,
            token_env="STAGING_TOKEN",  # noqa: S106  # a name
        ),
        "head": Target(
            name="head",
            url="http://127.0.0.1:8001",
            environment="head",
            start=("./serve", "--port", "8001", "${X}"),
            ready="/health",
            stop="signal",
        ),
        "live": Target(
            name="live",
            url="https://api.example",
            environment="live",
            protected=True,
            max_rate=5.0,
            insecure=True,
        ),
    }
    assert (config.history, config.distrust) == (".perf/history", "")


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert load_workspace_config(tmp_path / "perf.yaml") == WorkspaceConfig()


REFUSED = [
    ("W01-star", target("{url: '*'}"), "not an http or https URL"),
    ("W01-domain", target("{url: '*.com'}"), "not an http or https URL"),
    ("W01-any", target("{url: 'http://*'}"), "a wildcard is not a host"),
    ("W01-below", target("{url: 'http://*.com'}"), "a wildcard is not a host"),
    ("W01-network", target("{url: 0.0.0.0/0}"), "not an http or https URL"),
    ("W01-network-6", target("{url: '::/0'}"), "not an http or https URL"),
    ("W01-empty", target("{url: ''}"), "not an http or https URL"),
    ("W01-nothing", target("{url: }"), "a value is missing"),
    ("W01-missing", target("{}"), "a required key is missing; expected url"),
    ("W04-zero", target("{url: http://x, max_rate: 0}"), "max_rate: out of range"),
    ("W04-huge", target("{url: http://x, max_rate: 1000000000}"), "max_rate: out of range"),
    ("W04-nan", target("{url: http://x, max_rate: .nan}"), "not finite"),
    ("W04-missing", target("{url: http://x, protected: true}"), "expected max_rate"),
    ("W07", target("{url: http://x, allow_any: true}"), "unknown key targets.staging.allow_any"),
    ("Y58", target("{url: 'http://user:hunter2@host/'}"), "credentials do not belong in a URL"),
    ("Y25", "target: {}\n", 'unknown key target; did you mean "targets"'),
    ("Y26", "staging: {url: http://x}\nurl: http://x\n", "below the name of one"),
    ("query", target("{url: 'http://x/?a=hunter2'}"), "no query and no fragment"),
    ("token", target("{url: http://x, token_env: hunter2-hunter2}"), "the name of a variable"),
    ("ready", target("{url: http://x, ready: health}"), "a path such as /health"),
    ("start", target("{url: http://x, start: ./serve}"), "expected a list"),
    ("start-number", target("{url: http://x, start: [./serve, 8001]}"), "quote it"),
    ("start-empty", target("{url: http://x, start: []}"), "not a command"),
    ("stop", target("{url: http://x, stop: signal}"), "only what perf starts is stopped"),
    ("name", "targets: {Staging: {url: http://x}}\n", "not a target name"),
    ("name-dots", "targets: {a..b: {url: http://x}}\n", "not a target name"),
    ("name-demo", "targets: {demo: {url: http://x}}\n", "the name of the embedded service"),
    ("protected", target("{url: http://x, protected: yes}"), "expected true or false"),
    ("history", "history: 1\n", "history: not a text"),
    *(
        (f"W06-{n}", target(f"{{url: http://x, protected: true, max_rate: 5, until: {day}}}"), said)
        for n, (day, said) in enumerate(
            (
                ("'2026-13-01'", "not a day"),
                ("'31.12.2026'", "not a day"),
                ("'tomorrow'", "not a day"),
                ("2026-12-31", "quote it"),
                ("''", "not a day"),
                ("'2026-12-31T00:00:00Z'", "not a day"),
            )
        )
    ),
    ("W06-open", target("{url: http://x, until: '2026-12-31'}"), "only a protected target"),
    ("list", "targets: []\n", "targets: the wrong kind of value"),
]


@pytest.mark.parametrize(("text", "said"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert said in message
    assert "perf.yaml:" in message
    assert "hunter2" not in message


def test_w05_a_file_that_others_could_have_written_is_not_trusted(tmp_path: Path) -> None:
    file = tmp_path / "perf.yaml"
    file.write_text(WHOLE)
    file.chmod(0o666)
    assert "can be written by everybody" in load_workspace_config(file).distrust
    file.chmod(0o644)
    link = tmp_path / "other.yaml"
    link.symlink_to(file)
    assert "is a symbolic link" in load_workspace_config(link).distrust


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("http://localhost", "http://localhost"),
        ("HTTP://LocalHost.:80/", "http://localhost"),
        ("https://x.example:443", "https://x.example"),
        ("https://x.example:8443/api/", "https://x.example:8443/api"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[0:0::1]", "http://[::1]"),
        ("http://127.1", "http://127.1"),
        ("http://b\u00fccher.example", "http://xn--bcher-kva.example"),
        ("http://under_score.example", "http://under_score.example"),
    ],
)
def test_urls_have_one_usual_form(text: str, usual: str) -> None:
    assert parse_url(text).text() == usual


@pytest.mark.parametrize(
    "text",
    [
        "example.com", "http:/x", "http://", "https://[::1", "http://a b", "http://exa mple",
        "file:///etc/passwd", "ftp://x", "javascript:alert(1)", "gopher://x", "http+unix://x",
        "http://user:pass@h", "http://user@h", "http://h:0", "http://h:65536", "http://h:",
        "http://h:8x", "http://h:\u0668", "http://-h", "http://h-", "http://.", "http://a..b",
        "http://[fe80::1%eth0]", "http://[::1]x", "http://[127.0.0.1]", "http://h/\n", "http://h\\x",
        "http://h/a b", "http://h#x", "http://h?x", "http://" + "a" * 64, "http://x\u200b",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "http://\uff11\uff12\uff17.1",
        "http://\u0661.example", "http://" + "a." * 200, "http://h/" + "x" * 3_000, "", " http://h",
        "http://\uff41.example", "http://*",
    ],
)  # fmt: skip
def test_a05_everything_else_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_url(text)
    assert "pass@" not in str(caught.value)
