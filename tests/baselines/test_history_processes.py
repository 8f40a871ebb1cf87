from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fakes
from fakes.runs import make_run
from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from perf_baselines.history import History

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
from perf_baselines.history import History

history = History(Path(sys.argv[1]))
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    stored = history.store(make_run(seed))
    assert stored.equal and stored.new
    print(stored.run_id, flush=True)
"""


@pytest.mark.usefixtures("indexed")
def test_eight_writers_at_once_lose_nothing(root: Path, history: History) -> None:
    writers = [
        _child(_WRITER, str(root), str(first), str(first + 20)) for first in range(0, 160, 20)
    ]
    # a reader that makes the index meanwhile
    history.list(10)
    outputs = [writer.communicate(timeout=60)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, outputs
    expected = {make_run(seed).run_id for seed in range(160)}
    assert {record.run_id for record in history.list(1000)} == expected
    for run_id in sorted(expected)[::20]:
        assert history.load(run_id).run_id == run_id


_SAME = """
import sys
from pathlib import Path
from fakes.runs import make_run
from perf_baselines.history import History

stored = History(Path(sys.argv[1])).store(make_run(1))
assert stored.equal
print(stored.new)
"""


def test_of_writers_of_the_same_run_one_is_first(root: Path, history: History) -> None:
    writers = [_child(_SAME, str(root)) for _ in range(4)]
    outputs = [writer.communicate(timeout=60)[0].strip() for writer in writers]
    assert sorted(outputs) == ["False", "False", "False", "True"]
    assert history.load(RUN.run_id) == make_run(1)


def test_a_killed_writer_leaves_no_torn_run(root: Path, history: History) -> None:
    """Kill a writer at ever later moments of its second store."""
    acknowledged: set[str] = set()
    present: set[str] = set()
    for attempt in range(20):
        first = 1000 * (attempt + 1)
        writer = _child(_WRITER, str(root), str(first), str(first + 500))
        assert writer.stdout is not None
        acknowledged.add(writer.stdout.readline().strip())
        time.sleep(0.001 * attempt)
        writer.kill()
        acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        writer.wait(timeout=10)
        writer.stdout.close()
        present = {record.run_id for record in history.list(1000)}
        assert acknowledged <= present
    for run_id in present:
        seed = int(run_id[-6:], 16)
        assert history.load(run_id) == make_run(seed)


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
