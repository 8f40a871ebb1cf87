"""Virtual environments that see the development tools' dependencies, and of ours only a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from repository import ROOT, child_environ, kept_files

PIP = ("--disable-pip-version-check", "--quiet")
OFFLINE = ("--no-deps", "--no-index", "--no-build-isolation")


@dataclass(frozen=True, slots=True)
class Venv:
    """One virtual environment."""

    root: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, or any other, in a folder; it must succeed."""
        path = os.pathsep.join([str(self.root / "bin"), os.environ["PATH"]])
        done = subprocess.run(
            [shutil.which(command[0], path=path) or command[0], *command[1:]],
            cwd=cwd,
            env=child_environ() | {"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def pip(self, *arguments: str) -> None:
        """Let pip work on it, without any index."""
        command = [sys.executable, "-m", "pip", *PIP, "--python", str(self.python), *arguments]
        done = subprocess.run(
            command, env=child_environ(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, *what: str) -> None:
        """Install from files alone."""
        self.pip("install", *OFFLINE, *what)


def make_venv(root: Path, dependencies: Path) -> Venv:
    """A virtual environment without pip, with the dependencies on its path."""
    venv.create(root, symlinks=True)
    found = Venv(root)
    packages = Path(found.run(str(found.python), "-c", PURELIB, cwd=root).stdout.strip())
    # a folder named in a .pth file joins the path, but .pth files in it are not read
    (packages / "dependencies.pth").write_text(f"{dependencies}\n")
    return found


PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"


def link_dependencies(folder: Path) -> Path:
    """A folder with a link to each installed thing, but for the project itself."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lstrip("_").startswith("perf"):
            (folder / entry.name).symlink_to(entry)
    return folder


def copy_repository(folder: Path) -> Path:
    """A copy of what git keeps: the clone that somebody else would have."""
    for path in kept_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder


def build(source: Path, target: str, into: Path) -> Path:
    """The one file that hatchling builds: a `wheel` or an `sdist`."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    done = subprocess.run(
        command, cwd=source, env=child_environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = into.iterdir()
    return built


def write_wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    """The smallest wheel of a distribution with these files."""
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel
