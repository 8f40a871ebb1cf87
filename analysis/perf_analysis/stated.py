"""What a source says of durations without showing them: an average, some quantiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Durations of one series as another tool summed them up.

    Attributes
    ----------
    label : str
        Method and name; empty for all requests together.
    n : int
        Samples behind the figures.
    average_s : float or None
    quantiles_s : mapping of float to float
        Seconds by quantile, both ascending; 0 is the minimum, 1 the maximum.
    """

    label: str
    n: int
    average_s: float | None = None
    quantiles_s: Mapping[float, float] = field(default_factory=dict)

    @property
    def bare_label(self) -> str:
        """Label without its method."""
        return self.label.partition(" ")[2] or self.label

    def bounds_s(self, q: float) -> tuple[float, float] | None:
        """Least and greatest value that a quantile can have; None where one side is open.

        Examples
        --------
        >>> Stated(label="", n=10, quantiles_s={0.5: 1.0, 0.9: 2.0}).bounds_s(0.75)
        (1.0, 2.0)
        """
        below = [value for at, value in self.quantiles_s.items() if at <= q]
        above = [value for at, value in self.quantiles_s.items() if at >= q]
        return (max(below), min(above)) if below and above else None

    def statistic_s(self, aggregation: str, q: float | None) -> tuple[float, float] | None:
        """Bounds of what a threshold asks for: `avg`, `min`, `max`, or a quantile."""
        if aggregation == "avg":
            return None if self.average_s is None else (self.average_s, self.average_s)
        at = {"min": 0.0, "max": 1.0}.get(aggregation, q)
        return None if at is None else self.bounds_s(at)
