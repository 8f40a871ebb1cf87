"""Does a run prove anything: the rules V1 to V12, each with its figure and its limit."""

from __future__ import annotations

from perf_analysis.validity.rules import RULES, check_stored, check_validity

__all__ = ["RULES", "check_stored", "check_validity"]
