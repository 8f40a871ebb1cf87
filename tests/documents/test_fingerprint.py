from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from perf_documents.fingerprint import KEYS, available_cpus, collect_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {
    "GITHUB_ACTIONS": "true",
    "CI": "true",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "ImageOS": "ubuntu24",
    "https_proxy": "http://user:pass@proxy",
    "LD_PRELOAD": "/lib/x.so",
    "NO_PROXY": "",
    "PERF_TOKEN": "secret-value",
    "HOSTNAME": "build-17.internal",
    "USER": "somebody",
}


def _proc(folder: Path) -> Path:
    (folder / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: Fast CPU\x1b @ 3GHz\n\nmodel name\t: Other\n"
    )
    (folder / "meminfo").write_text("MemTotal:       16315412 kB\nMemFree: 1 kB\n")
    return folder


def test_the_machine_is_described(tmp_path: Path) -> None:
    facts = collect_fingerprint(
        ENVIRON, proc=_proc(tmp_path), version_of=lambda package: f"{package}-1"
    )
    assert facts["cpu_model"] == r"Fast CPU\x1b @ 3GHz"
    assert facts["memory_bytes"] == str(16315412 * 1024)
    assert (facts["locust"], facts["perfproof"]) == ("locust-1", "perfproof-1")
    assert (facts["ci"], facts["runner"]) == ("github", "github-hosted")
    assert float(facts["cpu_available"]) > 0


def test_variables_are_noted_by_name_only(tmp_path: Path) -> None:
    facts = collect_fingerprint(ENVIRON, proc=tmp_path)
    assert facts["variables"] == "HTTPS_PROXY LD_PRELOAD"
    text = str(facts)
    for value in ("pass", "x.so", "secret-value", "build-17", "somebody"):
        assert value not in text


def test_the_list_of_facts_is_closed(tmp_path: Path) -> None:
    facts = collect_fingerprint(ENVIRON, proc=_proc(tmp_path))
    assert set(facts) <= set(KEYS)
    assert len(KEYS) == 15


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: lots\n")
    facts = collect_fingerprint({}, proc=tmp_path, version_of=lambda _package: "")
    assert not {"memory_bytes", "locust", "ci", "runner", "variables"} & set(facts)
    assert "" not in facts.values()


def test_the_real_machine_has_versions() -> None:
    facts = collect_fingerprint({})
    assert facts["perfproof"]
    assert facts["python"].startswith("3.")


@pytest.mark.parametrize(
    ("own", "files", "cpus"),
    [
        pytest.param("0::/", {"cpu.max": "50000 100000"}, 0.5, id="container"),
        pytest.param("0::/a/b", {"a/cpu.max": "25000 100000", "a/b/cpu.max": "max 100000"}, 0.25,
                     id="of-the-parent"),
        pytest.param("0::/host/path", {"cpu.max": "75000 100000"}, 0.75, id="path-of-the-host"),
        pytest.param("4:cpu,cpuacct:/a",
                     {"cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
                      "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, 0.5, id="version-1"),
        pytest.param("4:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
                     None, id="version-1-without"),
        pytest.param("0::/", {"cpu.max": "max 100000"}, None, id="no-quota"),
        pytest.param("0::/", {"cpu.max": "nonsense"}, None, id="unreadable"),
        pytest.param("1:memory:/x", {}, None, id="other-controller"),
    ],
)  # fmt: skip
def test_e13_processors_are_those_of_affinity_and_quota(
    tmp_path: Path, own: str, files: dict[str, str], cpus: float | None
) -> None:
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(f"{own}\n")
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    expected = float(len(os.sched_getaffinity(0))) if cpus is None else cpus
    assert available_cpus(tmp_path / "proc", tmp_path / "cgroup") == expected
