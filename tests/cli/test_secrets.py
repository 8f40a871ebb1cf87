"""Secrets planted wherever a run meets them: a search through everything it left finds none."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commands import Desk

# of variables whose names promise a secret: known by value, wherever they turn up
KNOWN = {
    "SHOP_API_KEY": "kQ7/vb+Zt3=Lw90xEr",
    "DB_DSN": "postgresql://shop:hunter2-Lrg5@db/shop",
    "SESSION_SECRET": 'pQ"8z\\Yk-44hw&?Tr',
}
# known by their form or their place alone
PLACED = {
    "bearer": "eyJhbGciOi.J9c2VjcmV0.c2lnbmF0dXJl0",
    "basic": "d3aLxZ0vQ8",
    "cookie": "cookie-Wm3fTz71",
    "query": "query-Hn8sVd22",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "header": "x-api-Rk5pLd93",
    "log": "password-Gs0qNn64",
}
SCENARIO = """
import os
from locust import FastHttpUser, events, task
from perf_loadtests.http import LeanHttpUser

PLACED = {placed!r}
KNOWN = [os.environ[name] for name in {names!r}]


@events.request.add_listener
def hear(exception=None, **_):
    if exception:
        print("failed", exception, "password=" + PLACED["log"], KNOWN, flush=True)


def ask(user):
    client, key = user.client, KNOWN[0]
    headers = {{"Authorization": "Bearer " + PLACED["bearer"], "X-Api-Key": PLACED["header"],
               "Cookie": "sid=" + PLACED["cookie"]}}
    client.get("/health", headers=headers, auth=None)
    client.get("/health?api_key=" + PLACED["query"], headers=headers)
    client.get("/nothing/" + key.replace("/", "") + "/" + PLACED["github"])
    client.get("/nothing", name="/nothing?key=" + PLACED["query"] + " " + key)
    client.post("/nothing", json={{"secret": KNOWN[2]}}, name="/nothing")
    with client.get("/health", name="said", catch_response=True) as response:
        response.failure("denied: " + repr(headers) + PLACED["aws"] + " " + KNOWN[1])
    raise ValueError("no login with " + KNOWN[2] + " https://u:" + PLACED["basic"] + "@h/")


class Lean(LeanHttpUser):
    tasks = [ask]


class Fast(FastHttpUser):
    tasks = [ask]
"""


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it may stand in a text, in a URL, in JSON, in hex and in base64."""
    raw = secret.encode()
    yield from (raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode())
    yield from (raw.hex().encode(), secret.encode("utf-16-le"), base64.b64encode(raw)[:-4])


def left_by(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.fixture
def searched(desk: Desk) -> list[tuple[str, bytes]]:
    """Everything that a run with secrets in every place left, and what it said."""
    desk.scenario("planted", SCENARIO.format(placed=PLACED, names=list(KNOWN)))
    desk.write(scenario="planted", rate="20")
    environ = KNOWN | {"PERF_TOKEN": PLACED["github"]}
    done = desk.perf(*desk.order("--json"), environ=environ)
    assert done.code == 1, done.said
    return [("stdout", done.out.encode()), ("stderr", done.err.encode()), *left_by(desk.state)]


def test_z09_no_secret_is_in_anything_that_a_run_leaves(
    searched: list[tuple[str, bytes]],
) -> None:
    names = {name for name, _ in searched}
    assert {"report.html", "run.json.gz", "junit.xml", "engine.log", "comment.md"} <= names
    secrets = [*KNOWN.values(), *PLACED.values(), "hunter2-Lrg5"]
    found = [
        (name, secret)
        for name, data in searched
        for secret in secrets
        for form in forms(secret)
        if form in data
    ]
    assert found == []
    # they were there: what was said of them is kept, without them
    assert b"no login with ***" in dict(searched)["run.json.gz"]
