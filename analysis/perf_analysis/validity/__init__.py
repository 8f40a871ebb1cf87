"""Does a run prove anything: the rules V1 to V12, each with its figure and its limit."""

from __future__ import annotations

from perf_analysis.validity.rules import RULES, check_stored, check_validity
from perf_analysis.validity.so_far import broken_so_far

__all__ = ["RULES", "broken_so_far", "check_stored", "check_validity"]
