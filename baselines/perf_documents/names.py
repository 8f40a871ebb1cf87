"""Names that become file names, and the words a scenario is asked for by."""

from __future__ import annotations

import re
from typing import NamedTuple

NAME_RULE = "lower-case letters, digits and . _ -, at most 64, beginning with a letter or digit"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_MAX_PATH = 300


class ScenarioSpec(NamedTuple):
    """A scenario as asked for: a name or a path, and perhaps one of its classes."""

    where: str
    class_name: str | None

    @property
    def is_path(self) -> bool:
        """Whether `where` is the path of a file."""
        return self.where.endswith(".py")


def is_name(text: str) -> bool:
    """Whether a text may name a profile, a scenario, a target or an environment."""
    # ".." would be a parent folder, whatever stands around it
    return _NAME.fullmatch(text) is not None and ".." not in text


def parse_scenario(text: str) -> ScenarioSpec:
    """Return the parts of `NAME`, `NAME:Class`, `PATH.py` or `PATH.py:Class`."""
    where, colon, class_name = text.rpartition(":")
    if not colon or "/" in class_name:
        where, class_name = text, ""
    elif not _CLASS.fullmatch(class_name):
        raise ValueError("what follows the colon is not a class name")
    spec = ScenarioSpec(where, class_name or None)
    if spec.is_path:
        if len(where) > _MAX_PATH or not where.isprintable():
            raise ValueError("not a path")
    elif not is_name(where):
        raise ValueError(f"neither a path ending in .py nor a name ({NAME_RULE})")
    return spec
