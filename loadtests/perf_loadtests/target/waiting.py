"""The requests that arrived in a stall, held until its end and released in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Callable


class StallQueue:
    """First in, first out, on the running event loop."""

    def __init__(self) -> None:
        self._held: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Whether a request waits: a later one must not pass it, even if the stall is over."""
        return bool(self._held)

    def hold(self, resume: Callable[[], None], hold_s: float) -> None:
        """Call `resume` when those before it have been called, in `hold_s` if there are none."""
        self._held.append(resume)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(hold_s, self.release)

    def release(self) -> None:
        """Let all go that wait now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, deque()
        for resume in held:
            resume()
