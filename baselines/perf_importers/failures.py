"""Failures of other tools' requests, as classes of our own."""

from __future__ import annotations

from perf_analysis.failure_classes import TIMEOUT

CLIENT_ERROR, SERVER_ERROR = 400, 500
NO_ANSWER = "closed_before_response"
ASSERTION = "assertion"


def class_of(status: int, *, is_late: bool = False) -> str:
    """Class of a failed request by its status, 0 where there was no answer.

    Examples
    --------
    >>> class_of(503), class_of(0, is_late=True), class_of(200)
    ('http_5xx', 'timeout', 'assertion')
    """
    if not status:
        return TIMEOUT if is_late else NO_ANSWER
    if status < CLIENT_ERROR:
        return ASSERTION
    return "http_4xx" if status < SERVER_ERROR else "http_5xx"
