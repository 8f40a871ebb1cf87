"""Samples that are kept and counted together give the histogram of samples counted one by one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_analysis.filling import HistogramBuilder, build
from perf_analysis.histogram import BUCKETS, LARGEST_S, bucket_edges_s, bucket_index

EDGES = [bucket_edges_s(index)[0] for index in range(BUCKETS)]
LIMITS_S = (0.0, 5e-7, 0.2, 0.2001, 3.0, LARGEST_S * 4)
durations = st.one_of(
    st.floats(min_value=0.0, max_value=LARGEST_S, exclude_max=True),
    st.floats(min_value=0.19, max_value=0.21),
    st.sampled_from([0.2, 0.2001, 0.0, -0.0, 5e-324, 5e-7, 3.0, math.nextafter(LARGEST_S, 0.0)]),
)


def kept(values_s: list[float], piece: int | None = None) -> HistogramBuilder:
    builder = HistogramBuilder(LIMITS_S)
    for value_s in values_s:
        builder.keep(value_s)
    while builder.fold(piece):
        pass
    return builder


@settings(max_examples=300)
@given(st.lists(durations, max_size=60), st.integers(min_value=1, max_value=70))
def test_what_is_kept_counts_as_if_it_were_added(values_s: list[float], piece: int) -> None:
    one, together = build(values_s, LIMITS_S), kept(values_s, piece).freeze()
    assert together.counts == one.counts
    assert list(together.counts) == list(one.counts)
    assert together.splits == one.splits
    assert (together.min_s, together.max_s) == (one.min_s, one.max_s)
    assert together.sum_s == pytest.approx(one.sum_s, rel=1e-12)


def test_every_edge_lies_where_the_formula_puts_it() -> None:
    beside = [math.nextafter(edge, 0.0) for edge in EDGES[1:]]
    above = [math.nextafter(edge, math.inf) for edge in EDGES]
    for values in (EDGES, beside, above):
        expected: dict[int, int] = {}
        for value_s in values:
            expected[bucket_index(value_s)] = expected.get(bucket_index(value_s), 0) + 1
        assert kept(values).freeze().counts == expected


def test_what_was_not_folded_is_in_the_histogram_all_the_same() -> None:
    builder = HistogramBuilder()
    assert not builder
    builder.add(0.1)
    builder.keep(0.2)
    assert builder
    assert builder.freeze().counts == build([0.1, 0.2]).counts
    builder.keep(0.3)
    assert builder.freeze().n == 3
