"""The page of a watched canary: as a browser parses it, byte for byte, small, and honest."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import html5lib
import pytest

from fakes.looks import RULES_TEXT, WATCHES, hostile, rule, watch
from hostile import TEXTS
from perf_documents.canary_looks import Answer
from perf_reports.canary_page import render_canary_page
from perf_reports.canary_timeline import MOST_POINTS, watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

MOST_BYTES = 1_000_000
DRAWING = re.compile(r'(<svg class="plot".*?</desc>).*?</svg>', re.DOTALL)
OWN = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)
HASH = re.compile(r"sha256-[A-Za-z0-9+/=]{44}")
TAGS = frozenset({
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "p", "span", "h1",
    "h2", "h3", "ul", "li", "dl", "dt", "dd", "code", "strong", "small", "section", "nav", "main",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details",
    "summary", "footer", "pre", "svg", "g", "path", "defs", "clipPath", "rect", "use", "text",
    "desc", "pattern", "script",
})  # fmt: skip
CHUNKS = [TEXTS[place : place + 12] for place in range(0, len(TEXTS), 12)]


@cache
def page_of(name: str) -> str:
    return render_canary_page(WATCHES[name](), title="checkout", rules_text=RULES_TEXT)


def parsed(text: str) -> Element:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    root: Element = parser.parse(text)
    return root


def tag_of(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def bare(text: str) -> str:
    """Page without style, script and strokes, which have tests of their own."""
    return DRAWING.sub(r"\1</svg>", HASH.sub("sha256-OF-IT", OWN.sub(r"<\1></\1>", text)))


@pytest.mark.parametrize("name", WATCHES)
def test_golden(golden: Callable[[str, str], None], name: str) -> None:
    golden(f"canary/{name}.html", bare(page_of(name)))


@pytest.mark.parametrize("name", WATCHES)
def test_it_parses_without_error_and_nothing_acts_or_is_fetched(name: str) -> None:
    elements = list(parsed(page_of(name)).iter())
    found = {tag_of(element) for element in elements}
    assert found <= TAGS
    attributes = {(key, value) for element in elements for key, value in element.attrib.items()}
    names = {str(key).rpartition("}")[2] for key, _ in attributes}
    assert not {key for key in names if key.startswith("on")}
    assert not names & {"style", "src", "srcset", "action", "formaction"}
    links = [value for key, value in attributes if str(key).endswith("href")]
    assert all(value.startswith("#") for value in links)
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert {value.removeprefix("#") for value in links} <= set(ids)


@pytest.mark.parametrize("chunk", range(len(CHUNKS)))
def test_hostile_texts_stay_text(chunk: int) -> None:
    texts = CHUNKS[chunk]
    page = render_canary_page(hostile(texts), title=texts[0], rules_text="\n".join(texts))
    elements = list(parsed(page).iter())
    found = {tag_of(element) for element in elements}
    assert found <= TAGS
    assert sum(tag_of(element) == "script" for element in elements) == 1
    invisible = {one for one in page if not one.isprintable() and one != "\n"}
    assert invisible == set()


@pytest.mark.parametrize(
    ("name", "answer", "tone"),
    [
        ("promote", "PROMOTE", "pass"),
        ("rollback_by_rule", "ROLLBACK", "fail"),
        ("rollback_by_evidence", "ROLLBACK", "fail"),
        ("hold_without_data", "HOLD", "inconclusive"),
        ("no_look", "HOLD", "inconclusive"),
    ],
)
def test_the_answer_comes_first(name: str, answer: str, tone: str) -> None:
    page = page_of(name)
    assert f"<title>{answer}: checkout" in page
    assert f'<body class="{tone}">' in page
    looks = WATCHES[name]()
    reason = looks[-1].reason if looks else "No look was taken"
    assert page.index('<p class="headline">') < page.index("<main")
    assert reason.replace(">", "&gt;").replace("'", "&#39;") in page


def test_the_rules_text_keeps_its_lines() -> None:
    root = parsed(page_of("promote"))
    pre = next(element for element in root.iter() if tag_of(element) == "pre")
    shown = "".join(pre.itertext())
    assert shown.splitlines() == RULES_TEXT.expandtabs(4).splitlines()


def test_every_chart_shares_its_axis_and_has_a_row_for_each_point() -> None:
    root = parsed(page_of("rollback_by_rule"))
    figures = [element for element in root.iter() if "data-stops" in element.attrib]
    assert [element.attrib["id"].removeprefix("chart-") for element in figures] == [
        "rules", "traffic", "errors", "p95", "evidence",
    ]  # fmt: skip
    assert len({element.attrib["data-stops"] for element in figures}) == 1
    for element in figures:
        rows = sum(tag_of(one) == "tr" for one in element.iter()) - 1
        assert rows == len(element.attrib["data-stops"].split())


def drawn_texts(name: str) -> str:
    return " ".join(DRAWING.findall(page_of(name))) + "".join(
        re.findall(r"<text[^>]*>([^<]*)</text>", page_of(name))
    )


def test_what_decides_is_drawn() -> None:
    texts = drawn_texts("rollback_by_rule")
    assert "ROLLBACK 7m 00s" in texts
    assert "warm-up" in texts
    assert "errors &gt; 1%" in texts
    assert "slow &gt; 2s" in texts
    assert "roll back from 20 to 1" in texts
    assert 'data-name="canary: at least"' in page_of("rollback_by_rule")
    assert "ROLLBACK" not in drawn_texts("hold_without_data")


def test_without_a_control_nothing_is_compared() -> None:
    page = page_of("hold_alone")
    assert 'id="chart-evidence"' not in page
    assert "Nothing was compared with a control." in page


def test_360_looks_are_thinned_and_no_breach_is_lost() -> None:
    looks = watch(361, bad=lambda place: 0.03 if place == 200 else 0.0)
    lines = watched(looks)
    assert lines is not None
    assert len(lines.at_s) <= MOST_POINTS + 1
    assert lines.at_s[-1] == looks[-1].elapsed_s
    assert sum(state == "breach" for state in lines.strips[0].states) == 1
    page = render_canary_page(looks, title="an hour", rules_text=RULES_TEXT)
    assert len(page.encode()) <= MOST_BYTES


def test_rates_are_those_of_the_looks() -> None:
    lines = watched(watch(30))
    assert lines is not None
    assert lines.arms["canary"].rate[:3] == (None, 5.1, 5.2)
    assert lines.arms["canary"].errors[5] == pytest.approx(1 / (51 + 52 + 53 + 54 + 55))


def test_steps_follow_each_other_on_one_axis() -> None:
    first = watch(13)
    first[-1] = replace(first[-1], answer=Answer.PROMOTE)
    second = [replace(look, t_s=look.t_s + 130.0) for look in watch(13)]
    second[-1] = replace(second[-1], answer=Answer.ROLLBACK)
    lines = watched([*first, *second])
    assert lines is not None
    assert lines.warm_ups == ((0.0, 60.0), (130.0, 190.0))
    assert lines.decisions == ((120.0, Answer.PROMOTE), (250.0, Answer.ROLLBACK))
    page = render_canary_page([*first, *second], title="two steps", rules_text="")
    assert page.count("PROMOTE 2m 00s") == page.count("ROLLBACK 4m 10s") == 5


def test_a_repeated_decision_is_one_point() -> None:
    looks = WATCHES["rollback_by_rule"]()
    lines, again = watched(looks), watched([*looks, looks[-1], looks[-1]])
    assert lines == again
    assert lines is not None
    assert lines.decisions == ((looks[-1].elapsed_s, Answer.ROLLBACK),)


def test_a_limit_that_is_no_duration_is_not_drawn() -> None:
    look = watch(3)[-1]
    odd = rule("odd", metric="p95", when="> soon")
    lines = watched([replace(look, rules=(odd, *look.rules))])
    assert lines is not None
    assert [limit.value for limit in lines.p95_limits] == [2.0]


def test_equal_looks_give_equal_bytes() -> None:
    again = render_canary_page(WATCHES["promote"](), title="checkout", rules_text=RULES_TEXT)
    assert again == page_of("promote")
