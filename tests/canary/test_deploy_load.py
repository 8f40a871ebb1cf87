"""The pods of one load test: as many workers as are waited for, and nobody else at the port."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from repository import ROOT

SCHEMA = kubernetes_validate.latest_version()
DOCUMENTS = {
    (part["kind"], part["metadata"]["name"]): part
    for part in yaml.safe_load_all((ROOT / "deploy/kubernetes/load.yaml").read_text("utf-8"))
}
PARTS = {name: part["spec"] for name, part in DOCUMENTS.items()}
MASTER, WORKER = PARTS["Job", "perfproof-master"], PARTS["Job", "perfproof-worker"]


@pytest.mark.parametrize("part", PARTS, ids=" ".join)
def test_each_part_is_what_kubernetes_would_accept(part: tuple[str, str]) -> None:
    # its schemas come with the package: nothing is asked of a cluster, or of the network
    kubernetes_validate.validate(DOCUMENTS[part], SCHEMA, strict=True)


def container(job: dict[str, Any]) -> dict[str, Any]:
    """The one container of a Job's pod."""
    (only,) = job["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def options(job: dict[str, Any]) -> dict[str, str]:
    """Options of its command, with their values."""
    words = container(job)["args"][1:]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_as_many_workers_run_as_the_master_waits_for() -> None:
    waited_for = int(options(MASTER)["--workers"])
    assert WORKER["completions"] == WORKER["parallelism"] == waited_for


def test_one_run_decides() -> None:
    for job in (MASTER, WORKER):
        assert job["backoffLimit"] == 0
        assert job["template"]["spec"]["restartPolicy"] == "Never"
        assert container(job)["command"] == ["perf"]
        resources = container(job)["resources"]
        assert resources["requests"] == resources["limits"]


def test_both_sides_load_the_same_under_the_same_secret() -> None:
    for name in ("--profile", "--target"):
        assert options(MASTER)[name] == options(WORKER)[name]
    assert container(MASTER)["image"] == container(WORKER)["image"]
    (ours,), (theirs,) = container(MASTER)["env"], container(WORKER)["env"]
    assert ours == theirs
    assert ours["name"] == "PERF_WORKER_TOKEN"
    assert "value" not in ours


def test_workers_find_the_master_and_nobody_else_may() -> None:
    host, port = options(WORKER)["--master"].split(":")
    service = PARTS["Service", host]
    assert service["ports"][0]["port"] == int(port)
    assert options(MASTER)["--bind"] == f"0.0.0.0:{port}"
    labels = {name: job["template"]["metadata"]["labels"]
              for name, job in (("master", MASTER), ("worker", WORKER))}  # fmt: skip
    assert service["selector"] == labels["master"]
    policy = PARTS["NetworkPolicy", "perfproof-master"]
    assert policy["podSelector"]["matchLabels"] == labels["master"]
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": labels["worker"]}}]
    assert [entry["port"] for entry in rule["ports"]] == [int(port)]
    assert PARTS["NetworkPolicy", "perfproof-worker"]["ingress"] == []


def test_the_verdict_and_the_results_outlive_the_pod() -> None:
    assert container(MASTER)["terminationMessagePath"] == "/dev/termination-log"
    (state,) = [v for v in MASTER["template"]["spec"]["volumes"] if v["name"] == "state"]
    assert ("PersistentVolumeClaim", state["persistentVolumeClaim"]["claimName"]) in PARTS
    mounts = {mount["name"]: mount["mountPath"] for mount in container(MASTER)["volumeMounts"]}
    assert options(MASTER)["--out"].startswith(mounts["state"])
