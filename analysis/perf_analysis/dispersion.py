"""How much windows of one run hang together: blocks, long-run variance, bursts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCKS = 30
LEAST_FOR_BLOCKS = 4
MOST_CORRELATION = 0.7


def block_sums(values: Floats) -> tuple[Floats, int]:
    """Sums over up to 30 equal blocks of windows, and the windows in each.

    The oldest windows that fill no block are left out. At least four windows are needed.

    Examples
    --------
    >>> import numpy as np
    >>> block_sums(np.arange(7.0))
    (array([ 3.,  7., 11.]), 2)
    """
    windows = len(values)
    if windows < LEAST_FOR_BLOCKS:
        raise ValueError(f"{windows} windows make no blocks; expected {LEAST_FOR_BLOCKS} at least")
    length = windows // min(BLOCKS, windows // 2)
    blocks = windows // length
    sums: Floats = values[windows - blocks * length :].reshape(blocks, length).sum(axis=1)
    return sums, length


def long_run_variance(blocks: Floats, length: int) -> float:
    """Variance per window that a sum over many windows shows, autocorrelation included.

    Parameters
    ----------
    blocks : array of float
        Sums over blocks of windows.
    length : int
        Windows in a block.

    Returns
    -------
    float
        V (1 + r) / (1 - r): V the variance of the blocks per window, r their lag-1 correlation,
        corrected for its bias of -(1 + 3 r) / B and kept in [0, 0.7].

    Notes
    -----
    Blocks long enough to be nearly independent leave little for the lag-1 term, which takes the
    rest (an AR(1) of block sums).

    References
    ----------
    Marriott, Pope (1954), "Bias in the Estimation of Autocorrelations".
    """
    count = len(blocks)
    centred = blocks - blocks.mean()
    square = float(centred @ centred)
    if square == 0.0:
        return 0.0
    lag = float(centred[1:] @ centred[:-1]) / square
    r = min(max(lag + (1.0 + 3.0 * lag) / count, 0.0), MOST_CORRELATION)
    return square / (count - 1) / length * (1.0 + r) / (1.0 - r)
