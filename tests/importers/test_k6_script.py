"""Options of k6 scripts: a profile for each load, and each thing that is left out by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import UsageError
from perf_documents.profile import load_profile_text
from perf_importers.k6_script import read_k6_script
from perf_loadtests.scaffold.files import k6_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.plan import Plan

SHORT = """
import http from 'k6/http';
/* export const options = { vus: 1, duration: '1s' }; */
export const options = {
  stages: [
    { duration: '30s', target: 20 }, // up
    { duration: '1m30s', target: 20 },
    { duration: '20s', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<500',
                        { threshold: 'p(99)<1000', abortOnFail: true, delayAbortEval: '10s' }],
    'http_req_failed': "rate<0.01",
    checks: ['rate>0.9'],
    my_trend: ['avg<100'],
  },
  noConnectionReuse: true,
};
export default function () { http.get('https://test.k6.io'); }
"""
SCENARIOS = """
export let options = {
  scenarios: {
    open: { executor: 'constant-arrival-rate', rate: 6, timeUnit: '1m', duration: '2m',
            preAllocatedVUs: 5, exec: 'open', tags: { a: 'b' }, env: { X: '1' }, startTime: '5s' },
    closed: { executor: 'ramping-vus', stages: [{ duration: '1m', target: 5 }] },
  },
};
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "load.js"
    path.write_text(text)
    return path


def plans(path: Path) -> dict[str, Plan]:
    return {
        found.name: load_profile_text(
            k6_yaml("load.js", found.members, found.left_out, "visitor"), "x.yaml", name="x"
        )
        for found in read_k6_script(path)
    }


def test_the_short_form_is_a_ramp_of_users(tmp_path: Path) -> None:
    path = script(tmp_path, SHORT)
    (plan,) = plans(path).values()
    assert (plan.executor, plan.scenario) == ("ramping-vus", "visitor")
    assert [(float(s.duration_s), float(s.target)) for s in plan.stages] == [
        (30, 20), (90, 20), (20, 0)
    ]  # fmt: skip
    said = {f"{t.subject} {t.expression}": t.abort_on_fail for t in plan.thresholds}
    assert said == {
        "http_req_duration p(95)<500": False, "http_req_duration p(99)<1000": True,
        "http_req_failed rate<0.01": False, "checks rate>0.9": False,
    }  # fmt: skip
    (found,) = read_k6_script(path)
    assert any("my_trend" in line for line in found.left_out)
    assert any("noConnectionReuse" in line for line in found.left_out)
    assert "# left out: noConnectionReuse" in k6_yaml("load.js", found.members, found.left_out, "v")


def test_each_scenario_is_a_profile(tmp_path: Path) -> None:
    path = script(tmp_path, SCENARIOS)
    found = plans(path)
    assert list(found) == ["open", "closed"]
    assert found["open"].executor == "constant-arrival-rate"
    assert float(found["open"].stages[0].target) == 0.1
    assert found["closed"].executor == "ramping-vus"
    left_out = read_k6_script(path)[0].left_out
    # whatever of a scenario is not in its profile is named
    assert {line.split(":")[0].rpartition(".")[2] for line in left_out} == {
        "exec", "env", "startTime",
    }  # fmt: skip
    assert (found["open"].tags.run, found["closed"].tags.run) == ({"a": "b"}, {})
    # k6 starts with one VU unless told otherwise
    assert found["closed"].stages[0].start == 1


def test_tags_of_a_run_are_carried_over_and_those_of_requests_are_named(tmp_path: Path) -> None:
    text = """
export const options = {
  tags: { team: 'shop', url: 'x', nested: { a: 1 } },
  thresholds: {
    'http_req_duration{team:shop}': ['p(95)<500'], 'http_req_duration{kind:static}': ['p(95)<100'],
  },
  scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', tags: { team: 'shop' } } },
};
"""
    path = script(tmp_path, text)
    (plan,) = plans(path).values()
    assert plan.tags.run == {"team": "shop"}
    assert "http_req_duration{team:shop}" in {t.subject for t in plan.thresholds}
    (found,) = read_k6_script(path)
    assert [line.partition(": ")[2][:20] for line in found.left_out] == [
        "url: cannot be a tag", "nested: cannot be a ", "http_req_duration{ki",
    ]  # fmt: skip
    assert "are declared under tags, by names of requests" in found.left_out[-1]


def test_users_for_a_while_and_what_was_not_said(tmp_path: Path) -> None:
    (plan,) = plans(script(tmp_path, "export const options = {duration: '10s'}")).values()
    assert (plan.executor, float(plan.stages[0].target)) == ("constant-vus", 1)
    text = (
        "export const options: Options = {scenarios: {a: {executor: 'constant-arrival-rate', "
        "rate: 5, duration: 3000}}}"
    )
    (plan,) = plans(script(tmp_path, text)).values()
    assert (plan.pre_allocated_vus, float(plan.duration_s)) == (50, 3.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("export default function () {}", "no options"),
        ("// export const options = {vus: 1}", "no options"),
        (
            "export const options = {\n  vus: __ENV.VUS,\n};",
            "load.js:2: options: expected a literal",
        ),
        ("export const options = [1];", "load.js:1: options: expected an object"),
        ("export const options = {duration: '1m', iterations: 3};", "iterations have no profile"),
        ("export const options = {duration: '1m', stages: []};", "stages and duration at once"),
        (
            "export const options = {vus: 3, scenarios: {a: {executor: 'constant-vus'}}};",
            "vus beside scenarios",
        ),
        (
            "export const options = {\n  vus: 3,\n}[__ENV.X];",
            "load.js:3: options: goes on with '['",
        ),
        ("export const options = {vus: 3}\n  || other;", "load.js:2: options: goes on with '|'"),
        (
            "export const options = {duration: '1m'};\noptions.vus = +__ENV.VUS;",
            "load.js:2: options: changed afterwards, by 'options.vus ='",
        ),
        (
            "export let options = {duration: '1m'};\nObject.assign(options, other);",
            "load.js:2: options: changed afterwards",
        ),
        ("export const options = {vus: 3};", "expected stages"),
        ("export const options = {iterations: 3};", "iterations have no profile"),
        ("export const options = {scenarios: {}};", "an object with a scenario"),
        ("export const options = {scenarios: {a: 1}};", "scenarios.a: expected an object"),
        ("export const options = {scenarios: {'../a': {}}};", "cannot name a profile"),
        (
            "export const options = {scenarios: {a: {executor: 'per-vu-iterations'}}};",
            "expected one of",
        ),
    ],
)
def test_what_is_no_load_is_said_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_k6_script(script(tmp_path, text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "rest",
    ["", ";", " as Options;", " satisfies Options;", "\n\nexport default function () {}",
     ";\nif (options.vus === 3) {}\noptions.vus == 1;\nconst f = options.vus;",
     "; export default () => { const options = {}; options.tags = 1; };"],
)  # fmt: skip
def test_what_may_stand_behind_the_options(tmp_path: Path, rest: str) -> None:
    text = "export const options = {duration: '1m', vus: 3}" + rest
    (plan,) = plans(script(tmp_path, text)).values()
    assert float(plan.stages[0].target) == 3


def test_bare_numbers_are_k6_s_milliseconds(tmp_path: Path) -> None:
    text = "export const options = {stages: [{duration: 60000, target: 1}], gracefulStop: 500};"
    (plan,) = plans(script(tmp_path, text)).values()
    assert (float(plan.duration_s), plan.graceful_stop_s) == (60, 0.5)
    for flag in ("true", "false"):
        with pytest.raises(UsageError, match="duration"):
            plans(script(tmp_path, f"export const options = {{duration: {flag}}};"))


def test_a_load_that_no_profile_can_be_is_refused(tmp_path: Path) -> None:
    text = "export const options = {stages: [{duration: '1m', target: -5}]};"
    with pytest.raises(UsageError, match=r"profile of load\.js"):
        plans(script(tmp_path, text))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "load.js"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_k6_script(path)
