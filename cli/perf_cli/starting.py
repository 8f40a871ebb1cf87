"""What `perf init` writes for what was asked, and what to do next; it writes nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_documents.names import is_name
from perf_importers.k6_script import read_k6_script
from perf_loadtests.scaffold import files as scaffold
from perf_loadtests.scaffold.locustfile import read_locustfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perf_loadtests.scaffold.files import Service

IGNORED = ".perf/\nout/\n"
GITLAB_INCLUDE = "include:\n  - local: .gitlab/perf.yml\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked of `perf init`."""

    target: str | None
    max_rate: float
    ci: str | None
    forks: bool
    service: Service | None
    paths: tuple[str, ...]
    k6: Path | None
    locustfile: Path | None
    version: str

    @property
    def scenario(self) -> str:
        """Name of the scenario that the profiles run."""
        return self.locustfile.stem if self.locustfile else scaffold.SCENARIO


def files_of(wanted: Wanted, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Texts by path.

    Raises
    ------
    UsageError
        If nothing was asked for, or what was given cannot be used.
    """
    if not (wanted.target or wanted.ci or wanted.k6 or wanted.locustfile):
        raise UsageError(
            "init: nothing to begin with; expected --target URL, --ci github|gitlab, --from-k6 "
            "FILE or --from-locustfile FILE; next: perfproof init --help"
        )
    files: dict[str, str] = {}
    if wanted.target or wanted.service:
        url = scaffold.check_url(wanted.target) if wanted.target else None
        files["perf.yaml"] = scaffold.perf_yaml(wanted.service, url, wanted.max_rate)
    files[f"{scaffold.SCENARIOS}/{wanted.scenario}.py"] = _scenario(wanted, root, environ)
    for name, text in _profiles(wanted):
        if name in files:
            raise UsageError(
                f"init: {name} would be written twice; nothing written; next: rename "
                f"{wanted.k6} or its scenario"
            )
        files[name] = text
    if wanted.service and wanted.ci:
        files |= scaffold.pipelines(wanted.ci, wanted.service, wanted.version, forks=wanted.forks)
        if wanted.ci == scaffold.GITLAB and not (root / ".gitlab-ci.yml").exists():
            files[".gitlab-ci.yml"] = GITLAB_INCLUDE
    if not (root / ".gitignore").exists():
        files[".gitignore"] = IGNORED
    return files


def _scenario(wanted: Wanted, root: Path, environ: Mapping[str, str]) -> str:
    if wanted.locustfile is None:
        return scaffold.scenario_py(wanted.paths)
    return read_locustfile(wanted.locustfile, root, environ)


def _profiles(wanted: Wanted) -> Iterator[tuple[str, str]]:
    if wanted.service:
        text = scaffold.profile_yaml(scaffold.GATE, wanted.scenario)
        yield f"{scaffold.PROFILES}/{scaffold.GATE}.yaml", text
    if wanted.k6:
        stem = wanted.k6.stem if is_name(wanted.k6.stem) else "k6"
        for profile in read_k6_script(wanted.k6):
            name = f"{stem}-{profile.name}" if profile.name else stem
            text = scaffold.k6_yaml(
                wanted.k6.name, profile.members, profile.left_out, wanted.scenario
            )
            yield f"{scaffold.PROFILES}/{name}.yaml", text
    elif wanted.target or wanted.locustfile:
        text = scaffold.profile_yaml(scaffold.FIRST, wanted.scenario)
        yield f"{scaffold.PROFILES}/{scaffold.FIRST}.yaml", text


def left_out(files: Mapping[str, str]) -> Iterator[str]:
    """Lines that say what of a k6 script is in no profile."""
    for name, text in files.items():
        for line in text.splitlines():
            if line.startswith(scaffold.LEFT_OUT):
                yield f"{name}: {line.removeprefix('# ')}"


def next_steps(wanted: Wanted, root: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Lines that say what to do now."""
    target = scaffold.SERVICE if wanted.target else "URL"
    if wanted.k6 and not wanted.locustfile:
        scenario = f"{scaffold.SCENARIOS}/{wanted.scenario}.py"
        yield f"k6's default function is not translated: write it in {scenario}."
    for name in files:
        folder, _, file = name.rpartition("/")
        profile = file.removesuffix(".yaml")
        if folder == scaffold.PROFILES and profile != scaffold.GATE:
            yield f"next: perfproof run --profile {profile} --target {target}"
    if wanted.ci:
        yield "next: read perf.yaml, commit all of it, and open a pull request."
        yield (
            "to try it here: git worktree add --detach .perf/base HEAD && perfproof run --profile "
            "pull-request --target head --control base"
        )
    if wanted.ci == scaffold.GITLAB and (root / ".gitlab-ci.yml").read_text() != GITLAB_INCLUDE:
        yield "next: add to .gitlab-ci.yml: include: [{local: .gitlab/perf.yml}]"
    if (root / ".gitignore").read_text() != IGNORED:
        yield "next: add .perf/ and out/ to .gitignore"
