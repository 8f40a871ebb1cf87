"""Rows of the bad-input catalogue that any YAML file is subject to, whatever it is for."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import ProfileError
from perf_documents.problems import MAX_FOUND, Problems
from perf_documents.strict_yaml import load_yaml, parse_yaml
from perf_documents.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from pathlib import Path

NINE_LEVELS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
CONFLICT = "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"


def parse(text: str) -> Mapping:
    problems = Problems("f.yaml")
    tree = parse_yaml(text, problems)
    problems.raise_if_any()
    return tree


def refusals(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse(text)
    return caught.value.problems


def plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return {entry.key: plain(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.text


REFUSED = [
    ("Y11-nan", "a: .nan", "1:4: not finite"),
    ("Y11-inf", "a: [.inf]", "1:5: not finite"),
    ("Y11-minus-inf", "a: {b: -.inf}", "1:8: not finite"),
    ("Y12", "a: 1.e+400", "1:4: not finite"),
    ("Y22", "a: 1\nb: 2\na: 3", '3:1: key "a" twice: first on line 1, again on line 3'),
    ("Y22-merge-twice", "a: &a {x: 1}\nb: {<<: *a, <<: *a}", 'key "<<" twice'),
    ("Y24", '1: x\n"1": y', '2:1: key "1" twice: first on line 1, again on line 2'),
    ("Y24-list-as-key", "? [a]\n: b", "1:3: a key that is not text"),
    ("Y24-empty-key", '"": x', "a key that is not text"),
    ("Y29-empty", "", "the file is empty"),
    ("Y29-comments", "# nothing\n# at all\n", "the file is empty"),
    ("Y29-marker", "---\n", "the file is empty"),
    ("Y30-scalar", "hello", "1:1: a single value at the top"),
    ("Y30-list", "- a\n- b", "1:1: a list at the top"),
    ("Y31", "a: 1\n---\nb: 2", "2:1: a second document"),
    ("Y32-indentation", "a:\n\tb: 1", "2:1: a tab in the indentation"),
    ("Y32-between", "a:\tb", "1:3: a tab between values"),
    ("Y33", 'a: !!python/object/apply:os.system ["id"]', "YAML tags are not used here"),
    ("Y34-binary", "a: !!binary aGk=", 'found "!!binary"'),
    ("Y34-set", "a: !!set {x, y}", 'found "!!set"'),
    ("Y34-timestamp", "a: !!timestamp 2024-01-01", 'found "!!timestamp"'),
    ("Y34-env", "a: !env X", 'found "!env"'),
    ("Y34-text", "a: !!str 1", 'found "!!str"'),
    ("Y34-on-key", "!!str a: 1", 'found "!!str"'),
    ("Y34-directive", "%TAG ! tag:x,2000:\n---\na: !y 1", "YAML directives are not used here"),
    ("Y35", NINE_LEVELS, "too many values; expected at most 10000"),
    ("Y35-uses", "a: &a x\nb: [" + ", ".join(["*a"] * 51) + "]", "too many aliases"),
    ("Y35-depth", "a: &a [[[[[[[[[[[x]]]]]]]]]]]\nb: [[[[[[[[[*a]]]]]]]]]", "nested too deeply"),
    ("Y36-list", "a: &a [*a]", "1:8: an alias inside its own anchor"),
    ("Y36-mapping", "a: &a {b: *a}", "an alias inside its own anchor"),
    ("Y36-unknown", "a: *b", '1:4: unknown alias "*b"'),
    ("Y36-redefined", "a: &a 1\nb: &a 2", 'anchor "a" is defined twice'),
    ("Y37", "a: " + "[" * 3_000, "nested too deeply"),
    ("Y37-many", "a: [" + "x, " * 10_001 + "]", "too many values"),
    ("Y45", CONFLICT, "1:1: unresolved merge conflict, lines 1, 3, 5"),
    ("Y46-escape", 'a: "\\ud800"', "1:4: a control or invisible character, U+D800"),
    ("Y46-nul-escape", 'a: "x\\0y"', "a control or invisible character, U+0000"),
    ("Y47-bidi", "a: x\u202ey", "1:5: a control or invisible character; expected visible text"),
    ("Y47-zero-width", "a: x\u200by", "found U+200B"),
    ("Y47-in-comment", "a: x # \u2066 y", "found U+2066"),
    ("Y47-escape", 'a: "\\u202e"', "U+202E"),
    ("Y47-bell", "a: \x07", "found U+0007"),
    ("Y47-noncharacter", "a: \ufffe", "a character that YAML does not allow"),
    ("Y54-equals", "a: =", '1:4: not a value; quote it; found "="'),
    ("Y54-merge", "a: <<", '1:4: not a value; quote it; found "<<"'),
    ("Y54-at", "a: @x", "1:4: not YAML: found character '@'"),
    ("Y54-backtick", "a: `x`", "1:4: not YAML"),
    ("Y54-percent", "a: %x", "1:4: not YAML"),
    ("unclosed", "a: {b: 1", "1:9: not YAML"),
    ("merge-of-text", "<<: x\na: 1", "<< takes a mapping"),
]


@pytest.mark.parametrize(("text", "said"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_refused_with_its_place(text: str, said: str) -> None:
    found = refusals(text)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("f.yaml:") for problem in found)


READ = [
    ("text", 'b: {x: on, y: "10", z: 010}', {"x": "on", "y": "10", "z": "010"}),
    ("Y23-own-key-after", "a: &a {x: 1, y: 1}\nb: {<<: *a, x: 2}", {"x": "2", "y": "1"}),
    ("Y23-own-key-before", "a: &a {x: 1, y: 1}\nb: {x: 2, <<: *a}", {"x": "2", "y": "1"}),
    ("Y23-first-merged", "a: &a {x: 1}\nc: &c {x: 2, y: 2}\nb: {<<: [*a, *c]}",
     {"x": "1", "y": "2"}),
    ("Y42", "\ufeffb: {x: 1}", {"x": "1"}),
    ("Y44", "b:\r\n  x: 1\r\n", {"x": "1"}),
    ("quoted", 'b: {x: "<<", y: "=", z: "\\n"}', {"x": "<<", "y": "=", "z": "\n"}),
    ("emoji", "b: {x: \U0001f600}", {"x": "\U0001f600"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [pytest.param(*c[1:], id=c[0]) for c in READ])
def test_values_stay_as_written(text: str, value: dict[str, str]) -> None:
    tree = plain(parse(text))
    assert isinstance(tree, dict)
    assert tree["b"] == value


def test_places_are_kept() -> None:
    entry = parse("a: 1\nlist:\n  - x\n  - {k: v}\n").entries[1]
    assert (entry.mark, entry.value.mark) == ((2, 1), (3, 3))
    assert isinstance(entry.value, Sequence)
    assert [item.mark for item in entry.value.items] == [(3, 5), (4, 5)]


def test_tags_have_no_side_effect(tmp_path: Path) -> None:
    made = tmp_path / "made"
    refusals(f'a: !!python/object/apply:os.system ["touch {made}"]')
    assert not made.exists()


def test_all_problems_are_said_at_once_up_to_twenty() -> None:
    found = refusals("".join(f"k{n}: .nan\n" for n in range(25)))
    assert len(found) == 21
    assert found[0].startswith("f.yaml:1:5")
    assert found[-1] == "f.yaml: and 5 more"


def test_found_text_is_escaped_and_cut() -> None:
    (problem,) = refusals('a: !<"\u00e9' + "x" * 1_000 + "> 1")[:1]
    assert "\u00e9" not in problem
    assert len(problem) < MAX_FOUND + 100


def read_file(path: Path) -> str:
    with pytest.raises(ProfileError) as caught:
        load_yaml(path, Problems("f.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"a: 1" + b" " * 2**20, "too large", id="Y38"),
        pytest.param(b"a: x\0y\n", "f.yaml:1:5: not UTF-8 at byte 4: a NUL byte", id="Y40"),
        pytest.param(b"a: 1\nb: caf\xe9\n", "f.yaml:2:7: not UTF-8 at byte 11", id="Y41"),
        pytest.param("a: 1\n".encode("utf-16"), "not UTF-8 at byte 0", id="Y43"),
        pytest.param("a: 1\n".encode("utf-16-le"), "not UTF-8 at byte 1", id="Y43-no-mark"),
        pytest.param(b"a: \xed\xa0\x80\n", "not UTF-8 at byte 3", id="Y46-bytes"),
    ],
)
def test_bytes_that_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(data)
    assert said in read_file(path)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name in ("fifo", "socket", ".", "/dev/zero"):
            assert "not a regular file" in read_file(tmp_path / name), name
    assert "no such file" in read_file(tmp_path / "missing.yaml")
    assert "not a file name" in read_file(tmp_path / "a\0b")


def test_marks_and_line_ends_do_not_change_the_tree(tmp_path: Path) -> None:
    trees = []
    for data in (b"a: 1\nb: [x]\n", b"\xef\xbb\xbfa: 1\r\nb: [x]\r\n"):
        path = tmp_path / "f.yaml"
        path.write_bytes(data)
        trees.append(load_yaml(path, Problems("f.yaml")))
    assert trees[0] == trees[1]
