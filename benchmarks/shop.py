"""A small service in a git repository, for scripts that do what a user would do."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

APP = '''"""A shop of one page."""
import sys
import time

from flask import Flask, jsonify

app = Flask(__name__)
WORK_S = 0.025


@app.get("/health")
def health():
    return jsonify(ok=True)


@app.get("/items")
def items():
    time.sleep(WORK_S)
    return jsonify(items=["apple", "pear"])


app.run(port=int(sys.argv[sys.argv.index("--port") + 1]), threaded=True)
'''
UNCHANGED = APP + "# a word more\n"
INIT_GITHUB = [
    "init", "--ci", "github", "--start", "python app.py --port {port}", "--ready", "/health",
    "--path", "/items",
]  # fmt: skip


def slower(work_s: str) -> str:
    """The shop with another time for a page of items."""
    return APP.replace("0.025", work_s)


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def committed(folder: Path, message: str) -> None:
    """Commit everything that a folder holds."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
