"""What is known of the machine that made the load: a closed list of harmless facts."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEYS = (
    "system", "kernel", "architecture", "cpu_model", "cpu_count", "cpu_available", "memory_bytes",
    "python", "perfproof", "locust", "gevent", "ci", "runner", "runner_image", "variables",
)  # fmt: skip
# Variables that change how a client behaves: their names are noted, never their values.
_NOTED = (
    "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "SSLKEYLOGFILE", "LD_PRELOAD", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS",
)  # fmt: skip
_CI = (
    ("GITHUB_ACTIONS", "github"),
    ("GITLAB_CI", "gitlab"),
    ("BUILDKITE", "buildkite"),
    ("CIRCLECI", "circleci"),
    ("JENKINS_URL", "jenkins"),
    ("TF_BUILD", "azure"),
    ("CI", "other"),
)
# By which a machine is told from another when runs are compared: noted, never gated.
MACHINE_FACTS = ("cpu_model", "cpu_count", "kernel", "python", "locust", "runner_image")
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def collect_fingerprint(
    environ: Mapping[str, str],
    *,
    proc: Path = _PROC,
    version_of: Callable[[str], str] = _version_of,
) -> dict[str, str]:
    """Facts by the names in `KEYS`; what is not known is left out."""
    facts = {
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu_model": _field(proc / "cpuinfo", "model name") or platform.processor(),
        "cpu_count": str(os.cpu_count() or ""),
        "cpu_available": f"{available_cpus(proc):g}",
        "memory_bytes": _memory_bytes(proc),
        "python": platform.python_version(),
        "perfproof": version_of("perfproof"),
        "locust": version_of("locust"),
        "gevent": version_of("gevent"),
        "ci": next((name for variable, name in _CI if environ.get(variable)), ""),
        "runner": environ.get("RUNNER_ENVIRONMENT", ""),
        "runner_image": environ.get("ImageOS", ""),
        "variables": " ".join(name for name in _NOTED if _is_set(environ, name)),
    }
    return {key: visible(facts[key]) for key in KEYS if facts[key]}


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name) or environ.get(name.lower()))


def available_cpus(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> float:
    """Processors that this process may use: fewer than the machine has by affinity or by quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    return min([count, *_quotas(proc, cgroups)])


def _quotas(proc: Path, cgroups: Path) -> Iterator[float]:
    """Quotas of this process' control groups, in processors."""
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = cgroups / controllers if controllers else cgroups
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = root / path.lstrip("/")
        # in a container the path may be the host's, and the files lie at the root
        for folder in (group, *group.parents):
            quota = _quota(folder)
            if quota is not None:
                yield quota
            if folder == root:
                break


def _quota(folder: Path) -> float | None:
    """Quota of one control group, of either version; None where there is none."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
        share = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return share if share > 0.0 else None


def _memory_bytes(proc: Path) -> str:
    words = _field(proc / "meminfo", "MemTotal").split()
    return str(int(words[0]) * 1024) if words and words[0].isascii() and words[0].isdigit() else ""


def _field(path: Path, name: str) -> str:
    """First value of `name: value` in a file of /proc; empty where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        pass
    return ""
