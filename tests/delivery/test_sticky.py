"""The one comment, whatever happens: random scripts of events against a server with a memory."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from fakes.github import BOT, FakeGitHub, Fault, serving
from perf_reports.comment import Context
from perf_reports.delivery.http import DeliveryError
from perf_reports.delivery.marker import Marker, read_marker
from perf_reports.delivery.posting import post
from perf_reports.view import build_view
from situation_runs import situation_run
from situations import SITUATIONS

if TYPE_CHECKING:
    from perf_reports.parts import View

KEY, OTHER_KEY = "0" * 16, "f" * 16
NAMES = ("pass", "regressed", "undetected", "not_valid", "hostile")
SOMEBODY = {"login": "mallory", "type": "User"}
# of a comment that is there
GONE = Fault(status=404, on="PATCH")
FAULTS = (
    Fault(status=502),
    Fault(status=502, is_done=True),
    Fault(status=500, on="POST"),
    Fault(status=502, is_done=True, on="POST"),
    Fault(),
    Fault(is_done=True),
    Fault(is_done=True, on="POST"),
    Fault(is_done=True, on="PATCH"),
    Fault(status=429, headers=(("Retry-After", "3"),)),
    Fault(status=403, headers=(("x-ratelimit-remaining", "0"), ("Retry-After", "1"))),
    Fault(status=429, headers=(("Retry-After", "3600"),)),
    Fault(status=429, headers=(("Retry-After", "9"),), on="PATCH"),
    Fault(status=403, message="You have exceeded a secondary rate limit."),
    Fault(status=403, message="Resource not accessible by integration", on="POST"),
    Fault(status=401),
    Fault(status=410, on="POST"),
    Fault(status=422, message="Validation Failed", on="PATCH"),
    Fault(status=422, message="Body is too long", on="POST"),
    Fault(status=200, message="no list", on="GET"),
    Fault(status=502, is_done=True, on="PATCH"),
    Fault(status=502, on="DELETE"),
    Fault(is_done=True, on="DELETE"),
    GONE,
)
SAID = frozenset({
    "comment written", "comment updated", "the comment says so already",
    "a newer run's comment stands", "comment written, its answer lost",
})  # fmt: skip


@cache
def view_named(name: str) -> View:
    about = SITUATIONS[name]
    return build_view(situation_run(about), exit_code=about.exit_code, over_time=False)


class Pulls(RuleBasedStateMachine):
    """One pull request, many runs, many people."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.hub = self.stack.enter_context(serving(FakeGitHub(page=5)))
        self.number = 10
        self.said: dict[tuple[int, int], str] = {}
        self.newest = (0, 0)
        self.others: dict[int, str | None] = {}
        self.is_certain = True
        self.is_torn = False

    def teardown(self) -> None:
        self.stack.close()

    def _post(self, name: str, order: tuple[int, int]) -> bool:
        view = view_named(name)
        self.said[order] = f"### {view.glyph} {view.word}: "
        context = Context(commit=f"{order[0]:07x}" + "0" * 33, report_url=self.hub.url)
        try:
            said = post(self.hub.thread(), view, context, KEY, order)
        except DeliveryError:
            return False
        assert said in SAID
        self.newest = max(self.newest, order)
        return True

    @rule(name=st.sampled_from(NAMES), faults=st.lists(st.sampled_from(FAULTS), max_size=3))
    def a_run_delivers(self, name: str, faults: list[Fault]) -> None:
        self.number += 1
        self.hub.faults = list(faults)
        self.is_certain = self._post(name, (self.number, 1))
        self.hub.faults = []
        self._tear(is_possible=GONE in faults)

    @rule(name=st.sampled_from(NAMES), back=st.integers(1, 3))
    def an_older_run_comes_late(self, name: str, back: int) -> None:
        order = (self.number - back, 2)
        if order not in self.said:
            self.is_certain = self._post(name, order)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES), at=st.integers(0, 6))
    def two_runs_race(self, name: str, other: str, at: int) -> None:
        self.number += 2
        first, second = (self.number - 1, 1), (self.number, 1)
        newest = self.newest
        done: list[bool] = []
        calls = self.hub.calls
        # the call that the other run came before, and where the calls after it begin
        put_off: list[tuple[tuple[str, str], int]] = []

        def other_one() -> None:
            held = calls[-1]
            done.append(self._post(other, second))
            put_off.append((held, len(calls)))

        self.hub.interruption = (at, other_one)
        self.is_certain = self._post(name, first) and all(done)
        self.hub.interruption = None
        if not done:  # the first made fewer calls than that
            self.is_certain = self._post(other, second)
        elif _wrote_without_a_look([put_off[0][0], *calls[put_off[0][1] :]]):
            # it had looked before the other came: no host changes a comment on a condition
            self.newest = max(newest, first)
        self._tear(is_possible=True)

    def _tear(self, *, is_possible: bool) -> None:
        """A race, or a comment said to be gone, may leave two where a delivery then failed."""
        self.is_torn = self.is_torn or (is_possible and not self.is_certain)

    @rule()
    def the_same_run_delivers_again(self) -> None:
        if self.number > 10 and (self.number, 1) in self.said:
            name = next(
                n for n in NAMES if self.said[self.number, 1].startswith(_head(view_named(n)))
            )
            self.is_certain = self._post(name, (self.number, 1))

    @rule(again=st.booleans())
    def somebody_deletes_ours(self, again: bool) -> None:  # noqa: FBT001  # drawn
        for identity in self._ours():
            del self.hub.comments[identity]
        self.newest = (0, 0)
        if again:
            self.is_certain = True

    @rule(spoof=st.booleans(), user=st.sampled_from([SOMEBODY, None]), count=st.integers(1, 7))
    def others_write(self, spoof: bool, user: dict[str, str] | None, count: int) -> None:  # noqa: FBT001  # drawn
        marker = Marker(key=KEY, order=(99_999, 1), body="0" * 16)
        for _ in range(count):
            text = f"{marker.line}\n\n### ✓ PASS: trust me" if spoof else "nice"
            self.others[self.hub.add(text, user)] = text

    @rule(body=st.sampled_from(["our other words", None, "text before\n<!-- perfproof:v1 -->"]))
    def our_login_writes_something_else(self, body: str | None) -> None:
        self.others[self.hub.add(body, BOT)] = body

    @rule()
    def another_workflow_has_its_own(self) -> None:
        text = Marker(key=OTHER_KEY, order=(5, 1), body="1" * 16).line + "\n\nanother"
        self.others[self.hub.add(text, BOT)] = text

    def _ours(self) -> list[int]:
        return [
            identity
            for identity, stored in self.hub.comments.items()
            if identity not in self.others
        ]

    @invariant()
    def nobody_elses_is_touched(self) -> None:
        for identity, text in self.others.items():
            assert self.hub.comments[identity].body == text

    @invariant()
    def there_is_never_a_second_one(self) -> None:
        """Also where delivery failed, but for the two cases that `_tear` names."""
        self.is_torn = self.is_torn and not self.is_certain
        if not self.is_torn:
            assert len(self._ours()) <= 1

    @invariant()
    def each_says_what_its_run_said(self) -> None:
        for identity in self._ours():
            text = self.hub.comments[identity].body or ""
            marker = read_marker(text)
            assert marker is not None
            assert marker.key == KEY
            # the verdict's line is the run's own, to the letter
            assert self.said[marker.order] in text

    @invariant()
    def the_newest_that_was_delivered_stands(self) -> None:
        if self.is_certain and self.newest > (0, 0):
            (identity,) = self._ours()
            marker = read_marker(self.hub.comments[identity].body or "")
            assert marker is not None
            assert marker.order >= self.newest


def _wrote_without_a_look(calls: list[tuple[str, str]]) -> bool:
    """Whether the first change of a comment came before a list was begun."""
    for method, path in calls:
        if method == "GET" and "page=" not in path.replace("per_page=", ""):
            return False
        if method == "PATCH":
            return True
    return False


def _head(view: View) -> str:
    return f"### {view.glyph} {view.word}: "


def run_scripts(count: int) -> None:
    run_state_machine_as_test(
        Pulls,
        settings=settings(
            max_examples=count,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_random_scripts_of_events() -> None:
    run_scripts(100)


@pytest.mark.slow
def test_a_thousand_random_scripts_of_events() -> None:
    run_scripts(1000)


def test_earlier_commits_are_carried_along(hub: FakeGitHub) -> None:
    for number, name in enumerate(("pass", "regressed", "pass"), start=1):
        context = Context(commit=f"{number}" * 40)
        post(hub.thread(), view_named(name), context, KEY, (number, 1))
    (stored,) = hub.comments.values()
    assert "earlier: ✗ <code>2222222</code> ✓ <code>1111111</code>" in (stored.body or "")
    post(hub.thread(), view_named("pass"), Context(commit="3" * 40), KEY, (4, 2))
    assert (stored.body or "").count("<code>3333333</code>") == 1


@pytest.mark.parametrize("count", [1, 50, 500, 5000])
def test_what_is_sent_keeps_the_budget_with_its_hidden_lines(hub: FakeGitHub, count: int) -> None:
    row = view_named("regressed").comparison.rows[0]
    rows = tuple(replace(row, label=f"GET /`|<a>@_*[]{n}") for n in range(count))
    view = view_named("regressed")
    view = replace(view, comparison=replace(view.comparison, rows=rows))
    earlier = "".join(f" {number:064x}:✗" for number in range(10))
    marker = Marker(key=KEY, order=(1, 1), body="0" * 16).line
    hub.add(f"{marker}\n<!-- perfproof:commits{earlier} -->\n\nold", BOT)
    order = (10**18 - 1, 10**18 - 1)
    post(hub.thread(), view, Context(commit="f" * 64, report_url=hub.url), KEY, order)
    (stored,) = hub.comments.values()
    assert (stored.body or "").startswith("<!-- perfproof:v1 ")
    assert len((stored.body or "").encode()) <= 60_000


def test_a_text_that_is_too_long_is_halved_once(hub: FakeGitHub) -> None:
    hub.longest = 35_000
    view = view_named("compared")
    rows = tuple(replace(view.comparison.rows[0], label=f"GET /{n}") for n in range(500))
    view = replace(view, comparison=replace(view.comparison, rows=rows))
    post(hub.thread(), view, Context(), KEY, (1, 1))
    (stored,) = hub.comments.values()
    assert 1000 < len(stored.body or "") <= 30_000
    hub.longest = 500
    with pytest.raises(DeliveryError, match="too long"):
        post(hub.thread(), view, Context(), KEY, (2, 1))
