from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.files import (
    check_name,
    make_private_folder,
    read_bounded,
    read_head,
    remove_stale_temporaries,
    write_atomic,
    write_new,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Writer = Callable[[Path, bytes], object]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _failing(error: int, after: int = 0) -> Callable[..., int]:
    """Stand-in for a system call that fails with `error` after so many calls that return 0."""
    calls = iter(range(after))

    def call(*_arguments: object, **_named: object) -> int:
        if next(calls, None) is None:
            raise OSError(error, os.strerror(error))
        return 0

    return call


@pytest.mark.parametrize("write", [write_atomic, write_new])
def test_a_written_file_is_private_and_alone(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / "run.json"
    write(path, b"content")
    assert path.read_bytes() == b"content"
    assert _mode(path) == 0o600
    assert _names(tmp_path) == ["run.json"]


def test_an_old_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_atomic(path, b"old")
    write_atomic(path, b"")
    assert path.read_bytes() == b""


def test_an_immutable_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert write_new(path, b"first")
    assert not write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert _names(tmp_path) == ["run.json"]


def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    link = os.link

    def slow_link(*arguments: str, **named: int) -> None:
        path.write_bytes(b"from another process")
        link(*arguments, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(os, "link", slow_link)
    assert not write_new(path, b"ours")
    assert path.read_bytes() == b"from another process"
    assert _names(tmp_path) == ["run.json"]


def test_a_file_system_without_links_is_written_by_renaming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _failing(errno.EPERM))
    assert write_new(tmp_path / "run.json", b"content")
    assert _names(tmp_path) == ["run.json"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    write_atomic(tmp_path / "run.json", b"0123456789")
    assert (tmp_path / "run.json").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param("write", errno.ENOSPC, id="no-space"),
        pytest.param("write", errno.EFBIG, id="over-the-limit"),
        pytest.param("fsync", errno.EIO, id="sync-fails"),
        pytest.param("rename", errno.EXDEV, id="rename-fails"),
        pytest.param("open", errno.EROFS, id="read-only"),
        pytest.param("open", errno.EACCES, id="no-permission"),
    ],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    path = tmp_path / "run.json"
    write_atomic(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _failing(error))
        with pytest.raises(StoreError, match="cannot be written"):
            write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["run.json"]


def test_a_failed_immutable_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", _failing(errno.EIO))
        with pytest.raises(StoreError, match="cannot be written"):
            write_new(tmp_path / "run.json", b"new")
    assert _names(tmp_path) == []


_CHILD = """
import resource, sys
from pathlib import Path
from perf_documents.errors import StoreError
from perf_documents.files import write_atomic

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    write_atomic(Path(sys.argv[1]), b"n" * 100_000)
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("limit_bytes", [0, 1, 4096, 99_999])
def test_a_limit_on_file_sizes_leaves_nothing_partial(tmp_path: Path, limit_bytes: int) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path), str(limit_bytes)],
        # coverage could not write its own file
        env={name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "cannot be written: File too large" in child.stdout
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["run.json"]


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    end = tmp_path / "precious"
    end.write_bytes(b"precious")
    (tmp_path / "run.json").symlink_to(end)
    with pytest.raises(UsageError, match="symbolic link"):
        write_atomic(tmp_path / "run.json", b"content")
    assert not write_new(tmp_path / "run.json", b"content")
    assert end.read_bytes() == b"precious"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/run\.json: cannot be written: No such file"):
        write_atomic(tmp_path / "gone" / "run.json", b"content")


def test_private_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    make_private_folder(path)
    make_private_folder(path)
    assert (_mode(path), _mode(path.parent)) == (0o700, 0o700)


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(UsageError, match="is not a folder"):
        make_private_folder(tmp_path / "a")
    with pytest.raises((StoreError, UsageError)):
        make_private_folder(tmp_path / "a" / "b")


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "mkdir", _failing(errno.EROFS))
    with pytest.raises(StoreError, match="a: the folder cannot be created: Read-only"):
        make_private_folder(tmp_path / "a")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    assert read_head(path, 3) == b"123"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(DocumentError, match="2147483648 bytes; at most 1024 are read"):
        read_bounded(path, 1024)


def test_a_file_that_grows_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    monkeypatch.setattr(os, "read", lambda _descriptor, _count: b"more")
    with pytest.raises(DocumentError, match="more than 10 bytes"):
        read_bounded(path, 10)


def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("x")
    (tmp_path / "x").write_bytes(b"1")
    for name, cause in [
        ("fifo", "a device, pipe or socket, not a file"),
        (".", "a folder, not a file"),
        ("gone", "no such file"),
        ("x/y", "no such file"),
        ("link", "a symbolic link"),
        ("n" * 300, "the name is too long"),
    ]:
        with pytest.raises(DocumentError, match=cause):
            read_bounded(tmp_path / name, 10)
    assert read_bounded(tmp_path / "link", 10, follow=True) == b"1"


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_file_that_cannot_be_read_is_a_matter_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "x").write_bytes(b"1")
    monkeypatch.setattr(os, call, _failing(errno.EACCES))
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        read_bounded(tmp_path / "x", 10)


@pytest.mark.parametrize("name", ["a", "api-v1.2_x", "0", "a" * 64])
def test_a_name_is_returned(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "a..b", "/etc", "../x", "a/b", "-rf", ".x", "a" * 65, "a\nb", "é", "A"],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        check_name(name)


def test_only_old_left_overs_are_removed(tmp_path: Path) -> None:
    for name, age_s in ((".a.json.0.tmp", 7200), (".b.json.0.tmp", 60), ("c.json", 7200)):
        (tmp_path / name).write_bytes(b"")
        moment = (tmp_path / name).stat().st_mtime - age_s
        os.utime(tmp_path / name, (moment, moment))
    assert remove_stale_temporaries(tmp_path, 3600) == 1
    assert _names(tmp_path) == [".b.json.0.tmp", "c.json"]
