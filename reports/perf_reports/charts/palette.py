"""Colours by role: written on the marks as attributes, overridden by class in the style sheet."""

from __future__ import annotations

from typing import NamedTuple


class Shade(NamedTuple):
    """One role's colour on a light and on a dark page, at least 3:1 against either."""

    light: str
    dark: str


# The light colour is also the key by which a mark finds its class: each may occur once only.
SHADES = {
    "ink": Shade("#3a4046", "#c8cdd2"),
    "text": Shade("#4a5157", "#b4bac0"),
    "grid": Shade("#e2e5e8", "#2c3238"),
    "band": Shade("#f3f4f6", "#1d2226"),
    "p50": Shade("#3d85c6", "#4f92cf"),
    "p95": Shade("#0b5fa5", "#6cb4f0"),
    "p99": Shade("#06365f", "#c3e1fb"),
    "service": Shade("#6c6c6b", "#a8a8a7"),
    "planned": Shade("#6b6b6b", "#a8a8a8"),
    "started": Shade("#0b5fa6", "#6cb4f1"),
    "ended": Shade("#0b5fa7", "#6cb4f2"),
    "dropped": Shade("#a8321b", "#ff8a66"),
    "unsent": Shade("#8a4b08", "#e8a33d"),
    "held": Shade("#00664b", "#4fc3a1"),
    "breached": Shade("#a8321a", "#ff8a65"),
    "undecided": Shade("#6f3fa0", "#c9a2f2"),
    "limit": Shade("#5a5a5a", "#b5b5b5"),
    "lag": Shade("#0b5fa8", "#6cb4f3"),
    "cpu": Shade("#0b5fa9", "#6cb4f4"),
    "now": Shade("#0b5faa", "#6cb4f5"),
    "before": Shade("#6b6b6d", "#a8a8aa"),
    "control": Shade("#8a4b09", "#e8a33e"),
    # steps of cividis, the strongest farthest from the page in either scheme
    "heat1": Shade("#f1e24f", "#1d3a6b"),
    "heat2": Shade("#d9c85a", "#3b4a6c"),
    "heat3": Shade("#bfae6b", "#56596d"),
    "heat4": Shade("#a49b74", "#706b71"),
    "heat5": Shade("#8a8678", "#8a8779"),
    "heat6": Shade("#706f75", "#a69d75"),
    "heat7": Shade("#4c556c", "#c8b866"),
    "heat8": Shade("#00224e", "#fee838"),
    # classes of failure, largest first: hues that differ for colour-blind eyes, each hatched too
    "class1": Shade("#a8321c", "#ff8a67"),
    "class2": Shade("#0072b2", "#56b4e9"),
    "class3": Shade("#8a6d00", "#f0d24a"),
    "class4": Shade("#00785a", "#3fcf9f"),
    "class5": Shade("#8b3d88", "#dd9bd9"),
    "class6": Shade("#5b4a3f", "#c2b2a6"),
    "class7": Shade("#707070", "#a0a0a0"),
}
HEAT = tuple(f"heat{step}" for step in range(1, 9))
ROLES = {shade.light: role for role, shade in SHADES.items()}


def colour(role: str) -> str:
    """Return the colour to draw a role with."""
    return SHADES[role].light


def style_rules() -> str:
    """Rules that let marks follow the page's colours."""
    lines = [
        f".s-{role}{{stroke:var(--c-{role})}}.f-{role}{{fill:var(--c-{role})}}" for role in SHADES
    ]
    return "\n".join(lines)


def variables(*, dark: bool) -> str:
    """Custom properties of one scheme."""
    return ";".join(
        f"--c-{role}:{shade.dark if dark else shade.light}" for role, shade in SHADES.items()
    )
