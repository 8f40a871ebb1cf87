"""The `thresholds` block of a profile or a rules file."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_analysis.grammar import (
    LONGEST_EXPRESSION,
    GrammarError,
    parse_selector,
    parse_threshold,
)
from perf_analysis.tags import NO_TAGS, Tags
from perf_documents.problems import Mark, escape, quote_found
from perf_documents.yaml_fields import Field, Keys, require
from perf_documents.yaml_nodes import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perf_analysis.verdict import Threshold

MAX_THRESHOLDS = 200
_LONGEST_DELAY_S = Fraction(168 * 3_600)
_FAILURES = "http_req_failed"
_FAILURE_LIMIT = "rate<0.01"
_KEYS = Keys(
    known={
        "threshold": "threshold",
        "abort_on_fail": "abort_on_fail",
        "abortOnFail": "abort_on_fail",
        "delay_abort_eval": "delay_abort_eval",
        "delayAbortEval": "delay_abort_eval",
    },
    elsewhere={},
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A threshold and the value that it was read from."""

    threshold: Threshold
    field: Field


@dataclass(frozen=True, slots=True)
class Block:
    """The thresholds that were written, and what a reader should know of them."""

    placed: tuple[Placed, ...]
    notes: tuple[str, ...]

    def thresholds(self) -> tuple[Threshold, ...]:
        """Return all thresholds, with the limit on failures that is there without being written."""
        return with_failure_limit([item.threshold for item in self.placed])


def with_failure_limit(given: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Thresholds, and the limit on failures unless one of them is on failures."""
    if any(threshold.metric == _FAILURES for threshold in given):
        return tuple(given)
    return (*given, parse_threshold(_FAILURES, _FAILURE_LIMIT, is_default=True))


def read_thresholds(block: Field | None, time_scale: Fraction, tags: Tags = NO_TAGS) -> Block:
    """Read the block, whose selectors may use declared tags; an absent one holds nothing."""
    subjects = block.entries() if block is not None else None
    placed: list[Placed] = []
    notes: list[str] = []
    for subject, values in (subjects or {}).items():
        _check_subject(subject, values, tags)
        items = values.items()
        if items == []:
            values.refuse("an empty list limits nothing", expected="thresholds, or no such key")
        for item in items or []:
            threshold = _read_item(subject, item, time_scale, tags)
            if threshold is not None and not _is_repeated(threshold, item, placed, notes):
                placed.append(Placed(threshold, item))
    if block is not None and len(placed) > MAX_THRESHOLDS:
        expected = f"at most {MAX_THRESHOLDS}"
        block.refuse("too many thresholds", expected=expected, found=str(len(placed)))
    added = with_failure_limit([item.threshold for item in placed])[len(placed) :]
    notes += [f"no threshold on {one.metric}: {one.expression} was added" for one in added]
    return Block(tuple(placed), tuple(notes))


def _check_subject(subject: str, values: Field, tags: Tags) -> None:
    mark = values.key_mark or values.node.mark
    if len(subject) > LONGEST_EXPRESSION:
        expected = f"at most {LONGEST_EXPRESSION} characters"
        what = "thresholds: a metric with its selector is too long"
        values.problems.add(mark, what, expected=expected, found=quote_found(subject))
        return
    try:
        parse_selector(subject, tags)
    except GrammarError as error:
        what = f"thresholds: {escape(str(error))}{_hint(error)}"
        values.problems.add(mark, what, found=quote_found(subject))


def _read_item(subject: str, item: Field, time_scale: Fraction, tags: Tags) -> Threshold | None:
    parse = functools.partial(_parse, subject, declared=tags)
    if not isinstance(item.node, Mapping):
        return parse(item, item, abort=False, delay_s=Fraction(0))
    members = item.members(_KEYS) or {}
    require(item, members, ("threshold",))
    abort = members["abort_on_fail"].boolean() if "abort_on_fail" in members else False
    delay_s: Fraction | None = Fraction(0)
    if "delay_abort_eval" in members:
        delay_s = members["delay_abort_eval"].duration(0, _LONGEST_DELAY_S)
        if abort is False:
            what = "delayAbortEval without abortOnFail has no effect"
            members["delay_abort_eval"].refuse(what, expected="abortOnFail: true beside it")
            return None
    if "threshold" not in members or abort is None or delay_s is None:
        return None
    return parse(members["threshold"], item, abort=abort, delay_s=delay_s * time_scale)


def _parse(
    subject: str, expression: Field, item: Field, *, abort: bool, delay_s: Fraction, declared: Tags
) -> Threshold | None:
    text = expression.text()
    if text is None:
        return None
    try:
        return parse_threshold(
            subject, text, abort_on_fail=abort, delay_abort_eval_s=float(delay_s),
            declared=declared,
        )  # fmt: skip
    except GrammarError as error:
        if error.column is not None:  # else the subject is at fault, which was said already
            _refuse_expression(text, expression, item, error)
        return None


def _refuse_expression(text: str, expression: Field, item: Field, error: GrammarError) -> None:
    column = error.column or 0
    what = f"{item.path}: {escape(str(error))}{_hint(error)}"
    shown = escape(text)
    if len(text) <= LONGEST_EXPRESSION and not shown.endswith("..."):
        # a caret under the place
        what += f"; found\n    {shown}\n    {' ' * len(escape(text[:column]))}^"
    else:
        what += f"; found {quote_found(text)}"
    expression.problems.add(_place(expression, text, column), what)


def _place(expression: Field, text: str, column: int) -> Mark:
    node = expression.node
    if not isinstance(node, Scalar) or "\n" in text:
        return node.mark
    return Mark(node.mark.line, node.mark.column + column + (0 if node.plain else 1))


def _hint(error: GrammarError) -> str:
    return f"; {escape(error.hint)}" if error.hint else ""


def _is_repeated(threshold: Threshold, item: Field, placed: list[Placed], notes: list[str]) -> bool:
    """Whether the threshold stands here twice: counted once, unless the two disagree."""
    for earlier in (other.threshold for other in placed):
        if (earlier.metric, earlier.selector) != (threshold.metric, threshold.selector):
            continue
        if earlier.expression != threshold.expression:
            continue
        if earlier == threshold:
            notes.append(f"{threshold.subject} {threshold.expression} stands twice: counted once")
        else:
            what = "given twice with different abortOnFail or delayAbortEval"
            item.refuse(what, expected="one of them", found=quote_found(threshold.expression))
        return True
    return False
