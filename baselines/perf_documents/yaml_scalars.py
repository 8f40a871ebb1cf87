"""What plain YAML would have made of an unquoted scalar: for refusals, never for values."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

_RESOLVER = Resolver()
_CONSTRUCTOR = SafeConstructor()
_PREFIX = "tag:yaml.org,2002:"
_MAX_SHOWN = 40


def kind_of(text: str) -> str:
    """Return YAML 1.1's type of an unquoted scalar: `str`, `null`, `bool`, `int`, `float`, ..."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # untyped stub
    return str(tag).removeprefix(_PREFIX)


def is_finite(text: str) -> bool:
    """Return False for what YAML reads as an infinite float or NaN, `1.e+400` included."""
    if kind_of(text) != "float":
        return True
    value = _construct(text)
    return isinstance(value, float) and math.isfinite(value)


def describe_reading(text: str) -> str:
    """Say what YAML 1.1 makes of an unquoted scalar: `8`, `true`, `text`, `a date`."""
    kind = kind_of(text)
    if kind in {"int", "float"}:
        return str(_construct(text)) if len(text) <= _MAX_SHOWN else "a number"
    words = {"bool": str(_construct(text)).lower(), "null": "nothing", "timestamp": "a date"}
    return words.get(kind, "text")


def plain_form(text: str) -> str:
    """Return the number that was probably meant, in decimal digits; empty where there is none."""
    if len(text) > _MAX_SHOWN:
        return ""
    value = _construct(text) if kind_of(text) in {"int", "float"} else _meant(text)
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal):
        # "1e-999999999" would fill a gigabyte
        shown = value.is_finite() and (not value or abs(value.adjusted()) < _MAX_SHOWN)
        return f"{value.normalize():f}" if shown else ""
    return "" if value is None else str(value)


def _meant(text: str) -> int | Decimal | None:
    """Value of forms that YAML 1.1 takes for text: `0o10`, `1e3`."""
    if not text.isascii():
        return None
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return Decimal(text.replace(" ", ""))
    except InvalidOperation:
        return None


def _construct(text: str) -> object:
    kind = kind_of(text)
    node = yaml.ScalarNode(_PREFIX + kind, text)
    try:
        if kind == "int":
            return _CONSTRUCTOR.construct_yaml_int(node)
        if kind == "float":
            return _CONSTRUCTOR.construct_yaml_float(node)
        return _CONSTRUCTOR.construct_yaml_bool(node) if kind == "bool" else text
    except (ValueError, OverflowError):  # "0x_" looks like a number to the pattern alone
        return math.nan
