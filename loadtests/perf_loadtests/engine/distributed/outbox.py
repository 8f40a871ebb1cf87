"""What a worker has sent and its master has not acknowledged; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_loadtests.engine.distributed.messages import MAX_PACKED_BYTES, pack_report
from perf_loadtests.spool import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_loadtests.engine.distributed.messages import Seal

AGAIN_S = 1.0


class Outbox:
    """Numbered reports in order, each kept until it is acknowledged."""

    def __init__(self, incarnation: str, seal: Seal, clock: Callable[[], float]) -> None:
        self._incarnation = incarnation
        self._seal = seal
        self._clock = clock
        self._sequence = 0
        self._kept: dict[int, dict[str, bytes]] = {}
        self._sent_s = clock()

    @property
    def is_empty(self) -> bool:
        """Whether everything is acknowledged."""
        return not self._kept

    def add(
        self, record: dict[str, object], rest: Callable[[], None] = lambda: None
    ) -> list[dict[str, bytes]]:
        """Reports of a record, to be sent now: several where it is large.

        `rest` is called while it is encoded; what is added meanwhile comes first.
        """
        made: list[dict[str, bytes]] = []
        for text in ["".join(encoded(part, rest)) for part in _pieces(record)]:
            packed = self._pack(text)
            if len(packed["body"]) > MAX_PACKED_BYTES:
                raise ValueError("a record of one row that is larger than a message may be")
            self._kept[self._sequence] = packed
            made.append(packed)
        self._sent_s = self._clock()
        return made

    def acknowledged(self, sequence: int) -> None:
        """Forget what the master has on its disk."""
        for number in [number for number in self._kept if number <= sequence]:
            del self._kept[number]

    def overdue(self) -> list[dict[str, bytes]]:
        """Reports to be sent again."""
        if self._clock() - self._sent_s < AGAIN_S:
            return []
        self._sent_s = self._clock()
        return list(self._kept.values())

    def _pack(self, record: str) -> dict[str, bytes]:
        self._sequence += 1
        return pack_report(self._incarnation, self._sequence, record, self._seal)


ROWS = 200
_SPLIT = ("series", "timings")


def _pieces(record: dict[str, object]) -> Iterator[dict[str, object]]:
    """Record in parts of so many rows: deltas add, so their sum is what it was.

    The first part carries what is counted once; the others repeat the second that they belong to.
    """
    cells = record.get("cells")
    most = max(len(cells.get(name, ())) for name in _SPLIT) if isinstance(cells, dict) else 0
    if not isinstance(cells, dict) or most <= ROWS:
        yield record
        return

    def rows_from(start: int) -> dict[str, object]:
        return {name: cells.get(name, [])[start : start + ROWS] for name in _SPLIT}

    yield record | {"cells": cells | rows_from(0)}
    once: dict[str, object] = {name: [] for name in cells if name not in _SPLIT}
    empty: dict[str, object] = {"errors": [], "exceptions": []}
    for start in range(ROWS, most, ROWS):
        yield record | empty | {"cells": once | rows_from(start)}
