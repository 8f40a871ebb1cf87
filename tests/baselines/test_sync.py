"""A history in a git branch: many clones at once, rewritten branches, files of somebody else."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines import git_branch
from perf_baselines.git_branch import Branch
from perf_baselines.history import History
from perf_baselines.sync import TRIES, Synced, Wish, sync
from perf_documents.errors import DocumentError, StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from shelves import PostgresShelf

NAME = "perfproof-history"
GIT = shutil.which("git") or "git"
ENVIRON = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}  # fmt: skip
RUNS = {seed: make_run(seed, verdict=Verdict.PASS) for seed in range(1, 21)}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [GIT, "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder, env=ENVIRON, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    path = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", str(path))
    git(tmp_path, "clone", "-q", str(path), "first")
    (tmp_path / "first" / "code.py").write_text("print()\n")
    git(tmp_path / "first", "add", ".")
    git(tmp_path / "first", "commit", "-qm", "Begin")
    git(tmp_path / "first", "push", "-q", "origin", "HEAD:main")
    return path


class Clone:
    """An ephemeral clone with a history of its own."""

    def __init__(self, origin: Path, name: str, *seeds: int) -> None:
        self.root = origin.parent / name
        git(origin.parent, "clone", "-q", "--depth=1", origin.as_uri(), name)
        self.history = History(self.root / ".perf" / "history")
        for seed in seeds:
            self.history.store(RUNS[seed])
        self.branch = Branch(self.root, "origin", NAME, ENVIRON)

    def sync(self, *, push: bool = True, restore: bool = False) -> Synced:
        """Sync with the branch."""
        chance, pause = random.Random(str(self.root)), threading.Event()  # noqa: S311  # waits

        def waiting(tries: int) -> None:
            pause.wait(chance.uniform(0, 0.05 * tries))

        wish = Wish(
            push=push,
            restore=restore,
            now=datetime(2026, 3, 1, tzinfo=UTC),
            pause=waiting,
        )
        self.branch.check()
        return sync(self.history, self.branch, wish)

    def seeds(self) -> list[int]:
        """What the history holds."""
        return sorted(int(run_id[-6:], 16) for run_id in self.history.ids())


def test_twenty_fresh_clones_four_at_a_time_lose_nothing(origin: Path) -> None:
    def add(seed: int) -> int:
        done = Clone(origin, f"clone{seed}", seed).sync()
        assert done.sent == 1
        return done.tries

    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(add, range(1, 21)))
    assert max(tries) < TRIES
    last = Clone(origin, "last")
    assert last.sync().received == 20
    assert last.seeds() == list(range(1, 21))
    expected = History(origin.parent / "expected")
    for run in RUNS.values():
        expected.store(run)
    assert last.history.list(100) == expected.list(100)


def test_work_tree_index_and_branches_are_left_alone(origin: Path) -> None:
    clone = Clone(origin, "clone", 1)
    (clone.root / "code.py").write_text("print(1)\n")
    (clone.root / "new.py").write_text("")
    git(clone.root, "add", "new.py")
    index = (clone.root / ".git" / "index").read_bytes()
    facts = [["status", "--porcelain"], ["branch"], ["rev-parse", "HEAD"], ["stash", "list"]]
    before = [git(clone.root, *fact) for fact in facts]
    clone.sync()
    assert [git(clone.root, *fact) for fact in facts] == before
    assert (clone.root / ".git" / "index").read_bytes() == index
    assert not (clone.root / ".git" / "FETCH_HEAD").exists()
    assert "scratch" not in git(clone.root, "for-each-ref")
    files = git(origin, "ls-tree", "-r", "--name-only", NAME)
    assert files == f"records/{RUNS[1].run_id}.json\n"
    assert git(origin, "rev-list", "--max-parents=0", "--count", NAME) == "1\n"


def test_syncing_again_is_a_no_op(origin: Path) -> None:
    clone = Clone(origin, "clone", 1, 2)
    assert (clone.sync().sent, clone.sync().sent) == (2, 0)
    assert git(origin, "rev-list", "--count", NAME) == "1\n"
    empty = Clone(origin, "empty")
    assert empty.sync() == Synced(sent=0, received=2, tries=1)


def test_without_pushing_nothing_is_sent(origin: Path) -> None:
    Clone(origin, "clone", 1).sync()
    reader = Clone(origin, "reader", 2)
    assert reader.sync(push=False) == Synced(sent=0, received=1, tries=1)
    assert reader.seeds() == [1, 2]
    assert Clone(origin, "third").sync().received == 1


def test_the_first_sync_of_nothing_makes_no_branch(origin: Path) -> None:
    assert Clone(origin, "clone").sync() == Synced(sent=0, received=0, tries=1)
    assert NAME not in git(origin, "branch")


def test_a_database_is_synced_alike(origin: Path, database: PostgresShelf) -> None:
    Clone(origin, "clone", 1).sync()
    clone = Clone(origin, "other")
    clone.history = database.open()
    clone.history.store(RUNS[2])
    assert clone.sync() == Synced(sent=1, received=1, tries=1)
    assert clone.seeds() == [1, 2]
    assert Clone(origin, "third").sync().received == 2


def test_a_rewritten_branch_drops_nothing_in_silence(origin: Path) -> None:
    clone = Clone(origin, "clone", 1, 2)
    clone.sync()
    git(origin, "branch", "-D", NAME)
    other = Clone(origin, "other", 3)
    other.sync()
    for _ in range(2):
        with pytest.raises(UsageError, match=r"was rewritten and lacks 2 runs that it held: 2026"):
            clone.sync()
    assert clone.seeds() == [1, 2]
    assert clone.sync(restore=True) == Synced(sent=2, received=1, tries=1)
    assert clone.sync() == Synced(sent=0, received=0, tries=1)
    assert other.sync() == Synced(sent=0, received=2, tries=1)


def test_what_was_removed_on_both_sides_is_gone(origin: Path) -> None:
    clone = Clone(origin, "clone", 1, 2)
    clone.sync()
    git(origin, "branch", "-D", NAME)
    with pytest.raises(UsageError, match="rewritten and lacks 2"):
        clone.sync()
    clone.history.remove(clone.history.ids())
    clone.history.store(RUNS[3])
    assert clone.sync() == Synced(sent=1, received=0, tries=1)


def test_a_squashed_branch_that_lacks_nothing_is_the_branch(origin: Path) -> None:
    clone = Clone(origin, "clone", 1)
    clone.sync()
    Clone(origin, "other", 2).sync()
    tree = git(origin, "rev-parse", f"{NAME}^{{tree}}").strip()
    squashed = git(origin, "commit-tree", "-m", "All", tree).strip()
    git(origin, "update-ref", f"refs/heads/{NAME}", squashed)
    assert clone.sync() == Synced(sent=0, received=1, tries=1)


def _add_file(origin: Path, path: str, content: bytes, branch: str = NAME) -> None:
    """Commit a file to the branch, as somebody would by hand."""
    folder = origin.parent / f"hand-{path.replace('/', '-')}"
    git(origin.parent, "clone", "-q", "-b", branch, str(origin), folder.name)
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(content)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "By hand")
    git(folder, "push", "-q")


@pytest.mark.parametrize("path", ["README.md", "records/UPPER.json", "records/x.txt"])
def test_a_branch_with_other_files_is_refused(origin: Path, path: str) -> None:
    Clone(origin, "clone", 1).sync()
    _add_file(origin, path, b"{}\n")
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
    _add_file(origin, "records/x-3.json", content)
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
