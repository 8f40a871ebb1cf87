"""Scanners of others, each through a stand-in: what they did not look at is never clean."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

import advisories
import image_packages
import leaks
from advisories import layers_of, pins_of
from checkouts import git

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2027, 1, 31)
LOCK = "alembic==1.20.1 \\\n    --hash=sha256:00\n    # via perfproof\nzope-event==6.2 \\\n"
CLEAN = [{"name": "alembic", "version": "1.20.1", "vulns": []},
         {"name": "Zope.Event", "version": "6.2", "vulns": []}]  # fmt: skip
BAD = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["6.3"]}
STATUS = "Package: libssl3\nStatus: install ok installed\n\nPackage: zlib1g\n"


def stand_in(folder: Path, text: str = "", code: int = 0, messages: str = "") -> str:
    """A program that prints what it is told."""
    (folder / "answer").write_text(text)
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\ncat '{folder}/answer'\necho '{messages}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def audited(dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock.txt"
    path.write_text(LOCK)
    return path


def audit(lock: Path, tool: str, *more: str) -> int:
    given = ["--lock", str(lock), "--command", tool, "--out", str(lock.parent / "findings"), *more]
    return advisories.main(given, TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(audited(CLEAN), "", id="clean"),
        pytest.param("", "nothing was checked", id="service unreachable"),
        pytest.param("<html>", "nothing was checked", id="garbage"),
        pytest.param("[]", "nothing was checked", id="another form"),
        pytest.param(audited([]), "alembic 1.20.1: was not looked up", id="empty"),
        pytest.param(audited(CLEAN[:1]), "zope-event 6.2: was not looked up", id="one left out"),
        pytest.param(
            audited([CLEAN[0], {"name": "zope-event", "skip_reason": "not on the index"}]),
            "zope-event 6.2: was not looked up: not on the index", id="one skipped",
        ),
        pytest.param(
            audited([CLEAN[0], {**CLEAN[1], "version": "6.1"}]),
            "zope-event 6.2: was not looked up",
            id="another version",
        ),
        pytest.param(audited([{"name": 1}]), "nothing was checked", id="odd items"),
        pytest.param(
            audited([CLEAN[0], {**CLEAN[1], "vulns": [BAD]}]),
            "zope-event 6.2: PYSEC-2026-1, CVE-2026-1; fixed by 6.3", id="vulnerable",
        ),
    ],
)  # fmt: skip
def test_packages_are_clean_only_if_each_was_looked_up(
    lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    tool = stand_in(tmp_path, text, int(bool(said)), "could not connect")
    assert audit(lock, tool) == bool(said)
    assert said in capsys.readouterr().err
    assert (tmp_path / "findings" / "advisories.md").exists() == bool(said)


def test_pins_of_every_platform_are_looked_up_and_none_twice_at_once() -> None:
    lock = (
        "numpy==2.4 ; python_full_version < '3.12' \\\n    --hash=sha256:0\n"
        "numpy==2.5 ; python_full_version >= '3.12' \\\n"
        "pywin32==312 ; sys_platform == 'win32' \\\n"
    )
    asked = [[tuple(pin) for pin in layer] for layer in layers_of(pins_of(lock))]
    assert asked == [[("numpy", "2.4"), ("pywin32", "312")], [("numpy", "2.5")]]


def test_a_lock_without_packages_is_not_clean(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert audit(empty, stand_in(tmp_path, audited([]))) == 1


def test_no_scanner_and_one_that_hangs_are_findings(
    lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(lock, str(tmp_path / "nowhere")) == 1
    tool = tmp_path / "hangs"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    assert audit(lock, str(tool), "--deadline", "0.2") == 1
    err = capsys.readouterr().err
    assert "not ended after 0.2 s" in err


@pytest.mark.parametrize(("until", "code"), [("2027-01-31", 0), ("2027-01-30", 1)])
def test_an_advisory_is_passed_over_up_to_its_day(
    lock: Path, tmp_path: Path, until: str, code: int
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[advisories.ignored]\n"CVE-2026-1" = {{reason = "r", until = {until}}}\n')
    tool = stand_in(tmp_path, audited([CLEAN[0], {**CLEAN[1], "vulns": [BAD]}]), 1)
    assert audit(lock, tool, "--policy", str(policy)) == code


def test_an_advisory_is_not_passed_over_without_a_reason(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[advisories.ignored]\n"CVE-2026-1" = {reason = "", until = 2027-01-01}\n')
    with pytest.raises(ValueError, match="without a reason"):
        advisories.ignored(policy, TODAY)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("", 0, "", id="clean"),
        pytest.param("CVE-2026-9 libssl3 (remotely exploitable)\n", 0, "libssl3", id="vulnerable"),
        pytest.param("", 1, "nothing was checked", id="tracker unreachable"),
        pytest.param("error: odd\n", 0, "not understood: error: odd", id="another form"),
    ],
)
def test_an_image_is_clean_only_if_the_tracker_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, said: str
) -> None:
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME=trixie\nNAME="x"\n')
    tool = stand_in(tmp_path, text, code, "error: while downloading")
    assert image_packages.main(["--command", tool, str(tmp_path)]) == bool(said)
    streams = capsys.readouterr()
    assert said in streams.err
    assert ("2 packages of trixie" in streams.out) == (not said)


@pytest.mark.parametrize(
    ("status", "release"),
    [
        ("", "VERSION_CODENAME=trixie\n"),
        (STATUS, "ID=scratch\n"),
        (STATUS, "VERSION_CODENAME=$(x)\n"),
    ],
)
def test_an_image_of_which_nothing_is_known_is_not_clean(
    tmp_path: Path, status: str, release: str
) -> None:
    (tmp_path / "status").write_text(status)
    (tmp_path / "os-release").write_text(release)
    assert image_packages.main(["--command", stand_in(tmp_path), str(tmp_path)]) == 1


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.py").write_text("A = 1\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "a.py")
    return folder


FOUND = "Secret Type: AWS Access Key\nLocation:    a.py:1\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("", 0, "", id="clean"),
        pytest.param(FOUND, 1, "a.py:1: AWS Access Key", id="a key"),
        pytest.param("", 1, "nothing was checked", id="no finding"),
        pytest.param("", 2, "nothing was checked", id="broken"),
    ],
)
def test_files_are_clean_only_if_they_were_looked_at(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    text: str, code: int, said: str,
) -> None:  # fmt: skip
    tool = stand_in(tmp_path, text, code, "usage: wrong")
    assert leaks.main(["--command", tool, "--root", str(repository)]) == bool(said)
    assert said in capsys.readouterr().err


def test_a_repository_without_files_is_not_clean(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").unlink()
    assert leaks.main(["--command", stand_in(tmp_path), "--root", str(repository)]) == 1
