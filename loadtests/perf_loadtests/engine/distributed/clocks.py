"""How far a worker's clock is ahead of the master's; pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PINGS = 8
NOTED_S, TOO_VAGUE_S = 0.005, 0.050
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(slots=True)
class ClockOffset:
    """The worker's clock minus the master's, by the quickest of some answers."""

    offset_s: float = 0.0
    vague_s: float = float("inf")
    answers: int = 0

    def heard(self, sent_s: float, there_s: float, back_s: float) -> None:
        """Take in one answer: sent and back on the master's clock, there on the worker's."""
        self.answers += 1
        half_s = max(0.0, back_s - sent_s) / 2.0
        if half_s < self.vague_s:
            self.vague_s = half_s
            self.offset_s = there_s - (sent_s + half_s)

    def settle(self, *, same_boot: bool) -> None:
        """Clocks of one boot are one clock, unless the answers say that they cannot be."""
        if same_boot and abs(self.offset_s) <= self.vague_s + NOTED_S:
            self.offset_s = self.vague_s = 0.0


def boot_id() -> str:
    """Which boot of which machine this is; empty where the system does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()[:64]
    except OSError:
        return ""
