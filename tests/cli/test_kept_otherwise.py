"""What is not kept as it should be is said; what only adds a word never changes the code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_baselines.history import History, Stored
from perf_cli import moving, sinks
from perf_cli.outcome import Code
from perf_cli.output import Look
from perf_documents.codec import dump_run
from perf_documents.judging import as_judged

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.run import Run

LOOK = Look(colour=False, ascii_only=False, redraw=False, github=False)


class Forgetful(History):
    """Reads back something else than it stored."""

    def store_document(self, document: bytes, source: str) -> Stored:
        return replace(super().store_document(document, source), equal=False)


class Trendless(History):
    """Fails in a way that nobody foresaw whenever a trend is asked for."""

    def stamps(self) -> dict[str, str]:
        raise RuntimeError("no stamps today")


@pytest.fixture
def run() -> Run:
    return as_judged(make_run(1))


def test_a_document_that_is_not_kept_as_it_was_is_named(
    run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(dump_run(run))
    assert moving.import_document(path, Forgetful(tmp_path / "history")) is Code.INFRA
    assert f"{run.run_id} could not be read back as it was stored" in capfd.readouterr().err


@pytest.mark.parametrize("kind", [History, Trendless])
def test_a_trend_that_cannot_be_told_is_no_failure(
    kind: type[History], run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    wanted = sinks.Sinks(
        out=out, history=kind(tmp_path / "history"), spool=tmp_path / "spool", look=LOOK,
        quiet=True, as_json=False, environ={}, token_hex=lambda _: "0",
    )  # fmt: skip
    assert run.judgement is not None
    assert sinks.deliver(run, wanted, None) == run.judgement.exit_code
    said = capfd.readouterr().err
    assert ("today; the verdict stands" in said) is (kind is Trendless)
