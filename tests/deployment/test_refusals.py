"""Deployments that must not happen: no secrets, nothing written, an unknown host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deployments import deployed

if TYPE_CHECKING:
    from pathlib import Path

PATH = os.environ.get("PATH", "")
REAL = {"simulation": False, "version": "v1"}
FAR = """\
#!/bin/sh
echo "$@" >>"$RUNNER_TEMP/asked"
case $1 in target) echo https://far.example ;; esac
"""


def test_a_fork_without_secrets_deploys_nothing_and_says_why(tmp_path: Path) -> None:
    with deployed("staging.yml", tmp_path, PATH, REAL, PERF_SLACK_WEBHOOK="") as done:
        said = done.jobs["deploy"].said()
        assert done.results() == {"deploy": "failure", "approve": "skipped"}
        assert done.jobs["deploy"].code("Prepare") == 2, said
        assert done.ran("deploy") == ["Install perfproof", "Prepare", "Leave", "Tell"]
        assert "DEPLOY_TOKEN is not set" in said
        assert "PERF_SLACK_WEBHOOK is not set, so nobody was told" in said
        assert "✗ staging: v1 not deployed and proved" in done.jobs["deploy"].summary
        assert done.told == []


def test_a_host_that_is_not_listed_gets_no_load(tmp_path: Path) -> None:
    with deployed("staging.yml", tmp_path, PATH, REAL, FAR, DEPLOY_TOKEN="t") as done:  # noqa: S106  of nobody
        said = done.jobs["deploy"].said()
        assert done.jobs["deploy"].code("Gate") == 4, said
        assert "far.example" in said
        assert done.results() == {"deploy": "failure", "approve": "skipped"}
        assert done.told == ["✗ staging: v1 rolled back"]
        asked = (tmp_path / "asked").read_text().splitlines()
        assert asked == [
            "up staging", "deploy staging v1", "health staging", "target staging",
            "rollback staging", "down",
        ]  # fmt: skip


def test_production_goes_no_further_than_the_step_that_fails(tmp_path: Path) -> None:
    script = FAR + '[ "$*" != "health staging" ]\n'
    with deployed("production.yml", tmp_path, PATH, REAL, script, DEPLOY_TOKEN="t") as done:  # noqa: S106  of nobody
        assert done.jobs["rollout"].code("Check that staging is healthy") == 1
        asked = (tmp_path / "asked").read_text().splitlines()
        assert asked == ["up production", "image v1", "health staging", "down"]
        assert done.told == ["✗ production: v1 not promoted"]
