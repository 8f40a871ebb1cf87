"""A branch that is none of ours, remotes that do not answer or refuse, records that are damaged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from clones import ENVIRON, NAME, RUNS, Clone, add_file, git
from perf_baselines import git_branch
from perf_baselines.git_branch import Branch
from perf_baselines.sync import TRIES, Wish, sync
from perf_documents.errors import DocumentError, StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", ["README.md", "records/UPPER.json", "records/x.txt"])
def test_a_branch_with_other_files_is_refused(origin: Path, path: str) -> None:
    Clone(origin, "clone", 1).sync()
    add_file(origin, path, b"{}\n")
    before = git(origin, "rev-parse", NAME)
    other = Clone(origin, "other", 2)
    with pytest.raises(UsageError, match=f"holds 1 files that are no records: {path}; expected"):
        other.sync()
    assert other.seeds() == [2]
    assert git(origin, "rev-parse", NAME) == before


def test_the_branch_of_the_code_is_refused(origin: Path) -> None:
    clone = Clone(origin, "clone", 1)
    clone.branch = Branch(clone.root, "origin", "main", ENVIRON)
    with pytest.raises(UsageError, match=r"no records: code\.py; expected a branch of its own"):
        clone.sync()


@pytest.mark.parametrize("kind", ["damaged", "of another run", "newer"])
def test_a_record_that_cannot_be_read_stops_before_anything_is_stored(
    origin: Path, kind: str
) -> None:
    clone = Clone(origin, "clone", 1, 2)
    clone.sync()
    text = clone.history.texts(RUNS[1].run_id)[0]
    damaged = {
        "damaged": (text.replace(b"sustained", b"sustaimed"), "records/x-3.json: check: "),
        "of another run": (text, "records/x-3.json: is the record of another run"),
        "newer": (b'{"schema":99}\n', "records/x-3.json: .*made by a newer version"),
    }
    content, cause = damaged[kind]
    add_file(origin, "records/x-3.json", content)
    other = Clone(origin, "other", 3)
    with pytest.raises(DocumentError, match=f"origin/{NAME}:{cause}"):
        other.sync()
    assert other.seeds() == [3]


@pytest.mark.parametrize(
    ("remote", "name", "cause"),
    [
        ("nowhere", NAME, "git knows no remote of this name here"),
        ("--upload-pack=x", NAME, "git knows no remote of this name here"),
        ("origin", "a..b", "is no name of a branch"),
        ("origin", "-f", "is no name of a branch"),
        ("origin", "", "is no name of a branch"),
        ("origin", "a\0b", "git cannot be started"),
    ],
)
def test_what_is_no_branch_or_remote_is_refused(
    origin: Path, remote: str, name: str, cause: str
) -> None:
    clone = Clone(origin, "clone", 1)
    clone.branch = Branch(clone.root, remote, name, ENVIRON)
    with pytest.raises(UsageError, match=cause):
        clone.sync()


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git knows no remote of this name here; next: work insid"):
        Branch(tmp_path, "origin", NAME, ENVIRON).check()


def test_a_remote_that_cannot_be_reached_is_named_without_its_secrets(origin: Path) -> None:
    clone = Clone(origin, "clone", 1)
    url = "http://me:hunter22hunter@127.0.0.1:1/x.git"
    git(clone.root, "remote", "set-url", "origin", url)
    with pytest.raises(StoreError, match=r"cannot be fetched: .*127") as caught:
        clone.sync()
    assert "hunter22" not in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_remote_that_refuses_is_not_asked_twenty_times(origin: Path) -> None:
    hook = origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho token=abcdefgh123 >&2\nexit 1\n")
    hook.chmod(0o755)
    clone = Clone(origin, "clone", 1)
    with pytest.raises(
        StoreError, match=r"cannot be pushed: .*pre-receive hook declined"
    ) as caught:
        clone.sync()
    assert "abcdefgh123" not in str(caught.value)
    assert clone.seeds() == [1]


def test_a_remote_that_does_not_answer_is_not_waited_for_for_ever(
    origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = Clone(origin, "clone", 1)
    git(clone.root, "config", "remote.origin.uploadpack", "sleep 60; git-upload-pack")
    monkeypatch.setattr(git_branch, "REMOTE_S", 0.5)
    with pytest.raises(StoreError, match=r"no answer within [01] s"):
        clone.sync()


def test_others_who_are_always_first_end_the_tries(
    origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = Clone(origin, "clone", 1)
    monkeypatch.setattr(Branch, "push", lambda _branch, _commit: False)
    wish = Wish(
        push=True, restore=False, now=datetime(2026, 3, 1, tzinfo=UTC), pause=lambda _: None
    )
    with pytest.raises(StoreError, match=f"others were first {TRIES} times"):
        sync(clone.history, clone.branch, wish)
