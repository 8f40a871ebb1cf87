"""`perf run` with its history in PostgreSQL, which may be down before, or after, the load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from real_postgres import INITDB, PASSWORD, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands import Desk

pytestmark = pytest.mark.skipif(INITDB is None, reason="no PostgreSQL on this machine")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


def test_a_run_is_kept_in_the_database_with_its_document(desk: Desk, server: Server) -> None:
    name = server.new_database()
    server.execute(name, "GRANT ALL ON SCHEMA public TO guarded")
    (desk.folder / "perf.yaml").write_text(f"history: {server.url(name, 'guarded', PASSWORD)}\n")
    done = desk.run("--json")
    assert done.code == 0, done.said
    assert PASSWORD not in done.said
    shown = desk.perf("history", "show", "latest", "--json")
    assert json.loads(shown.out)["run_id"] == json.loads(done.out)["run_id"]
    assert desk.perf("check", "--run", "latest").code == 0
    assert (desk.stored(), desk.spools()) == ([], [])
    held = [path for path in desk.state.rglob("*") if path.is_file()]
    assert held
    assert not [path for path in held if PASSWORD.encode() in path.read_bytes()]


def test_a_database_that_is_down_is_said_before_any_load(desk: Desk) -> None:
    environ = {"PERF_HISTORY": "postgresql://me:hunter22@127.0.0.1:1/perf"}
    done = desk.perf(*desk.order(), environ=environ)
    assert (done.code, done.out) == (5, "")
    assert "before load: postgresql 127.0.0.1:1/perf: cannot be reached" in done.err
    assert "hunter22" not in done.said
    assert desk.served() == 0


def test_a_database_that_ends_during_the_load_costs_nothing(desk: Desk, server: Server) -> None:
    (desk.folder / "perf.yaml").write_text(f"history: {server.url(server.new_database())}\n")
    process = desk.start()
    server.stop()
    try:
        out, err = (stream.decode() for stream in process.communicate(timeout=60))
        # a busy machine may make the run itself undecided; that would not hide the loss
        assert process.returncode in {3, 5}, out + err
        (spool,) = desk.spools()
        assert f"next: perf history import .perf/spool/{spool.name}" in err
        assert "Traceback" not in err
    finally:
        server.start()
    imported = desk.perf("history", "import", str(spool))
    assert (imported.code, imported.out.strip()) == (0, spool.name), imported.said
    assert desk.spools() == []
    assert desk.perf("history", "list").out.split()[1] == spool.name
