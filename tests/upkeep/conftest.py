"""A host for each test, and the environment of a job there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.github import REPOSITORY, TOKEN, FakeClock, serving
from fakes.upkeep import FakeHost
from hub import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def host() -> Iterator[FakeHost]:
    state = FakeHost()
    with serving(state):
        yield state


@pytest.fixture
def job(host: FakeHost) -> dict[str, str]:
    """Environment of a job."""
    return {
        "GITHUB_API_URL": host.url, "PERF_REGISTRY_URL": host.url, "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_NUMBER": "5", "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "77", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_SHA": "a" * 40,
        "GITHUB_REF": "refs/heads/main",
    }  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    """Seconds that pass only by sleeping."""
    fake = FakeClock()
    return Clock(fake, fake.sleep)
