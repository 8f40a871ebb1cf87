"""Tests that import locust: only in a pytest process of their own (`-m engine`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import torture
from torture_server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import these files where their marker is not asked for: locust patches Python."""
    wanted = str(config.getoption("markexpr"))
    asked = "engine" in wanted and "not engine" not in wanted
    return None if asked or collection_path.suffix != ".py" else True


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The torture server in its own process, whose authority is trusted."""
    from perf_loadtests.http import tls  # noqa: PLC0415  # imports locust

    folder = tmp_path_factory.mktemp("torture")
    with torture.running(folder) as ports, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        tls.shared_context.cache_clear()
        yield Server(folder, ports)
        tls.shared_context.cache_clear()
