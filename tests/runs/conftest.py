from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine_runs import Bench, benches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Folder with a running demo service."""
    yield from benches(tmp_path)
