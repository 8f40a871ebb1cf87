"""The right to offer load: it ends by itself when nobody renews it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH_S = 3.0


class Lease:
    """Held for three seconds after it was last granted; once it ended, it stays ended.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until_s = clock() + LENGTH_S
        self._ended = False

    def renew(self, granted_s: float | None) -> None:
        """Hold it on, from when it was granted: a grant that lay in a buffer is an old one."""
        now_s = self._clock()
        if self.is_held():
            from_s = now_s if granted_s is None else min(granted_s, now_s)
            self._until_s = max(self._until_s, from_s + LENGTH_S)

    def is_held(self) -> bool:
        """Whether load may be offered now."""
        # a process that was frozen has missed grants: none that came late brings it back
        self._ended = self._ended or self._clock() >= self._until_s
        return not self._ended
