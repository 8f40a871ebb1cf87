"""Which engine a process is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perf_loadtests.engine.boot import Engine
from perf_loadtests.engine.distributed.master import MasterEngine
from perf_loadtests.engine.distributed.worker import WorkerEngine
from perf_loadtests.protocol import MASTER, WORKER, WORKER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.protocol import Order
    from perf_loadtests.spool import SpoolWriter


def engine_of(
    role: str, order: Order, spool: SpoolWriter, *,
    clock: Callable[[], float], wall: Callable[[], float],
) -> Engine:  # fmt: skip
    """Engine of a role; the token leaves the environment before a scenario can look at it."""
    kind, _, place = role.partition("@")
    classes = {MASTER: MasterEngine, WORKER: WorkerEngine}
    engine = classes.get(kind, Engine)(order, spool, clock=clock, wall=wall)
    token = os.environ.pop(WORKER_TOKEN, "")
    if isinstance(engine, MasterEngine | WorkerEngine):
        engine.token = token
    if isinstance(engine, WorkerEngine):
        host, _, port = place.rpartition(":")
        engine.place = host, int(port)
    return engine
