"""Ends this process when the one that started it does."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def follow_parent(pid: int) -> bool:
    """Ask for SIGTERM at the parent's death; whether the parent is still there.

    The kernel watches the *thread* that started this process: start the service from a thread that
    lives as long as the service shall. `pid` 0 stands for an unknown parent. Elsewhere than on
    Linux there is no such request, and only the check is made.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    return pid in (0, os.getppid())  # checked after the request: no gap between the two
