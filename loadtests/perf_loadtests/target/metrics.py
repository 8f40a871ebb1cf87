"""What Prometheus reads: counters and duration histograms, as text format 0.0.4."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class DurationHistogram:
    """Durations counted by bucket, and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        """Count one duration; a bound belongs to the bucket below it, as `le` says."""
        self.counts[bisect_left(BOUNDS_S, duration_s)] += 1
        self.sum_s += duration_s


def render_metrics(
    totals: Mapping[tuple[str, int], int], durations: Mapping[str, DurationHistogram]
) -> bytes:
    """Return the exposition of request totals by (path, status) and durations by path."""
    lines = [
        "# HELP http_requests_total Finished requests; status 0 ended without an answer.",
        "# TYPE http_requests_total counter",
    ]
    lines += [
        f'http_requests_total{{path="{path}",status="{status}"}} {count}'
        for (path, status), count in sorted(totals.items())
    ]
    lines += [
        "# HELP http_request_duration_seconds Time from reading a request to its answer.",
        "# TYPE http_request_duration_seconds histogram",
    ]
    for path, histogram in sorted(durations.items()):
        lines += _histogram_lines(path, histogram)
    return ("\n".join(lines) + "\n").encode()


def totals_by_path(counts: Mapping[tuple[str, str, int], int]) -> Counter[tuple[str, int]]:
    """Return counts by (method, path, status) without the method."""
    totals: Counter[tuple[str, int]] = Counter()
    for (_, path, status), count in counts.items():
        totals[path, status] += count
    return totals


def _histogram_lines(path: str, histogram: DurationHistogram) -> list[str]:
    name = "http_request_duration_seconds"
    lines, below = [], 0
    bounds = [f"{bound_s:g}" for bound_s in BOUNDS_S] + ["+Inf"]
    for bound, count in zip(bounds, histogram.counts, strict=True):
        below += count
        lines.append(f'{name}_bucket{{path="{path}",le="{bound}"}} {below}')
    lines.append(f'{name}_sum{{path="{path}"}} {histogram.sum_s!r}')
    lines.append(f'{name}_count{{path="{path}"}} {below}')
    return lines
