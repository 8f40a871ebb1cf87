#!/usr/bin/env python3
"""Hand a SARIF file to the host's code scanning: `.ci/sarif.py FILE`; 0 when taken, 5 when not."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hub import REAL, Clock, hub_of
from perf_documents.errors import PerfError, UsageError
from perf_documents.files import read_bounded
from perf_reports.delivery import github

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 10 * 1024 * 1024


def read(path: Path) -> bytes:
    """Bytes of a SARIF file: one that is none would be taken, and shown nowhere."""
    data = read_bounded(path, MOST_BYTES)
    try:
        runs = json.loads(data)["runs"]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: is no SARIF; expected JSON with runs") from error
    if not isinstance(runs, list) or not runs:
        raise UsageError(f"{path}: runs: empty; expected one for the tool that looked")
    return data


def main(arguments: Sequence[str], environ: Mapping[str, str], clock: Clock = REAL) -> int:
    """Read, pack, send."""
    try:
        (name,) = arguments
        data = read(Path(name))
        hub = hub_of(environ, clock)
        body = {
            "commit_sha": environ.get("GITHUB_SHA", ""),
            "ref": environ.get("GITHUB_REF", ""),
            "sarif": base64.b64encode(gzip.compress(data, mtime=0)).decode(),
        }
        path = f"{hub.path}/code-scanning/sarifs"
        # the host knows a file that it was sent twice: a lost answer needs no second look
        answer = hub.api.call("POST", path, body)
        github.expect(answer, f"POST {path}", needs="security-events: write")
    except (PerfError, ValueError) as error:
        print(f"sarif: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, PerfError) else 2
    print(f"sarif: {name}: taken")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
