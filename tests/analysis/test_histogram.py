"""Histograms against the raw samples they were made of."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.filling import HistogramBuilder, build
from perf_analysis.histogram import (
    BUCKETS,
    LARGEST_S,
    SMALLEST_S,
    Histogram,
    bucket_edges_s,
    bucket_index,
    merge,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_BUCKET_S = bucket_edges_s(0)[1]
EDGES = [bucket_edges_s(index)[0] for index in range(0, BUCKETS, 97)]
durations = st.one_of(
    st.floats(min_value=0.0, max_value=LARGEST_S, exclude_max=True),
    st.floats(min_value=0.0, max_value=2.0),
    st.sampled_from([*EDGES, *(math.nextafter(edge, 0.0) for edge in EDGES)]),
)
samples = st.lists(durations, max_size=40)


def check_invariants(histogram: Histogram) -> None:
    assert list(histogram.counts) == sorted(histogram.counts)
    assert all(count > 0 for count in histogram.counts.values())
    if histogram.n:
        assert histogram.min_s <= histogram.max_s
        assert histogram.n * histogram.min_s <= histogram.sum_s * (1 + 1e-9)
        assert histogram.sum_s <= histogram.n * histogram.max_s * (1 + 1e-9)


def test_every_edge_begins_its_bucket_to_the_last_float() -> None:
    for index in range(1, BUCKETS):
        lower, upper = bucket_edges_s(index)
        assert bucket_index(lower) == index
        assert bucket_index(math.nextafter(lower, 0.0)) == index - 1
        assert bucket_index(math.nextafter(lower, math.inf)) == index
        assert bucket_index(math.nextafter(upper, 0.0)) == index


def test_buckets_are_those_of_the_formula() -> None:
    for octave in range(32):
        for step in (0, 1, 64, 127):
            middle_us = 2.0**octave * (1.0 + (step + 0.5) / 128.0)
            assert bucket_index(middle_us * 1e-6) == 128 * octave + step


@pytest.mark.parametrize(
    ("value_s", "index"),
    [
        pytest.param(0.0, 0, id="zero"),
        pytest.param(1e-9, 0, id="under a microsecond"),
        pytest.param(SMALLEST_S, 0, id="smallest"),
        pytest.param(math.nextafter(LARGEST_S, 0.0), BUCKETS - 1, id="largest"),
        pytest.param(LARGEST_S * 4, BUCKETS - 1, id="a limit beyond"),
        pytest.param(1e305, BUCKETS - 1, id="a limit that overflows"),
    ],
)
def test_the_ends_of_the_grid(value_s: float, index: int) -> None:
    assert bucket_index(value_s) == index


@settings(max_examples=200, deadline=None)
@given(st.floats(min_value=FIRST_BUCKET_S, max_value=LARGEST_S, exclude_max=True))
def test_a_midpoint_errs_by_at_most_a_256th(value_s: float) -> None:
    lower, upper = bucket_edges_s(bucket_index(value_s))
    assert lower <= value_s < upper
    assert abs((lower + upper) / 2.0 - value_s) <= value_s / 256.0 * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(samples, samples, samples)
def test_merging_loses_nothing_in_any_order_and_grouping(
    one: list[float], two: list[float], three: list[float]
) -> None:
    limits = (0.5, 1.0, EDGES[20])
    a, b, c = (build(part, limits) for part in (one, two, three))
    whole = build([*one, *two, *three], limits)
    for merged in (merge([a, b, c]), merge([merge([a, b]), c]), merge([c, merge([b, a])])):
        assert merged.counts == whole.counts
        assert (merged.min_s, merged.max_s) == (whole.min_s, whole.max_s)
        assert merged.sum_s == pytest.approx(whole.sum_s, rel=1e-12)
        assert merged.splits == whole.splits
        check_invariants(merged)


@settings(max_examples=100, deadline=None)
@given(samples, samples, st.sampled_from([*EDGES, 0.5, 1.0]))
def test_counts_beside_a_named_limit_are_exact(
    one: list[float], two: list[float], limit_s: float
) -> None:
    merged = merge([build(one, (limit_s,)), build(two, (limit_s,))])
    raw = [*one, *two]
    assert merged.count_below(limit_s) == (
        sum(value < limit_s for value in raw),
        sum(value == limit_s for value in raw),
    )


@settings(max_examples=100, deadline=None)
@given(samples, st.one_of(durations, st.floats(min_value=-1.0, max_value=1e308)))
def test_counts_beside_any_other_limit_are_exact_or_none(raw: list[float], limit_s: float) -> None:
    counted = build(raw).count_below(limit_s)
    if counted is not None:
        below, equal = counted
        assert below == sum(value < limit_s for value in raw)
        assert equal == sum(value == limit_s for value in raw)
    else:
        assert bucket_index(limit_s) in {bucket_index(value) for value in raw}


def test_a_split_is_lost_where_one_part_did_not_record_it() -> None:
    named, unnamed = build([0.5001], (0.5,)), build([0.4999, 0.5002])
    assert merge([named, build([0.1])]).count_below(0.5) == (1, 0)
    assert merge([named, unnamed]).count_below(0.5) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(durations, min_size=1, max_size=40))
def test_order_statistics_lie_within_their_bounds(raw: list[float]) -> None:
    histogram = build(raw)
    bounds = histogram.order_bounds_s(range(len(raw)))
    for (least, greatest), value in zip(bounds, sorted(raw), strict=True):
        assert least <= value <= greatest
        assert greatest - least <= max(FIRST_BUCKET_S, least / 128.0 * (1 + 1e-9))
    assert bounds[0] == (min(raw),) * 2
    assert bounds[-1] == (max(raw),) * 2


@settings(max_examples=100, deadline=None)
@given(st.lists(durations, min_size=1, max_size=40), st.lists(st.floats(0, 1), min_size=2))
def test_quantiles_never_decrease(raw: list[float], qs: Sequence[float]) -> None:
    histogram = build(raw)
    quantiles = [histogram.quantile_s(q) or 0.0 for q in sorted(qs)]
    for lower, upper in pairwise(quantiles):
        assert lower <= upper * (1 + 1e-12)
    assert histogram.quantile_s(0.0) == min(raw)
    assert histogram.quantile_s(1.0) == max(raw)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(min_value=1e-5, max_value=1e3), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0]),
)
def test_a_quantile_errs_by_at_most_a_256th(raw: list[float], q: float) -> None:
    exact = float(np.percentile(raw, q * 100.0))
    assert build(raw).quantile_s(q) == pytest.approx(exact, rel=1 / 256 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(min_value=1e-3, max_value=1e3), min_size=2, max_size=40))
def test_doubling_all_samples_doubles_the_quantile(raw: list[float]) -> None:
    single, double = (
        build([value * factor for value in raw]).quantile_s(0.75) for factor in (1.0, 2.0)
    )
    assert single is not None
    assert double == pytest.approx(2.0 * single, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(durations, min_size=1, max_size=30), st.integers(0, 30))
def test_the_lowest_are_as_many_and_never_larger(raw: list[float], count: int) -> None:
    histogram = build(raw, (1.0, 0.5))
    lowest = histogram.lowest(count)
    ranks = range(min(count, len(raw)))
    assert lowest.n == len(ranks)
    for (least, _), value in zip(lowest.order_bounds_s(ranks), sorted(raw), strict=False):
        assert least <= value
    assert lowest.sum_s <= math.fsum(sorted(raw)[:count]) * (1 + 1e-9)
    check_invariants(lowest)


@pytest.mark.parametrize("value_s", [math.nan, math.inf, -math.inf, -1e-9, LARGEST_S])
def test_what_is_no_duration_is_refused(value_s: float) -> None:
    builder = HistogramBuilder()
    with pytest.raises(ValueError, match="a duration lies in"):
        builder.add(value_s)
    assert builder.freeze() == Histogram()


@pytest.mark.parametrize("q", [-0.01, 1.01, math.nan, math.inf])
def test_a_quantile_outside_0_to_1_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="a quantile lies in"):
        build([0.1]).quantile_s(q)


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_outside_the_sample_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"rank {rank} is outside a sample of 2"):
        build([0.1, 0.2]).order_bounds_s([rank])


def test_no_samples_have_no_statistics() -> None:
    empty = merge([])
    assert (empty.n, empty.mean_s, empty.quantile_s(0.5)) == (0, None, None)
    assert empty.count_below(0.5) == (0, 0)


def test_one_sample_is_every_statistic() -> None:
    one = build([0.1234567])
    assert [one.quantile_s(q) for q in (0.0, 0.5, 0.95, 1.0)] == [0.1234567] * 4
    assert one.mean_s == 0.1234567


def test_equal_samples_are_their_own_quantile_whatever_the_bucket() -> None:
    assert build([0.1234567] * 1000).quantile_s(0.95) == 0.1234567


def test_the_oracle_of_1_to_20() -> None:
    quantile = build([float(value) for value in range(1, 21)]).quantile_s(0.95)
    assert quantile == pytest.approx(19.05, rel=1 / 256)
    assert Fraction("0.95") * 19 == Fraction("18.05")
