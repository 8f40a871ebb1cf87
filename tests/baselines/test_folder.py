from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.folder import Folder
from perf_documents.codec import load_run
from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.strict_json import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perf_baselines.history import History


RUN = make_run(1, verdict=Verdict.PASS)


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_file_in_the_place_of_the_folder_is_refused(root: Path, history: History) -> None:
    root.write_text("")
    for call in (history.open_for_writing, lambda: history.list(1)):
        with pytest.raises(UsageError, match="is a file; a history is a folder"):
            call()


@pytest.mark.parametrize("part", ["", "records", "runs", "index.sqlite"])
def test_a_link_that_leaves_the_folder_is_refused(
    root: Path, tmp_path: Path, history: History, part: str
) -> None:
    outside = tmp_path.parent / f"outside-{tmp_path.name}"
    outside.mkdir()
    if part:
        root.mkdir()
    (root / part if part else root).symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link that leaves its folder"):
        history.open_for_writing()
    with pytest.raises(UsageError, match="symbolic link that leaves its folder"):
        history.store(RUN)
    assert list(outside.iterdir()) == []


def test_a_record_that_is_a_link_is_refused(history: History, root: Path, tmp_path: Path) -> None:
    history.store(RUN)
    path = root / "records" / f"{RUN.run_id}.json"
    path.rename(tmp_path / "moved.json")
    path.symlink_to(tmp_path / "moved.json")
    with pytest.raises(DocumentError, match="is a symbolic link"):
        history.record(RUN.run_id)


def test_a_read_only_history_is_refused_before_load_and_can_be_read(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.store(RUN)
    opened = os.open

    def read_only(path: str, flags: int, *rest: int, **named: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return opened(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(StoreError, match="the history is read-only or full, before load: "):
        history.open_for_writing()
    assert history.load(history.resolve("latest")) == RUN
    assert [record.run_id for record in history.list(5)] == [RUN.run_id]


def test_a_folder_without_permission_is_a_matter_of_the_store(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: str, **_named: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "stat", denied)
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        history.list(1)


def test_too_little_space_is_said_before_load(history: History) -> None:
    history.open_for_writing()
    with pytest.raises(StoreError, match=r"before load: .* bytes are free; 1.* are needed"):
        history.open_for_writing(needed_bytes=10**18)


def test_opening_removes_what_killed_writers_left(history: History, root: Path) -> None:
    history.open_for_writing()
    left = root / "runs" / ".x.json.gz.0.tmp"
    left.write_bytes(b"torn")
    os.utime(left, (0, 0))
    history.open_for_writing()
    assert _files(root) == []


def test_a_writer_that_hangs_is_not_waited_for_for_ever(root: Path, history: History) -> None:
    history.open_for_writing()
    with (
        Folder(root).locked(),
        pytest.raises(StoreError, match="another writer has held it"),
        Folder(root).locked(wait_s=0.05),
    ):
        pass


def _failing_after(name: str, count: int) -> Callable[..., object]:
    """Stand-in for a call of `os` that has no space left after so many calls."""
    call, left = getattr(os, name), iter(range(count))

    def failing(*arguments: object, **named: object) -> object:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return call(*arguments, **named)

    return failing


@pytest.mark.parametrize("name", ["write", "fsync", "rename", "link"])
@pytest.mark.parametrize("after", range(5))
def test_a_failed_write_leaves_nothing_partial(
    history: History, root: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    history.store(make_run(2))
    before = set(_files(root))
    with monkeypatch.context() as patch:
        patch.setattr(os, name, _failing_after(name, after))
        try:
            stored = history.store(RUN).equal
        except StoreError:
            stored = False
    left = set(_files(root)) - before
    # whatever has a final name is whole; a document without its record is no stored run
    assert left <= {f"runs/{RUN.run_id}.json.gz", f"records/{RUN.run_id}.json"}
    assert not stored or len(left) == 2
    for path in left:
        if path.startswith("runs/"):
            assert load_run(unpack((root / path).read_bytes())) == RUN
        else:
            assert history.load(RUN.run_id) == RUN
    # once there is space again, the run can be stored
    assert history.store(RUN).equal
    assert history.load(make_run(2).run_id) == make_run(2)
