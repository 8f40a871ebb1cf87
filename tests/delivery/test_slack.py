"""The message to Slack: within its limits, calling nobody, and silent about its address."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from fakes.answers import Answer, Asked, answering
from fakes.github import FakeClock
from perf_documents.redact import Redactor
from perf_reports.delivery.http import Api, DeliveryError
from perf_reports.delivery.slack import MOST_CHARACTERS, message, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_reports.parts import View

PATH = "/services/T0/B0/very-secret"


def api(url: str) -> Api:
    clock = FakeClock()
    return Api(base=url, headers={}, redactor=Redactor(), clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize("name", ["pass", "fail", "regressed", "not_valid", "hostile"])
def test_a_message_keeps_to_the_limits(view_of: Callable[[str], View], name: str) -> None:
    made = message(view_of(name), "https://example.com/run")
    blocks = made["blocks"]
    assert isinstance(blocks, list)
    assert len(blocks) <= 5
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(len(b["text"]["text"]) <= 3000 for b in blocks[1:-1])
    assert len(json.dumps(made, ensure_ascii=False)) <= MOST_CHARACTERS
    assert view_of(name).word in str(made["text"])


def test_names_call_nobody_and_make_no_link(view_of: Callable[[str], View]) -> None:
    text = json.dumps(message(view_of("hostile")), ensure_ascii=False)
    assert "<" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text or "&lt;" in text


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (200, "no"),
     (500, "rollup_error"), (302, ""), (429, "")],
)  # fmt: skip
def test_a_refusal_is_said_without_the_address(
    view_of: Callable[[str], View], status: int, body: str
) -> None:
    with (
        answering(lambda _: (status, body, {})) as server,
        pytest.raises(DeliveryError, match="slack") as caught,
    ):
        send(api(server.url), PATH, view_of("pass"))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(server.asked) <= 2


def test_success_is_ok_and_nothing_else(view_of: Callable[[str], View]) -> None:
    with answering(lambda _: (200, "ok", {})) as server:
        send(api(server.url), PATH, view_of("pass"))
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", PATH)


def test_a_lost_answer_is_tried_once_more(view_of: Callable[[str], View]) -> None:
    answers: list[Answer] = [(503, "", {}), (200, "ok", {})]

    def answer(_: Asked) -> Answer:
        return answers.pop(0)

    with answering(answer) as server:
        with suppress(IndexError):
            send(api(server.url), PATH, view_of("pass"))
        assert len(server.asked) == 2
