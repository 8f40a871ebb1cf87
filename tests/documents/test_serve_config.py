"""`serve:` in perf.yaml: the gates, and everything that is no gate with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import ProfileError
from perf_documents.serve_config import CanaryGate, ProfileGate
from perf_documents.targets import load_workspace_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_documents.serve_config import Gate

TARGETS = """\
targets:
  staging: {url: https://staging.example}
  live: {url: https://api.example, protected: true, max_rate: 5}
"""
CANARY = "rules: canary.yaml, prometheus: https://prometheus.example, for: 10m, max_age: 15m"


def load(folder: Path, text: str) -> Mapping[str, Gate]:
    file = folder / "perf.yaml"
    file.write_text(TARGETS + text)
    file.chmod(0o644)
    return load_workspace_config(file).gates


def gate(text: str) -> str:
    return f"serve:\n  gates:\n    one: {{{text}}}\n"


def test_the_two_kinds_of_gates(tmp_path: Path) -> None:
    text = (
        "serve:\n  gates:\n"
        "    staging: {profile: sustained, target: staging, max_age: 30m}\n"
        f"    canary: {{{CANARY}, every: 5s}}\n"
        f"    other: {{{CANARY}}}\n"
    )
    gates = load(tmp_path, text)
    assert gates["staging"] == ProfileGate(
        name="staging", profile="sustained", target="staging", max_age_s=1_800.0
    )
    assert gates["canary"] == CanaryGate(
        name="canary",
        rules="canary.yaml",
        prometheus="https://prometheus.example",
        duration="10m",
        duration_s=600.0,
        every="5s",
        max_age_s=900.0,
    )
    other = gates["other"]
    assert isinstance(other, CanaryGate)
    assert other.every == "10s"


def test_without_serve_there_is_no_gate(tmp_path: Path) -> None:
    assert load(tmp_path, "") == {}


@pytest.mark.parametrize(
    "text",
    [
        "profile: smoke, target: demo, max_age: 1s",
        "profile: loadtests/profiles/a.yaml, target: demo, max_age: 1d",
    ],
)
def test_accepted(tmp_path: Path, text: str) -> None:
    assert list(load(tmp_path, gate(text))) == ["one"]


REFUSED = [
    ("empty", "serve: {}\n", "a required key is missing; expected gates"),
    ("list", "serve: []\n", "serve: the wrong kind of value"),
    ("unknown", "serve: {gates: {}, port: 1}\n", "unknown key serve.port"),
    ("misplaced", "serve: {profile: smoke}\n", "in serve.gates, below the name of one"),
    ("neither", gate("max_age: 1m"), "what does it run?"),
    ("nothing", gate(""), "what does it run?"),
    ("every-only", gate("every: 1s, max_age: 1m"), "required keys are missing"),
    ("both", gate(f"profile: smoke, target: demo, {CANARY}"), "what does it run?"),
    ("no-target", gate("profile: smoke, max_age: 1m"), "expected target"),
    ("no-profile", gate("target: demo, max_age: 1m"), "expected profile"),
    ("no-max-age", gate("profile: smoke, target: demo"), "expected max_age"),
    ("age-unit", gate("profile: smoke, target: demo, max_age: 30"), "no unit"),
    ("age-zero", gate("profile: smoke, target: demo, max_age: 0s"), "out of range"),
    ("age-long", gate("profile: smoke, target: demo, max_age: 2d"), "out of range"),
    ("typo", gate("profil: smoke, target: demo, max_age: 1m"), 'did you mean "profile"'),
    ("shell", gate("command: rm, max_age: 1m"), "unknown key serve.gates.one.command"),
    ("option", gate("profile: --help, target: demo, max_age: 1m"), "not a profile"),
    ("above", gate("profile: ../a.yaml, target: demo, max_age: 1m"), "not a profile"),
    ("absolute", gate("profile: /a.yaml, target: demo, max_age: 1m"), "not a profile"),
    ("target", gate("profile: smoke, target: prod, max_age: 1m"), "no such target"),
    ("url", gate("profile: smoke, target: 'http://x', max_age: 1m"), "no such target"),
    ("protected", gate("profile: smoke, target: live, max_age: 1m"), "a protected target"),
    ("rules-option", gate(CANARY.replace("canary.yaml", "--a.yaml")), "not a file"),
    ("rules-above", gate(CANARY.replace("canary.yaml", "a/../../b.yaml")), "not a file"),
    ("rules-kind", gate(CANARY.replace("canary.yaml", "canary.txt")), "not a file"),
    ("password", gate(CANARY.replace("https://", "https://me:hunter2@")), "credentials"),
    ("every-long", gate(f"{CANARY}, every: 11m"), "out of range"),
    ("every-for", gate(CANARY.replace("10m", "5s") + ", every: 6s"), "longer than for"),
    ("for", gate(CANARY.replace("10m", "ten")), "not a duration"),
    ("name", "serve: {gates: {A b: {profile: smoke}}}\n", "not a gate name"),
    ("many", "serve:\n  gates:\n" + "".join(f"    g{n}: {{}}\n" for n in range(101)), "at most"),
]


@pytest.mark.parametrize(("text", "said"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert said in message
    assert "perf.yaml:" in message
    assert "hunter2" not in message
