"""/metrics: the newest finished run of each gate, as OpenMetrics or Prometheus text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_canary.contracts.messages import Reply
from perf_canary.gates import GateVerdict, verdict_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.gate_store import Entry

OPENMETRICS = "application/openmetrics-text"
_OPENMETRICS_TYPE = f"{OPENMETRICS}; version=1.0.0; charset=utf-8"
_PLAIN_TYPE = "text/plain; version=0.0.4"
_VERDICT = "perfproof_verdict"
_STAMP = "perfproof_verdict_timestamp_seconds"
_HELP = {
    _VERDICT: "Newest finished run of a gate: 1 pass, 0 inconclusive, -1 fail.",
    _STAMP: "When that run ended.",
}
_VALUES = {GateVerdict.PASS: 1, GateVerdict.FAIL: -1}


def reply(newest: Mapping[str, Entry], accept: str) -> Reply:
    """Families of the verdict; a gate that never ran has no series."""
    modern = OPENMETRICS in accept.lower()
    gates = sorted(newest)
    verdicts = [f"{_VALUES.get(verdict_of(newest[gate].exit_code), 0)}" for gate in gates]
    stamps = [f"{newest[gate].ended_s or 0.0:.3f}" for gate in gates]
    lines = [
        *_family(_VERDICT, "", dict(zip(gates, verdicts, strict=True))),
        *_family(_STAMP, "seconds" if modern else "", dict(zip(gates, stamps, strict=True))),
        *(["# EOF"] if modern else []),
    ]
    return Reply(
        status=200,
        body="".join(f"{line}\n" for line in lines).encode(),
        content_type=_OPENMETRICS_TYPE if modern else _PLAIN_TYPE,
    )


def _family(name: str, unit: str, values: Mapping[str, str]) -> list[str]:
    head = [f"# TYPE {name} gauge"]
    head += [f"# UNIT {name} {unit}"] if unit else []
    head.append(f"# HELP {name} {_HELP[name]}")
    # names of gates need no escapes
    return head + [f'{name}{{gate="{gate}"}} {value}' for gate, value in values.items()]
