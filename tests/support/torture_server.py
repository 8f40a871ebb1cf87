"""The torture server as tests see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Server:
    """The running server, and what it saw since it was last asked."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.ports = ports
        self.url = f"http://127.0.0.1:{ports['http']}"
        self._log = folder / "seen.log"
        self._read = 0

    def seen(self) -> list[list[str]]:
        """Lines of words: `connection` PORT NUMBER, or `request` PATH NUMBER METHOD."""
        text = self._log.read_text()
        new, self._read = text[self._read :], len(text)
        return [line.split() for line in new.splitlines()]

    def requests(self) -> list[tuple[str, str]]:
        """Path and number of the connection of each request."""
        return [(line[1], line[2]) for line in self.seen() if line[0] == "request"]
