"""Where the time of a request went: stamps of our own client into deltas of histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.filling import HistogramBuilder
from perf_analysis.timings import TIMINGS, with_zeros
from perf_documents.cells import encode_histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_analysis.histogram import Histogram

ALL = len(TIMINGS)


class Timed(NamedTuple):
    """One request of our own client.

    Attributes
    ----------
    seconds : tuple of float
        In the order of `TIMINGS`.
    ended : int
        How many of them ended; the next one is a lower bound, and of the rest nothing is known.
    sent_bytes : int
    """

    seconds: tuple[float, ...]
    ended: int = ALL
    sent_bytes: int = 0


# Samples that are counted between two rests: some 0.2 ms of work.
FOLD = 1_000


def filled(builder: HistogramBuilder, rest: Callable[[], None]) -> Histogram:
    """Histogram of a builder; what that kept is counted in pieces, with a `rest` in between."""
    while builder.fold(FOLD):
        rest()
    return builder.freeze()


def encode_filled(builder: HistogramBuilder, rest: Callable[[], None]) -> dict[str, object]:
    """Return the histogram of a builder as JSON; see `filled`."""
    return encode_histogram(filled(builder, rest))


# Of a request that is cut off before its client said anything.
UNKNOWN = Timed((0.0,) * ALL, 0)


class TimingCell:
    """`Timings` of one series and phase while they are being filled.

    What is 0, as everything before the send is on a connection that was there, costs nothing: zeros
    are what is missing at the end.
    """

    __slots__ = ("_censored", "_limits_s", "_values", "n", "sent_bytes", "timed")

    def __init__(self, limits_s: Mapping[str, tuple[float, ...]]) -> None:
        self._limits_s = limits_s
        self._values = tuple(self._builder(name) for name in TIMINGS)
        self._censored: dict[str, HistogramBuilder] = {}
        self.n = self.timed = self.sent_bytes = 0

    def count(self, timed: Timed | None) -> None:
        """Count a request that failed without a whole response, of which no timing is kept."""
        if timed is not None:
            self.n += 1
            self.sent_bytes += timed.sent_bytes

    def add(self, timed: Timed) -> None:
        """Count a request with its timings."""
        self.n += 1
        self.timed += 1
        self.sent_bytes += timed.sent_bytes
        blocked_s, connecting_s, tls_s, sending_s, waiting_s, receiving_s = timed.seconds
        values = self._values
        # spelled out: this is the way of nearly every request
        if sending_s:
            values[3].keep(sending_s)
        if waiting_s:
            values[4].keep(waiting_s)
        if receiving_s:
            values[5].keep(receiving_s)
        if blocked_s or connecting_s or tls_s:
            self._add(timed.seconds[:3])

    def _add(self, seconds: tuple[float, ...]) -> None:
        for builder, value_s in zip(self._values, seconds, strict=False):
            if value_s:
                builder.add(value_s)

    def cut(self, timed: Timed) -> None:
        """Count a request that never ended: what was going on is a lower bound."""
        self.n += 1
        self.timed += 1
        self.sent_bytes += timed.sent_bytes
        self._add(timed.seconds[: timed.ended])
        for place in range(timed.ended, ALL):
            name = TIMINGS[place]
            builder = self._censored.get(name)
            if builder is None:
                builder = self._censored[name] = self._builder(name)
            builder.add(timed.seconds[place] if place == timed.ended else 0.0)

    def encode(self, rest: Callable[[], None]) -> dict[str, object]:
        """Return the timings as a `TimingsModel`; see `Recorder.take`."""
        coded: dict[str, object] = {"n": self.n}
        coded |= {"sent_bytes": self.sent_bytes} if self.sent_bytes else {}
        if not self.timed:
            return coded
        coded["timed"] = self.timed
        for name, values in zip(TIMINGS, self._values, strict=True):
            never = self._censored.get(name)
            lost = 0 if never is None else never.freeze().n
            ended = filled(values, rest)
            ended = with_zeros(ended, self.timed - lost - ended.n)
            if ended.counts:
                coded[name] = encode_histogram(ended)
            if never is not None:
                coded[f"{name}_censored"] = encode_histogram(never.freeze())
        return coded

    def _builder(self, name: str) -> HistogramBuilder:
        return HistogramBuilder(self._limits_s.get(f"http_req_{name}", ()))
