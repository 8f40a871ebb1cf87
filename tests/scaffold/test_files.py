"""Every file of a workspace is written, or none."""

from __future__ import annotations

from collections import UserDict
from typing import TYPE_CHECKING

import pytest

from perf_loadtests.scaffold.files import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Interrupted(UserDict[str, str]):
    """Files whose writing is interrupted behind the last one."""

    def __iter__(self) -> Iterator[str]:
        yield from self.data
        raise KeyboardInterrupt


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, Interrupted({"perf.yaml": "a", "loadtests/profiles/first.yaml": "b"}))
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]
