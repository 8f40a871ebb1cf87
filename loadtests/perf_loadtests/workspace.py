"""Where profiles, scenarios and perf.yaml are looked up: the user's folder, then what ships."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from perf_documents.errors import ScenarioError, UsageError
from perf_documents.names import NAME_RULE, is_name, parse_scenario
from perf_documents.problems import quote_found, suggest
from perf_documents.targets import load_workspace_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perf_documents.names import ScenarioSpec
    from perf_documents.targets import WorkspaceConfig

_PROFILE_SUFFIXES = (".yaml", ".yml")
_SCENARIO_SUFFIXES = (".py",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    """A profile's file; `name` is what runs and baselines are filed under."""

    name: str
    path: Path
    shipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """A scenario's file, and the one class of it that is wanted, if not all."""

    path: Path
    class_name: str | None
    shipped: bool


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with `loadtests/profiles/`, `loadtests/scenarios/` and perhaps perf.yaml."""

    root: Path

    @property
    def state(self) -> Path:
        """Folder of everything perfproof writes unasked."""
        return self.root / ".perf"

    @property
    def baselines(self) -> Path:
        """Folder of accepted baselines."""
        return self.root / "baselines"

    def config(self) -> WorkspaceConfig:
        """Return what perf.yaml says; `ProfileError` where it cannot be read."""
        return load_workspace_config(self.root / "perf.yaml")

    def profiles(self) -> tuple[str, ...]:
        """Return the names of all profiles, shipped ones included."""
        return _names((self._profiles, shipped_folder("profiles")), _PROFILE_SUFFIXES)

    def scenarios(self) -> tuple[str, ...]:
        """Return the names of all scenarios, shipped ones included."""
        return _names((self._scenarios, shipped_folder("scenarios")), _SCENARIO_SUFFIXES)

    def find_profile(self, spec: str) -> ProfileFile:
        """Return the file of a profile's name, or of a path that ends in .yaml or .yml."""
        if spec.endswith(_PROFILE_SUFFIXES):
            return self._profile_at(spec)
        if not is_name(spec):
            found = quote_found(spec)
            raise UsageError(
                f"--profile: {found} is neither a profile's name ({NAME_RULE}) nor a path that "
                "ends in .yaml"
            )
        for folder in (self._profiles, shipped_folder("profiles")):
            path = _only_one(folder, spec, _PROFILE_SUFFIXES)
            if path is not None:
                return ProfileFile(name=spec, path=path, shipped=folder != self._profiles)
        raise UsageError(f"--profile: {_unknown('profile', spec, self.profiles())}")

    def find_scenario(self, spec: str, relative_to: Path) -> ScenarioFile:
        """Return the file of a scenario: `NAME`, `NAME:Class`, or a path with or without a class.

        Parameters
        ----------
        spec : str
        relative_to : Path
            Folder of the profile that names it; paths are tried from there, then from the root.
        """
        try:
            wanted = parse_scenario(spec)
        except ValueError as error:
            raise ScenarioError(f"scenario {quote_found(spec)}: {error}") from None
        if wanted.is_path:
            return self._scenario_at(wanted, relative_to)
        for folder in (self._scenarios, shipped_folder("scenarios")):
            path = folder / f"{wanted.where}.py"
            if path.is_file():
                shipped = folder != self._scenarios
                return ScenarioFile(path=path, class_name=wanted.class_name, shipped=shipped)
        raise ScenarioError(_unknown("scenario", wanted.where, self.scenarios()))

    @property
    def _profiles(self) -> Path:
        return self.root / "loadtests" / "profiles"

    @property
    def _scenarios(self) -> Path:
        return self.root / "loadtests" / "scenarios"

    def _profile_at(self, spec: str) -> ProfileFile:
        path = self.root / spec
        if not _is_file(path):
            where = f"no file {quote_found(spec)}"
            raise UsageError(f"--profile: {where}; profiles: {', '.join(self.profiles())}")
        if not is_name(path.stem):
            found = quote_found(path.stem)
            raise UsageError(
                f"--profile: a profile's file is named with {NAME_RULE}; found {found}"
            )
        return ProfileFile(name=path.stem, path=path, shipped=False)

    def _scenario_at(self, wanted: ScenarioSpec, relative_to: Path) -> ScenarioFile:
        for folder in (relative_to, self.root):
            path = folder / wanted.where
            if _is_file(path):
                return ScenarioFile(path=path, class_name=wanted.class_name, shipped=False)
        raise ScenarioError(f"scenario: no file {quote_found(wanted.where)}")


def shipped_folder(kind: str) -> Path:
    """Return the folder of what ships with the package: `profiles` or `scenarios`."""
    return Path(str(resources.files("perf_loadtests"))) / kind


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or a NUL
        return False


def _only_one(folder: Path, name: str, suffixes: Iterable[str]) -> Path | None:
    found = [path for suffix in suffixes if (path := folder / f"{name}{suffix}").is_file()]
    if len(found) > 1:
        both = " and ".join(path.name for path in found)
        raise UsageError(f"--profile: {name} is ambiguous: {both}; keep one of them")
    return found[0] if found else None


def _names(folders: Iterable[Path], suffixes: tuple[str, ...]) -> tuple[str, ...]:
    names = {
        path.stem
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.suffix in suffixes and is_name(path.stem)
    }
    return tuple(sorted(names))


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    return f"no {kind} {name}{suggest(name, known)}; known: {', '.join(known)}"
