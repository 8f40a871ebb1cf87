"""What an engine says in its spool: the records, strictly read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from perf_documents.cells import CellsModel, Count, Seconds, StrictModel, Text

PROTOCOL = 1
# What the supervisor writes into the control pipe, one byte each.
STOP, ABORT, QUIT = b"s", b"a", b"q"
# Variable that hands the engine the token of a control which has one of its own.
CONTROL_TOKEN = "PERF_CONTROL_TOKEN"  # noqa: S105  # the name of a variable, not a token

# Variable of the secret that master and workers share; it never travels.
WORKER_TOKEN = "PERF_WORKER_TOKEN"  # noqa: S105  # the name of a variable, not a token
# First words of an engine's role, as its last argument: alone, leading others, or led.
ALONE, MASTER, WORKER = "alone", "master", "worker"

LoadPhase = Literal["starting", "load", "drain"]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class StartRecord(StrictModel):
    """First record: who writes, and which user classes were found."""

    type: Literal["start"]
    protocol: int
    run: str
    pid: int
    versions: dict[str, str]
    scenario_sha256: str
    client_kind: str
    classes: list[Text]
    data: dict[Text, Text] = Field(default_factory=dict)
    may_retry: bool
    includes_connect: bool


class HealthModel(StrictModel):
    """The generator over the last second."""

    cpu_ratio: Seconds
    loop_lag_s: Seconds
    loop_probes: Count
    loop_late: Count
    rss_bytes: Count
    open_files: Count
    gc_pause_s: Seconds
    wall_offset_s: Finite
    host_cpu_ratio: Seconds | None = None
    steal_ratio: Seconds | None = None


class CountsModel(StrictModel):
    """Accounts since the start of the run."""

    planned: Count
    started: Count
    dropped: Count
    late_drops: Count
    unsent: Count
    finished: Count
    failed: Count
    abandoned: Count
    faulted: Count
    requests_started: Count
    requests_ended: Count
    requests_failed: Count
    requests_abandoned: Count
    requests_known: bool
    invalid_samples: Count
    names: Count


# class, label, count, first and last offset in seconds, one redacted text
ErrorRow = tuple[Text, Text, Count, Finite, Finite, Text]
# type, place, count, how many were excused by a failed request, one redacted text
ExceptionRow = tuple[Text, Text, Count, Count, Text]


class TargetModel(StrictModel):
    """`TargetFacts` as JSON."""

    name: str
    url: str
    environment: str
    protected: bool = False


class SpreadModel(StrictModel):
    """How a run is spread: so many load processes, where their master listens, who is local."""

    workers: Annotated[int, Field(ge=1, le=1000)]
    local: Count
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0


class Order(StrictModel):
    """What an engine is told, and all that a recovered record needs to become a run.

    `addresses` pins what each allowed host and port resolved to before the load; nothing is
    resolved, and nobody else is connected to, while it runs. Without `spread` the engine is alone.
    """

    protocol: int
    run: str
    version: str
    started_at: str
    plan: dict[str, object]
    target: TargetModel
    control: TargetModel | None = None
    scenario_path: str
    scenario_class: str | None
    workspace: str
    addresses: list[tuple[str, int, list[str]]]
    fingerprint: dict[str, str]
    git: dict[str, str]
    notes: list[str]
    spread: SpreadModel | None = None


class SecondRecord(StrictModel):
    """What one second added; in a spread run, what it added at one worker (0: the master)."""

    type: Literal["second"]
    worker: Count | None = None
    at_s: Finite
    phase: LoadPhase
    vus: Count
    cells: CellsModel
    health: HealthModel
    counts: CountsModel
    errors: list[ErrorRow] = Field(default_factory=list)
    exceptions: list[ExceptionRow] = Field(default_factory=list)


class EventRecord(StrictModel):
    """Something that happened once.

    The kinds in capitals end the run, but for LOADING, LISTENING (where a master does) and PLACED
    (a worker has its place in a run). MISMATCH, PORT, REFUSED and UNREACHED end it before any load,
    LOST in the midst of it.
    """

    type: Literal["event"]
    kind: Literal[
        "note", "LOADING", "SCENARIO", "VUS", "NOT_ALLOWED", "STOPPED",
        "LISTENING", "PLACED", "MISMATCH", "PORT", "REFUSED", "UNREACHED", "LOST",
    ]  # fmt: skip
    text: str
    worker: Count | None = None


class PartRecord(StrictModel):
    """A worker's closing accounts, acknowledged by its master: nothing of it is missing."""

    type: Literal["part"]
    worker: Count | None = None
    pid: Count
    reached_s: Seconds
    ended: Literal["schedule", "stop", "abort"]
    drained: bool
    counts: CountsModel
    wakeup_p99_s: Seconds | None = None


class FinalRecord(StrictModel):
    """The completion record: without it, whole and matching, a run proves nothing."""

    type: Literal["final"]
    run: str
    last_sequence: Count
    sha256: str
    reached_s: Seconds
    ended: Literal["schedule", "stop", "abort"]
    drained: bool
    counts: CountsModel
    wakeup_p99_s: Seconds | None = None


Record = Annotated[
    StartRecord | SecondRecord | EventRecord | PartRecord | FinalRecord,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Record] = TypeAdapter(Record)


def parse_record(raw: dict[str, object]) -> Record:
    """Record of one spool line; ValueError with the first cause where it is none."""
    try:
        return _ADAPTER.validate_python(raw, strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"record {place}: {first['msg']}") from error
