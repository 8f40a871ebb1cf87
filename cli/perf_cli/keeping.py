"""What `perf history` does beside listing: sync with a branch."""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perf_baselines.git_branch import Branch
from perf_baselines.sync import Wish, sync
from perf_cli.output import result
from perf_cli.wiring import history_of

if TYPE_CHECKING:
    from perf_loadtests.workspace import Workspace

_PAUSE_S, _LONGEST_S = 0.2, 5.0


def sync_branch(
    workspace: Workspace, remote: str, name: str, *, push: bool, restore: bool, as_json: bool
) -> int:
    """Sync the history with a branch, and say how many records went which way."""
    branch = Branch(workspace.root, remote, name, dict(os.environ))
    branch.check()
    history = history_of(workspace)
    history.open_for_writing()
    wish = Wish(push=push, restore=restore, now=datetime.now(UTC), pause=_pause)
    done = sync(history, branch, wish)
    if as_json:
        facts = {"sent": done.sent, "received": done.received, "tries": done.tries}
        return result(json.dumps(facts, sort_keys=True))
    held = len(history.ids())
    return result(
        f"{branch.place}: {done.sent} sent, {done.received} received; {held} runs are here now"
    )


def _pause(tries: int) -> None:
    """Wait a while that others hardly choose too: longer after each try."""
    longest_s = min(_LONGEST_S, _PAUSE_S * 2**tries)
    time.sleep(random.SystemRandom().uniform(_PAUSE_S / 2, longest_s))
