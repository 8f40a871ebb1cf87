"""Tags that a profile declares: read strictly, used by selectors, stored with the plan."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from perf_documents.plan_codec import decode_plan, encode_plan
from perf_documents.profile import load_rules
from profile_texts import CONSTANT, problems_of, read

if TYPE_CHECKING:
    from pathlib import Path

TAGS = """tags:
  team: payments
  critical: ['GET /health', 'GET /api/*']
  kind: {read: ['GET *'], 'write all': ['POST *', /orders]}
"""
SUBJECTS = """thresholds:
  http_req_duration{team:payments,critical:true}: ['p(95)<500']
  http_req_failed{kind:write all}: ['rate<0.02']
  http_reqs{kind:read,critical:true}: ['count>1']
  iterations{team:payments}: ['count>1']
  checks{check:has items,team:payments}: ['rate>0.9']
"""


def test_selectors_by_declared_tags_know_which_names_they_mean() -> None:
    plan = read(CONSTANT + TAGS + SUBJECTS)
    found = {threshold.subject: threshold.names for threshold in plan.thresholds}
    listed, read_names = ("GET /health", "GET /api/*"), ("GET *",)
    assert found["http_req_duration{team:payments,critical:true}"] == (listed,)
    assert found["http_req_failed{kind:write all}"] == (("POST *", "/orders"),)
    assert found["http_reqs{kind:read,critical:true}"] == (read_names, listed)
    assert found["iterations{team:payments}"] == ()
    assert plan.tags.run == {"team": "payments"}
    assert decode_plan(json.loads(json.dumps(encode_plan(plan)))) == plan


def test_a_plan_without_tags_is_written_as_before() -> None:
    assert "tags" not in encode_plan(read(CONSTANT))
    plain, tagged = read(CONSTANT), read(CONSTANT + "tags: {team: payments}\n")
    # what a run is called makes it no other load
    assert plain.load_hash("5" * 64, "lean") == tagged.load_hash("5" * 64, "lean")


def test_rules_may_declare_tags_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(f"{TAGS}{SUBJECTS}", encoding="utf-8")
    assert len(load_rules(path)) == 5


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("{name: x}", "p.yaml:6:8: tags: name is a tag by itself"),
        ("{url: x}", "tags: url is a tag by itself, or one of k6's"),
        ("{check: x}", "tags: check is a tag by itself"),
        ("{'my tag': x}", '"my tag" is no name of a tag'),
        ("{a: ''}", "a tag's value; expected up to 100 characters"),
        ("{a: 'x,y'}", "a tag's value; expected up to 100 characters"),
        ("{a: 5}", "not a text: quote it"),
        ("{a: yes}", "not a text: quote it"),
        ("{a: []}", "names of requests; expected 1 to 50, such as 'GET /health'"),
        ("{a: ['']}", "a name of requests; expected 1 to 220 characters"),
        ("{a: [[GET /x]]}", "the wrong kind of value; expected a text"),
        ("{a: {}}", "values of a tag; expected 1 to 20"),
        ("{a: {b: GET /x}}", "the wrong kind of value; expected a list"),
        ("{a: {'b,c': [GET /x]}}", "is no value of a tag"),
        ("[a]", "the wrong kind of value; expected a mapping"),
        ("{" + ", ".join(f"a{n}: x" for n in range(21)) + "}", "too many tags; expected at most"),
    ],
)
def test_what_cannot_be_a_tag_is_refused_with_its_place(block: str, says: str) -> None:
    problems = problems_of(f"{CONSTANT}tags: {block}\n")
    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("http_req_duration{crtical:true}", "unknown tag .*; did you mean critical"),
        ("http_req_duration{critical:yes}", "critical is declared without the value .*true"),
        ("http_req_duration{team:payment}", "without the value .*; did you mean payments"),
        ("http_req_duration{kind:raed}", "without the value .*; did you mean read|known: read"),
        ("iterations{critical:true}", "iterations has no tag critical: it is declared by names"),
        ("checks{check:x,critical:true}", "a check carries no tag critical"),
        ("http_req_duration{team:payments,team:payments}", "the tag team is given twice"),
    ],
)
def test_a_tag_that_could_select_nothing_is_refused(subject: str, says: str) -> None:
    count = "count>1" if subject.startswith("iterations") else "p(95)<5"
    (problem,) = problems_of(f"{CONSTANT}{TAGS}thresholds: {{'{subject}': ['{count}']}}\n")
    assert problem.startswith("p.yaml:10:")
    assert re.search(says, problem), problem
