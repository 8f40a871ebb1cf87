"""Licences of what is installed against the list of those that are accepted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import licences
from licences import POLICY, Package, Policy

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause", "PSF-2.0"})


def install(folder: Path, name: str, *lines: str) -> Path:
    """A package of nothing but what it says of itself."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    said = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines]
    (info / "METADATA").write_text("\n".join(said) + "\n")
    return folder


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("MIT", set()),
        ("MIT AND PSF-2.0", set()),
        ("GPL-3.0-only OR MIT", set()),
        ("MIT OR GPL-3.0-only", set()),
        ("MIT AND GPL-3.0-only", {"GPL-3.0-only"}),
        ("AGPL-3.0-or-later", {"AGPL-3.0-or-later"}),
        ("(MIT OR GPL-2.0-only) AND LGPL-3.0-only", {"LGPL-3.0-only"}),
        ("MIT OR Apache-2.0 AND GPL-2.0-only", set()),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            {"GPL-2.0-only WITH Classpath-exception-2.0"},
        ),
        ("Apache-2.0 WITH LLVM-exception", {"Apache-2.0 WITH LLVM-exception"}),
    ],
)
def test_an_expression_needs_one_choice_of_which_all_is_allowed(
    expression: str, wrong: set[str]
) -> None:
    assert licences.refused(expression, ALLOWED) == wrong


@pytest.mark.parametrize("text", ["MIT AND", "(MIT", "MIT)", "OR MIT", "MIT MIT", "", "AND"])
def test_what_is_no_expression_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        licences.refused(text, ALLOWED)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(["License-Expression: MIT"], "", id="expression"),
        pytest.param(["License: MIT"], "", id="text"),
        pytest.param(["Classifier: License :: OSI Approved :: MIT License"], "", id="classifier"),
        pytest.param(["License: BSD 3-Clause License"], "", id="name"),
        pytest.param(["License-Expression: GPL-3.0-only"], "GPL-3.0-only is not", id="gpl"),
        pytest.param(["License: AGPLv3"], "AGPLv3 is not accepted", id="free text"),
        pytest.param(
            ["Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
            "no licence that is known", id="classifier of the gpl",
        ),
        pytest.param(
            ["Classifier: License :: OSI Approved :: MIT License",
             "Classifier: License :: Other/Proprietary License"],
            "no licence that is known", id="one of two",
        ),
        pytest.param(["Classifier: License :: OSI Approved"], "no licence", id="approved alone"),
        pytest.param(["License: " + "All rights reserved. " * 9], "no licence", id="a whole text"),
        pytest.param([], "says nothing", id="nothing"),
        pytest.param(["License-Expression: MIT AND"], "is no licence expression", id="broken"),
    ],
)  # fmt: skip
def test_what_a_package_says_of_itself_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], said: str
) -> None:
    packages = install(tmp_path / "packages", "thing", *lines)
    policy = tmp_path / "policy.toml"
    text = POLICY.read_text().partition("[licences.exceptions]")[0]
    policy.write_text(f"{text}\n[licences.exceptions]\n")
    out = tmp_path / "findings"
    given = ["--path", str(packages), "--policy", str(policy), "--out", str(out)]
    assert licences.main(given) == bool(said)
    assert said in capsys.readouterr().err
    assert (out / "licences.md").exists() == bool(said)


def test_an_exception_holds_for_the_licence_that_was_looked_at_alone() -> None:
    policy = Policy(allowed=ALLOWED, names={}, exceptions={"thing": "LGPL-3.0-only"})

    def said(licence: str) -> list[str]:
        package = Package(name="thing", expression=licence, classifiers=(), text="")
        return licences.judge([package], policy)

    assert said("LGPL-3.0-only") == []
    assert said("AGPL-3.0-only") == ["thing: excepted as LGPL-3.0-only, but says 'AGPL-3.0-only'"]
    assert licences.judge([], policy) == ["thing: excepted, but not installed"]


def test_an_exception_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        "[licences]\nallowed = []\n[licences.names]\n[licences.exceptions]\n"
        'a = {licence = "X", reason = " "}\n'
    )
    with pytest.raises(ValueError, match="without a reason"):
        Policy.read(path)


def test_a_folder_without_packages_is_not_clean(tmp_path: Path) -> None:
    assert licences.main(["--path", str(tmp_path)]) == 1


def test_all_that_is_installed_here_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.judge(licences.packages(sys.path), Policy.read(POLICY)) == []
    assert not {name for name in Policy.read(POLICY).allowed if "GPL" in name}
    assert licences.main([]) == 0
    assert "nothing found" in capsys.readouterr().out
