"""Profiles as text for tests, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.errors import ProfileError
from perf_documents.profile import load_profile_text

if TYPE_CHECKING:
    from perf_documents.plan import Plan

OPEN = """\
scenario: api_endpoints
executor: ramping-arrival-rate
stages:
  - {duration: 1m, target: 100}
  - {duration: 3m, target: 100}
  - {duration: 1m, target: 0}
pre_allocated_vus: 50
"""
CONSTANT = """\
scenario: api_endpoints
executor: constant-arrival-rate
rate: 100
duration: 5m
pre_allocated_vus: 50
"""
CLOSED = """\
scenario: health_check
executor: ramping-vus
stages: [{duration: 30s, target: 50}, {duration: 1m, target: 50}]
"""


def read(text: str) -> Plan:
    """Return the plan of a profile called `p` in a file called `p.yaml`."""
    return load_profile_text(text, "p.yaml", name="p")


def problems_of(text: str) -> list[str]:
    """Return all that is wrong with a profile; nothing where it is fine."""
    try:
        read(text)
    except ProfileError as error:
        return error.problems
    return []


def with_thresholds(*items: str, subject: str = "http_req_duration", base: str = CONSTANT) -> str:
    """Return a profile with thresholds, each item as it stands in YAML."""
    lines = "".join(f"    - {item}\n" for item in items)
    return f"{base}thresholds:\n  '{subject}':\n{lines}"
