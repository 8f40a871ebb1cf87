"""What a scenario forks off: it writes into no record, and takes no part in the load."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import greenlet

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDED = (
    b"perfproof: a process that a task forked gave way to other greenlets, which would load the "
    b"target twice: it was ended; next: fork when the scenario is imported, or start a program\n"
)


def keep_forks_out(descriptor: int, is_loading: Callable[[], bool]) -> None:
    """Let children have the record no more, nor, once VUs exist, the event loop.

    A child shares sockets and timers with this process. What it read there would be missing here.

    Parameters
    ----------
    descriptor : int
        Where the record is written to.
    is_loading : callable
        Whether there are VUs.
    """

    def in_child() -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, descriptor)
        os.close(null)
        if is_loading():
            greenlet.settrace(_end)

    os.register_at_fork(after_in_child=in_child)


def _end(event: str, between: object) -> None:
    del event, between
    os.write(2, _ENDED)
    os._exit(1)
