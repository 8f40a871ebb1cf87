"""What is removed from the host, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import cleanup
from fakes.github import TOKEN, Fault
from fakes.upkeep import PATH

if TYPE_CHECKING:
    from fakes.upkeep import FakeHost
    from hub import Clock

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
VERSIONS = "/users/octo/packages/container/perfproof/versions"
HISTORY = "perfproof-history"


def days(count: float) -> str:
    """Time so many days ago, as the host writes it."""
    return (NOW - timedelta(days=count)).isoformat().replace("+00:00", "Z")


def artifact(number: int, age: float, branch: str | None = "main") -> dict[str, object]:
    return {
        "id": number, "name": f"perf-report-{number}", "created_at": days(age),
        "workflow_run": {"head_branch": branch},
    }  # fmt: skip


def cache(
    number: int, age: float, unused: float, ref: str = "refs/heads/main"
) -> dict[str, object]:
    return {
        "id": number, "key": f"packages-{number}", "ref": ref, "created_at": days(age),
        "last_accessed_at": days(unused),
    }  # fmt: skip


def version(number: int, age: float, *tags: str) -> dict[str, object]:
    return {
        "id": number, "name": digest(number), "created_at": days(age),
        "metadata": {"container": {"tags": list(tags)}},
    }  # fmt: skip


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def run(host: FakeHost, job: dict[str, str], clock: Clock, *arguments: str) -> int:
    """Clean up; the host must have been asked for nothing but what may go."""
    code = cleanup.main(arguments, job, NOW, clock)
    allowed = (f"{PATH}/actions/artifacts/", f"{PATH}/actions/caches/", f"{VERSIONS}/")
    assert all(path.startswith(allowed) for path in host.deleted())
    assert {method for method, _ in host.calls} <= {"GET", "DELETE"}
    return code


def test_old_artifacts_go_and_young_ones_stay(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.artifacts = [artifact(1, 29.9), artifact(2, 30.1), artifact(3, 400, None)]
    assert run(host, job, clock) == 0
    assert [one["id"] for one in host.artifacts] == [1]


@pytest.mark.parametrize(
    ("age", "unused", "goes"),
    [(7.1, 3.1, True), (6.9, 3.1, False), (7.1, 2.9, False), (90, 0.1, False)],
)
def test_caches_go_that_are_both_old_and_unused(
    host: FakeHost, job: dict[str, str], clock: Clock, age: float, unused: float, *, goes: bool
) -> None:
    host.caches = [cache(1, age, unused)]
    assert run(host, job, clock) == 0
    assert (host.caches == []) == goes


def test_what_belongs_to_the_branch_of_the_history_stays(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.artifacts = [artifact(1, 400, HISTORY)]
    host.caches = [cache(1, 400, 400, f"refs/heads/{HISTORY}")]
    assert run(host, job, clock) == 0
    assert not host.deleted()


def test_untagged_images_go_but_for_those_that_a_tagged_one_consists_of(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.perfproof = [
        version(1, 90, "main"), version(2, 90), version(3, 90), version(4, 29), version(5, 90)
    ]  # fmt: skip
    parts = [{"digest": digest(2)}, {"digest": digest(3)}]
    host.manifests = {digest(1): {"manifests": parts}}
    assert run(host, job, clock) == 0
    assert [one["id"] for one in host.perfproof or []] == [1, 2, 3, 4]


def test_images_of_an_organization_are_found_too(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.is_organization = True
    host.perfproof = [version(1, 90)]
    assert cleanup.main([], job, NOW, clock) == 0
    assert host.perfproof == []


def test_a_tagged_image_that_cannot_be_read_keeps_them_all(
    host: FakeHost, job: dict[str, str], clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    host.perfproof = [version(1, 90, "main"), version(2, 90)]
    host.artifacts = [artifact(1, 90)]
    assert run(host, job, clock) == 5
    assert len(host.perfproof or []) == 2
    assert not host.artifacts
    assert "nothing of them was removed" in capsys.readouterr().out


def test_where_no_image_was_ever_pushed_nothing_is_amiss(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    assert run(host, job, clock) == 0


def test_a_rehearsal_removes_nothing_and_names_what_would_go(
    host: FakeHost, job: dict[str, str], clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    host.artifacts, host.caches = [artifact(1, 90)], [cache(2, 90, 90)]
    host.perfproof = [version(3, 90)]
    assert run(host, job, clock, "--dry-run") == 0
    assert not host.deleted()
    out = capsys.readouterr().out
    for name in ("artifact perf-report-1", "cache packages-2", f"image {digest(3)}"):
        assert f"would remove {name}" in out


def test_everything_is_listed_before_anything_goes(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.artifacts = [artifact(number, 90) for number in range(1, 251)]
    assert run(host, job, clock) == 0
    assert not host.artifacts
    assert len(set(host.deleted())) == 250


@pytest.mark.parametrize(
    "item",
    [
        {"id": 1, "name": "x"},
        {"id": 1, "name": "x", "created_at": None},
        {"id": 1, "name": "x", "created_at": "yesterday"},
        {"id": 1, "name": "x", "created_at": "2020-01-01T00:00:00"},
        {"id": 1, "name": "x", "created_at": days(-9)},
    ],
)
def test_what_has_no_time_that_can_be_read_stays(
    host: FakeHost, job: dict[str, str], clock: Clock, item: dict[str, object]
) -> None:
    host.artifacts = [item]
    assert run(host, job, clock) == 0
    assert not host.deleted()


@pytest.mark.parametrize("identity", [None, "1/../../../x", True, -1])
def test_an_id_that_is_no_number_is_never_sent(
    host: FakeHost, job: dict[str, str], clock: Clock, identity: object
) -> None:
    host.artifacts = [{**artifact(1, 90), "id": identity}]
    assert run(host, job, clock) == 5
    assert not host.deleted()


def test_images_of_which_no_tags_are_told_count_as_tagged(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.perfproof = [{"id": 1, "name": digest(1), "created_at": days(90)}]
    host.manifests = {digest(1): {"layers": []}}
    assert run(host, job, clock) == 0
    assert not host.deleted()


def test_a_host_that_fails_is_said_and_what_is_gone_already_is_fine(
    host: FakeHost, job: dict[str, str], clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    host.artifacts = [artifact(1, 90), artifact(2, 90)]
    host.faults = [Fault(status=404, on="DELETE")]
    assert run(host, job, clock) == 0
    host.artifacts = [artifact(3, 90)]
    message = "Resource not accessible by integration"
    host.faults = [Fault(status=403, message=message, on="DELETE")]
    assert run(host, job, clock) == 5
    out = capsys.readouterr().out
    assert "actions: write" in out
    assert "artifacts: 1 left" in out
    assert TOKEN not in out


def test_a_list_that_is_none_removes_nothing(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    host.artifacts = [artifact(1, 90)]
    host.faults = [Fault(status=200, on="GET", at="artifacts")]
    assert run(host, job, clock) == 5
    assert not host.deleted()


def test_without_a_token_nothing_is_asked(
    host: FakeHost, job: dict[str, str], clock: Clock
) -> None:
    assert run(host, job | {"GITHUB_TOKEN": ""}, clock) == 2
    assert not host.calls
