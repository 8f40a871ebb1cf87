"""`check(name, ok)`: what a scenario finds true or not, counted as k6's `checks`."""

from __future__ import annotations

from perf_loadtests import current

MAX_CHECKS = 100


def check(name: str, ok: object) -> bool:
    """Count whether something held, and return whether it did.

    Parameters
    ----------
    name : str
        What was checked, one of a few fixed names: thresholds select by it, as in
        `checks{check:has items}`.
    ok : object
        Held where it is true.

    Returns
    -------
    bool
        So that a scenario can go on by it. A check that does not hold fails no request by itself.

    Notes
    -----
    It counts where its iteration does: in the phase of the arrival. Under plain Locust nothing is
    counted.
    """
    if not isinstance(name, str) or not name.strip():  # type: ignore[redundant-expr]  # scenarios pass anything
        raise ValueError(f"check: expected a name first, got {name!r}")
    held = bool(ok)
    session = current.session()
    if session is not None:
        session.check(name.strip(), ok=held)
    return held
