"""Slack: a short message to an incoming webhook, whose address is a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.verdict import Outcome, Verdict
from perf_reports import wording
from perf_reports.delivery.http import Api, DeliveryError, LostAnswerError
from perf_reports.escape import cut, visible

if TYPE_CHECKING:
    from perf_reports.parts import Decider, View

MOST_CHARACTERS = 3000
_HEADER, _SECTION, _LINE = 150, 1200, 300
_MOST_ROWS = 5


def message(view: View, page: str = "") -> dict[str, object]:
    """Blocks of the message; names are text, and nobody is called by one."""
    head = cut(visible(f"{view.glyph} {view.word}: {view.profile} on {view.target}"), _HEADER)
    lines = [_text(view.headline), *(_text(f"{row.glyph} {row.text}") for row in _rows(view))]
    facts = f"validity {wording.checks_said(view.checks)} · run {view.run_id}"
    context = _text(facts) + (f" · <{page}|report and log>" if page else "")
    sections = [_section("\n".join(_fitting(lines)))]
    if view.verdict is not Verdict.PASS:
        sections.append(_section(f"Next: {_text(view.next_step)}"))
    return {
        # what a notification shows; also for readers without blocks
        "text": _escape(head),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": head, "emoji": False}},
            *sections,
            {"type": "context", "elements": [{"type": "mrkdwn", "text": context}]},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def send(api: Api, path: str, view: View, page: str = "") -> None:
    """Send the message, twice at most.

    Raises
    ------
    DeliveryError
        If it was not taken. The address is in no message: it is a secret.
    """
    body = message(view, page)
    for attempt in range(2):
        try:
            answer = api.call("POST", path, body)
        except LostAnswerError:
            if attempt:
                raise DeliveryError("slack: no answer, twice; nothing more was tried") from None
            continue
        except DeliveryError:
            raise DeliveryError("slack: cannot be reached, or asks to wait too long") from None
        if answer.is_ok and answer.text.strip() == "ok":
            return
        said = visible(answer.text)[:60]
        raise DeliveryError(f"slack: {answer.status} {said!r}; expected 200 'ok'; next: check the "
                            "webhook's address in PERF_SLACK_WEBHOOK")  # fmt: skip


def _rows(view: View) -> tuple[Decider, ...]:
    broken = any(check.outcome is Outcome.BROKEN for check in view.checks)
    return view.deciders[: 2 if broken else _MOST_ROWS]


def _fitting(lines: list[str]) -> list[str]:
    """Whole lines while there is room: a cut may fall inside an escape."""
    kept: list[str] = []
    for line in lines:
        if kept and sum(map(len, kept)) + len(line) > _SECTION:
            break
        kept.append(line)
    return kept


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _text(text: str) -> str:
    return _escape(cut(visible(text), _LINE)).replace("`", "'")


def _escape(text: str) -> str:
    """Only these three: it also disarms `<!channel>` and `<@U..>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
