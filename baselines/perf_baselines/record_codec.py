"""`Record` as JSON and back; each carries a hash of itself, so that no changed byte passes."""

# No postponed annotations here: pydantic reads them when a class is made.
from dataclasses import asdict, replace
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from perf_analysis.facts import EndState
from perf_analysis.verdict import Verdict
from perf_baselines.baseline import LoadModel
from perf_baselines.record import Record, SeriesSummary, ThresholdSummary
from perf_documents.cells import Count, Seconds, StrictModel, Text
from perf_documents.errors import DocumentError
from perf_documents.figures_codec import FiguresModel, encode_figures
from perf_documents.models import ExitCode, Facts, Instant, Measures, RunId, Sha256, Url, Words
from perf_documents.strict_json import content_hash, dump_json, explain, parse_json, refuse
from perf_documents.upgrades import check_schema

SCHEMA = 2
MAX_RECORD_BYTES = 1024 * 1024
_CHECK = "check"
# method, a blank and a name
Label = Annotated[str, Field(max_length=320)]
Line = Annotated[str, Field(max_length=2100)]


class SeriesSummaryModel(StrictModel):
    """`SeriesSummary`."""

    label: Label
    n: Count
    failed: Count
    abandoned: Count
    censored: Count
    p50_s: Seconds | None
    p95_s: Seconds | None
    p99_s: Seconds | None


class ThresholdSummaryModel(StrictModel):
    """`ThresholdSummary`."""

    subject: Line
    expression: Line
    observed: float | None
    at_least: bool
    n: Count
    verdict: Verdict


class RecordModel(StrictModel):
    """`Record`."""

    schema_: Annotated[Literal[2], Field(alias="schema")]
    check: Sha256
    run_id: RunId
    version: Text
    started_at: Instant
    profile: Line
    environment: Text
    target_url: Url
    commit: Text
    branch: Text
    load_hash: Sha256
    state: EndState
    verdict: Verdict | None
    exit_code: ExitCode | None
    valid: bool | None
    reason: Words
    duration_s: Seconds
    phase: Text
    phase_s: Seconds
    dropped: Count
    total: SeriesSummaryModel
    series: Annotated[tuple[SeriesSummaryModel, ...], Field(max_length=10_000)]
    load: LoadModel | None
    fingerprint: Facts
    figures: FiguresModel | None
    measures: Measures = ()
    unstated: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    committed_at: Literal[""] | Instant = ""
    thresholds: Annotated[tuple[ThresholdSummaryModel, ...], Field(max_length=1000)]
    document_sha256: Sha256
    document_bytes: Count


def dump_record(record: Record) -> bytes:
    """Return a record as canonical JSON."""
    figures = record.figures
    document: dict[str, object] = {
        "schema": SCHEMA,
        **asdict(replace(record, figures=None)),
        "load": dict(record.load) or None,
        "figures": figures and encode_figures(figures),
    }
    # records without them are the same bytes as before there were any
    for name in ("measures", "unstated", "committed_at"):
        if not document[name]:
            del document[name]
    return dump_json({**document, _CHECK: content_hash(dump_json(document))})


def load_record(data: bytes) -> Record:
    """Return the record in a JSON text; `DocumentError` if a single byte of it was changed."""
    document = parse_json(data)
    if not isinstance(document, dict):
        raise DocumentError("document: is not an object")
    schema = check_schema(document.get("schema"), SCHEMA)
    stated = document.pop(_CHECK, None)
    # as it was written, the bytes without the hash are those it was taken of: no need to write anew
    rest = data.replace(f'"{_CHECK}":"{stated}",'.encode(), b"", 1)
    is_whole = stated == content_hash(rest) or stated == content_hash(dump_json(document))
    if not is_whole:
        raise DocumentError("check: does not fit the content; the record was changed or damaged")
    if schema == 1:
        # before, records knew nothing that comparisons need
        document |= {"schema": 2, "load": None, "fingerprint": {}, "figures": None}
        data = dump_json({**document, _CHECK: stated})
    try:
        model = RecordModel.model_validate_json(data)
        figures = model.figures and model.figures.decode(model.run_id)
    except ValidationError as error:
        refuse(explain(error))
    except ValueError as error:
        raise DocumentError(f"figures: {error}") from error
    values = dict(model)
    del values["schema_"], values[_CHECK]
    return Record(
        **values
        | {
            "load": model.load.decode() if model.load else {},
            "figures": figures,
            "measures": tuple(row.decode() for row in model.measures),
            "total": SeriesSummary(**dict(model.total)),
            "series": tuple(SeriesSummary(**dict(series)) for series in model.series),
            "thresholds": tuple(ThresholdSummary(**dict(row)) for row in model.thresholds),
        }
    )
