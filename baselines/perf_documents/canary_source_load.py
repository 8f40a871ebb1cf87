"""The `source` of a RULES file: where readings come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perf_documents.canary_rules import CANARY, DEFAULT_SCRAPE_S, LiveSource, Probe
from perf_documents.yaml_fields import keys, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.yaml_fields import Field

_KEYS = keys(
    "prometheus", "headers_env", "scrape_interval", "canary", "control", "probe",
    elsewhere={"requests": "in metrics", "errors": "in metrics", "latency_buckets": "in metrics"},
)  # fmt: skip
_MATCHERS = re.compile(r"[^{}]{1,500}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MAX_INTERVAL_S = 600


def read_source(value: Field | None) -> LiveSource | None:
    """Return what `source` says; problems are noted."""
    members = value.members(_KEYS) if value is not None else None
    if value is None or members is None:
        return None
    require(value, members, (CANARY,))
    scrape = (
        members["scrape_interval"].duration(1, _MAX_INTERVAL_S)
        if "scrape_interval" in members
        else None
    )
    canary = _read_matchers(members.get(CANARY))
    control = _read_matchers(members.get("control"))
    if canary is not None and canary == control:
        members["control"].refuse("the same as canary", expected="matchers of the old version")
    return LiveSource(
        prometheus=members["prometheus"].url() if "prometheus" in members else None,
        headers_env=_read_headers(members.get("headers_env")),
        scrape_interval_s=float(scrape or DEFAULT_SCRAPE_S),
        canary=canary or "",
        control=control,
        probe=_read_probe(members.get("probe")),
    )


def _read_matchers(value: Field | None) -> str | None:
    text = value.text() if value is not None else None
    if value is None or text is None:
        return None
    if not _MATCHERS.fullmatch(text) or not text.strip() or "=" not in text:
        value.refuse("not label matchers", expected="such as 'version=\"green\"'")
    return text.strip()


def _read_headers(value: Field | None) -> Mapping[str, str]:
    entries = (value.entries() if value is not None else None) or {}
    headers: dict[str, str] = {}
    for name, field in entries.items():
        variable = field.text()
        if variable is None:
            continue
        if not _HEADER.fullmatch(name) or not _VARIABLE.fullmatch(variable):
            # somebody may have pasted the token itself
            field.refuse(
                "not a header and a variable",
                expected="such as X-Scope-OrgID: TENANT, TENANT being a variable",
                found="something else",
            )
            continue
        headers[name] = variable
    return headers


def _read_probe(value: Field | None) -> Probe | None:
    members = value.members(keys(CANARY, "every")) if value is not None else None
    if value is None or members is None:
        return None
    require(value, members, (CANARY,))
    url = members[CANARY].url() if CANARY in members else None
    every = members["every"].duration(1, _MAX_INTERVAL_S) if "every" in members else None
    return Probe(url=url, every_s=float(every or 2)) if url is not None else None
