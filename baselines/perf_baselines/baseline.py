"""One accepted run, reduced to a line of text that people review: values and their strict JSON."""

# No postponed annotations here: pydantic reads them when a class is made.
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from perf_analysis.figures import RunFigures
from perf_documents.cells import Count, StrictModel, Text
from perf_documents.errors import DocumentError
from perf_documents.figures_codec import FiguresModel, encode_figures
from perf_documents.models import Facts, Instant, RunId, Sha256, Url
from perf_documents.plan import digest_of
from perf_documents.strict_json import content_hash, dump_json, explain, parse_json, refuse
from perf_documents.upgrades import check_schema

SCHEMA = 1
_CHECK = "check"
Name = Annotated[str, Field(max_length=1000)]
Reason = Annotated[str, Field(max_length=500)]
Stage = tuple[Text, Text, Text, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """An accepted run.

    Attributes
    ----------
    accepted_at : str
        When; `started_at` is when the run began.
    because : str
        Why it was accepted though its comparison failed; empty otherwise.
    load : mapping
        What two runs must have in common to be comparable (`Plan.load_facts`).
    fingerprint : mapping of str to str
        The machine it ran on: noted, never compared.
    figures : RunFigures
    """

    run_id: str
    version: str
    started_at: str
    accepted_at: str
    profile: str
    environment: str
    commit: str
    because: str
    target_url: str
    load: Mapping[str, object]
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    figures: RunFigures

    @property
    def load_hash(self) -> str:
        """Hash of the load facts."""
        return digest_of(dict(self.load))


class LoadModel(StrictModel):
    """What `Plan.load_facts` returns."""

    executor: Text
    stages: Annotated[list[Stage], Field(min_length=1, max_length=1000)]
    vus: tuple[Count, Count]
    arrivals: Text
    timeout_s: Annotated[float, Field(gt=0)]
    time_scale: Text
    scenario: Sha256
    client_kind: Text
    control: Literal["beside"] | None = None

    def decode(self) -> dict[str, object]:
        """Return the facts as `Plan.load_facts` writes them."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        if self.control is None:
            del values["control"]
        return values | {"stages": [list(s) for s in self.stages], "vus": list(self.vus)}


class BaselineModel(StrictModel):
    """A `Baseline`, with a hash of all else."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    check: Sha256
    run_id: RunId
    version: Text
    started_at: Instant
    accepted_at: Instant
    profile: Name
    environment: Text
    commit: Text
    because: Reason
    target_url: Url
    load: LoadModel
    fingerprint: Facts
    figures: FiguresModel


def dump_baseline(baseline: Baseline) -> bytes:
    """Return a baseline as one line of canonical JSON."""
    document: dict[str, object] = {
        "schema": SCHEMA,
        "run_id": baseline.run_id,
        "version": baseline.version,
        "started_at": baseline.started_at,
        "accepted_at": baseline.accepted_at,
        "profile": baseline.profile,
        "environment": baseline.environment,
        "commit": baseline.commit,
        "because": baseline.because,
        "target_url": baseline.target_url,
        "load": dict(baseline.load),
        "fingerprint": dict(baseline.fingerprint),
        "figures": encode_figures(baseline.figures),
    }
    return dump_json({**document, _CHECK: content_hash(dump_json(document))})


def load_baseline(line: bytes) -> Baseline:
    """Return the baseline of a line; `DocumentError` if a single byte of it was changed."""
    document = parse_json(line)
    if not isinstance(document, dict):
        raise DocumentError("is not an object")
    check_schema(document.get("schema"), SCHEMA)
    stated = document.pop(_CHECK, None)
    if stated != content_hash(dump_json(document)):
        raise DocumentError(
            "check: does not fit the content; the baseline was edited or damaged: "
            "accept the run anew instead"
        )
    try:
        model = BaselineModel.model_validate_json(line)
        figures = model.figures.decode(model.run_id)
    except ValidationError as error:
        refuse(explain(error))
    except ValueError as error:
        raise DocumentError(f"figures: {error}") from error
    values = dict(model)
    del values["schema_"], values[_CHECK]
    return Baseline(**values | {"load": model.load.decode(), "figures": figures})
