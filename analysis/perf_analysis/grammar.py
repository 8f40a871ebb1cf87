"""k6's threshold grammar: text to `Threshold`, with the column of every mistake."""

from __future__ import annotations

import math
import re

from perf_analysis.metrics import AGGREGATIONS, METRICS, OPEN_ONLY, OWN_CLIENT
from perf_analysis.selectors import GrammarError, parse_selector, shown
from perf_analysis.tags import NO_TAGS, Tags
from perf_analysis.verdict import OPERATORS, MetricKind, Threshold

__all__ = [
    "AGGREGATIONS",
    "LONGEST_EXPRESSION",
    "METRICS",
    "OPEN_ONLY",
    "OWN_CLIENT",
    "GrammarError",
    "parse_selector",
    "parse_threshold",
]

LONGEST_EXPRESSION = 500
_BLANKS = " \t"
_HUNDRED = 100.0
_EXACT_INTEGERS = 1e15
_REPEATED = 40
# Every pattern below is without nested repetition, so matching is linear. ASCII digits only: no
# underscores, hexadecimal, NaN or Inf, all of which float() or k6 would take.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OPERATOR = re.compile(r"===|==|!=|<=|>=|<|>")
_WORD = re.compile(r"[a-z]+")
_HEAD = re.compile(r"[^<>=!≤≥≠]*")
_QUANTILE_LIKE = re.compile(
    r"(?:percentile|perc|pct|p)\(?([0-9]+(?:\.[0-9]+)?)\)?|([0-9]+(?:\.[0-9]+)?)(?:p|th)"
)
_WRONG_OPERATORS = {
    "=<": "<=", "=>": ">=", "<>": "!=", "!==": "!=", "≤": "<=", "≥": ">=", "≠": "!=", "=": "==",
}  # fmt: skip
_SYNONYMS = {"mean": "avg", "average": "avg", "median": "med", "maximum": "max", "minimum": "min"}
_JOINERS = ("&&", "||", "and", "or", ",", ";", ")")
_COMMENTS = ("//", "#", "/*")
_TREND_UNITS = {"us": 0.001, "µs": 0.001, "ms": 1.0, "msec": 1.0, "s": 1e3, "sec": 1e3, "m": 6e4,
                "min": 6e4, "h": 3.6e6}  # fmt: skip


def parse_threshold(
    subject: str,
    expression: str,
    *,
    abort_on_fail: bool = False,
    delay_abort_eval_s: float = 0.0,
    is_default: bool = False,
    declared: Tags = NO_TAGS,
) -> Threshold:
    """Threshold of one subject and one expression.

    Parameters
    ----------
    subject : str
        Metric, with a selector or without: `http_req_duration{name:GET /health}`.
    expression : str
        Aggregation, operator and number: `p(95)<500`; milliseconds for trends, 0..1 for rates.
    abort_on_fail : bool
    delay_abort_eval_s : float
        Seconds since the start of the judged phase, finite and >= 0; needs `abort_on_fail`.
    is_default : bool
    declared : Tags
        Tags of the profile.

    Returns
    -------
    Threshold
        With its expression in canonical form: equal limits compare equal, however written.

    Raises
    ------
    GrammarError
        With column and hint; nothing is ever evaluated.

    Examples
    --------
    >>> parse_threshold("http_req_duration", " p(95.0)  <= 2e2 ").expression
    'p(95)<=200'
    >>> parse_threshold("http_req_failed", "rate<1%")
    Traceback (most recent call last):
    perf_analysis.selectors.GrammarError: a threshold has no unit, here "%"
    """
    metric, selector = parse_selector(subject, declared)
    if not (0.0 <= delay_abort_eval_s < math.inf):
        raise GrammarError("delayAbortEval is a duration of 0 s or more")
    if delay_abort_eval_s and not abort_on_fail:
        raise GrammarError(
            "delayAbortEval without abortOnFail has no effect", hint="add abortOnFail: true"
        )
    if len(expression) > LONGEST_EXPRESSION:
        raise GrammarError(
            f"an expression has at most {LONGEST_EXPRESSION} characters", column=LONGEST_EXPRESSION
        )
    parser = _Parser(expression, METRICS[metric])
    aggregation, q = parser.aggregation(metric)
    operator = parser.operator()
    limit = parser.limit()
    _check_limit(METRICS[metric], parser.label, operator, limit)
    return Threshold(
        metric=metric,
        selector=selector,
        aggregation=aggregation,
        q=q,
        operator=operator,
        limit=limit,
        expression=f"{parser.label}{operator}{_plain(limit)}",
        abort_on_fail=abort_on_fail,
        delay_abort_eval_s=delay_abort_eval_s,
        is_default=is_default,
        names=declared.patterns(selector),
    )


class _Parser:
    """An expression and how far it was read."""

    def __init__(self, text: str, kind: MetricKind) -> None:
        self.text = text.rstrip(" \t\r\n")
        self.kind = kind
        self.place = len(self.text) - len(self.text.lstrip(" \t\r\n"))
        self.start = self.place
        self.label = ""

    @property
    def rest(self) -> str:
        return self.text[self.place :]

    def error(self, message: str, hint: str = "", *, offset: int = 0) -> GrammarError:
        return GrammarError(message, column=self.place + offset, hint=hint)

    def skip_blanks(self) -> None:
        self.place += len(self.rest) - len(self.rest.lstrip(_BLANKS))

    def aggregation(self, metric: str) -> tuple[str, float | None]:
        """Read the aggregation; `med` and `p(N)` become `p` with a quantile."""
        if not self.rest:
            raise self.error("the expression is empty", "write, for example, p(95)<500")
        found = _WORD.match(self.rest)
        word = found.group() if found else ""
        q: float | None = None
        if word == "p":
            percent, length = self._percent()
            # to 15 digits, which makes p(99.9) exactly 0.999 and not 99.9/100
            q = round(percent / _HUNDRED, 15)
            self.label = f"p({_plain(percent)})"
        elif any(word in names for names in AGGREGATIONS.values()):
            self.label, length = word, len(word)
            q = 0.5 if word == "med" else None
        else:
            raise self.error("an expression begins with an aggregation", self._guess())
        allowed = AGGREGATIONS[self.kind]
        if ("p(N)" if word == "p" else word) not in allowed:
            raise self.error(
                f"{metric} is a {self.kind} and has no {self.label}", "use " + ", ".join(allowed)
            )
        self.place += length
        self.skip_blanks()
        return ("p" if q is not None else word), q

    def _percent(self) -> tuple[float, int]:
        """N of p(N), and the number of characters read."""
        inner, closed, _ = self.rest[2:].partition(")")
        if not self.rest.startswith("p(") or not closed:
            raise self.error("a percentile is written p(N)", self._guess())
        if not _NUMBER.fullmatch(inner):
            raise self.error(f"{shown(inner)} is not a number", self._guess(), offset=2)
        percent = float(inner) + 0.0
        if not 0.0 <= percent <= _HUNDRED:
            raise self.error(f"p({inner}) does not exist: N lies between 0 and 100", offset=2)
        return percent, len(inner) + 3

    def _guess(self) -> str:
        """Guess what was meant by a head that is no aggregation."""
        head = _HEAD.match(self.rest)
        end = head.end() if head else 0
        word = "".join(self.rest[:end].split()).lower()
        found = _QUANTILE_LIKE.fullmatch(word)
        meant = _SYNONYMS.get(word, word)
        if found:
            meant = f"p({found.group(1) or found.group(2)})"
        elif not any(meant in names for names in AGGREGATIONS.values()):
            if word.startswith("("):
                return "one condition per list item, without parentheses around it"
            return "use count, rate, value, avg, min, max, med or p(N)"
        return f"did you mean {meant}{_clean(self.rest[end:])}"

    def operator(self) -> str:
        """Read the operator; `===` is `==`."""
        for wrong, right in _WRONG_OPERATORS.items():
            if self.rest.startswith(wrong) and not self.rest.startswith("=="):
                known = " ".join(OPERATORS)
                raise self.error(
                    f'"{wrong}" is not an operator ({known})',
                    f"did you mean {self.label}{right}{_clean(self.rest[len(wrong) :])}",
                )
        found = _OPERATOR.match(self.rest)
        if not found:
            raise self.error(
                f"an operator is missing after {self.label}", "one of " + " ".join(OPERATORS)
            )
        self.place += found.end()
        self.skip_blanks()
        return "==" if found.group() == "===" else found.group()

    def limit(self) -> float:
        """Read the number and nothing behind it."""
        found = _NUMBER.match(self.rest)
        if not found:
            what = "a number is missing" if not self.rest else f"{shown(self.rest)} is not a number"
            raise self.error(what, "a finite decimal number, such as 500, 0.01 or 5e2")
        value = float(found.group())
        if not math.isfinite(value):
            raise self.error("a limit is finite", "write the number you mean")
        self.place += found.end()
        self._check_end(value, found.group())
        return value + 0.0  # -0 is 0

    def _check_end(self, value: float, number: str) -> None:
        tail = self.rest.strip(_BLANKS)
        if not tail:
            return
        self.skip_blanks()
        unit = tail.lower()
        if self.kind is MetricKind.TREND and unit in _TREND_UNITS:
            meant = _plain(value * _TREND_UNITS[unit])
            raise self.error(
                f"a threshold has no unit, here {shown(tail)}",
                f"write {meant}: durations are in milliseconds",
            )
        if tail == "%":
            raise self.error(
                'a threshold has no unit, here "%"',
                f"write {_plain(round(value / _HUNDRED, 15))}"
                if self.kind is MetricKind.RATE
                else "write the number alone",
            )
        if unit.startswith(_JOINERS):
            raise self.error(f"{shown(tail)} after the number", "one condition per list item")
        if unit.startswith(_COMMENTS):
            raise self.error("a threshold holds no comment", f"end it after {number}")
        digits = (number + tail).replace("_", "").replace(" ", "")
        if _NUMBER.fullmatch(digits):
            raise self.error("digits are written without separators", f"write {digits}")
        raise self.error(
            f"{shown(tail)} after the number", "a decimal number and nothing behind it, such as 5e2"
        )


def _check_limit(kind: MetricKind, label: str, operator: str, limit: float) -> None:
    """Refuse limits that nothing can meet, and negative ones, which everything meets."""
    if limit < 0.0:
        never = operator in {"<", "<=", "=="}
        what = "a limit nothing can meet" if never else "a limit everything meets"
        raise GrammarError(f"{operator}{_plain(limit)} is {what}: no value is below 0", column=0)
    if limit == 0.0 and operator == "<":
        raise GrammarError("<0 is a limit nothing can meet", column=0, hint=f"write {label}<=0")
    if kind is not MetricKind.RATE:
        return
    if limit > 1.0:
        raise GrammarError(
            "a rate is a share between 0 and 1",
            column=0,
            hint=f"write {label}{operator}{_plain(round(limit / _HUNDRED, 15))}"
            if limit <= _HUNDRED
            else "5 % is 0.05",
        )
    if limit == 1.0 and operator == ">":
        raise GrammarError(">1 is a limit nothing can meet", column=0, hint=f"write {label}>=1")


def _clean(text: str) -> str:
    """Rest of an expression as a hint repeats it: short, no blanks, nothing invisible."""
    return "".join(c for c in text[:_REPEATED] if c.isprintable() and c != " ")


def _plain(value: float) -> str:
    """Shortest decimal text of a number that reads back as the same number."""
    whole = value.is_integer() and abs(value) < _EXACT_INTEGERS
    return str(int(value)) if whole else repr(value)
