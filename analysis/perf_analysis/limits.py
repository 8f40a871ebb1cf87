"""What change is tolerated, and which one must be excluded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Tolerance, margin and level of one compared row.

    Attributes
    ----------
    tolerance, margin : float
        Logarithms of ratios for quantiles, differences of shares for error rates. A change below
        the tolerance is never called a regression; one below the margin is acceptable.
    alpha : float
        One-sided.

    Raises
    ------
    ValueError
        Unless 0 <= tolerance < margin and 0 < alpha < 0.5.
    """

    tolerance: float
    margin: float
    alpha: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerance < self.margin:
            raise ValueError(
                f"a tolerance lies in [0, margin): {self.tolerance} with margin {self.margin}"
            )
        if not 0.0 < self.alpha < 0.5:  # noqa: PLR2004  # one-sided: beyond it no test is left
            raise ValueError(f"alpha lies in (0, 0.5), not at {self.alpha}")
