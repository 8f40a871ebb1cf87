"""Numbers in sentences: three digits, and more where three would hide a breach."""

from __future__ import annotations

import pytest

from perf_analysis.grammar import parse_threshold
from perf_analysis.verdict import ThresholdResult, Verdict
from perf_analysis.wording import number, observed_and_limit, seconds, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.000012345, "0.0000123"),
        (0.01234, "0.0123"),
        (8.124, "8.12"),
        (81.24, "81.2"),
        (99.96, "100"),
        (812.4, "812"),
        (18_003.2, "18,003"),
        (12_345_678.0, "12,345,678"),
    ],
)
def test_three_significant_digits_and_whole_thousands(value: float, text: str) -> None:
    assert number(value) == text


def test_units() -> None:
    assert (share(0.0421), share(1.0), share(0.0)) == ("4.21 %", "100 %", "0 %")
    assert (seconds(0.0014), seconds(1.0), seconds(59.9)) == ("1.4 ms", "1 s", "59.9 s")


@pytest.mark.parametrize(
    ("subject", "expression", "observed", "sentence"),
    [
        pytest.param(
            "http_req_duration",
            "p(95)<500",
            812.4,
            "p(95) of http_req_duration is 812 ms, limit <500 ms",
            id="trend",
        ),
        pytest.param(
            "http_req_failed",
            "rate<0.01",
            0.042,
            "rate of http_req_failed is 4.2 %, limit <1 %",
            id="rate",
        ),
        pytest.param(
            "http_reqs",
            "rate>95",
            93.14,
            "rate of http_reqs is 93.1/s, limit >95/s",
            id="rate of a counter",
        ),
        pytest.param(
            "http_reqs{name:GET /x}",
            "count>=1000",
            950.0,
            "count of http_reqs{name:GET /x} is 950, limit >=1,000",
            id="count",
        ),
        pytest.param("vus", "value==7", 6.0, "value of vus is 6, limit ==7", id="gauge"),
        pytest.param(
            "http_req_duration",
            "med<500",
            500.04,
            "med of http_req_duration is 500.04 ms, limit <500.00 ms",
            id="as many digits as it takes",
        ),
        pytest.param(
            "http_req_duration",
            "p(95)<500",
            500.0,
            "p(95) of http_req_duration is 500 ms, limit <500 ms",
            id="equal is equal",
        ),
        pytest.param(
            "http_req_duration",
            "p(95)<500",
            None,
            "p(95) of http_req_duration has no value, limit <500 ms",
            id="none",
        ),
    ],
)
def test_what_was_observed_beside_its_limit(
    subject: str, expression: str, observed: float | None, sentence: str
) -> None:
    result = ThresholdResult(
        threshold=parse_threshold(subject, expression),
        observed=observed,
        n=1000,
        phase="sustained",
        verdict=Verdict.FAIL,
    )
    assert observed_and_limit(result) == sentence


def test_a_lower_bound_is_said_to_be_one() -> None:
    result = ThresholdResult(
        threshold=parse_threshold("http_req_duration", "p(95)<500"),
        observed=30_000.0,
        at_least=True,
        n=1000,
        phase="sustained",
        verdict=Verdict.FAIL,
    )
    assert observed_and_limit(result).startswith("p(95) of http_req_duration is at least 30,000 ms")
