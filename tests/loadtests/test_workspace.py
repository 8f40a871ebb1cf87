from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import ScenarioError, UsageError
from perf_loadtests.workspace import Workspace, shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

A02 = ["", " ", ".", "..", "/etc/passwd", "../x", "a/b", "-rf", ".hidden", "x" * 300, "a\nb",
       "%2e%2e", "a:b", "CON", "\U0001f600", "\u00e9", "e\u0301", "a..b", "\0"]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("profiles", "scenarios"):
        (tmp_path / "loadtests" / folder).mkdir(parents=True)
    return Workspace(tmp_path)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_shipped_files_serve_where_the_workspace_has_none(workspace: Workspace) -> None:
    found = workspace.find_profile("smoke")
    assert (found.name, found.path, found.shipped) == (
        "smoke", shipped_folder("profiles") / "smoke.yaml", True,
    )  # fmt: skip
    scenario = workspace.find_scenario("health_check", found.path.parent)
    assert (scenario.path, scenario.class_name) == (
        shipped_folder("scenarios") / "health_check.py", None,
    )  # fmt: skip


def test_an_empty_folder_is_a_workspace(tmp_path: Path) -> None:
    bare = Workspace(tmp_path)
    assert bare.find_profile("sustained").shipped
    assert bare.config().targets == {}
    assert bare.state == tmp_path / ".perf"
    assert bare.baselines == tmp_path / "baselines"


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_own_files_come_first(workspace: Workspace, suffix: str) -> None:
    own = touch(workspace.root / "loadtests" / "profiles" / f"smoke{suffix}")
    assert workspace.find_profile("smoke").path == own
    assert not workspace.find_profile("smoke").shipped
    scenario = touch(workspace.root / "loadtests" / "scenarios" / "health_check.py")
    found = workspace.find_scenario("health_check:Check", own.parent)
    assert (found.path, found.class_name, found.shipped) == (scenario, "Check", False)


def test_two_files_of_one_name_are_ambiguous(workspace: Workspace) -> None:
    for suffix in (".yaml", ".yml"):
        touch(workspace.root / "loadtests" / "profiles" / f"mine{suffix}")
    with pytest.raises(UsageError, match=r"ambiguous: mine\.yaml and mine\.yml"):
        workspace.find_profile("mine")


def test_a_path_works_for_a_profile(workspace: Workspace) -> None:
    path = touch(workspace.root / "elsewhere" / "mine.yml")
    for spec in ("elsewhere/mine.yml", str(path)):
        found = workspace.find_profile(spec)
        assert (found.name, found.path) == ("mine", path)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("smok", 'no profile smok; did you mean "smoke"; known: benchmark, mine, ramp, smoke'),
        ("missing.yaml", 'no file "missing.yaml"; profiles: benchmark, mine, ramp'),
        ("Mine.yaml", 'a profile\'s file is named with lower-case letters'),
        ("x\0.yaml", "no file"),
        ("x" * 5_000 + ".yaml", "no file"),
    ],
)  # fmt: skip
def test_what_is_not_found_is_answered_with_what_is(
    workspace: Workspace, spec: str, said: str
) -> None:
    touch(workspace.root / "loadtests" / "profiles" / "mine.yaml")
    touch(workspace.root / "Mine.yaml")
    with pytest.raises(UsageError) as caught:
        workspace.find_profile(spec)
    assert said in str(caught.value)


@pytest.mark.parametrize("spec", A02, ids=ascii)
def test_a02_names_that_are_refused(workspace: Workspace, spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        workspace.find_profile(spec)
    assert str(caught.value).isprintable()
    with pytest.raises(ScenarioError) as caught:
        workspace.find_scenario(spec, workspace.root)
    assert str(caught.value).isprintable()


def test_a_scenarios_path_is_tried_beside_its_profile_then_from_the_root(
    workspace: Workspace,
) -> None:
    beside = touch(workspace.root / "flows" / "Buy.py")
    profiles = workspace.root / "loadtests" / "profiles"
    found = workspace.find_scenario("Buy.py:Buyer", beside.parent)
    assert (found.path, found.class_name) == (beside, "Buyer")
    assert workspace.find_scenario("flows/Buy.py", profiles).path == beside
    assert workspace.find_scenario(str(beside), profiles).path == beside
    with pytest.raises(ScenarioError, match=r'no file "gone\.py"'):
        workspace.find_scenario("gone.py", profiles)


def test_an_unknown_scenario_lists_the_known(workspace: Workspace) -> None:
    touch(workspace.root / "loadtests" / "scenarios" / "shop.py")
    touch(workspace.root / "loadtests" / "scenarios" / "__init__.py")
    with pytest.raises(ScenarioError) as caught:
        workspace.find_scenario("health-check", workspace.root)
    assert str(caught.value) == (
        'no scenario health-check; did you mean "health_check"; '
        "known: api_endpoints, health_check, shop"
    )


def test_perf_yaml_is_read_from_the_root(workspace: Workspace) -> None:
    (workspace.root / "perf.yaml").write_text("targets: {staging: {url: https://x.example}}\n")
    assert workspace.config().targets["staging"].url == "https://x.example"
