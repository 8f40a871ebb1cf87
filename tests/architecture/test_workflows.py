"""Workflows, own, shipped and generated: rules that hold whatever a pull request brings."""

from __future__ import annotations

import re

import pytest
import yaml

from repository import ROOT, assert_none
from workflow_rules import ALL, GENERATED, OWN, PINS, SHIPPED, findings, jobs_in, steps_in

READ = {"contents": "read"}
# what a job may do beside reading the sources, and nothing else
RIGHTS = {
    "ci.yml": {
        "all-green": {},
        "publish": {**READ, "packages": "write"},
        "sarif": {**READ, "security-events": "write"},
    },
    "cleanup.yml": {"cleanup": {**READ, "actions": "write", "packages": "write"}},
    # called as a job of other repositories, where it keeps a comment up to date
    "gate.yml": {"gate": {**READ, "pull-requests": "write"}},
    "newest-locust.yml": {"report": {**READ, "issues": "write"}},
    "performance-benchmark.yml": {
        "comment": {**READ, "pull-requests": "write"},
        "publish": {"contents": "write"},
    },
    "security-scan.yml": {"report": {**READ, "issues": "write"}},
}
# of workflows for other repositories: what a job of theirs may ask for at most
MOST = {("contents", "read"), ("pull-requests", "write"), ("actions", "read")}
# a release is written into the contents
MORE = {("deploy/github/production.yml", "release"): {("contents", "write")}}
GOOD = """\
on: {pull_request: }
permissions: {}
concurrency: {group: a}
jobs:
  a:
    timeout-minutes: 5
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: {persist-credentials: false}
      - run: exec "$X/bin/perfproof" run --profile smoke
"""
COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"


def test_there_are_workflows_of_each_kind() -> None:
    assert OWN
    assert SHIPPED
    assert GENERATED


@pytest.mark.parametrize("name", ALL)
def test_no_rule_is_broken(name: str) -> None:
    assert_none(findings(ALL[name]))


@pytest.mark.parametrize("name", OWN)
def test_each_job_of_ours_has_the_rights_that_are_listed_here_and_no_other(name: str) -> None:
    special = RIGHTS.get(name.rpartition("/")[2], {})
    given = {job: one["permissions"] for job, one in jobs_in(OWN[name]).items()}
    assert given == {job: special.get(job, READ) for job in given}
    assert special.keys() <= given.keys()


@pytest.mark.parametrize("name", [*SHIPPED, *GENERATED])
def test_jobs_for_other_repositories_ask_for_little(name: str) -> None:
    for job, one in jobs_in(ALL[name]).items():
        assert set(one["permissions"].items()) <= MOST | MORE.get((name, job), set())


def test_the_branch_of_the_history_is_written_by_the_one_job_that_adds_to_it() -> None:
    writers = [
        (name, job)
        for name, text in OWN.items()
        for job, one in jobs_in(text).items()
        if one["permissions"].get("contents") == "write"
    ]
    assert writers == [(".github/workflows/performance-benchmark.yml", "publish")]
    assert "--force" not in str(
        [step for step in steps_in(OWN[writers[0][0]]) if "perfproof-history" in str(step)]
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("permissions: {}\n", "", id="no permissions at the top"),
        pytest.param("permissions: {}\n", "permissions: write-all\n", id="all rights"),
        pytest.param("permissions: {}\n", "permissions: {contents: read}\n", id="some for all"),
        pytest.param("    permissions: {contents: read}\n", "", id="no permissions of a job"),
        pytest.param("permissions: {contents: read}\n", "permissions: read-all\n", id="word"),
        pytest.param("concurrency: {group: a}\n", "", id="no concurrency"),
        pytest.param("on: {pull_request: }", "on: {pull_request_target: }", id="target as a key"),
        pytest.param("on: {pull_request: }", "on: [push, pull_request_target]", id="in a list"),
        pytest.param("on: {pull_request: }", "on: pull_request_target", id="as a word"),
        pytest.param("    timeout-minutes: 5\n", "", id="no timeout"),
        pytest.param("timeout-minutes: 5\n", "timeout-minutes: 360\n", id="six hours"),
        pytest.param("timeout-minutes: 5\n", "timeout-minutes: ${{ inputs.x }}\n", id="any time"),
        pytest.param("    steps:", "    secrets: inherit\n    steps:", id="all secrets"),
        pytest.param(COMMIT, "v7.0.1", id="a tag"),
        pytest.param(COMMIT, COMMIT[:7], id="a short commit"),
        pytest.param(COMMIT, "main", id="a branch"),
        pytest.param(COMMIT, COMMIT[::-1], id="another commit"),
        pytest.param(" # v7.0.1", "", id="no version"),
        pytest.param(" # v7.0.1", " # v7.0.2", id="another version"),
        pytest.param("actions/checkout@", "mallory/checkout@", id="another action"),
        pytest.param(f"actions/checkout@{COMMIT}", "docker://alpine:3", id="an image"),
        pytest.param(f"actions/checkout@{COMMIT}", "./local", id="an action of the change"),
        pytest.param("        with: {persist-credentials: false}\n", "", id="no word of it"),
        pytest.param("credentials: false", "credentials: true", id="credentials left behind"),
        pytest.param("--profile smoke", "--profile ${{ inputs.profile }}", id="expression in run"),
        pytest.param(
            'run: exec "$X/bin/perfproof" run --profile smoke',
            "uses: actions/github-script@ed597411d8f924073f98dfc5c65a23a2325f34cd # v8.0.0\n"
            "        with: {script: 'x(${{ github.head_ref }})'}", id="expression in a script",
        ),
        pytest.param('exec "$X/bin/perfproof" run', "perfproof run", id="not exec'd"),
        pytest.param(
            'run: exec "$X/bin/perfproof" run --profile smoke',
            "run: |\n          exec perfproof run\n          echo done", id="not the last",
        ),
        pytest.param(
            'run: exec "$X/bin/perfproof" run --profile smoke',
            "run: perfproof check || true", id="its code thrown away",
        ),
        pytest.param(
            'run: exec "$X/bin/perfproof" run --profile smoke', 'run: echo "$X" >>"$GITHUB_ENV"',
            id="environment of later steps",
        ),
        pytest.param(
            'run: exec "$X/bin/perfproof" run --profile smoke', 'run: echo "$X" >>"$GITHUB_PATH"',
            id="path of later steps",
        ),
    ],
)  # fmt: skip
def test_each_rule_sees_what_breaks_it(old: str, new: str) -> None:
    assert findings(GOOD) == []
    assert old in GOOD
    assert findings(GOOD.replace(old, new))


def test_pins_are_commits() -> None:
    assert_none(
        f"{name} {version} {commit}"
        for name, (version, commit) in PINS.items()
        if not (re.fullmatch(r"v\d+\.\d+\.\d+", version) and re.fullmatch(r"[0-9a-f]{40}", commit))
    )


def test_ci_runs_the_one_script_and_all_green_waits_for_every_job() -> None:
    jobs = jobs_in(OWN[".github/workflows/ci.yml"])
    assert ".ci/run" in [step.get("run") for step in jobs["test"]["steps"]]
    assert set(jobs["all-green"]["needs"]) == jobs.keys() - {"all-green"}
    # a required check that is skipped counts as passed
    assert jobs["all-green"]["if"] == "${{ always() }}"


def test_only_what_has_landed_and_was_tested_is_pushed() -> None:
    job = jobs_in(OWN[".github/workflows/ci.yml"])["publish"]
    assert job["if"] == "${{ github.event_name == 'push' }}"
    assert {"check", "test", "security", "wheel"} <= set(job["needs"])


def test_dependabot_looks_weekly_at_packages_actions_and_images() -> None:
    document = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())
    assert {one["package-ecosystem"] for one in document["updates"]} >= {
        "pip", "github-actions", "docker",
    }  # fmt: skip
    for one in document["updates"]:
        assert one["schedule"]["interval"] == "weekly"
        assert one["groups"] == {"patches": {"update-types": ["patch"]}}
