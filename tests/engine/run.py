"""pytest for tests marked `engine`: locust patches the standard library before all else."""

import locust  # noqa: F401, I001  # must come first
import sys

import pytest

if __name__ == "__main__":
    # locust brings a plugin for pytest, which can no longer be rewritten for its assertions
    ignored = "ignore::pytest.PytestAssertRewriteWarning"
    sys.exit(pytest.main(["-W", ignored, "-m", "engine and not slow", *sys.argv[1:]]))
