"""Signals that end a run: noted, not obeyed on the spot, so that what was measured is kept."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from perf_cli.outcome import Code

if TYPE_CHECKING:
    from types import FrameType

_CODES = {
    signal.SIGINT: Code.INTERRUPT,
    signal.SIGTERM: Code.TERMINATED,
    signal.SIGHUP: Code.HANGUP,
}


class Signals:
    """Collects INT, TERM and HUP in the order they come."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    def install(self) -> None:
        """Install the handlers; a hang-up that was inherited as ignored stays ignored (nohup)."""
        for number in _CODES:
            ignored = signal.getsignal(number) == signal.SIG_IGN
            if not (number == signal.SIGHUP and ignored):
                signal.signal(number, self._note)

    @property
    def code(self) -> Code | None:
        """Exit code of the first signal; None where none came."""
        return _CODES[signal.Signals(self.signals[0])] if self.signals else None

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signals.append(number)
