"""Feeders without a run: which row is whose, and files that cannot be used."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_runs import plan_of
from perf_documents.errors import ScenarioError
from perf_loadtests import checks, current, data
from perf_loadtests.current import Place, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perf_loadtests.data import Feeder


class Run:
    """A run whose code stands where a test says."""

    def __init__(self, seed: int = 1) -> None:
        self.place: Place | None = Place(0, 0)
        self.checked: list[tuple[str, bool]] = []
        self.session = Session(seed=seed, place=lambda: self.place, check=self.check)
        current.begin(self.session)

    def check(self, name: str, *, ok: bool) -> None:
        self.checked.append((name, ok))

    def rows(self, feeder: Feeder, numbers: range, *, vu: bool = False) -> list[str]:
        found = []
        for number in numbers:
            self.place = Place(None if vu else number, number)
            found.append(str(feeder.row()["id"]))
        return found


@pytest.fixture
def run() -> Iterator[Run]:
    yield Run()
    current.end()


def users(folder: Path, count: int = 10, **options: str | bool) -> Feeder:
    path = folder / "users.csv"
    lines = "".join(f"{number},name {number}\n" for number in range(count))
    path.write_text(f"id,name\n{lines}", encoding="utf-8")
    return data.feeder(path, **options)  # type: ignore[arg-type]  # wrong ones too


def test_the_row_of_arrival_i_is_i_modulo_their_number(run: Run, tmp_path: Path) -> None:
    feeder = users(tmp_path, 3)
    assert run.rows(feeder, range(7)) == ["0", "1", "2", "0", "1", "2", "0"]
    run.place = Place(4, 9)
    assert feeder.row() == feeder.row() == {"id": "1", "name": "name 1"}
    # a scenario may write into its row: the file's own stays as it is
    feeder.row()["id"] = "mine"
    assert feeder.row()["id"] == "1"


@given(st.integers(1, 8), st.integers(1, 40))
def test_no_two_workers_take_one_row_before_all_are_taken(workers: int, count: int) -> None:
    own = Run()
    made = data.Feeder("x", [{"id": n} for n in range(count)], "", {"order": "sequential",
                       "per": "iteration", "on_end": "wrap"})  # fmt: skip
    made.mix(7, shuffle=True)
    taken = [own.rows(made, range(worker, count, workers)) for worker in range(workers)]
    current.end()
    assert Counter(row for rows in taken for row in rows) == Counter(map(str, range(count)))


def test_a_shuffle_is_one_permutation_by_the_seed(tmp_path: Path) -> None:
    found = []
    for seed in (1, 1, 2):
        own = Run(seed)
        found.append(own.rows(users(tmp_path, 20, shuffle=True), range(40)))
        current.end()
    assert found[0] == found[1] != found[2]
    assert sorted(found[0][:20]) == sorted(map(str, range(20)))
    assert found[0][:20] == found[0][20:] != sorted(found[0][:20])


def test_random_rows_are_drawn_by_seed_and_number(tmp_path: Path) -> None:
    found = []
    for seed in (1, 1, 2):
        own = Run(seed)
        found.append(own.rows(users(tmp_path, 5, order="random"), range(500)))
        current.end()
    assert found[0] == found[1] != found[2]
    assert set(Counter(found[0])) == set("01234")
    assert min(Counter(found[0]).values()) > 60


def test_each_vu_keeps_its_row_and_has_it_in_on_start(run: Run, tmp_path: Path) -> None:
    feeder = users(tmp_path, 4, per="vu")
    assert run.rows(feeder, range(6), vu=True) == ["0", "1", "2", "3", "0", "1"]


def test_outside_an_iteration_there_is_no_row(run: Run, tmp_path: Path) -> None:
    feeder = users(tmp_path)
    run.place = Place(None, 3)
    with pytest.raises(RuntimeError, match='in on_start, use per="vu"'):
        feeder.row()
    run.place = None
    with pytest.raises(RuntimeError, match="belongs into a task"):
        feeder.row()


def test_rows_used_once_must_suffice_for_the_plan(run: Run, tmp_path: Path) -> None:
    feeder = users(tmp_path, 20, on_end="stop")
    feeder.check(plan_of(rate=10.0, duration_s=2.0))
    with pytest.raises(ScenarioError, match=r"holds 20 rows.*the plan has 21 iterations"):
        feeder.check(plan_of(rate=10.5, duration_s=2.0))
    with pytest.raises(ScenarioError, match='ramping-vus has not; next: per="vu"'):
        feeder.check(plan_of(vus=2))
    with pytest.raises(RuntimeError, match="row 21 is wanted of 20"):
        run.rows(feeder, range(19, 21))
    per_vu = users(tmp_path, 20, on_end="stop", per="vu")
    per_vu.check(plan_of(vus=20))
    with pytest.raises(ScenarioError, match="the plan has 100 VUs"):
        per_vu.check(plan_of(rate=1.0))
    users(tmp_path, 1).check(plan_of(rate=100.0))


def test_under_plain_locust_whoever_asks_takes_the_next_row(tmp_path: Path) -> None:
    feeder = users(tmp_path, 2)
    assert [feeder.row()["id"] for _ in range(3)] == ["0", "1", "0"]
    assert checks.check("anything", ok=0) is False


def test_a_list_of_objects_keeps_its_types(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    path.write_text('[{"id": 1, "tags": ["a"]}, {"id": null, "tags": []}]', encoding="utf-8")
    feeder = data.feeder(path)
    run.place = Place(1, 0)
    assert (len(feeder), feeder.row()) == (2, {"id": None, "tags": []})
    assert run.session.feeders == [feeder]
    assert len(feeder.sha256) == 64


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("u.csv", None, r"u\.csv: no such file"),
        ("u.csv", b"", r"u\.csv:1: holds no rows"),
        ("u.csv", b"id,name\n", r"u\.csv:1: holds no rows"),
        ("u.csv", b"id,name\n1,a\n2\n", r"u\.csv:3: 1 values, the header names 2: id, name"),
        ("u.csv", b"id\n1\n2,b\n", r"u\.csv:3: 2 values"),
        ("u.csv", b"id,name\n1,a\n\n2,b\n", r"u\.csv:3: 0 values"),
        ("u.csv", b"id,id\n1,2\n", r"u\.csv:1: the header line names each column once"),
        ("u.csv", b"id,\n1,2\n", r"u\.csv:1: the header line"),
        ("u.csv", b"id,name\n1,caf\xe9\n", r"u\.csv:2: is not UTF-8: byte 0xe9"),
        ("u.csv", b'id\n"1\n', r"u\.csv:2: is no CSV: unexpected end"),
        ("u.csv", b"id\n1\x00\n", r"u\.csv:2: holds a NUL"),
        ("u.json", b"", r"u\.json:1: is no JSON"),
        ("u.json", b"[]", r"u\.json:1: holds no rows"),
        ("u.json", b'{"id": 1}', r"u\.json:1: holds no list"),
        ("u.json", b'[{"id": 1},\n {"id": 2},,]', r"u\.json:2: is no JSON"),
        ("u.json", b'[{"id": 1}, 2]', r"u\.json: item 2 of the list is no object"),
        ("u.json", b'[{"id": 1}, {"nid": 2}]', r"u\.json: item 2 differs .* in 'id', 'nid'"),
        ("u.json", b"[" * 100_000, r"u\.json:1: is no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_rows_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ScenarioError, match=says):
        data.feeder(tmp_path / name)


def test_ends_of_lines_and_a_mark_of_order_are_no_content(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_bytes(b'\xef\xbb\xbfid,name\r\n1,"a\r\nb"\r\n2,c\r\n\r\n')
    rows, _ = data.read_rows(tmp_path / "u.csv")
    assert rows == [{"id": "1", "name": "a\r\nb"}, {"id": "2", "name": "c"}]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"order": "backwards"}, "order is 'sequential' or 'random', not 'backwards'"),
        ({"per": "user"}, "per is 'iteration' or 'vu'"),
        ({"on_end": "fail"}, "on_end is 'wrap' or 'stop'"),
        ({"order": "random", "on_end": "stop"}, "needs each row once"),
        ({"order": "random", "shuffle": True}, "needs each row once"),
    ],
)
def test_calls_that_contradict_themselves_are_refused(
    tmp_path: Path, options: dict[str, str | bool], says: str
) -> None:
    with pytest.raises(ScenarioError, match=says):
        users(tmp_path, 10, **options)


def test_a_file_is_read_before_the_load_or_not_at_all(run: Run, tmp_path: Path) -> None:
    run.session.loading = False
    with pytest.raises(ScenarioError, match="called during the load"):
        users(tmp_path)


def test_a_check_returns_whether_it_held_and_is_counted(run: Run) -> None:
    assert checks.check(" has items ", ok=[1]) is True
    assert checks.check("has items", ok=None) is False
    assert run.checked == [("has items", True), ("has items", False)]
    for name in ("", "  ", 5):
        with pytest.raises(ValueError, match="expected a name"):
            checks.check(name, ok=True)  # type: ignore[arg-type]  # what a scenario may pass
