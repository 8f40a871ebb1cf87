"""What a comparison in the command's tests may depend on, and how its result is read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands import Desk

# what two seconds on a busy machine can show: nothing here may depend on its noise
WIDE = "{must_detect: {p95: 1000%, error_rate: 90pp}}"
LAX = "{p95: 1000%, error_rate: 90pp}"
RATE = "300"


def result_of(desk: Desk) -> dict[str, object]:
    """The newest result.json."""
    newest = max(desk.state.glob("runs/*/result.json"))
    found: dict[str, object] = json.loads(newest.read_bytes())
    return found


def compared(desk: Desk) -> dict[str, object]:
    """Comparison of the newest run."""
    found = result_of(desk)["comparison"]
    assert isinstance(found, dict)
    return found
