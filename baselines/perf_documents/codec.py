"""`Run` as JSON and back: what the history, exports and artifacts hold (docs/run-document.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from perf_analysis.facts import Accounts
from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey, Span, Sums
from perf_analysis.verdict import Check, Judgement, ThresholdResult
from perf_documents.cells import decode_checks, decode_timings, encode_cell, encode_parts
from perf_documents.consistency import check_sums
from perf_documents.errors import DocumentError
from perf_documents.figures_codec import encode_figures
from perf_documents.files import read_bounded
from perf_documents.health import HealthWindow
from perf_documents.models import EngineModel, JudgementModel, MeasuredModel, RunModel
from perf_documents.plan_codec import encode_plan
from perf_documents.run import (
    EngineFacts,
    ErrorSample,
    GroupedException,
    Run,
    ScenarioFacts,
    TargetFacts,
)
from perf_documents.strict_json import (
    MAX_JSON_BYTES,
    content_hash,
    dump_json,
    explain,
    parse_json,
    refuse,
    unpack,
)
from perf_documents.upgrades import SCHEMA, upgrade
from perf_documents.windows import encode_windows, scenario_windows, series_windows

if TYPE_CHECKING:
    from pathlib import Path

    from perf_analysis.stated import Stated

__all__ = ["content_hash", "decode_run", "dump_run", "encode_run", "load_run", "read_run"]


def dump_run(run: Run) -> bytes:
    """Run document as canonical JSON: equal runs give equal bytes."""
    return dump_json(encode_run(run))


def load_run(data: bytes, source: str = "") -> Run:
    """Run of a document's JSON; `DocumentError` names each place and cause.

    Parameters
    ----------
    data : bytes
    source : str
        File that `data` came from: errors in windows, which are found later, begin with it.
    """
    document = parse_json(data)
    newest = upgrade(document)
    if newest is not document:
        data = dump_json(newest)
    # what was parsed is larger than the document: not needed any more
    del document, newest
    return _decode(data, source)


def read_run(path: Path) -> Run:
    """Run of a document file, compressed or not."""
    try:
        return load_run(unpack(read_bounded(path, MAX_JSON_BYTES, follow=True)), str(path))
    except DocumentError as error:
        lines = str(error).removeprefix(f"{path}: ").splitlines()
        raise DocumentError("\n".join(f"{path}: {line}" for line in lines)) from error


def encode_run(run: Run) -> dict[str, object]:
    """Run document, ready for JSON."""
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "version": run.version,
        "started_at": run.started_at,
        "state": run.state.value,
        "reached_s": float(run.reached_s),
        "load_hash": run.load_hash,
        "plan": encode_plan(run.plan),
        "target": _plain(run.target),
        "control": _plain(run.control),
        "scenario": _without_empty(_plain(run.scenario), "data"),
        "fingerprint": dict(run.fingerprint),
        "git": dict(run.git),
        "measured": _encode_measured(run.measured),
        **({"measures": _plain(run.measures)} if run.measures else {}),
        "resolution_s": float(run.resolution_s),
        "figures": run.figures and encode_figures(run.figures),
        "health": _plain(run.health),
        "engine": _plain(run.engine),
        "client_notes": list(run.client_notes),
        "judgement": _plain(run.judgement),
    }


def decode_run(document: object) -> Run:
    """Run of a parsed document of any version that is known."""
    try:
        data = dump_json(upgrade(document))
    except (TypeError, ValueError) as error:
        raise DocumentError(f"holds what JSON cannot: {error}") from error
    return _decode(data)


def _decode(data: bytes, source: str = "") -> Run:
    """Run of JSON in the newest form.

    Pydantic reads the bytes again by itself: strict models take arrays for tuples only there.
    """
    try:
        model = RunModel.model_validate_json(data)
    except ValidationError as error:
        refuse(explain(error))
    if problems := check_sums(model.measured, "measured."):
        refuse(problems)
    try:
        run = _run(model, f"{source}: " if source else "")
    except ValueError as error:
        raise DocumentError(f"document: {error}") from error
    if run.load_hash != model.load_hash:
        raise DocumentError("load_hash: does not fit the plan and the scenario")
    return run


def _run(model: RunModel, prefix: str) -> Run:
    values = dict(model)
    del values["schema_"], values["load_hash"]
    return Run(
        **values
        | {
            "plan": model.plan.decode(),
            "target": TargetFacts(**dict(model.target)),
            "control": model.control and TargetFacts(**dict(model.control)),
            "scenario": ScenarioFacts(**dict(model.scenario)),
            "measured": _measured(model.measured, f"{prefix}measured"),
            "measures": tuple(row.decode() for row in model.measures),
            "figures": model.figures and model.figures.decode(model.run_id),
            "health": tuple(HealthWindow(**dict(window)) for window in model.health),
            "engine": _engine(model.engine),
            "judgement": model.judgement and _judgement(model.judgement),
        }
    )


def _measured(model: MeasuredModel, root: str) -> Measured:
    """Cells of a document: sums at hand, windows when somebody asks for them."""
    series_sums: dict[SeriesKey, Mapping[str, Cell]] = {
        SeriesKey(*row[:6]): {phase: cell.decode() for phase, cell in row[6]}
        for row in model.series
    }
    scenario_sums: dict[str, Mapping[str, ScenarioCell]] = {
        row[0]: {phase: cell.decode() for phase, cell in row[1]} for row in model.scenarios
    }
    series = {
        key: series_windows(key, row[7], series_sums[key], f"{root}.series[{number}][7]")
        for number, (key, row) in enumerate(zip(series_sums, model.series, strict=True))
    }
    scenarios = {
        name: scenario_windows(name, row[2], sums, f"{root}.scenarios[{number}][2]")
        for number, ((name, sums), row) in enumerate(
            zip(scenario_sums.items(), model.scenarios, strict=True)
        )
    }
    return Measured(
        window_s=model.window_s,
        spans=tuple(Span(**dict(span)) for span in model.spans),
        open_model=model.open_model,
        series=series,
        scenarios=scenarios,
        ended=dict(model.ended),
        timings=decode_timings(model.timings),
        checks=decode_checks(model.checks),
        stated=tuple(row.decode() for row in model.stated),
        unstated=frozenset(model.unstated),
        kept=Sums(series_sums, scenario_sums, (series, scenarios)),
    )


def _engine(model: EngineModel) -> EngineFacts:
    return EngineFacts(
        **dict(model)
        | {
            "accounts": Accounts(**dict(model.accounts)),
            "exceptions": tuple(GroupedException(**dict(group)) for group in model.exceptions),
            "errors": tuple(ErrorSample(**dict(sample)) for sample in model.errors),
        }
    )


def _judgement(model: JudgementModel) -> Judgement:
    return Judgement(
        **dict(model)
        | {
            "checks": tuple(Check(**dict(check)) for check in model.checks),
            "comparison": model.comparison.decode(),
            "thresholds": tuple(
                ThresholdResult(**dict(result) | {"threshold": result.threshold.decode()})
                for result in model.thresholds
            ),
        }
    )


def _without_empty(coded: object, name: str) -> object:
    """Return an object without a field that came later, where that is empty."""
    if isinstance(coded, dict) and not coded.get(name):
        return {key: value for key, value in coded.items() if key != name}
    return coded


def _encode_measured(measured: Measured) -> dict[str, object]:
    sums = measured.sums
    return {
        "window_s": float(measured.window_s),
        "spans": _plain(measured.spans),
        "open_model": measured.open_model,
        "series": [
            [*key, _encode_sums(sums.series[key]), encode_windows(slots)]
            for key, slots in sorted(measured.series.items())
        ],
        "scenarios": [
            [name, _encode_sums(sums.scenarios[name]), encode_windows(cells)]
            for name, cells in sorted(measured.scenarios.items())
        ],
        "ended": [list(pair) for pair in sorted(measured.ended.items())],
        **encode_parts(measured),
        **({"stated": [_stated(row) for row in measured.stated]} if measured.stated else {}),
        **({"unstated": sorted(measured.unstated)} if measured.unstated else {}),
    }


def _stated(row: Stated) -> dict[str, object]:
    return {
        "label": row.label,
        "n": row.n,
        "average_s": row.average_s,
        "quantiles": [[float(q), float(value)] for q, value in row.quantiles_s.items()],
    }


def _encode_sums(sums: Mapping[str, Cell] | Mapping[str, ScenarioCell]) -> list[object]:
    return [[phase, encode_cell(cell)] for phase, cell in sums.items()]


def _plain(value: object) -> object:
    """Return a dataclass and all in it as JSON, field by field; the models bear equal names."""
    if is_dataclass(value):
        # 30 and 30.0 are equal and must give equal bytes
        return {
            field.name: _plain(
                float(part) if isinstance(part, int) and "float" in str(field.type) else part
            )
            for field in fields(value)
            for part in [getattr(value, field.name)]
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value
