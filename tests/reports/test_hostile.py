"""Every hostile text through every output, as real parsers read it: nothing foreign survives."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import html5lib
import pytest
from markdown_it import MarkdownIt

from compared_cases import made, p95
from hostile import COMMANDS, CONTROLS, TEXTS
from perf_analysis.compared import RowVerdict
from perf_analysis.grammar import parse_threshold
from perf_reports import github
from perf_reports.comment import Context, render_comment
from perf_reports.delivery.slack import message
from perf_reports.escape import visible
from perf_reports.html import render_html
from perf_reports.json_view import render_json
from perf_reports.junit import render_junit
from perf_reports.markdown import render_markdown
from perf_reports.terminal import Style, render_quiet, render_terminal
from perf_reports.view import build_view
from situation_runs import situation_run
from situations import Situation

if TYPE_CHECKING:
    from perf_documents.run import Run
    from perf_reports.parts import View

OWN_TAGS = frozenset({"code", "br", "details", "summary"})
AT_ONCE = 12
CHUNKS = [TEXTS[place : place + AT_ONCE] for place in range(0, len(TEXTS), AT_ONCE)]
NUMBERED = pytest.mark.parametrize("chunk", range(len(CHUNKS)))


@cache
def hostile_run(chunk: int) -> Run:
    """A failing run whose names, reasons, notes and samples are hostile."""
    texts = CHUNKS[chunk]
    threshold = replace(
        parse_threshold("http_req_duration", "p(95)<1"), selector={"name": texts[0]}
    )
    rows = [p95(f"GET {text}", 0.3, verdict=RowVerdict.FAIL, p=0.0001) for text in texts]
    compared = replace(made(*rows), left_out=texts[:4], notes=texts[4:8])
    about = Situation(
        rate=60,
        seconds=5,
        ramp=0,
        dropped=(),
        endpoints=tuple(("GET", text, 0.01) for text in texts),
        failing={5: (500, "http_5xx")},
        thresholds=(threshold, parse_threshold("http_req_failed", "rate<0.01")),
        comparison=compared,
        exit_code=1,
    )
    run = situation_run(about)
    return replace(
        run,
        client_notes=texts[8:],
        target=replace(run.target, name=texts[1]),
        fingerprint={"cpu_count": texts[2]},
        git={"commit": texts[3], "branch": texts[4 % len(texts)]},
    )


@cache
def hostile_view(chunk: int) -> View:
    return build_view(hostile_run(chunk), exit_code=1)


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) == len(set(TEXTS)) >= 120


@NUMBERED
def test_terminal(chunk: int) -> None:
    for style in (Style(), Style(ascii_only=True)):
        for text in (
            render_terminal(hostile_view(chunk), style),
            render_quiet(hostile_view(chunk)),
        ):
            for line in text.splitlines():
                assert line.isprintable()
                assert not line.lstrip().startswith("::")
                assert "##[" not in line


def parsed(text: str) -> list[tuple[str, dict[str, str]]]:
    """Elements with their attributes, as a browser sees them."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    elements = (element for element in tree.iter() if not callable(element.tag))  # no comments
    return [(element.tag.rpartition("}")[2], dict(element.attrib)) for element in elements]


@NUMBERED
def test_page(chunk: int) -> None:
    mine = parsed(render_html(hostile_view(chunk)))
    harmless = parsed(render_html(_harmless(chunk)))
    # the same elements as with names that are plain words: no more, no fewer, in the same order
    assert [tag for tag, _ in mine] == [tag for tag, _ in harmless]
    for tag, attributes in mine:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("href", "#").startswith("#")
        assert tag not in {"iframe", "object", "embed", "base", "form", "link", "img"}


@cache
def _harmless(chunk: int) -> View:
    """The same view with every text replaced by words of its own."""
    run = hostile_run(chunk)
    words = {text: f"word{place}" for place, text in enumerate(CHUNKS[chunk])}
    series = {
        key._replace(name=words[key.name]): slots for key, slots in run.measured.series.items()
    }
    assert run.judgement is not None
    comparison = run.judgement.comparison
    rows = tuple(replace(r, label=f"GET {words[r.label[4:]]}") for r in comparison.rows)
    comparison = replace(
        comparison,
        rows=rows,
        left_out=tuple(map(words.__getitem__, comparison.left_out)),
        notes=tuple(map(words.__getitem__, comparison.notes)),
    )
    results = tuple(
        replace(r, threshold=replace(r.threshold, selector={k: words[v] for k, v in
                                                            r.threshold.selector.items()}))
        for r in run.judgement.thresholds
    )  # fmt: skip
    tame = replace(
        run,
        measured=replace(run.measured, series=series),
        client_notes=tuple(map(words.__getitem__, run.client_notes)),
        target=replace(run.target, name="staging"),
        fingerprint={"cpu_count": "2"},
        git={"commit": "abc", "branch": "main"},
        judgement=replace(run.judgement, comparison=comparison, thresholds=results),
        engine=replace(
            run.engine, errors=tuple(replace(e, label="GET x", text="x") for e in run.engine.errors)
        ),
    )
    return build_view(tame, exit_code=1)


@NUMBERED
@pytest.mark.parametrize("kind", ["summary", "comment"])
def test_markdown(chunk: int, kind: str) -> None:
    view = hostile_view(chunk)
    text = render_markdown(view) if kind == "summary" else render_comment(view, Context())
    assert all(character == "\n" or character.isprintable() for character in text)
    assert set(re.findall(r"</?([a-zA-Z!?][\w-]*)", text)) <= OWN_TAGS
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {
        "link_open", "image", "fence", "code_block", "code_inline", "hr", "em_open", "s_open",
        "blockquote_open", "ordered_list_open",
    }  # fmt: skip
    headings = [token for token in tokens if token.type == "heading_open"]
    assert len(headings) == 1
    # what the host looks for in the text that is left: references stand in code only
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    plain = re.sub(r"<code>.*?</code>|<[^>]*>", " ", rendered, flags=re.DOTALL)
    assert not re.search(r"(?<![\w&])@\w|(?<![\w&])#\d|\bGH-\d|www\.|https?://", plain)
    assert "perfproof:v1" not in re.sub(r"<code>.*?</code>", "", text)


@NUMBERED
def test_json_holds_every_name_to_the_letter(chunk: int) -> None:
    document = json.loads(render_json(hostile_view(chunk), hostile_run(chunk)))
    names = {entry["name"] for entry in document["comparison"]["rows"]}
    assert names == {f"GET {text}" for text in CHUNKS[chunk]}


@NUMBERED
def test_junit(chunk: int) -> None:
    text = render_junit(hostile_view(chunk))
    root = ET.fromstring(text.encode())  # noqa: S314  # just made
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error",
        "skipped", "system-out",
    }  # fmt: skip
    names = {case.attrib["classname"] for case in root.iter("testcase")}
    for one in CHUNKS[chunk]:
        shown = visible(f"compare.GET {one}")
        assert shown.replace("\ufffe", "\ufffd") in names or "\\" in shown


@NUMBERED
def test_annotations_and_outputs(chunk: int) -> None:
    view = hostile_view(chunk)
    for line in github.annotations(view):
        assert line.isprintable()
        assert line.startswith("::error title=")
        # the message begins behind the second pair of colons, and the title ends before it
        assert "\n" not in line
        title = line.removeprefix("::error title=").partition("::")[0]
        assert ":" not in title
    text = github.outputs(view, delimiter="perfproof-0123456789abcdef")
    assert text.splitlines()[1] == "fail"


@NUMBERED
def test_slack(chunk: int) -> None:
    made_message = message(hostile_view(chunk))
    text = json.dumps(made_message, ensure_ascii=False)
    assert len(text) <= 3000
    # the heading is plain text, which nothing is looked for in
    assert re.findall(r'"type": "(\w+)", "text": "[^"]*<', text) in ([], ["plain_text"])
    texts = re.findall(r'"text": "((?:[^"\\]|\\.)*)"', text)
    assert all(json.loads(f'"{one}"').replace("\n", " ").isprintable() for one in texts)


def test_the_log_cannot_be_commanded() -> None:
    for line in github.group("title", [*COMMANDS, *CONTROLS]):
        assert line.startswith(("::group::title", "::endgroup::")) or not line.lstrip().startswith(
            ("::", "##[")
        )
        assert line.isprintable()
