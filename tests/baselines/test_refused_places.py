"""What is no baseline, no record or no name is refused before anything is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_baselines import baseline_files, git_files
from perf_baselines.acceptance import baseline_of
from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.comparing import figures_of_run
from perf_baselines.history import History
from perf_baselines.record import summarise
from perf_baselines.record_codec import dump_record, load_record
from perf_documents.codec import dump_run
from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.strict_json import pack

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> BaselineFiles:
    return BaselineFiles(tmp_path / "baselines", tmp_path / ".perf")


@pytest.mark.parametrize(("profile", "environment"), [("../x", "staging"), ("smoke", "a/b")])
def test_a_name_that_is_a_path_has_no_baselines_and_gets_none(
    files: BaselineFiles, profile: str, environment: str
) -> None:
    assert files.read(profile, environment) == ()
    with pytest.raises(UsageError, match="is no name"):
        files.path(profile, environment)


def test_a_disk_that_keeps_something_else_is_noticed(
    files: BaselineFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(path: Path, data: bytes) -> None:
        path.write_bytes(data[:-1])

    monkeypatch.setattr(baseline_files, "write_shared", lossy)
    run = make_run(1)
    made = baseline_of(run, figures_of_run(run), accepted_at="2026-03-01T12:00:00Z", because="")
    with pytest.raises(StoreError, match="does not hold what was written"):
        files.add(made)


def test_a_record_that_is_no_object_is_refused() -> None:
    with pytest.raises(DocumentError, match="is not an object"):
        load_record(b"[]\n")


def test_a_text_of_another_run_of_the_same_id_is_refused(root: Path) -> None:
    run, history = make_run(1), History(root)
    history.store(run)
    other = summarise(replace(run, reached_s=29.0), dump_run(replace(run, reached_s=29.0)))
    with pytest.raises(DocumentError, match="another run of this id"):
        history.store_text(dump_record(other))
    assert history.load(run.run_id) == run


def test_a_text_brings_the_document_that_is_not_kept_here(root: Path) -> None:
    run, history = make_run(1), History(root)
    history.store(run)
    (root / "runs" / f"{run.run_id}.json.gz").unlink()
    text = dump_record(history.record(run.run_id))
    assert history.store_text(text, pack(dump_run(run)))
    assert not history.store_text(text, pack(dump_run(run)))
    assert history.load(run.run_id) == run


def test_baselines_of_a_commit_have_a_size_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "baselines" / "smoke" / "staging.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("x" * 100)
    git = shutil.which("git") or "git"
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for order in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "a")):
        subprocess.run([git, *order], cwd=tmp_path, check=True, timeout=30)
    monkeypatch.setattr(git_files, "MAX_BYTES", 99)
    with pytest.raises(UsageError, match="has 100 bytes"):
        git_files.read_at_commit(tmp_path, "HEAD", "smoke", "staging", os.environ)
