#!/usr/bin/env python3
"""Say how a deployment ended: in the job's summary, in out/comment.md, and to Slack.

notify.py STAGE, with OUTCOME (the job's status), ROLLBACK (the outcome of the step that rolls back)
and VERSION. It changes no verdict: what cannot be told is a warning, and the exit code is 0.

PERF_SLACK_WEBHOOK is the address of an incoming webhook, a secret; PERF_SLACK_HOST names a host
other than hooks.slack.com.
"""

import contextlib
import json
import os
import sys
import unicodedata
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

DONE = {
    "development": "deployed",
    "staging": "deployed and proved",
    "approval": "approved for production",
    "production": "promoted",
    "release": "released",
    "rollback": "rolled back by hand",
}
OUT = Path("out")
SLACK_HOST = "hooks.slack.com"
LOOPBACK = "127.0.0.1"
TRIES, DEADLINE_S = 2, 10.0
MOST_BYTES = 4 * 1024 * 1024
HEAD, LINE = 150, 600


def clean(text: object, most: int = LINE) -> str:
    """Text of somebody else: one line, nothing that is not seen, not too long."""
    kept = (" " if unicodedata.category(one)[0] == "C" else one for one in str(text))
    return " ".join("".join(kept).split())[:most]


def result_of(name: str) -> Mapping[str, object]:
    """What perfproof wrote, if it did."""
    try:
        with (OUT / name).open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def head_of(stage: str, environ: Mapping[str, str], rollout: Mapping[str, object]) -> str:
    """One line: what became of which version."""
    outcome, undone = environ.get("OUTCOME", ""), environ.get("ROLLBACK", "")
    if outcome == "success":
        end = f"✓ {stage}: VERSION {DONE[stage]}"
    elif undone == "failure" or rollout.get("rollback_failure"):
        end = f"✗ {stage}: VERSION NOT ROLLED BACK, and may still have users"
    elif undone == "success":
        end = f"✗ {stage}: VERSION rolled back"
    else:
        end = f"✗ {stage}: VERSION not {DONE[stage]}"
    version = clean(environ.get("VERSION", ""), 80)
    end = end.replace("VERSION ", f"{version} " if version else "")
    return end + (" (cancelled)" if outcome == "cancelled" else "")


def reasons_of(run: Mapping[str, object], rollout: Mapping[str, object]) -> list[str]:
    """Why, by what was measured."""
    lines = [clean(run["headline"])] if run.get("headline") else []
    if rollout.get("verdict"):
        share = str(rollout.get("weight")).removesuffix(".0")
        lines.append(clean(f"{rollout['verdict']} at {share} %: {rollout.get('reason')}"))
    if rollout.get("by_hand"):
        lines.append(clean(f"by hand: {rollout['by_hand']}"))
    return lines


def page_of(environ: Mapping[str, str]) -> str:
    """Address of the job's page, where there is one."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environ.get(name, "") for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def markdown_of(head: str, reasons: list[str]) -> str:
    """Text of summary and comment; what others wrote stands in code, where nothing is markup."""
    told = [head, *reasons]
    first, *others = (f"`{line.replace('`', chr(39))}`" for line in told)
    return "\n\n".join([f"### {first}", *others]) + "\n"


def message_of(head: str, reasons: list[str], page: str) -> dict[str, object]:
    """Blocks for Slack; the three characters are all that could call somebody or make a link."""

    def text(line: str) -> str:
        return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": head[:HEAD], "emoji": False}}
    ]
    if reasons:
        told = {"type": "mrkdwn", "text": text("\n".join(reasons)), "verbatim": True}
        blocks.append({"type": "section", "text": told})
    if page:
        link = {"type": "mrkdwn", "text": f"<{page}|report and log>"}
        blocks.append({"type": "context", "elements": [link]})
    return {"text": text(head), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def send(environ: Mapping[str, str], body: dict[str, object]) -> str:
    """Send the message; what became of it, without the address, which is a secret."""
    address = environ.get("PERF_SLACK_WEBHOOK", "").strip()
    if not address:
        return "slack: PERF_SLACK_WEBHOOK is not set, so nobody was told; next: make it a secret"
    wanted = environ.get("PERF_SLACK_HOST") or SLACK_HOST
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or host == LOOPBACK
    if host != wanted or not is_safe or not address.isascii() or not address.isprintable():
        return f"slack: PERF_SLACK_WEBHOOK is another address; expected https://{wanted}/..."
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    said = ""
    for _ in range(TRIES):
        connection = kind(host, port, timeout=DEADLINE_S)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", parts.path, json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            said = f"{answer.status} {clean(answer.read(1000).decode(errors='replace'), 60)!r}"
            if said == "200 'ok'":
                return "slack: sent"
            break
        except (OSError, HTTPException) as error:
            said = f"no answer ({type(error).__name__})"
        finally:
            connection.close()
    return f"slack: {said}; expected 200 'ok'; next: check the webhook in PERF_SLACK_WEBHOOK"


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Tell everybody; the exit code."""
    if len(arguments) != 1 or arguments[0] not in DONE:
        sys.stderr.write(f"notify.py: expected one of {', '.join(DONE)}\n")
        return 2
    rollout = result_of("rollout.json")
    head = head_of(arguments[0], environ, rollout)
    reasons = reasons_of(result_of("result.json"), rollout)
    text = markdown_of(head, reasons)
    OUT.mkdir(exist_ok=True)
    # perfproof run writes a better one, and that is kept
    with contextlib.suppress(FileExistsError), (OUT / "comment.md").open("x") as file:
        file.write(text)
    if environ.get("GITHUB_STEP_SUMMARY"):
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(text)
    sys.stdout.write("".join(f"  {line}\n" for line in (head, *reasons)))
    sent = send(environ, message_of(head, reasons, page_of(environ)))
    sys.stdout.write(f"{sent}\n" if sent == "slack: sent" else f"::warning title=Slack::{sent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
