"""The runner that tests execute workflows with behaves as the host does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow_expressions import evaluate, filled, is_due
from workflow_steps import Machine, read_pairs, run_steps, run_workflow

if TYPE_CHECKING:
    from pathlib import Path

    from workflow_expressions import Value

CONTEXT: dict[str, Value] = {
    "github.ref": "refs/heads/main",
    "inputs.dry": True,
    "inputs.no": False,
    "a-b.c": "x",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("github.ref == 'REFS/HEADS/MAIN'", True),
        ("github.ref != 'x' && 'yes' || 'no'", "yes"),
        ("inputs.no && 'yes' || 'no'", "no"),
        ("!inputs.no && (inputs.dry || inputs.no)", True),
        # a boolean and a text are compared as numbers
        ("inputs.dry == 'true'", False),
        ("inputs.dry == true", True),
        ("secrets.TOKEN == ''", True),
        ("secrets.TOKEN || 'none'", "none"),
        ("vars.N == 0", True),
        ("contains(github.ref, 'HEADS') && startsWith(github.ref, 'refs/')", True),
        ("a-b.c", "x"),
        ("1 == 1.0", True),
    ],
)
def test_expressions_have_the_values_of_the_host(text: str, value: object) -> None:
    assert evaluate(text, CONTEXT) == value


@pytest.mark.parametrize("text", ["inputs.unknown", "hashFiles('x')", "(true", "true true"])
def test_what_is_not_known_is_an_error_and_never_empty(text: str) -> None:
    with pytest.raises(AssertionError):
        evaluate(text, CONTEXT)


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        ("", True, False),
        ("${{ inputs.dry }}", True, False),
        ("inputs.no", False, False),
        ("${{ !cancelled() }}", True, True),
        ("always() && inputs.no", False, False),
        ("failure()", False, True),
        ("${{ success() && inputs.dry }}", True, False),
    ],
)
def test_conditions_hold_after_success_unless_they_speak_of_it(
    condition: str, *, after_success: bool, after_failure: bool
) -> None:
    assert is_due(condition, CONTEXT, failed=False) == after_success
    assert is_due(condition, CONTEXT, failed=True) == after_failure


def test_texts_are_filled_with_values() -> None:
    assert filled("${{ inputs.dry }}-${{github.ref}}", CONTEXT) == "true-refs/heads/main"


def test_pairs_are_read_in_both_forms() -> None:
    assert read_pairs("a=1=2\nb<<END\nx\n\ny=z\nEND\nc=\n") == {
        "a": "1=2",
        "b": "x\n\ny=z",
        "c": "",
    }
    with pytest.raises(AssertionError):
        read_pairs("b<<END\nx\n")


def test_a_failed_step_leaves_out_what_needs_success_and_not_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_text(
        "jobs: {a: {steps: [{name: one, run: 'echo $X; exit 3', env: {X: '${{ github.token }}'}},\n"
        "{name: two, run: 'true'}, {name: three, if: '${{ !cancelled() }}', run: 'true'},\n"
        "{name: four, if: \"${{ !cancelled() && a == b }}\", run: 'true'}]}}\n"
    )
    done = run_steps(path, tmp_path, {}, {"github.token": "t", "a": "1", "b": "2"})
    assert [(step.name, step.code) for step in done] == [("one", 3), ("three", 0)]
    assert done[0].said == "t\n"


WORKFLOW = """\
env: {A: top, B: top}
defaults: {run: {working-directory: sub}}
jobs:
  last:
    needs: [first, never]
    if: ${{ always() && needs.first.result == 'success' }}
    steps:
      - uses: actions/download-artifact@x
        with: {pattern: 'k*', path: in, merge-multiple: true}
      - run: cat in/file; echo "$VALUE"; exit 1
        working-directory: .
        env: {VALUE: '${{ needs.first.outputs.word }}'}
      - {run: 'true', name: not after that}
  never: {needs: first, if: 'inputs.no', steps: [{run: 'false'}]}
  after: {needs: last, steps: [{run: 'true'}]}
  first:
    env: {B: job}
    outputs: {word: '${{ steps.say.outputs.word }}'}
    steps:
      - {uses: actions/checkout@x, with: {ref: '${{ github.ref }}'}}
      - {id: say, run: 'echo "word=$A $B $C" >>"$GITHUB_OUTPUT"; pwd', env: {C: step}}
      - {run: 'echo "# Summary" >>"$GITHUB_STEP_SUMMARY"; echo "D=4" >>"$GITHUB_ENV"'}
      - {id: odd, run: 'exit 7', continue-on-error: true}
      - {run: 'test "$D" = 4; echo more >>"$GITHUB_STEP_SUMMARY"; test "$O" = failure',
         env: {O: '${{ steps.odd.outcome }}'}}
      - {uses: actions/upload-artifact@x, with: {name: kept, path: "sub/file\\nnothing"}}
"""


def test_jobs_run_in_the_order_of_their_needs_and_hand_things_on(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_text(WORKFLOW)
    seen: list[str] = []

    def checkout(given: object, folder: Path) -> None:
        assert isinstance(given, dict)
        seen.append(given["ref"])
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("kept\n")

    ended = run_workflow(
        path,
        Machine(temp=tmp_path, context=CONTEXT, actions={"actions/checkout": checkout}),
    )
    assert seen == ["refs/heads/main"]
    first, last = ended["first"], ended["last"]
    assert first.outputs == {"word": "top job step"}
    assert first.summary == "# Summary\nmore\n"
    assert [step.code for step in first.steps] == [0, 0, 7, 0]
    assert {name: one.result for name, one in ended.items()} == {
        "first": "success", "never": "skipped", "last": "failure", "after": "skipped",
    }  # fmt: skip
    assert [step.said for step in last.steps] == ["kept\ntop job step\n"]
