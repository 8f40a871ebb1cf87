"""Files of other tools among the tests, and what reading one ends in."""

from __future__ import annotations

from pathlib import Path

from perf_analysis.judgement import judge
from perf_baselines.record import summarise
from perf_baselines.record_codec import dump_record, load_record
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import UsageError
from perf_importers.formats import read_runs
from perf_importers.reading import Options

DATA = Path(__file__).parents[1] / "data" / "imports"
FILES = sorted(
    path for path in DATA.rglob("*") if path.is_file() and path.suffix != ".md"
)  # fmt: skip


def outcome(path: Path, form: str = "") -> str:
    """What reading a file ends in: words of an error that names it, or nothing."""
    try:
        runs = read_runs(path, Options(), form)[1]
    except UsageError as error:
        return str(error)
    for run in runs:
        document = dump_run(run)
        assert load_run(document) == run
        record = summarise(run, document)
        assert load_record(dump_record(record)) == record
        judge(run.facts(), run.measured, run.plan.thresholds)
    return "" if runs else "no runs"
