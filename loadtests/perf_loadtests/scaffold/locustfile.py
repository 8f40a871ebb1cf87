"""A locustfile of a user, as the scenario it will be: imported once, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from perf_documents.errors import ScenarioError, UsageError
from perf_documents.files import read_bounded
from perf_documents.names import NAME_RULE, is_name
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 4 * 1024 * 1024
LOOK_S = 60.0
_SHOWN = 500


def read_locustfile(path: Path, workspace: Path, environ: Mapping[str, str]) -> str:
    """Text of a locustfile that holds user classes and imports where a scenario of that name would.

    Raises
    ------
    UsageError
        If it cannot be a scenario: its place, and what was found.
    """
    if not is_name(path.stem):
        raise UsageError(
            f"--from-locustfile: {visible(path.stem, 40)!r} cannot name a scenario; expected "
            f"{NAME_RULE}; next: rename the file"
        )
    data = read_bounded(path, MOST_BYTES, follow=True)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start}: is not UTF-8") from error
    _look(path, data, workspace, environ)
    return text


def _look(path: Path, data: bytes, workspace: Path, environ: Mapping[str, str]) -> None:
    """Import a copy: what only works beside the original would not work as a scenario."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        copy, answer = folder / f"{path.stem}.py", folder / "answer.json"
        copy.write_bytes(data)
        arguments = [str(copy), str(workspace), str(answer), str(os.getpid())]
        try:
            subprocess.run(
                [sys.executable, "-P", "-m", "perf_loadtests.engine.look", *arguments],
                cwd=workspace,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=LOOK_S,
                check=False,
            )
            found = json.loads(answer.read_text("utf-8"))
        except subprocess.TimeoutExpired as error:
            raise ScenarioError(
                f"{path}: its import did not end within {LOOK_S:.0f} s; nothing written"
            ) from error
        except (OSError, ValueError) as error:
            raise ScenarioError(
                f"{path}: its import ended the process; nothing written; next: python {path}"
            ) from error
    if "error" in found:
        said = visible(str(found["error"]).replace(str(copy), str(path)), _SHOWN)
        raise ScenarioError(f"{said}; nothing written")
