from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.prometheus import BLUE, GREEN, serving
from watched import ALONE, rules_of, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.prometheus import FakePrometheus
    from perf_canary.sources.prometheus import PrometheusSource


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    """A Prometheus that knows two healthy arms."""
    with serving(GREEN, BLUE) as server:
        yield server


@pytest.fixture
def alone(prometheus: FakePrometheus, tmp_path: Path) -> PrometheusSource:
    """Source of one arm's requests and errors."""
    return source_of(rules_of(ALONE, prometheus.url, tmp_path))
