"""How long a large history takes: lists, and a fresh clone that syncs.

`python benchmarks/history_speed.py [RUNS] [URL]`: a temporary folder, and a database by its URL.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.git_branch import Branch
from perf_baselines.history import History, open_history
from perf_baselines.record import summarise
from perf_baselines.record_codec import dump_record
from perf_baselines.store import Entry
from perf_baselines.sync import Wish, sync
from perf_documents.codec import dump_run

if TYPE_CHECKING:
    from collections.abc import Callable

GIT = shutil.which("git") or "git"
WISH = Wish(push=True, restore=False, now=datetime(2026, 3, 1, tzinfo=UTC), pause=time.sleep)


def timed(what: str, work: Callable[[], object]) -> None:
    begin = time.perf_counter()
    work()
    print(f"{what:<52} {time.perf_counter() - begin:8.2f} s", flush=True)


def entries(count: int) -> list[Entry]:
    run = make_run(1, verdict=Verdict.PASS)
    record = summarise(run, dump_run(run))
    records = (
        replace(record, run_id=f"20260301-{n:08d}-00000a", profile=f"p{n % 20}")
        for n in range(count)
    )
    return [Entry(record, dump_record(record), None) for record in records]


def look(history: History, name: str, made: list[Entry]) -> None:
    timed(f"{name}: store {len(made)} records at once", lambda: history.store_records(made))
    timed(f"{name}: first list", lambda: history.list(20, "p7"))
    timed(f"{name}: list the newest 20", lambda: history.list(20))
    timed(f"{name}: list 20 of one profile", lambda: history.list(20, "p7"))
    timed(f"{name}: one more run", lambda: history.store(make_run(3)))
    timed(f"{name}: list all", lambda: history.list(len(made) + 1))


def branches(folder: Path, history: History) -> None:
    def clone(name: str) -> Path:
        command = [GIT, "clone", "-q", str(folder / "origin.git"), str(folder / name)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return folder / name

    subprocess.run([GIT, "init", "-q", "--bare", str(folder / "origin.git")], check=True)
    first = Branch(clone("first"), "origin", "perfproof-history", {"PATH": str(Path(GIT).parent)})
    timed("branch: first sync of all", lambda: sync(history, first, WISH))
    second = replace(first, root=clone("second"))
    empty = History(folder / "second" / ".perf" / "history")
    timed("branch: a fresh clone takes all", lambda: sync(empty, second, WISH))
    empty.store(make_run(4))
    timed("branch: and adds one", lambda: sync(empty, second, WISH))


def main() -> None:
    made = entries(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    with tempfile.TemporaryDirectory() as place:
        history = History(Path(place) / "history")
        look(history, "folder", made)
        branches(Path(place), history)
    if len(sys.argv) > 2:
        look(open_history(sys.argv[2], Path.cwd()), "database", made)


if __name__ == "__main__":
    main()
