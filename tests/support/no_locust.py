"""A pytest plugin: locust patches the interpreter, so only the engine tests' process has it.

A process whose selected tests are marked `engine` may import it; any other fails, naming the module
whose collection, or the test whose run, brought it in.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

# coverage, told of greenlets, has gevent from the start: harmless, for nothing is patched by that
UNWANTED = tuple(name for name in ("locust", "gevent") if name not in sys.modules)
CULPRITS = pytest.StashKey[list[str]]()
WATCHED = pytest.StashKey[bool]()


def unwanted_modules(loaded: Sequence[str]) -> list[str]:
    """Those of the unwanted modules that are loaded."""
    return [name for name in UNWANTED if name in loaded]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Note which module's collection brought locust in."""
    before = unwanted_modules(list(sys.modules))
    report = yield
    if unwanted_modules(list(sys.modules)) != before:
        collector.config.stash.setdefault(CULPRITS, []).append(collector.nodeid)
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Decide whether this process is watched; refuse to start where it is already too late."""
    engine = any(item.get_closest_marker("engine") for item in session.items)
    session.config.stash[WATCHED] = not engine
    found = unwanted_modules(list(sys.modules))
    if found and not engine:
        modules: list[str] = session.config.stash.get(CULPRITS, [])
        culprits = ", ".join(modules) or "a plugin or a conftest"
        raise pytest.UsageError(
            f"{' and '.join(found)} imported by {culprits}: import it inside tests marked `engine`"
        )


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Fail the test that brought locust into a watched process, and end there."""
    found = unwanted_modules(list(sys.modules))
    watched = item.config.stash[WATCHED]
    if found and watched:
        item.session.shouldstop = f"{item.nodeid} imported {' and '.join(found)}"
        pytest.fail(f"{' and '.join(found)} imported into the main test process", pytrace=False)
