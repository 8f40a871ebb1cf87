"""`baselines/<profile>/<environment>.jsonl`: accepted runs as reviewed text, one line each."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_baselines.baseline import Baseline, dump_baseline, load_baseline
from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.files import make_private_folder, read_bounded, write_shared
from perf_documents.names import NAME_RULE, is_name
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
KEPT = 20
SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class BaselineFiles:
    """All baselines below one folder.

    Parameters
    ----------
    root : Path
        `baselines/` of a workspace.
    state : Path
        Where the lock lies: nothing but reviewed text goes into `root`.
    """

    root: Path
    state: Path

    def path(self, profile: str, environment: str) -> Path:
        """File of a profile and an environment.

        Raises
        ------
        UsageError
            If either is no name: a run file from elsewhere must not choose where is written.
        """
        for name in (profile, environment):
            if not is_name(name):
                shown = visible(name, 80)
                raise UsageError(f"baselines: {shown!r} is no name; expected {NAME_RULE}")
        return self.root / profile / f"{environment}{SUFFIX}"

    def names(self) -> list[tuple[str, str]]:
        """Profiles and environments that have a file."""
        found = self.root.glob(f"*/*{SUFFIX}")
        return sorted((path.parent.name, path.name.removesuffix(SUFFIX)) for path in found)

    def read(self, profile: str, environment: str) -> tuple[Baseline, ...]:
        """Accepted runs, the oldest first; none where there is no file.

        Raises
        ------
        DocumentError
            With file:line, if a line is damaged, edited, doubled, or of another profile.
        """
        if not is_name(profile) or not is_name(environment):
            return ()  # a run from elsewhere, which has none here
        path = self.path(profile, environment)
        if not path.exists() and not path.is_symlink():
            return ()
        return parse_baselines(read_bounded(path, MAX_BYTES), str(path), profile, environment)

    def add(self, baseline: Baseline) -> bool:
        """Add an accepted run; False where it had been accepted before."""
        with self._locked():
            known = self.read(baseline.profile, baseline.environment)
            if any(other.run_id == baseline.run_id for other in known):
                return False
            self._write(baseline.profile, baseline.environment, (*known, baseline))
        return True

    def keep(self, profile: str, environment: str, kept: Sequence[Baseline]) -> None:
        """Keep only the given baselines of a file, which all stand in it."""
        with self._locked():
            known = self.read(profile, environment)
            ids = {baseline.run_id for baseline in kept}
            self._write(profile, environment, [b for b in known if b.run_id in ids])

    def _write(self, profile: str, environment: str, baselines: Sequence[Baseline]) -> None:
        path = self.path(profile, environment)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path.parent}: cannot be made: {error.strerror}") from error
        data = b"".join(map(dump_baseline, baselines))
        write_shared(path, data)  # text of a repository, like any other
        if read_bounded(path, MAX_BYTES) != data:
            raise StoreError(f"{path}: does not hold what was written")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the writers' lock; it ends with its process, and a second writer is told of it."""
        make_private_folder(self.state)
        path = self.state / "baselines.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.read(descriptor, 20).decode("ascii", "replace") or "unknown"
                raise UsageError(
                    f"baselines: process {holder} is changing them; next: try again when it ended"
                ) from error
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            yield
        finally:
            os.close(descriptor)


def parse_baselines(
    data: bytes, where: str, profile: str, environment: str
) -> tuple[Baseline, ...]:
    """Baselines of a file's bytes; `where` names it in errors.

    Raises
    ------
    DocumentError
        With `where:line`.
    """
    found: list[Baseline] = []
    for number, line in enumerate(data.replace(b"\r\n", b"\n").splitlines(keepends=True), 1):
        try:
            if not line.endswith(b"\n"):
                raise DocumentError("the end is missing: the last line has no newline")  # noqa: TRY301  # one place names the line
            baseline = load_baseline(line)
            _check_place(baseline, found, profile, environment)
        except DocumentError as error:
            lines = str(error).splitlines()
            raise DocumentError("\n".join(f"{where}:{number}: {text}" for text in lines)) from error
        found.append(baseline)
    return tuple(found)


def _check_place(
    baseline: Baseline, before: Sequence[Baseline], profile: str, environment: str
) -> None:
    if (baseline.profile, baseline.environment) != (profile, environment):
        raise DocumentError(
            f"is of profile {baseline.profile} on {baseline.environment}, not of {profile} on "
            f"{environment}; next: remove the line"
        )
    if any(other.run_id == baseline.run_id for other in before):
        raise DocumentError(f"run {baseline.run_id} stands twice; next: remove one of the lines")
