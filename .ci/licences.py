#!/usr/bin/env python3
"""Licences of all that is installed, held against `.ci/security.toml`.

Exit 0 only if each is known and accepted. Nothing is asked over the network: what a package says of
itself is read where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from findings import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.metadata import PackageMetadata

POLICY = Path(__file__).with_name("security.toml")
_TOKENS = re.compile(r"[()]|[^\s()]+")
_SIGNS = {"", ")", "AND", "OR", "WITH"}
_CLASSIFIER = "License :: "
# a text of more than a name is a whole licence: nobody reads it by machine
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is accepted."""

    allowed: frozenset[str]
    names: Mapping[str, str]
    exceptions: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Policy:
        """Policy of a file; each exception has a reason."""
        given = tomllib.loads(path.read_text(encoding="utf-8"))["licences"]
        for name, one in given["exceptions"].items():
            if not str(one["reason"]).strip():
                raise ValueError(f"{path}: {name}: an exception without a reason")
        return cls(
            allowed=frozenset(given["allowed"]),
            names=given["names"],
            exceptions={normal(name): one["licence"] for name, one in given["exceptions"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a package says of itself."""

    name: str
    expression: str
    classifiers: Sequence[str]
    text: str


def packages(path: Sequence[str]) -> list[Package]:
    """All that is installed in these folders."""
    found = []
    for one in importlib.metadata.distributions(path=list(path)):
        meta = one.metadata
        found.append(
            Package(
                name=normal(meta["Name"]),
                expression=_first(meta, "License-Expression"),
                classifiers=[
                    line.rpartition(" :: ")[2]
                    for line in meta.get_all("Classifier") or ()
                    if line.startswith(_CLASSIFIER)
                ],
                text=_first(meta, "License"),
            )
        )
    return sorted(found, key=lambda package: package.name)


def _first(meta: PackageMetadata, field: str) -> str:
    return str((meta.get_all(field) or [""])[0]).strip()


def normal(name: str) -> str:
    """Name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(package: Package, policy: Policy) -> str:
    """SPDX expression of a package; empty where what it says is not known."""
    if package.expression:
        return package.expression
    # "OSI Approved" alone names no licence
    said = [name for name in package.classifiers if name != "OSI Approved"]
    known = [policy.names.get(name.lower(), "") for name in said]
    if known:
        return " AND ".join(known) if all(known) else ""
    if len(package.text) > _LONGEST_NAME:
        return ""
    return policy.names.get(package.text.lower(), package.text)


def refused(expression: str, allowed: frozenset[str]) -> frozenset[str]:
    """Identifiers that keep an expression from being accepted: those of the best choice of an OR.

    Raises
    ------
    ValueError
        If it is no expression.
    """
    reader = _Expression(tokens=_TOKENS.findall(expression), allowed=allowed)
    found = reader.either()
    if reader.tokens:
        raise ValueError(f"{reader.tokens[0]} after its end")
    return found


@dataclass(slots=True, kw_only=True)
class _Expression:
    """Rest of an SPDX expression; each method reads a part and says what of it is refused."""

    tokens: list[str]
    allowed: frozenset[str]

    def either(self) -> frozenset[str]:
        choices = [self._both()]
        while self._took("OR"):
            choices.append(self._both())
        return min(choices, key=len)

    def _both(self) -> frozenset[str]:
        found = self._one()
        while self._took("AND"):
            found |= self._one()
        return found

    def _one(self) -> frozenset[str]:
        word = self._next()
        if word == "(":
            inner = self.either()
            if not self._took(")"):
                raise ValueError("a bracket that is not closed")
            return inner
        if word in _SIGNS:
            raise ValueError(f"{word or 'its end'} where a licence should stand")
        if self._took("WITH"):
            # what an exception to a licence permits is for a person to say
            word = f"{word} WITH {self._next()}"
        return frozenset() if word in self.allowed else frozenset({word})

    def _next(self) -> str:
        return self.tokens.pop(0) if self.tokens else ""

    def _took(self, word: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == word and bool(self.tokens.pop(0))


def judge(installed: Iterable[Package], policy: Policy) -> list[str]:
    """What the policy does not accept, a line each."""
    found: list[str] = []
    unused = set(policy.exceptions)
    for package in installed:
        licence = licence_of(package, policy)
        excepted = policy.exceptions.get(package.name)
        unused.discard(package.name)
        if excepted is not None:
            if excepted != licence:
                found.append(f"{package.name}: excepted as {excepted}, but says {licence!r}")
        elif not licence:
            found.append(f"{package.name}: no licence that is known; {_said(package)}")
        else:
            found += _judged(package.name, licence, policy.allowed)
    return [*found, *(f"{name}: excepted, but not installed" for name in sorted(unused))]


def _judged(name: str, licence: str, allowed: frozenset[str]) -> list[str]:
    try:
        wrong = refused(licence, allowed)
    except ValueError as error:
        return [f"{name}: {licence!r} is no licence expression: {error}"]
    return [f"{name}: {', '.join(sorted(wrong))} is not accepted"] if wrong else []


def _said(package: Package) -> str:
    said = [*package.classifiers, package.text[:_LONGEST_NAME]]
    return f"says {', '.join(filter(None, said)) or 'nothing'}"


def main(arguments: Sequence[str]) -> int:
    """Read, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", type=Path, default=POLICY)
    parser.add_argument("--path", action="append", help="Folder of packages (this interpreter's).")
    parser.add_argument("--out", help="Folder of findings.")
    given = parser.parse_args(arguments)
    found = packages(given.path or sys.path)
    if not found:  # a wrong folder would be clean
        return report("licences", "", ["no package is installed there"], given.out)
    lines = judge(found, Policy.read(given.policy))
    return report("licences", f"{len(found)} packages", lines, given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
