from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fakes
from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from shelves import FolderShelf

if TYPE_CHECKING:
    from perf_baselines.history import History
    from shelves import Shelf

SUPPORT = Path(fakes.__file__).parent.parent

RUN = make_run(1, verdict=Verdict.PASS)
# coverage in a child that is killed, or may not write, leaves damaged files
_ENVIRON = {
    **{name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")},
    "PYTHONPATH": str(SUPPORT),
}


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def _child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=_ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


_LIMITED = """
import resource, sys
from pathlib import Path
from fakes.runs import make_run
from perf_baselines.history import History
from perf_documents.errors import StoreError

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    print(History(Path(sys.argv[1])).store(make_run(1)).equal)
except StoreError as error:
    print("StoreError", error)
"""


@pytest.mark.parametrize("limit_bytes", [0, 1000, 10_000])
def test_a_limit_on_file_sizes_leaves_no_run(
    root: Path, history: History, limit_bytes: int
) -> None:
    history.open_for_writing()
    output, _ = _child(_LIMITED, str(root), str(limit_bytes)).communicate(timeout=30)
    assert output.startswith("StoreError")
    assert "File too large" in output
    assert _files(root) == [".lock"]


_WRITER = """
import sys
from pathlib import Path
from fakes.runs import make_run
from perf_baselines.history import open_history

history = open_history(sys.argv[1], Path("/"))
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    stored = history.store(make_run(seed))
    assert stored.equal and stored.new
    print(stored.run_id, flush=True)
"""


@pytest.fixture(params=[6, pytest.param(250, marks=pytest.mark.slow)])
def each(request: pytest.FixtureRequest) -> int:
    """Runs that each writer stores."""
    count: int = request.param
    return count


@pytest.mark.usefixtures("indexed")
def test_eight_writers_at_once_lose_nothing(shelf: Shelf, each: int) -> None:
    writers = [
        _child(_WRITER, shelf.where, str(first), str(first + each))
        for first in range(0, 8 * each, each)
    ]
    # a reader that makes the index meanwhile
    history = shelf.open()
    history.list(10)
    outputs = [writer.communicate(timeout=60 + each)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, outputs
    expected = {make_run(seed).run_id: seed for seed in range(8 * each)}
    assert {record.run_id for record in history.list(10_000)} == expected.keys()
    for run_id in sorted(expected)[:: 1 if each > 6 else 8]:
        assert history.load(run_id) == make_run(expected[run_id])


_SAME = """
import sys
from pathlib import Path
from fakes.runs import make_run
from perf_baselines.history import open_history

stored = open_history(sys.argv[1], Path("/")).store(make_run(1))
assert stored.equal
print(stored.new)
"""


def test_of_writers_of_the_same_run_one_is_first(shelf: Shelf) -> None:
    writers = [_child(_SAME, shelf.where) for _ in range(4)]
    outputs = [writer.communicate(timeout=60)[0].strip() for writer in writers]
    assert sorted(outputs) == ["False", "False", "False", "True"]
    assert shelf.open().load(RUN.run_id) == make_run(1)


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_no_torn_run(shelf: Shelf, kills: int) -> None:
    """Kill a writer at ever later moments of its second store."""
    acknowledged: set[str] = set()
    moments = random.Random(kills)  # noqa: S311  # moments of a test
    history = shelf.open()
    for attempt in range(kills):
        first = 1000 * (attempt + 1)
        writer = _child(_WRITER, shelf.where, str(first), str(first + 500))
        assert writer.stdout is not None
        acknowledged.add(writer.stdout.readline().strip())
        time.sleep(moments.uniform(0.0, 0.1))
        writer.kill()
        acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        writer.wait(timeout=10)
        writer.stdout.close()
        assert acknowledged <= {record.run_id for record in history.list(10_000)}
    listed = history.list(10_000)
    for record in listed:
        assert history.load(record.run_id) == make_run(int(record.run_id[-6:], 16))
    if isinstance(shelf, FolderShelf):
        (shelf.root / "index.sqlite").unlink()
    assert shelf.open().list(10_000) == listed
    # whoever was killed before it could say so stores its run again
    assert not any(history.store(make_run(int(r.run_id[-6:], 16))).new for r in listed[::10])


_IMPORTS = """
import sys
from pathlib import Path
from perf_baselines.history import History

history = History(Path(sys.argv[1]))
history.load(history.resolve("latest"))
history.list(20)
print(sorted({"sqlalchemy", "numpy", "scipy", "locust", "sqlite3"} & set(sys.modules)))
"""


def test_a_run_is_loaded_without_a_database_library(root: Path, history: History) -> None:
    history.store(RUN)
    child = subprocess.run(
        [sys.executable, "-c", _IMPORTS, str(root)],
        env=_ENVIRON,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert child.stdout.strip() == "[]"
