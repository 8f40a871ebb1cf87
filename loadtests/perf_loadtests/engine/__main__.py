"""The engine process: `python -P -m perf_loadtests.engine FOLDER SPOOL_FD CONTROL_FD PARENT ROLE`.

ROLE is `alone`, `master`, or `worker@HOST:PORT`.
"""

# locust patches the standard library for gevent when it is imported: before anything else
import locust  # noqa: F401, I001

import os
import signal
import sys
import time
from pathlib import Path

from perf_loadtests.engine import roles
from perf_loadtests.engine.control import Control, die_with_parent
from perf_loadtests.http.clock import clock
from perf_loadtests.protocol import Order
from perf_loadtests.spool import PLAN_FILE, SpoolWriter


def main(arguments: list[str]) -> None:
    """Run one order; the exit status means nothing, the completion record everything."""
    folder, spool, control, parent, role = arguments
    die_with_parent(int(parent))
    # a terminal's interrupt reaches the whole group: the supervisor decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = Order.model_validate_json((Path(folder) / PLAN_FILE).read_bytes())
    watcher = Control(int(control))
    watcher.start()
    for name in [name for name in os.environ if name.startswith("LOCUST_")]:
        del os.environ[name]
    wall = time.time  # noqa: TID251  # the process's own default; used for V8 alone
    engine = roles.engine_of(role, order, SpoolWriter(int(spool)), clock=clock, wall=wall)
    engine.run(watcher)
    # threads and greenlets of the scenario do not keep a finished engine alive
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(engine.status)


if __name__ == "__main__":
    main(sys.argv[1:])
