"""The plugin that keeps locust out of the main test process sees every way in."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from repository import ROOT, child_environ

if TYPE_CHECKING:
    from pathlib import Path

AT_COLLECTION = "import locust\n\ndef test_it():\n    pass\n"
IN_A_TEST = "def test_it():\n    import locust\n\ndef test_next():\n    pass\n"
MARKED = f"import pytest\n\npytestmark = pytest.mark.engine\n{AT_COLLECTION}"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param(AT_COLLECTION, 4, "locust imported by test_any.py", id="at collection"),
        pytest.param(IN_A_TEST, 2, "test_any.py::test_it imported locust", id="in a test"),
        pytest.param(MARKED, 0, "1 passed", id="engine tests may"),
        pytest.param("def test_it():\n    pass\n", 0, "1 passed", id="nothing imported"),
    ],
)
def test_locust_is_seen_and_its_importer_is_named(
    tmp_path: Path, text: str, code: int, said: str
) -> None:
    (tmp_path / "locust.py").write_text("")
    (tmp_path / "test_any.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = engine\n")
    path = os.pathsep.join([str(ROOT / "tests/support"), str(tmp_path)])
    command = [sys.executable, "-m", "pytest", "-p", "no_locust", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=child_environ() | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
