"""The templates under deploy/: no sequence of answers without a pass is ever green."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, product, repeat
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from argo_reference import Metric, Phase, judge, read_metric
from perf_documents.durations import parse_duration
from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = ROOT / "deploy"
# what a controller or a pipeline takes; the ready rollouts, and what workflows call, have tests of
# their own
FILES = sorted(
    path
    for path in DEPLOY.rglob("*")
    if path.is_file()
    and DEPLOY / "rollout" not in path.parents
    and (path.suffix == ".yml" or DEPLOY / "github" not in path.parents)
)
ANSWERS = ("pass", "fail", "inconclusive", "running", "error")
LONGEST = 6
# far more answers than any count
TAIL = 100


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


def metric(name: str) -> Metric:
    (only,) = documents(name)[0]["spec"]["metrics"]
    return read_metric(only)


def sequences() -> Iterator[tuple[str, ...]]:
    for length in range(1, LONGEST + 1):
        yield from product(ANSWERS, repeat=length)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_every_template_is_yaml_and_says_why_it_fails_closed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(text))
    assert "# Fails closed: " in text


@pytest.mark.parametrize("name", ["argo-rollouts/job.yaml", "argo-rollouts/web.yaml"])
def test_no_sequence_without_a_pass_ends_successful(name: str) -> None:
    template = metric(name)
    for sequence in sequences():
        # the last answer goes on for ever
        phase = judge(template, chain(sequence, repeat(sequence[-1], TAIL)))
        assert phase is not Phase.RUNNING
        assert phase is not Phase.SUCCESSFUL or "pass" in sequence, sequence


@pytest.mark.parametrize("name", ["argo-rollouts/job.yaml", "argo-rollouts/web.yaml"])
def test_a_fail_before_any_pass_ends_failed(name: str) -> None:
    assert judge(metric(name), ["fail"]) is Phase.FAILED
    assert judge(metric(name), ["pass"]) is Phase.SUCCESSFUL


def test_waiting_for_a_gate_ends_by_its_verdict_and_pauses_where_none_comes() -> None:
    web = metric("argo-rollouts/web.yaml")
    waiting = ["running"] * 20
    assert judge(web, [*waiting, "pass"]) is Phase.SUCCESSFUL
    assert judge(web, [*waiting, "fail"]) is Phase.FAILED
    assert judge(web, ["running"] * TAIL) is Phase.INCONCLUSIVE
    assert judge(web, ["error"] * TAIL) is Phase.ERROR


def test_the_reference_sees_the_false_greens_that_the_templates_avoid() -> None:
    web = metric("argo-rollouts/web.yaml")
    assert judge(replace(web, success_limit=0), ["running"] * TAIL) is Phase.SUCCESSFUL
    assert judge(replace(web, success=""), ["inconclusive"] * TAIL) is Phase.SUCCESSFUL
    job = metric("argo-rollouts/job.yaml")
    assert judge(replace(job, failure_limit=1), ["fail"]) is Phase.SUCCESSFUL
    # why a gate is never a background analysis
    assert judge(web, ["running"], terminated=True) is Phase.SUCCESSFUL


@pytest.mark.parametrize("name", ["argo-rollouts/job.yaml", "argo-rollouts/web.yaml"])
def test_the_analysis_is_an_inline_step(name: str) -> None:
    template, rollout = documents(name)
    canary = rollout["spec"]["strategy"]["canary"]
    steps = [step["analysis"] for step in canary["steps"] if "analysis" in step]
    assert "analysis" not in canary
    assert [s["templates"][0]["templateName"] for s in steps] == [template["metadata"]["name"]]


def test_the_job_runs_once_and_its_exit_code_is_what_counts() -> None:
    (only,) = documents("argo-rollouts/job.yaml")[0]["spec"]["metrics"]
    job = only["provider"]["job"]["spec"]
    pod = job["template"]["spec"]
    assert (only["count"], only["failureLimit"], job["backoffLimit"]) == (1, 0, 0)
    assert (pod["restartPolicy"], pod["terminationGracePeriodSeconds"]) == ("Never", 10)
    assert job["ttlSecondsAfterFinished"] == 86_400
    assert job["activeDeadlineSeconds"] == 300 + 120
    ignore, fail = job["podFailurePolicy"]["rules"]
    assert ignore["action"] == "Ignore"
    assert ignore["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (fail["action"], fail["onExitCodes"]["operator"]) == ("FailJob", "In")
    assert fail["onExitCodes"]["values"] == [1, 2, 3, 4, 5, 70]
    (container,) = pod["containers"]
    assert container["command"] == ["perf"]
    assert container["args"] == ["run", "--profile", "sustained", "--target", "staging"]
    resources = container["resources"]
    assert resources["requests"] == resources["limits"]
    assert resources["limits"]["cpu"].isdigit()


def test_the_web_metric_is_the_documented_one() -> None:
    template, rollout = documents("argo-rollouts/web.yaml")
    (only,) = template["spec"]["metrics"]
    web = only["provider"]["web"]
    step = rollout["spec"]["strategy"]["canary"]["steps"]
    place = next(number for number, one in enumerate(step) if "analysis" in one)
    assert web["url"] == (
        "http://perfproof.perf/verdict/staging?start=1&key={{args.pod-hash}}-step" + str(place)
    )
    assert web["headers"] == [{"key": "Authorization", "value": "Bearer {{args.token}}"}]
    assert (only["interval"], only["count"], only["inconclusiveLimit"]) == ("30s", 40, 40)
    assert only["consecutiveSuccessLimit"] == 1


def test_flaggers_hooks_block_where_every_answer_counts() -> None:
    (canary,) = documents("flagger/canary.yaml")
    analysis = canary["spec"]["analysis"]
    hooks = analysis["webhooks"]
    for hook in hooks:
        path = "rollback" if hook["type"] == "rollback" else "gate"
        assert hook["url"].endswith(f"/flagger/{path}")
        waits = parse_duration(hook["metadata"].get("wait", "0s"))
        assert waits < parse_duration(hook["timeout"])
        # `rollout` and `pre-rollout` count every answer but a pass
        assert bool(waits) == (hook["type"] in {"pre-rollout", "rollout"})
        assert all(isinstance(value, str) for value in hook["metadata"].values())
        assert len(hook["timeout"]) > 1
    together = sum(parse_duration(hook["timeout"]) for hook in hooks)
    assert together < parse_duration(analysis["interval"])
    assert analysis["threshold"] == 1


def test_flaggers_query_gives_no_value_for_a_stale_or_missing_verdict() -> None:
    (template,) = documents("flagger/metric-template.yaml")
    gate = 'gate="{{ variables.gate }}"'
    assert template["spec"]["query"].strip() == (
        f"min(perfproof_verdict{{{gate}}}) and "
        f"(max(time() - perfproof_verdict_timestamp_seconds{{{gate}}}) < 900)"
    )
    text = (DEPLOY / "flagger/metric-template.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("# metrics: "))
    (use,) = yaml.safe_load(line.removeprefix("# "))["metrics"]
    assert use["thresholdRange"] == {"min": 1}
    assert use["templateRef"]["name"] == template["metadata"]["name"]


@pytest.mark.parametrize("name", ["github/canary.yml", "gitlab/canary.yml"])
def test_a_pipeline_lets_nothing_through_but_exit_0(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    job = documents(name)[0]
    assert 'perfproof" check canary.yaml --prometheus "$PROMETHEUS_URL"' in text or (
        '/perfproof check canary.yaml --prometheus "$PROMETHEUS_URL"' in text
    )
    assert "--for 10m --every 10s" in text
    assert "continue-on-error" not in text
    if "jobs" in job:
        assert all("if" not in one for one in job["jobs"].values())
        assert 'run: exec "' in text
    else:
        assert job["canary"]["allow_failure"] is False
