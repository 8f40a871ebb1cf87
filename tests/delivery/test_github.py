"""Comments and check runs: found by their author, written once, and refused in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.github import BOT, TOKEN, FakeGitHub, Fault
from perf_reports.delivery.event import Event
from perf_reports.delivery.github import Author, PullRequest, author, check_run
from perf_reports.delivery.http import DeliveryError
from perf_reports.delivery.marker import Marker
from perf_reports.delivery.sticky import put

EVENT = Event(
    repository="octo/shop", repository_id="42", head_sha="a" * 40, number=7, head_repository=None,
    head_branch="", order=(1, 1), workflow="w", job="j", run_url="https://github.com/o/r",
)  # fmt: skip


def test_odd_lists_are_read_as_far_as_they_go(hub: FakeGitHub) -> None:
    hub.add(None, BOT)
    hub.add("no author", None)
    assert hub.thread().mine() == []
    hub.faults = [Fault(status=200, message="no list")]
    with pytest.raises(DeliveryError, match="expected a list"):
        hub.thread().mine()


def test_a_comment_that_cannot_be_found_again_is_not_called_written(hub: FakeGitHub) -> None:
    thread = replace(hub.thread(), author=Author(login="somebody else", kind=""))
    text = Marker(key="0" * 16, order=(1, 1), body="0" * 16).line
    hub.faults = [Fault(status=201, is_done=True, message="no id, no user", on="POST")]
    with pytest.raises(DeliveryError, match="cannot be found again"):
        put(thread, "0" * 16, (1, 1), lambda _: text)
    assert len(hub.comments) == 1


def test_a_token_that_writes_as_another_app_leaves_nothing_behind(hub: FakeGitHub) -> None:
    hub.writer = {"login": "shop-app[bot]", "type": "Bot"}
    text = Marker(key="0" * 16, order=(1, 1), body="0" * 16).line
    for _ in range(2):
        with pytest.raises(DeliveryError, match=r"nothing was left there; next: --author 'shop"):
            put(hub.thread(), "0" * 16, (1, 1), lambda _: text)
        assert hub.comments == {}
    named = replace(hub.thread(), author=Author(login="shop-app[bot]", kind=""))
    assert put(named, "0" * 16, (1, 1), lambda _: text) == "comment written"


@pytest.mark.parametrize("on", ["POST", "PATCH"])
@pytest.mark.parametrize("status", [500, 502, 504, 0], ids=["500", "502", "504", "reset"])
@pytest.mark.parametrize("is_done", [True, False])
def test_a_lost_answer_ends_well_after_a_look(
    hub: FakeGitHub,
    on: str,
    status: int,
    is_done: bool,  # noqa: FBT001  # a case
) -> None:
    def marked(number: int) -> str:
        return Marker(key="0" * 16, order=(number, 1), body="0" * 16).line

    if on == "PATCH":
        put(hub.thread(), "0" * 16, (1, 1), lambda _: marked(1))
    hub.calls.clear()
    hub.faults = [Fault(status=status, is_done=is_done, on=on)]
    said = put(hub.thread(), "0" * 16, (2, 1), lambda _: marked(2))
    again = "comment written" if on == "POST" else "comment updated"
    assert said == ("comment written, its answer lost" if is_done else again)
    assert [stored.body for stored in hub.comments.values()] == [marked(2)]
    # a look stands between a lost write and the next one
    wanted = ["GET", on, "GET"] if is_done else ["GET", on, "GET", on, "GET"]
    assert [method for method, _ in hub.calls] == wanted


def test_words_that_the_server_changed_are_said_once(hub: FakeGitHub) -> None:
    hub.keeps = lambda text: text.replace("wanted", "other")
    text = Marker(key="0" * 16, order=(1, 1), body="0" * 16).line + "\n\nwanted"
    said = put(hub.thread(), "0" * 16, (1, 1), lambda _: text)
    assert said == "comment written, but the server keeps other words than were sent"
    assert len(hub.comments) == 1


def test_after_a_wait_a_write_looks_again(hub: FakeGitHub) -> None:
    """Else a run that was put off for a minute would write over what a newer one said."""

    def marked(number: int) -> str:
        return Marker(key="0" * 16, order=(number, 1), body="0" * 16).line

    put(hub.thread(), "0" * 16, (1, 1), lambda _: marked(1))

    def newer_one() -> None:
        put(hub.thread(), "0" * 16, (3, 1), lambda _: marked(3))

    hub.faults = [Fault(status=429, headers=(("Retry-After", "30"),), on="PATCH")]
    hub.interruption = (2, newer_one)  # list, the write that is put off, list
    assert (
        put(hub.thread(), "0" * 16, (2, 1), lambda _: marked(2)) == "a newer run's comment stands"
    )
    assert [stored.body for stored in hub.comments.values()] == [marked(3)]


def test_whom_a_token_writes_as_is_not_guessed_from_a_limit(hub: FakeGitHub) -> None:
    hub.user = (403, {"message": "Forbidden"})
    with pytest.raises(DeliveryError, match="GET /user: 403"):
        author(hub.api())


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (401, "Bad credentials", "a token that is valid"),
        (403, "Resource not accessible by integration", "--forks"),
        (404, "Not Found", "still exists"),
        (410, "Gone", "still exists"),
        (422, "Validation Failed", "422"),
        (301, "Moved", "301"),
    ],
)
def test_each_refusal_is_one_line_with_a_next_step(
    hub: FakeGitHub, status: int, message: str, says: str
) -> None:
    hub.faults = [Fault(status=status, message=message, on="POST")]
    with pytest.raises(DeliveryError, match=says) as caught:
        hub.thread().create("x")
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(hub.calls) == 1


def test_the_author_is_the_person_or_the_bot(hub: FakeGitHub) -> None:
    assert author(hub.api()) == Author(login="github-actions[bot]", kind="Bot")
    hub.user = (200, {"login": "ann"})
    assert author(hub.api()) == Author(login="ann", kind="")
    assert author(hub.api(), "shop-app[bot]").login == "shop-app[bot]"
    hub.user = (401, {"message": "Bad credentials"})
    with pytest.raises(DeliveryError, match="GITHUB_TOKEN"):
        author(hub.api())


def test_a_person_with_the_bot_s_name_is_not_the_bot(hub: FakeGitHub) -> None:
    hub.add("x", {"login": "github-actions[bot]", "type": "User"})
    assert hub.thread().mine() == []


def test_endless_pages_are_given_up(hub: FakeGitHub) -> None:
    hub.page = 1
    for _ in range(60):
        hub.add("noise", {"login": "ann", "type": "User"})
    with pytest.raises(DeliveryError, match="50 pages"):
        hub.thread().mine()


@pytest.mark.parametrize(
    ("exit_code", "conclusion"),
    [(0, "success"), (1, "failure"), (3, "action_required"), (2, "action_required"),
     (5, "action_required"), (70, "failure"), (130, "cancelled")],
)  # fmt: skip
def test_a_check_run_is_never_neutral(hub: FakeGitHub, exit_code: int, conclusion: str) -> None:
    check_run(hub.api(), EVENT, name="perf", exit_code=exit_code, title="t", text="x" * 70_000)
    (check,) = hub.checks
    assert check["conclusion"] == conclusion
    # a write that was put off was not made
    hub.faults = [Fault(status=429, headers=(("Retry-After", "3"),))]
    check_run(hub.api(), EVENT, name="perf", exit_code=exit_code, title="t", text="x")
    assert len(hub.checks) == 2
    assert check["head_sha"] == "a" * 40
    assert len(check["output"]["summary"]) <= 65_535  # type: ignore[index]  # an object


def test_a_deleted_comment_is_written_anew(hub: FakeGitHub) -> None:
    thread = hub.thread()
    assert isinstance(thread, PullRequest)
    assert thread.update(99, "x") is False
    thread.delete(99)
