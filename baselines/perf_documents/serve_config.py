"""`serve:` in perf.yaml: the gates that `perf serve` may be asked for; nothing else runs there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.durations import format_duration
from perf_documents.names import NAME_RULE, is_name
from perf_documents.problems import escape
from perf_documents.yaml_fields import keys, require, settled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction

    from perf_documents.yaml_fields import Field

MAX_GATES = 100
DEFAULT_EVERY = "10s"
_LONGEST_S = 86_400
_LONGEST_EVERY_S = 600
# below the folder of perf.yaml, and never the form of an option: it becomes an argument
_FILE = re.compile(
    r"(?!.*(?:^|/)\.\.(?:/|$))\w[\w.-]{0,99}(?:/[\w.-]{1,100}){0,10}\.ya?ml", re.ASCII
)
_PROFILE_KEYS = ("profile", "target")
_CANARY_KEYS = ("rules", "prometheus", "for")
_GATE_KEYS = keys(*_PROFILE_KEYS, *_CANARY_KEYS, "every", "max_age")
_SERVE_KEYS = keys(
    "gates", elsewhere=dict.fromkeys(_GATE_KEYS.known, "in serve.gates, below the name of one")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileGate:
    """A gate that loads a target by a profile; its verdict holds `max_age_s` after its end."""

    name: str
    profile: str
    target: str
    max_age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryGate:
    """A gate that judges a live system; `duration` and `every` are durations as text."""

    name: str
    rules: str
    prometheus: str
    duration: str
    duration_s: float
    every: str
    max_age_s: float


Gate = ProfileGate | CanaryGate


def read_gates(value: Field | None, targets: Mapping[str, bool]) -> dict[str, Gate]:
    """Return the gates of `serve`; problems are noted.

    Parameters
    ----------
    value : Field or None
    targets : mapping of str to bool
        Names that a gate may load, and whether each is protected.
    """
    members = value.members(_SERVE_KEYS) if value is not None else None
    if value is None or members is None:
        return {}
    require(value, members, ("gates",))
    entries = (members["gates"].entries() if "gates" in members else None) or {}
    if len(entries) > MAX_GATES:
        value.refuse("too many gates", expected=f"at most {MAX_GATES}", found=str(len(entries)))
        return {}
    read = {name: _read_gate(name, entry, targets) for name, entry in entries.items()}
    return {name: gate for name, gate in read.items() if gate is not None}


def _read_gate(name: str, entry: Field, targets: Mapping[str, bool]) -> Gate | None:
    if not is_name(name):
        entry.refuse("not a gate name", expected=NAME_RULE, found=f'"{escape(name)}"')
    members = entry.members(_GATE_KEYS)
    if members is None:
        return None
    of_profile = [key for key in _PROFILE_KEYS if key in members]
    of_canary = [key for key in (*_CANARY_KEYS, "every") if key in members]
    if bool(of_profile) == bool(of_canary):
        found = ", ".join(of_profile + of_canary)
        entry.refuse(
            "what does it run?",
            expected="profile and target, or rules, prometheus, for and every",
            found=found or "neither",
        )
        return None
    required = _PROFILE_KEYS if of_profile else _CANARY_KEYS
    require(entry, members, (*required, "max_age"))
    if any(key not in members for key in (*required, "max_age")):
        return None
    max_age_s = members["max_age"].duration(1, _LONGEST_S)
    if max_age_s is None:
        return None
    if of_profile:
        return _read_profile_gate(name, members, float(max_age_s), targets)
    return _read_canary_gate(name, members, float(max_age_s))


def _read_profile_gate(
    name: str, members: Mapping[str, Field], max_age_s: float, targets: Mapping[str, bool]
) -> ProfileGate | None:
    profile = members["profile"].text()
    if profile is not None and not (is_name(profile) or _FILE.fullmatch(profile)):
        members["profile"].refuse("not a profile", expected="its name, or a file below this folder")
    target = members["target"].text()
    if target is not None:
        _check_target(members["target"], target, targets)
    if profile is None or target is None:
        return None
    return ProfileGate(name=name, profile=profile, target=target, max_age_s=max_age_s)


def _check_target(field: Field, target: str, targets: Mapping[str, bool]) -> None:
    if target not in targets:
        field.refuse("no such target", expected=_known(targets))
    elif targets[target]:
        field.refuse("a protected target is loaded only where a person types its name",
                     expected="a target that is not protected")  # fmt: skip


def _known(targets: Collection[str]) -> str:
    return f"one of {', '.join(sorted(targets)[:20])}"


def _read_canary_gate(
    name: str, members: Mapping[str, Field], max_age_s: float
) -> CanaryGate | None:
    rules = members["rules"].text()
    if rules is not None and not _FILE.fullmatch(rules):
        members["rules"].refuse("not a file", expected="a .yaml file below this folder")
    url = members["prometheus"].url()
    for_s = members["for"].duration(1, _LONGEST_S)
    every = _read_every(members.get("every"), for_s)
    if rules is None or url is None or for_s is None or every is None:
        return None
    return CanaryGate(
        name=name,
        rules=rules,
        prometheus=url,
        duration=format_duration(for_s),
        duration_s=float(settled(for_s)),
        every=every,
        max_age_s=max_age_s,
    )


def _read_every(field: Field | None, for_s: Fraction | None) -> str | None:
    if field is None:
        return DEFAULT_EVERY
    every_s = field.duration(1, _LONGEST_EVERY_S)
    if every_s is not None and for_s is not None and every_s > for_s:
        field.refuse("longer than for", expected=f"at most {format_duration(for_s)}")
    return None if every_s is None else format_duration(every_s)
