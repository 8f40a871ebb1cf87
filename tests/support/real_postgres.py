"""A real PostgreSQL as a child process, where this machine has one: its own folder, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from real_prometheus import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

# Debian keeps the programs of each version out of the search path
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
INITDB = shutil.which("initdb", path=os.pathsep.join(map(str, [*_FOLDERS, os.environ["PATH"]])))
# the server refuses root
_USER = "postgres" if os.geteuid() == 0 else None
USER = "perf"
PASSWORD = "hunter22-not-shown"  # noqa: S105  # of a server that lives for one test session
_SETTINGS = {
    "fsync": "off", "shared_buffers": "16MB", "max_connections": "40", "autovacuum": "off",
    "superuser_reserved_connections": "1", "listen_addresses": "127.0.0.1",
}  # fmt: skip
# in this order: the first line that fits decides
_ACCESS = """\
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


@dataclass(slots=True)
class Server:
    """A cluster of its own; it refuses root, so that root starts it as Debian's `postgres`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    made: int = 0

    def url(self, database: str, user: str = USER, password: str = "") -> str:
        """Address of a database."""
        secret = f":{password}" if password else ""
        return f"postgresql+psycopg://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Name of a database that holds nothing."""
        self.made += 1
        name = f"history{self.made}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return name

    def execute(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """Rows of the last statement, each on its own."""
        address = f"host=127.0.0.1 port={self.port} user={USER} dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert INITDB is not None
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in _SETTINGS.items()]
        self.process = subprocess.Popen(
            [str(Path(INITDB).with_name("postgres")), "-D", str(self.folder / "data"),
             "-p", str(self.port), "-k", str(self.folder), *settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
            user=_USER, group=_USER,
        )  # fmt: skip
        wait_for(self._answers, "PostgreSQL answers")

    def stop(self) -> None:
        """End it at once, as a machine that fails does not; its files stay."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=20)
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "PostgreSQL ended"
        try:
            self.execute("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def serving() -> Iterator[Server]:
    """A server that ends with the block, and its files with it."""
    assert INITDB is not None
    # pytest's own folders are closed to other users, and too deep for a socket
    folder = Path(tempfile.mkdtemp(prefix="perf-pg-"))
    server = Server(folder, free_port())
    try:
        if _USER is not None:
            shutil.chown(folder, _USER, _USER)
        command = [INITDB, "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync"]
        subprocess.run(
            [*command, "--encoding=UTF8", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=60,
            user=_USER, group=_USER,
        )  # fmt: skip
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        server.start()
        server.execute("postgres", f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
