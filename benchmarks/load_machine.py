"""What the figures of a load benchmark were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    cpu = next(
        (line.partition(":")[2].strip()
         for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")), platform.processor(),
    )  # fmt: skip
    packages = ("locust", "gevent", "geventhttpclient")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "load_average": os.getloadavg()[0],
    }
