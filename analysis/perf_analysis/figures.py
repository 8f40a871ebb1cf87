"""What of a run comparisons need: quantiles with their errors, failures, dispersion."""

from __future__ import annotations

from dataclasses import dataclass

# Kept of every run, beside those that its plan compares.
QUANTILES = (0.5, 0.9, 0.95, 0.99)
SHORT, TAIL_THIN, THIN = "short", "tail-thin", "thin"
# of a source that states a quantile and nothing of how far it may be off
ERROR_UNKNOWN = "error-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileFigure:
    """One quantile of one stream, on the log scale, with its error.

    Attributes
    ----------
    q : float
    ln_s : float
        Natural logarithm of the quantile in seconds, censored samples at their lower bounds.
    ln_high_s : float or None
        The same with censored samples at +infinity; None where that is infinite.
    error : float
        Standard error of `ln_s` within the run, autocorrelation included; 0 where it is unknown.
    dof : int
        Degrees of freedom of `error`.
    n : int
        Samples, censored ones included.
    n_effective : float
        Independent samples that would err as much.
    flags : tuple of str
        `short` (under 20 windows), `tail-thin` (the error reaches half of the tail: such a row
        cannot pass), `thin` (too few samples to gate), `error-unknown`.
    resolution_s : float
        To which the source rounds values of this size, where that is coarser than for the run.
    """

    q: float
    ln_s: float
    ln_high_s: float | None
    error: float
    dof: int
    n: int
    n_effective: float
    flags: tuple[str, ...] = ()
    resolution_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFigures:
    """Requests of one name in the judged phase.

    Attributes
    ----------
    label : str
        Method and name; empty for all requests together.
    n, failed : int
        Behind `http_req_failed`: ended, abandoned and dropped ones; failed ones among them.
    finished : int
        Requests that ended by themselves, failed ones included.
    dispersion : float
        Of the failures over windows and over blocks of windows, at least 1: bursts.
    quantiles : tuple of QuantileFigure
        Of `http_req_duration`, ascending; one that has too few samples is missing.
    """

    label: str
    n: int
    failed: int
    finished: int
    dispersion: float = 1.0
    quantiles: tuple[QuantileFigure, ...] = ()

    def quantile(self, q: float) -> QuantileFigure | None:
        """Figure of one quantile."""
        return next((figure for figure in self.quantiles if figure.q == q), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One run, or one arm of it.

    Attributes
    ----------
    run_id : str
    phase_s : float
        Length of the judged phase.
    resolution_s : float
        To which the source rounds durations; 0 for our own recorder.
    series : tuple of SeriesFigures
        All requests together first, then by label.
    """

    run_id: str
    phase_s: float
    resolution_s: float = 0.0
    series: tuple[SeriesFigures, ...]

    def labelled(self, label: str) -> SeriesFigures | None:
        """Figures of one label."""
        return next((series for series in self.series if series.label == label), None)
