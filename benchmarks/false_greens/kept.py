"""How each row ended when it was run last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from false_greens.rows import ROWS
from false_greens.running import Ended, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = Path(__file__).with_name("results.json")


def keep(results: Iterable[Result]) -> dict[str, Result]:
    """Keep these rows; every row that was ever kept, in the order of the table."""
    stored = json.loads(FILE.read_bytes()) if FILE.exists() else {}
    for result in results:
        stored[result.row.name] = {
            "locust": result.locust.code, "perfproof": result.perf.code, "says": result.perf.said,
        }  # fmt: skip
    kept = {row.name: stored[row.name] for row in ROWS if row.name in stored}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    rows = {row.name: row for row in ROWS}
    return {
        name: Result(rows[name], Ended(one["locust"], ""), Ended(one["perfproof"], one["says"]))
        for name, one in kept.items()
    }
