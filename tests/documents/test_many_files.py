from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import StoreError
from perf_documents.files import write_all_new

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"a": b"1", "b": b"2", "c": b"3"}


def test_many_files_are_written_at_once_and_none_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"old")
    assert write_all_new(tmp_path, FILES) == 2
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert held == FILES | {"b": b"old"}
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("after", range(3))
def test_many_files_that_cannot_all_be_written_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    write, left = os.write, iter(range(after))

    def failing(descriptor: int, data: bytes) -> int:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(StoreError, match="cannot be written: No space left"):
        write_all_new(tmp_path, FILES)
    assert list(tmp_path.iterdir()) == []
