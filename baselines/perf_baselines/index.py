"""The SQLite index over a history's records: fast lists, never the truth, rebuilt at will.

The only module here that imports SQLAlchemy, which takes half a second.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import (
    URL,
    Column,
    Index,
    MetaData,
    NullPool,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from perf_baselines.folder import APPLICATION_ID, BUSY_S, is_on_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from perf_baselines.record import Record

# A later form gets a table of its own: versions that take turns do not fight over one.
_TABLES = MetaData()
_RUNS = Table(
    "runs_v1",
    _TABLES,
    Column("run_id", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("record", Text, nullable=False),
    Index("runs_v1_by_profile", "profile", "environment", "run_id"),
    sqlite_strict=True,
)


class IndexUnusableError(Exception):
    """The index cannot be opened here; its records can still be read one by one."""


class IndexDamagedError(Exception):
    """The index holds what no index of ours should."""


class RunIndex:
    """Records by run id, profile and environment."""

    def __init__(self, path: Path) -> None:
        self.on_network = is_on_network(path.parent)
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,
            connect_args={"timeout": BUSY_S},
        )

    def run_ids(self) -> set[str]:
        """Runs that the index knows; makes the index if there is none."""
        with self._connected() as connection:
            _prepare(connection, wal=not self.on_network)
            return set(connection.scalars(select(_RUNS.c.run_id)))

    def change(self, added: Iterable[tuple[Record, str]], removed: Iterable[str]) -> None:
        """Add and remove records in one transaction."""
        rows = [
            {
                "run_id": record.run_id,
                "profile": record.profile,
                "environment": record.environment,
                "record": text,
            }
            for record, text in added
        ]
        gone = [{"gone": run_id} for run_id in removed]
        with self._connected() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if rows:
                # another process may have added the same ones meanwhile
                connection.execute(insert(_RUNS).prefix_with("OR REPLACE"), rows)
            if gone:
                connection.execute(delete(_RUNS).where(_RUNS.c.run_id == bindparam("gone")), gone)
            connection.commit()

    def newest(
        self, limit: int, profile: str | None = None, environment: str | None = None
    ) -> list[str]:
        """Texts of the newest records, the newest first."""
        query = select(_RUNS.c.record).order_by(_RUNS.c.run_id.desc()).limit(limit)
        if profile is not None:
            query = query.where(_RUNS.c.profile == profile)
        if environment is not None:
            query = query.where(_RUNS.c.environment == environment)
        with self._connected() as connection:
            return list(connection.scalars(query))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise IndexUnusableError(str(error.orig)) from error
        except (DatabaseError, UnicodeDecodeError) as error:
            raise IndexDamagedError(str(error)) from error


def set_aside(path: Path) -> Path:
    """Rename a damaged index with its log, under the next free name; nothing is deleted."""
    number = 1
    while (kept := path.with_name(f"{path.name}.bad-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        # the log first: the next index must not meet the old one's
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _prepare(connection: Connection, *, wal: bool) -> None:
    stated = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if stated == APPLICATION_ID and connection.dialect.has_table(connection, _RUNS.name):
        return
    # in rollback mode, so that the mark stands in the file's head as soon as there is a file
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    _TABLES.create_all(connection)
    connection.commit()
    # refused while another process looks in: the first mode works too
    with suppress(OperationalError):
        connection.exec_driver_sql(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
