"""PostgreSQL that is down, slow, full of others, older, newer or not to be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines import postgres
from perf_baselines import postgres_schema as schema
from perf_baselines.history import History, open_history
from perf_documents.errors import StoreError, UsageError
from real_postgres import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_postgres import Server
    from shelves import PostgresShelf

RUN = make_run(1, verdict=Verdict.PASS)
BEFORE_LOAD = "the history cannot be written, before load: postgresql 127.0.0.1:"


@pytest.fixture
def history(database: PostgresShelf) -> History:
    return database.open()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "RETRY_S", 0.5)
    monkeypatch.setattr(postgres, "ANSWER_S", 1.0)


@contextmanager
def session(database: PostgresShelf) -> Iterator[psycopg.Connection]:
    """Somebody else's transaction."""
    address = database.where.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        yield connection


def test_reading_begins_no_history(history: History, database: PostgresShelf) -> None:
    assert history.list(5) == []
    assert history.ids() == set()
    with pytest.raises(UsageError, match=r"postgresql 127\.0\.0\.1:.*: no run is stored here yet"):
        history.load("latest")
    assert database.content() == []


def test_opening_writes_nothing_that_stays(history: History, database: PostgresShelf) -> None:
    history.open_for_writing()
    assert database.content() == []


def test_the_steps_are_those_of_the_package() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(step.revision for step in steps)[::-1] == schema.STEPS


def test_an_older_schema_is_brought_up_to_date(
    history: History, database: PostgresShelf, server: Server
) -> None:
    history.store(RUN)
    server.execute(
        database.name,
        "DROP INDEX perfproof_runs_by_profile",
        "UPDATE perfproof_version SET version_num = '001'",
    )
    again = database.open()
    assert [record.run_id for record in again.list(5)] == [RUN.run_id]
    assert again.load("latest") == RUN
    # reading changes nothing: who may only read must be able to
    assert server.execute(database.name, "SELECT version_num FROM perfproof_version") == [("001",)]
    again.open_for_writing()
    indices = "SELECT 1 FROM pg_indexes WHERE indexname = 'perfproof_runs_by_profile'"
    assert server.execute(database.name, indices) == [(1,)]


def test_a_newer_schema_is_refused_and_untouched(
    history: History, database: PostgresShelf, server: Server
) -> None:
    history.store(RUN)
    server.execute(database.name, "UPDATE perfproof_version SET version_num = '999'")
    before = database.content()
    again = database.open()
    for call in (again.open_for_writing, lambda: again.store(make_run(2)), lambda: again.list(1)):
        with pytest.raises(UsageError, match=r"made by a newer version: schema 999; .* upgrade"):
            call()
    assert database.content() == before


_MIGRATE = """
import sys
from pathlib import Path
from perf_baselines.history import open_history
print("ready", flush=True)
open_history(sys.argv[1], Path("/")).open_for_writing()
"""


def test_a_migration_that_is_killed_leaves_nothing_half_done(
    database: PostgresShelf, server: Server
) -> None:
    seen: set[str] = set()
    # killed ever later, until one had the time: what those before it left is what matters
    for attempt in range(100):
        child = subprocess.Popen(
            [sys.executable, "-c", _MIGRATE, database.where], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.15 * attempt)
        child.kill()
        child.wait(timeout=10)
        child.stdout.close()
        tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'perfproof_%' AND relkind = 'r'"
        counted = server.execute(database.name, tables)
        seen.add(str(counted[0][0]))
        if "2" in seen:
            break
    assert seen == {"0", "2"}
    history = database.open()
    assert history.store(RUN).equal
    assert history.load("latest") == RUN


def test_a_database_that_is_down_is_said_before_load(tmp_path: Path) -> None:
    history = open_history("postgresql://me:hunter22@127.0.0.1:1/perf?connect_timeout=1", tmp_path)
    with pytest.raises(StoreError, match=f"{BEFORE_LOAD}1/perf: cannot be reached: ") as caught:
        history.open_for_writing()
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("kind", ["default_transaction_read_only = on", None])
def test_a_database_that_must_not_be_written_is_said_before_load(
    history: History, database: PostgresShelf, server: Server, kind: str | None
) -> None:
    history.store(RUN)
    user = f"reader_{database.name}"
    server.execute(
        database.name,
        f"CREATE ROLE {user} LOGIN",
        f"GRANT SELECT ON perfproof_runs, perfproof_version TO {user}",
    )
    if kind is not None:
        server.execute(database.name, f"ALTER ROLE {user} SET {kind}")
    reader = open_history(server.url(database.name, user), Path("/"))
    cause = "is read-only" if kind else "does not allow this user to do that"
    with pytest.raises(StoreError, match=f"{BEFORE_LOAD}.*: {cause}: "):
        reader.open_for_writing()
    with pytest.raises(StoreError, match=cause):
        reader.store(make_run(2))
    assert reader.load("latest") == RUN


@pytest.mark.parametrize("password", ["", "another-secret", PASSWORD])
def test_a_password_is_never_said(database: PostgresShelf, server: Server, password: str) -> None:
    """The last one is right, but its user may make no tables."""
    history = open_history(server.url(database.name, "guarded", password), Path("/"))
    with pytest.raises(StoreError, match=BEFORE_LOAD) as caught:
        history.open_for_writing()
    assert caught.value.exit_code == 5
    cause: BaseException | None = caught.value
    while cause is not None:
        assert not password or password not in f"{cause!r} {cause}"
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def test_tls_that_the_server_does_not_speak(database: PostgresShelf) -> None:
    history = open_history(f"{database.where}?sslmode=require", Path("/"))
    with pytest.raises(StoreError, match=f"{BEFORE_LOAD}.*SSL"):
        history.open_for_writing()


def test_no_connection_left(history: History, database: PostgresShelf, server: Server) -> None:
    server.execute("postgres", f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
    user = f"plain_{database.name}"
    server.execute("postgres", f"CREATE ROLE {user} LOGIN")
    history = open_history(server.url(database.name, user), Path("/"))
    with pytest.raises(StoreError, match="too many connections"):
        history.open_for_writing()


def test_a_lost_connection_is_made_anew(
    history: History, database: PostgresShelf, server: Server
) -> None:
    history.store(RUN)
    others = "FROM pg_stat_activity WHERE application_name = 'perfproof'"
    ended = server.execute(database.name, f"SELECT pg_terminate_backend(pid) {others}")
    assert (True,) in ended
    assert history.store(make_run(2)).new
    assert [record.run_id[-1] for record in history.list(5)] == ["2", "1"]


def test_a_killed_backend_cuts_all_and_doubles_nothing(
    history: History, database: PostgresShelf, server: Server
) -> None:
    history.store(RUN)
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'perfproof'"
    pids = [pid for (pid,) in server.execute(database.name, query) if isinstance(pid, int)]
    os.kill(pids[0], signal.SIGKILL)
    assert history.store(make_run(2)).equal
    assert not history.store(make_run(2)).new
    assert len(history.list(5)) == 2


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stops_meanwhile(history: History, server: Server) -> None:
    history.store(RUN)
    server.stop()
    try:
        with pytest.raises(StoreError, match="cannot be reached"):
            history.store(make_run(2))
    finally:
        server.start()
    assert history.store(make_run(2)).new


@pytest.mark.usefixtures("impatient")
def test_a_server_that_freezes_is_not_waited_for_for_ever(
    history: History, database: PostgresShelf, server: Server
) -> None:
    history.store(RUN)
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'perfproof'"
    [(pid,)] = server.execute(database.name, query)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreError):
            history.store(make_run(2))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert history.store(make_run(2)).equal


def test_a_lock_of_somebody_else_is_waited_for_with_a_limit(
    history: History, database: PostgresShelf
) -> None:
    history.store(RUN)
    short = database.where + "?options=-c%20lock_timeout%3D200"
    with session(database) as other:
        other.execute("LOCK TABLE perfproof_runs")
        with pytest.raises(StoreError, match="another session has held a lock"):
            open_history(short, Path("/")).store(make_run(2))
        timer = threading.Timer(0.5, other.rollback)
        timer.start()
        assert history.store(make_run(2)).equal
        timer.join()


def test_a_deadlock_or_serialization_failure_is_tried_again(database: PostgresShelf) -> None:
    store = postgres.Database(database.where)
    tries = []

    def work(connection: object) -> str:
        tries.append(connection)
        if len(tries) < 3:
            code = "40001" if len(tries) == 1 else "40P01"
            text = f"DO $$BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END$$"
            connection.exec_driver_sql(text)  # type: ignore[attr-defined]  # an SQLAlchemy connection
        return "done"

    assert store.run(work) == "done"
    assert len(tries) == 3


def test_texts_that_the_database_cannot_hold_are_found_again(history: History) -> None:
    assert history.list(1, profile="a\0b") == []


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"psycopg is not installed; next: pip install 'perfpro"):
        open_history("postgresql://me@db/perf", tmp_path)
