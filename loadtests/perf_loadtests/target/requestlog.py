"""The service's own account of its requests: exact counts, and one line each on request."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TextIO

from perf_loadtests.target.metrics import DurationHistogram

UNANSWERED = 0  # the status of a request that has no answer, yet or for good
_MAX_ID = 128


@dataclass(frozen=True, slots=True)
class Entry:
    """A request whose head was read; `start_s` is monotonic."""

    method: str
    route: str
    start_s: float
    request_id: str | None


class RequestLog:
    """Counts a request once, from its head on; its line is written when it ends."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._open: Counter[tuple[str, str, int]] = Counter()
        self.finished: Counter[tuple[str, str, int]] = Counter()
        self.durations: defaultdict[str, DurationHistogram] = defaultdict(DurationHistogram)

    def begin(self, entry: Entry) -> None:
        """Count a request whose head has been read."""
        self._open[entry.method, entry.route, UNANSWERED] += 1

    def end(self, entry: Entry, status: int, end_s: float) -> None:
        """Note how a request that began has ended."""
        self._open[entry.method, entry.route, UNANSWERED] -= 1
        self.finished[entry.method, entry.route, status] += 1
        duration_s = end_s - entry.start_s
        self.durations[entry.route].observe(duration_s)
        if self._file is not None:
            line = {
                "start_s": entry.start_s,
                "duration_s": duration_s,
                "method": entry.method,
                "route": entry.route,
                "status": status,
                "request_id": entry.request_id,
            }
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def counts(self) -> Counter[tuple[str, str, int]]:
        """All requests by (method, route, status), those without an answer yet included."""
        return self.finished + self._open  # drops what is zero

    def flush(self) -> None:
        """Put every line written so far into the file."""
        if self._file is not None:
            self._file.flush()


def clean_request_id(value: str | None) -> str | None:
    """Return the client's id for a request, at most as long as a line can bear."""
    return None if value is None else value[:_MAX_ID]
