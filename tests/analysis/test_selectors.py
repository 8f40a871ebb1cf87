"""Selectors: exact text, known tags, and no silently empty one."""

from __future__ import annotations

import pytest

from perf_analysis.grammar import GrammarError, parse_selector
from perf_analysis.metrics import METRICS, tags_of

DURATION = "http_req_duration"


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        pytest.param(DURATION, {}, id="none"),
        pytest.param(DURATION + "{name:GET /health}", {"name": "GET /health"}, id="name"),
        pytest.param(DURATION + "{name:/health}", {"name": "/health"}, id="bare path"),
        pytest.param(
            DURATION + "{ name : GET /x , status:200 }",
            {"name": "GET /x", "status": "200"},
            id="blanks",
        ),
        pytest.param(
            DURATION + "{\"name\":'GET /x'}", {"name": "GET /x"}, id="quotes around key and value"
        ),
        pytest.param(DURATION + "{name:http://a:80/}", {"name": "http://a:80/"}, id="colons"),
        pytest.param(DURATION + "{name:GET /item/{id}}", {"name": "GET /item/{id}"}, id="braces"),
        pytest.param(DURATION + '{name:=~"(a+)+$"}', {"name": '=~"(a+)+$"'}, id="H14 pattern"),
        pytest.param(DURATION + "{name:GET /🚀}", {"name": "GET /🚀"}, id="H15 emoji"),
        pytest.param(DURATION + '{name:say "hi"}', {"name": 'say "hi"'}, id="H15 inner quotes"),
        pytest.param(DURATION + "{name:" + "x" * 10_000 + "}", {"name": "x" * 10_000}, id="H14"),
        pytest.param(DURATION + "{status:0}", {"status": "0"}, id="no response"),
        pytest.param(DURATION + "{phase:warm-up}", {"phase": "warm-up"}, id="phase"),
        pytest.param(DURATION + "{phase:all}", {"phase": "all"}, id="all phases"),
        pytest.param(DURATION + "{target:control}", {"target": "control"}, id="control"),
        pytest.param(
            DURATION + "{expected_response:true}", {"expected_response": "true"}, id="expected"
        ),
        pytest.param("http_reqs{error_code:timeout}", {"error_code": "timeout"}, id="class"),
        pytest.param("iterations{scenario:web}", {"scenario": "web"}, id="scenario"),
        pytest.param("http_req_failed{method:GET}", {"method": "GET"}, id="method"),
    ],
)
def test_known_selectors_are_read(text: str, selector: dict[str, str]) -> None:
    metric, found = parse_selector(text)
    assert metric == text.partition("{")[0]
    assert found == selector


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param(DURATION + "{name:GET /x", "balance", "metric{tag:value}", id="H14 open"),
        pytest.param(DURATION + "}", "balance", "metric{tag:value}", id="only closed"),
        pytest.param(DURATION + "{name:x}}", "balance", "", id="closed twice"),
        pytest.param(DURATION + "{name:x}y", "balance", "", id="text behind"),
        pytest.param(DURATION + "{}", "empty pair", "", id="empty braces"),
        pytest.param(DURATION + "{name:x,}", "empty pair", "", id="empty pair"),
        pytest.param(DURATION + "{name}", "not a pair", "", id="no colon"),
        pytest.param(DURATION + "{name:}", "not a pair", "", id="no value"),
        pytest.param(DURATION + "{:x}", "not a pair", "", id="no key"),
        pytest.param(DURATION + "{name:x,name:y}", "twice", "", id="repeated"),
        pytest.param(DURATION + "{name:x\ny}", "control character", "", id="H15 newline"),
        pytest.param(DURATION + "{url:x}", "url", "select by name", id="url"),
        pytest.param(DURATION + "{group:x}", "group", "", id="group"),
        pytest.param(DURATION + "{error:x}", "error", "error_code", id="error"),
        pytest.param(DURATION + "{check:x}", "no tag check", "known: name", id="check"),
        pytest.param(DURATION + "{nme:x}", "unknown tag", "did you mean name", id="typo"),
        pytest.param(DURATION + "{colour:red}", "unknown tag", "known: name", id="unknown tag"),
        pytest.param("iterations{name:x}", "no tag name", "phase, scenario", id="iterations"),
        pytest.param(
            "http_req_failed{error_code:timeout}", "no tag error_code", "http_reqs", id="failed"
        ),
        pytest.param(DURATION + "{status:2xx}", "2xx", "such as 200", id="pattern"),
        pytest.param(DURATION + "{status:" + "9" * 9_000 + "}", "status", "", id="many digits"),
        pytest.param(DURATION + "{method:get}", "never occur", "GET", id="lower case"),
        pytest.param(DURATION + "{phase:steady}", "does not exist", "known: warm-up", id="phase"),
        pytest.param(DURATION + "{target:staging}", "does not exist", "candidate", id="target"),
        pytest.param(DURATION + "{expected_response:yes}", "does not", "true", id="expected"),
        pytest.param(DURATION + "{error_code:1050}", "k6's number", "write timeout", id="1050"),
        pytest.param(DURATION + "{error_code:1404}", "k6's number", "write http_4xx", id="1404"),
        pytest.param(DURATION + "{error_code:tiemout}", "does not", "timeout", id="class typo"),
        pytest.param(
            "http_reqs{error_code:dropped}", "dropped", "dropped_iterations", id="dropped"
        ),
        pytest.param("http_reqs{error_code:abandoned}", "abandoned", "V4", id="abandoned"),
        pytest.param("http_req_duratoin", "unknown metric", "http_req_duration", id="metric typo"),
        pytest.param("group_duration", "k6's", "known:", id="group_duration"),
        pytest.param("ws_sessions", "k6's", "known:", id="websockets"),
        pytest.param("my_metric", "unknown metric", "", id="custom"),
        pytest.param("", "unknown metric", "", id="empty"),
    ],
)
def test_what_could_never_match_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(GrammarError, match=message) as caught:
        parse_selector(text)
    assert hint in caught.value.hint
    assert caught.value.column is None


@pytest.mark.parametrize("tag", ["url", "group", "vu", "iter", "proto", "subproto",
                                 "tls_version", "service", "error", "ip"])  # fmt: skip
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_tags_of_k6_that_would_be_empty_are_refused_by_name(metric: str, tag: str) -> None:
    with pytest.raises(GrammarError, match=f"the tag {tag} cannot"):
        parse_selector(f"{metric}{{{tag}:x}}")


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_knows_its_phase_and_target(metric: str) -> None:
    assert {"phase", "scenario", "target"} <= set(tags_of(metric))


def test_a_megabyte_of_selector_is_refused_in_a_few_words() -> None:
    # anything but linear work would not end
    for text in (DURATION + "{" * 2**20, "x" * 2**20, DURATION + "{" + "a" * 2**20 + ":b}"):
        with pytest.raises(GrammarError) as caught:
            parse_selector(text)
        assert len(str(caught.value)) < 300
