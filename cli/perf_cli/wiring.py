"""The real world, chosen in one place: clocks, environment, folder, and what joins the rooms."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perf_baselines.history import open_history
from perf_cli.output import say
from perf_documents.errors import UsageError
from perf_loadtests.requests import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_baselines.history import History
    from perf_cli.signals import Signals
    from perf_documents.events import Notice, Progress
    from perf_documents.targets import WorkspaceConfig
    from perf_loadtests.workspace import Workspace

HISTORY, SITE = "history", "trend"
# A database's URL may hold a password, which belongs in no file of a repository.
HISTORY_VARIABLE = "PERF_HISTORY"


def real_world(emit: Callable[[Progress | Notice], None], signals: Signals) -> World:
    """World of this process, in its working folder."""
    return World(
        root=Path.cwd(),
        environ=dict(os.environ),
        clock=time.perf_counter,
        sleep=time.sleep,
        now=lambda: datetime.now(UTC),
        emit=emit,
        stop=signals,
        version=importlib.metadata.version("perfproof"),
        token_hex=secrets.token_hex,
    )


def history_of(
    workspace: Workspace,
    config: WorkspaceConfig | None = None,
    heard: Callable[[str], object] | None = None,
) -> History:
    """History that PERF_HISTORY or perf.yaml names, or the one in `.perf/`.

    `heard` is told its notices, beside stderr.
    """
    where = os.environ.get(HISTORY_VARIABLE)
    if where == "":
        raise UsageError(
            f"environment: {HISTORY_VARIABLE} is set but empty; expected a URL or a folder; next: "
            "unset it, or see why its secret is not there"
        )
    where = where or (config or workspace.config()).history
    base = workspace.root if where else workspace.state

    def notify(notice: Notice) -> None:
        say(f"perf: {notice.text}")
        if heard is not None:
            heard(notice.text)

    return open_history(where or HISTORY, base, notify)
