"""What a scenario forks off: it writes into no record, and takes no part in the load."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import greenlet

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDED = (
    b"perfproof: a process that the scenario forked went on as a load process, which would load "
    b"the target twice: it was ended; next: let it do its work and exit, or start a program\n"
)


def keep_forks_out(descriptor: int) -> Callable[[], None]:
    """Let children have the record no more, nor, once the scenario is imported, the event loop.

    A child shares sockets and timers with this process. What it read there would be missing here.

    Parameters
    ----------
    descriptor : int
        Where the record is written to.

    Returns
    -------
    callable
        To be called when the scenario was imported: a child that came so far ends there.
    """
    pid = os.getpid()
    imported: list[bool] = []

    def in_child() -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, descriptor)
        os.close(null)
        if imported:
            greenlet.settrace(_end)

    def after_import() -> None:
        if os.getpid() != pid:
            _end()
        imported.append(True)

    os.register_at_fork(after_in_child=in_child)
    return after_import


def _end(*_what: object) -> None:
    os.write(2, _ENDED)
    os._exit(1)
