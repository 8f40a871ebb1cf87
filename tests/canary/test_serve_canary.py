"""The canary gate of `perf serve`, from a controller's call to a real Prometheus and back."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from canary_stage import Traffic, stage
from commands import PERF, environment
from real_prometheus import PROGRAM, get, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no prometheus on this machine")
GATES = """
serve:
  gates:
    green: {{rules: rules.yaml, prometheus: '{url}', for: 30s, every: 2s, max_age: 15m}}
"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Address of a server over a folder."""
    process = subprocess.Popen(
        [*PERF, "serve", "--port", "0", "--json"], cwd=folder, env=environment({}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_canary_that_fails_closes_its_gate(tmp_path: Path) -> None:
    with stage(tmp_path, faults={"errors": 0.3}) as place:
        (tmp_path / "rules.yaml").write_text(place.rules)
        config = tmp_path / "perf.yaml"
        config.write_text(GATES.format(url=place.prometheus))
        config.chmod(0o644)
        with (
            Traffic(f"{place.blue.url}/health", 60),
            Traffic(f"{place.green.url}/health", 20),
            serving(tmp_path) as url,
        ):

            def verdict() -> dict[str, Any]:
                found: dict[str, Any] = json.loads(get(f"{url}/verdict/green?key=abc&start=1"))
                return found

            assert verdict()["verdict"] == "running"
            wait_for(lambda: verdict()["verdict"] != "running", "a verdict", 60.0)
            ended = verdict()
            metrics = get(f"{url}/metrics").decode()
    assert (ended["verdict"], ended["exit_code"]) == ("fail", 1), ended
    assert "error" in ended["reason"]
    assert 'perfproof_verdict{gate="green"} -1\n' in metrics
