"""A history in a git branch: many clones at once, rewritten branches, what is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clones import NAME, RUNS, Clone, git
from perf_baselines.history import History
from perf_baselines.sync import TRIES, Synced
from perf_documents.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from shelves import PostgresShelf


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
