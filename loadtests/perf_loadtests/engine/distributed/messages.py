"""What master and workers say to each other: strict models, packed, sealed and size-limited."""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError

from perf_documents.cells import Count, Seconds, StrictModel
from perf_loadtests.protocol import EventRecord, Finite, PartRecord, SecondRecord

MAX_PACKED_BYTES = 1 << 20
MAX_BYTES = 64 << 20
Short = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=2_000)]
Instant = Finite


class BadMessageError(ValueError):
    """What came is no message of ours, or not from whom it says."""


class Knock(StrictModel):
    """A worker asks which run this is."""

    protocol: Count


class Challenge(StrictModel):
    """The master answers: which run, and what a seal must contain."""

    run: Short
    nonce: Short


class Hello(StrictModel):
    """A worker says who it is and what it would run; sealed, so that it knows the token."""

    incarnation: Short
    host: Short
    pid: Count
    boot_id: Short
    versions: dict[Short, Short]
    plan: Short
    scenario: Short
    target: Short


class Placed(StrictModel):
    """The master gives a worker its stripe."""

    index: Count
    workers: Count


class Refused(StrictModel):
    """The master lets a worker not join, or lets it go."""

    text: Words


class Ping(StrictModel):
    """The master's clock."""

    number: Count
    at_s: Instant


class Pong(StrictModel):
    """The ping again, with the worker's clock."""

    number: Count
    at_s: Instant
    here_s: Instant


class Start(StrictModel):
    """When the load begins, on the worker's clock."""

    t0_s: Instant


class Lease(StrictModel):
    """Load may be offered: when this was said, on the worker's clock where that is known."""

    at_s: Instant | None


class Stop(StrictModel):
    """Offer no more."""

    word: Literal["stop", "abort", "quit"]


class Flush(StrictModel):
    """Send what is left, and the closing accounts."""


class ReadyRecord(StrictModel):
    """Every VU of a worker is ready."""

    type: Literal["ready"]
    vus: Count
    wakeup_p99_s: Seconds | None


Reported = Annotated[
    SecondRecord | EventRecord | PartRecord | ReadyRecord, Field(discriminator="type")
]


class Report(StrictModel):
    """One record of a worker, under a number of its own."""

    incarnation: Short
    sequence: Annotated[int, Field(ge=1, lt=2**53)]
    record: Reported


class Ack(StrictModel):
    """Everything up to a number is kept on the master's disk."""

    sequence: Count


M = TypeVar("M", bound=StrictModel)
BY_KIND: dict[str, type[StrictModel]] = {
    "perf_knock": Knock, "perf_challenge": Challenge, "perf_hello": Hello, "perf_plan": Placed,
    "perf_refused": Refused, "perf_ping": Ping, "perf_pong": Pong, "perf_start": Start,
    "perf_lease": Lease, "perf_stop": Stop, "perf_flush": Flush, "perf_report": Report,
    "perf_ack": Ack,
}  # fmt: skip
KIND_OF = {model: kind for kind, model in BY_KIND.items()}


class Seal:
    """Proof that sender and receiver know one token, over one client of one run.

    Parameters
    ----------
    token : str
        Shared secret; it is never sent.
    run, nonce, client : str
        What the proof is good for, and for nothing else.
    """

    def __init__(self, token: str, run: str, nonce: str, client: str) -> None:
        place = "\0".join(("perfproof", run, nonce, client)).encode()
        self._key = hmac.digest(token.encode(), place, hashlib.sha256)

    def of(self, kind: str, body: bytes) -> bytes:
        """Proof of one message."""
        return hmac.digest(self._key, kind.encode() + b"\0" + body, hashlib.sha256)


def pack(message: StrictModel, seal: Seal | None = None) -> dict[str, bytes]:
    """Message as it travels."""
    return pack_json(KIND_OF[type(message)], message.model_dump_json().encode(), seal)


def pack_json(kind: str, text: bytes, seal: Seal | None) -> dict[str, bytes]:
    """JSON of a message as it travels."""
    body = zlib.compress(text, 1)
    return {"body": body, "seal": seal.of(kind, body) if seal else b""}


def pack_report(incarnation: str, sequence: int, record: str, seal: Seal) -> dict[str, bytes]:
    """Report of a record's JSON."""
    text = f'{{"incarnation":{json.dumps(incarnation)},"sequence":{sequence},"record":{record}}}'
    return pack_json(KIND_OF[Report], text.encode(), seal)


def unpack(kind: str, data: object, model: type[M], seal: Seal | None = None) -> M:
    """Message of what travelled.

    Raises
    ------
    BadMessageError
        If it is none, or its seal is not the one given.
    """
    return read(model, open_body(kind, data, seal))


def open_body(kind: str, data: object, seal: Seal | None) -> bytes:
    """JSON of what travelled, once its seal is proven.

    Raises
    ------
    BadMessageError
        If it is too large, damaged, or its seal is not the one given.
    """
    if not isinstance(data, dict) or data.keys() != {"body", "seal"}:
        raise BadMessageError("not a message of perfproof")
    body, proof = data["body"], data["seal"]
    if not isinstance(body, bytes) or not isinstance(proof, bytes):
        raise BadMessageError("not a message of perfproof")
    if len(body) > MAX_PACKED_BYTES:
        raise BadMessageError(f"a message of {len(body)} bytes; expected {MAX_PACKED_BYTES}")
    # before anything is unpacked: a stranger's bytes are not worth the work
    if seal is not None and not hmac.compare_digest(seal.of(kind, body), proof):
        raise BadMessageError("its seal is wrong")
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(body, MAX_BYTES)
    except zlib.error as error:
        raise BadMessageError("damaged") from error
    if not unpacker.eof or unpacker.unused_data:
        raise BadMessageError("damaged or too large")
    return text


def read(model: type[M], text: bytes) -> M:
    """Message of its JSON.

    Raises
    ------
    BadMessageError
        With the first cause.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadMessageError(f"{place}: {first['msg']}") from error
