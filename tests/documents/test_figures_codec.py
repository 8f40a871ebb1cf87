"""Stored figures of a run that contradict each other are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from perf_documents.figures_codec import FiguresModel, SeriesModel

QUANTILE = {
    "q": 0.5,
    "ln": -3.0,
    "high": None,
    "error": 0.1,
    "dof": 9,
    "n": 100,
    "n_effective": 80.0,
}
SERIES = {"label": "", "n": 100, "failed": 0, "finished": 100, "dispersion": 1.0}


def series(**changed: object) -> dict[str, object]:
    return {**SERIES, "quantiles": [QUANTILE], **changed}


def test_what_agrees_is_read() -> None:
    model = SeriesModel.model_validate(series())
    assert model.decode().quantiles[0].ln_s == -3.0


def test_an_upper_value_below_the_lower_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="upper value lies below"):
        SeriesModel.model_validate(series(quantiles=[{**QUANTILE, "high": -4.0}]))


@pytest.mark.parametrize("name", ["failed", "finished"])
def test_more_of_a_kind_than_there_are_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="total: more failed or finished"):
        SeriesModel.model_validate(series(**{name: 101})).decode()


def test_a_label_that_stands_twice_is_refused() -> None:
    model = FiguresModel.model_validate(
        {"phase_s": 60.0, "resolution_s": 0.0, "series": [series(), series()]}
    )
    with pytest.raises(ValueError, match="stands twice"):
        model.decode("20260101t000000z-aaaaaa")
