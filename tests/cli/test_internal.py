"""The outermost border: bugs and foreign exits end in 70, with one line that says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

SECRET = "s3cr3t-value-of-a-token"  # noqa: S105  # a made-up one
SCRIPT = """
import perf_cli.app
from perf_cli.main import main

def run(arguments):
    {body}

perf_cli.app.run = run
main()
"""


@pytest.mark.parametrize(
    ("body", "debug", "code", "lines"),
    [
        pytest.param(
            "raise RuntimeError('a bug')", {}, 70, ["RuntimeError: a bug at"], id="border-1"
        ),
        pytest.param(
            "raise RuntimeError('a bug')",
            {"PERF_DEBUG": "1"},
            70,
            ["Traceback", "a bug at"],
            id="border-2",
        ),
        pytest.param("raise SystemExit(0)", {}, 70, ["internal error: SystemExit"], id="border-3"),
        pytest.param("import sys; sys.exit('why')", {}, 70, ["SystemExit: why"], id="border-4"),
        pytest.param("raise KeyboardInterrupt", {}, 130, [], id="border-5"),
        pytest.param("return 3", {}, 3, [], id="border-6"),
        pytest.param(f"raise ValueError('{SECRET}')", {}, 70, ["ValueError: ***"], id="border-7"),
    ],
)
def test_the_code_is_from_the_closed_list(
    body: str, debug: dict[str, str], code: int, lines: list[str]
) -> None:
    environ = {"MY_TOKEN": SECRET} | debug
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT.format(body=body)],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout == ""
    for line in lines:
        assert line in done.stderr
    assert ("Traceback" in done.stderr) == bool(debug)
    assert SECRET not in done.stderr
