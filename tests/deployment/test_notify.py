"""How the end of a deployment is told: truly, to those who asked, and harmlessly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import notify
from fakes.answers import answering

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "/services/T0/B0/very-secret"  # noqa: S105  of nobody
HOSTILE = "v1 <!channel> `x`\n::error::x \u202e@team " + "a" * 500


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(name: str, document: object) -> None:
    notify.OUT.mkdir(exist_ok=True)
    (notify.OUT / name).write_text(json.dumps(document))


def told(stage: str, **environ: str) -> str:
    """The comment after a stage has ended."""
    assert notify.main([stage], environ) == 0
    return (notify.OUT / "comment.md").read_text()


@pytest.mark.parametrize(
    ("outcome", "undone", "said"),
    [
        ("success", "skipped", "✓ production: v1 promoted"),
        ("failure", "success", "✗ production: v1 rolled back"),
        ("failure", "skipped", "✗ production: v1 not promoted"),
        ("failure", "failure", "✗ production: v1 NOT ROLLED BACK, and may still have users"),
        ("cancelled", "success", "✗ production: v1 rolled back (cancelled)"),
        ("", "", "✗ production: v1 not promoted"),
    ],
)
def test_the_first_line_says_what_became_of_it(outcome: str, undone: str, said: str) -> None:
    assert told("production", OUTCOME=outcome, ROLLBACK=undone, VERSION="v1") == f"### `{said}`\n"


def test_a_rollout_that_could_not_roll_back_outweighs_everything() -> None:
    document = {
        "verdict": "ROLLBACK", "weight": 5, "reason": "rule errors", "rollback_failure": "exit 1",
        "by_hand": "./service rollback",
    }  # fmt: skip
    written("rollout.json", document)
    text = told("production", OUTCOME="failure", ROLLBACK="success", VERSION="v1")
    assert "NOT ROLLED BACK" in text
    assert "`by hand: ./service rollback`" in text


def test_reasons_are_those_that_were_measured() -> None:
    written("result.json", {"headline": "1 of 5 thresholds failed"})
    assert "`1 of 5 thresholds failed`" in told("staging", OUTCOME="failure", ROLLBACK="success")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_half_a_result_is_none(text: str) -> None:
    notify.OUT.mkdir()
    (notify.OUT / "rollout.json").write_text(text)
    assert told("production", OUTCOME="failure") == "### `✗ production: not promoted`\n"


def test_a_comment_that_is_there_is_kept_and_the_summary_is_added_to(tmp_path: Path) -> None:
    notify.OUT.mkdir()
    (notify.OUT / "comment.md").write_text("better\n")
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    assert told("staging", OUTCOME="success", GITHUB_STEP_SUMMARY=str(summary)) == "better\n"
    assert summary.read_text() == "before\n### `✓ staging: deployed and proved`\n"


def test_names_of_others_act_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: (200, "ok", {})) as slack:
        text = told(
            "production", OUTCOME="success", VERSION=HOSTILE, PERF_SLACK_HOST="127.0.0.1",
            PERF_SLACK_WEBHOOK=slack.url + SECRET, GITHUB_SERVER_URL="https://github.com",
            GITHUB_REPOSITORY="octo/shop", GITHUB_RUN_ID="17",
        )  # fmt: skip
    assert text.count("\n") == 1
    assert text.count("`") == 2
    said = capsys.readouterr().out
    assert not [line for line in said.splitlines() if line.startswith("::")]
    (message,) = slack.asked
    assert (message.method, message.path) == ("POST", SECRET)
    sent = json.dumps(message.body, ensure_ascii=False)
    assert "<!channel>" not in sent.replace(message.body["blocks"][0]["text"]["text"], "")  # type: ignore[index]  # a mapping
    assert "\u202e" not in sent
    assert "<https://github.com/octo/shop/actions/runs/17|report and log>" in sent


@pytest.mark.parametrize(
    ("address", "host", "expected"),
    [
        ("", "", "PERF_SLACK_WEBHOOK is not set"),
        ("https://example.com/very-secret", "", "expected https://hooks.slack.com/..."),
        ("http://hooks.slack.com/very-secret", "", "expected https://hooks.slack.com/..."),
        ("https://hooks.slack.com:secret/x", "", "expected https://hooks.slack.com/..."),
        ("https://hooks.slack.com/very-secret\nx", "", "expected https://hooks.slack.com/..."),
        ("https://[very-secret", "", "expected https://hooks.slack.com/..."),
        ("http://127.0.0.1:1/very-secret", "127.0.0.1", "no answer (ConnectionRefusedError)"),
    ],
)
def test_what_cannot_be_told_is_a_warning_without_the_address(
    capsys: pytest.CaptureFixture[str], address: str, host: str, expected: str
) -> None:
    told("staging", OUTCOME="success", PERF_SLACK_WEBHOOK=address, PERF_SLACK_HOST=host)
    said = capsys.readouterr().out
    assert "::warning title=Slack::slack: " in said
    assert expected in said
    assert "secret" not in said.replace("make it a secret", "")


@pytest.mark.parametrize(("status", "body"), [(404, "no_service"), (302, ""), (200, "no")])
def test_a_refusal_is_said_once(capsys: pytest.CaptureFixture[str], status: int, body: str) -> None:
    with answering(lambda _: (status, body, {})) as slack:
        told(
            "staging", OUTCOME="success", PERF_SLACK_HOST="127.0.0.1",
            PERF_SLACK_WEBHOOK=slack.url + SECRET,
        )  # fmt: skip
    assert len(slack.asked) == 1
    said = capsys.readouterr().out
    assert f"slack: {status} {body!r}; expected 200 'ok'" in said
    assert "very-secret" not in said


def test_an_unknown_stage_is_a_mistake_of_the_workflow() -> None:
    assert notify.main(["nowhere"], {}) == 2
