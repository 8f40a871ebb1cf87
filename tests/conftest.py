"""What tests of several rooms share: golden files, and the option that rewrites them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable

# No test passes or fails by how long it took; and what lands does not depend on which examples
# were drawn: `make test-slow` draws others each time.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None)
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the tests produce to tests/golden; review the difference like code",
    )


def pytest_configure(config: pytest.Config) -> None:
    slow = config.getoption("markexpr") == "slow"
    settings.load_profile("searching" if slow else "steady")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with `tests/golden/NAME`, byte for byte, or write it with --update-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.exists(), f"{name} is missing: run pytest --update-golden"
        assert text == path.read_bytes().decode(), f"{name} differs; see pytest --update-golden"

    return check
