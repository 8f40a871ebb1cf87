"""What one look of `perf doctor` found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One check: what it found, and what to do where that is not well."""

    name: str
    ok: bool
    text: str
    code: int = 0


def well(name: str, text: str) -> Found:
    """A check that found nothing wrong."""
    return Found(name=name, ok=True, text=text)


def ill(name: str, text: str, code: int) -> Found:
    """A check that found what somebody must put right; the text ends in the next step."""
    return Found(name=name, ok=False, text=text, code=code)
