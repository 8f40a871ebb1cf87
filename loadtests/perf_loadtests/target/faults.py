"""Faults on request: what each one is, and which of them a request meets."""

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What tells a load generator and its operator how the service does is never made ill itself.
EXEMPT = ("/metrics", "/admin/")
TRICKLE_INTERVAL_S = 0.1

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


class FaultError(ValueError):
    """A fault that cannot be: its name, what was given, what is accepted."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence for the last `silent_s` of every `every_s`."""

    silent_s: float
    every_s: float

    def __post_init__(self) -> None:
        """Refuse a silence without an end."""
        if not 0 < self.silent_s < self.every_s:
            raise FaultError("stall: the silence must be above 0 and shorter than its period")

    def left_s(self, elapsed_s: float) -> float:
        """Seconds until the silence ends; 0 outside of it."""
        into_s = elapsed_s % self.every_s
        return self.every_s - into_s if into_s >= self.every_s - self.silent_s else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All faults in force; the default is none."""

    slow: float = 1.0  # factor on the handling time
    slow_s: float = 0.0  # added to it
    stall: Stall | None = None
    errors: float = 0.0  # shares of the requests
    hang: float = 0.0
    trickle: bool = False
    only: str = "/"  # the prefix of the paths that have faults

    def __post_init__(self) -> None:
        """Refuse what no request could meet."""
        if not (math.isfinite(self.slow) and self.slow >= 1):
            raise FaultError(f"slow: {self.slow:g} is not a factor of at least 1")
        if not (math.isfinite(self.slow_s) and self.slow_s >= 0):
            raise FaultError("slow_ms: not a number of milliseconds of at least 0")
        for name, share in (("errors", self.errors), ("hang", self.hang)):
            if not 0 <= share <= 1:
                raise FaultError(f"{name}: {share:g} is not a share from 0 to 1")
        if not self.only.startswith("/"):
            raise FaultError("only: not a path prefix that begins with /")


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What one request meets."""

    hold_s: float = 0.0
    hang: bool = False
    error: bool = False
    slow: float = 1.0
    slow_s: float = 0.0
    trickle: bool = False

    def delay_s(self, handling_s: float) -> float:
        """How long to wait on top of a handling time."""
        return (self.slow - 1.0) * handling_s + self.slow_s


UNTREATED = Treatment()


@dataclass(slots=True)
class FaultSource:
    """The faults in force since an instant, and the seeded dice that pick their victims."""

    seed: int
    faults: Faults
    since_s: float
    _any: bool = field(init=False)
    _error_dice: random.Random = field(init=False)
    _hang_dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Begin as if the faults had been set now."""
        self.set(self.faults, self.since_s)

    def set(self, faults: Faults, now_s: float) -> None:
        """Put other faults in force; dice and the phase of a stall begin anew."""
        self.faults = faults
        self.since_s = now_s
        self._any = faults != Faults()
        # One stream each: one share does not move the victims of the other. S311: no secrets.
        self._error_dice = random.Random(self.seed)  # noqa: S311
        self._hang_dice = random.Random(self.seed + 1)  # noqa: S311

    def treat(self, path: str, now_s: float) -> Treatment:
        """Return what a request for `path` meets that arrived at `now_s`."""
        faults = self.faults
        if not self._any or path.startswith(EXEMPT) or not path.startswith(faults.only):
            return UNTREATED
        return Treatment(
            hold_s=0.0 if faults.stall is None else faults.stall.left_s(now_s - self.since_s),
            hang=faults.hang > 0 and self._hang_dice.random() < faults.hang,
            error=faults.errors > 0 and self._error_dice.random() < faults.errors,
            slow=faults.slow,
            slow_s=faults.slow_s,
            trickle=faults.trickle,
        )


def parse_duration_s(text: str) -> float:
    """Seconds from `1s`, `500ms` or `2m`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise FaultError(f"{text!a} is not a duration like 1s or 500ms")
    return float(match[1]) * _UNIT_S[match[2]]


def parse_stall(text: str) -> Stall:
    """Return a stall from `1s/10s`."""
    silent, slash, every = text.partition("/")
    if not slash:
        raise FaultError(f"stall: {text!a} is not SILENCE/PERIOD like 1s/10s")
    try:
        return Stall(parse_duration_s(silent), parse_duration_s(every))
    except FaultError as error:
        raise FaultError(f"stall: {str(error).removeprefix('stall: ')}") from None


def parse_faults(fields: Mapping[str, object]) -> Faults:
    """Faults from JSON fields or flags of the same names; what is missing or null is off."""
    given = {name: value for name, value in fields.items() if value is not None}
    unknown = sorted(set(given) - set(_KEYS))
    if unknown:
        raise FaultError(f"{unknown[0]!a}: unknown; known are {', '.join(_KEYS)}")
    stall, only, trickle = given.get("stall"), given.get("only", "/"), given.get("trickle", False)
    if not (stall is None or isinstance(stall, str)):
        raise FaultError("stall: not a text like 1s/10s")
    if not isinstance(only, str) or not isinstance(trickle, bool):
        raise FaultError("only: not a text, or trickle: not true or false")
    return Faults(
        slow=_number(given, "slow", 1.0),
        slow_s=_number(given, "slow_ms", 0.0) / 1000,
        stall=None if stall is None else parse_stall(stall),
        errors=_number(given, "errors", 0.0),
        hang=_number(given, "hang", 0.0),
        trickle=trickle,
        only=only,
    )


def faults_to_json(faults: Faults) -> dict[str, object]:
    """Return the fields that `parse_faults` reads."""
    stall = faults.stall
    return {
        "slow": faults.slow,
        "slow_ms": faults.slow_s * 1000,
        "stall": None if stall is None else f"{_seconds(stall.silent_s)}/{_seconds(stall.every_s)}",
        "errors": faults.errors,
        "hang": faults.hang,
        "trickle": faults.trickle,
        "only": faults.only,
    }


_KEYS = tuple(faults_to_json(Faults()))


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.9f}".rstrip("0").rstrip(".") + "s"


def _number(given: Mapping[str, object], name: str, default: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FaultError(f"{name}: not a number")
    try:
        return float(value)
    except OverflowError:
        raise FaultError(f"{name}: too large") from None
