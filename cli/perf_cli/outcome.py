"""Exit codes, a closed list, and which of several wins; pure."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Code(IntEnum):
    """What the command's exit status can be."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    REFUSED = 4
    INFRA = 5
    INTERNAL = 70
    HANGUP = 129
    INTERRUPT = 130
    TERMINATED = 143


INTERRUPTED = (Code.HANGUP, Code.INTERRUPT, Code.TERMINATED)


def by_precedence(codes: Iterable[int], *, valid: bool = True) -> Code:
    """Code that wins: 70, interrupted, 4, 2, run not valid (3), 1, other 3, 5, 0.

    Parameters
    ----------
    codes : iterable of int
        What each part of the work ended in.
    valid : bool
        False for a run that is not valid: its 3 then precedes a 1.
    """
    given = {Code(code) for code in codes}
    order = [Code.INTERNAL, *INTERRUPTED, Code.REFUSED, Code.USAGE]
    order += [Code.FAIL, Code.INCONCLUSIVE] if valid else [Code.INCONCLUSIVE, Code.FAIL]
    order += [Code.INFRA]
    return next((code for code in order if code in given), Code.PASS)
