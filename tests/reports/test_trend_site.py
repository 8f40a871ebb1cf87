"""The trend site: whole, inert, honest, and rewritten only where something changed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import html5lib
import pytest

from fakes.histories import make_record, stepping
from fakes.sites import ACKNOWLEDGED, HISTORIES, LINKS, make_site, page_text, thirty
from perf_baselines.trend_accepted import Accepted
from perf_baselines.trend_points import SeriesName
from perf_documents.errors import StoreError, UsageError
from perf_reports.trend.folder import MANIFEST, SiteFolder
from perf_reports.trend.links import CommitLinks, links_of
from perf_reports.trend.site import pages

if TYPE_CHECKING:
    from pathlib import Path

    from perf_reports.trend.model import Site

ATOM = "{http://www.w3.org/2005/Atom}"
XHTML = "{http://www.w3.org/1999/xhtml}"
EVERY = pytest.mark.parametrize("name", HISTORIES)


@cache
def site_of(name: str) -> Site:
    return make_site(HISTORIES[name](), acknowledged=(ACKNOWLEDGED,))


@cache
def files_of(name: str) -> dict[str, str]:
    return {page.path: page.make() for page in pages(site_of(name))}


def write(site: Site, root: Path) -> list[str]:
    return SiteFolder(root).write(pages(site), ()).new


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@EVERY
def test_pages_are_valid_and_hold_nothing_foreign(name: str) -> None:
    for path, text in files_of(name).items():
        if not path.endswith(".html"):
            continue
        tree = html5lib.HTMLParser(strict=True).parse(text)
        ids = [node.get("id") for node in tree.iter() if node.get("id")]
        assert len(ids) == len(set(ids))
        for node in tree.iter():
            tag = str(node.tag).removeprefix(XHTML)
            assert tag not in {"img", "iframe", "object", "embed", "base", "math", "plaintext"}
            assert not any(str(key).startswith("on") or key == "style" for key in node.attrib)
            href = node.get("href", "")
            assert href.startswith(("https://github.com/team/service/", "#", "..", "series/",
                                    "runs/", "feed.xml", "changes.json")) or not href  # fmt: skip
        assert sum(str(node.tag) == f"{XHTML}script" for node in tree.iter()) == (
            2 if path.startswith("series/") else 1
        )


@EVERY
def test_nothing_invisible_reaches_a_file(name: str) -> None:
    for text in files_of(name).values():
        assert all(character.isprintable() or character == "\n" for character in text)


@EVERY
def test_equal_input_gives_equal_bytes(name: str) -> None:
    again = make_site(HISTORIES[name](), acknowledged=(ACKNOWLEDGED,))
    assert {page.path: page.make() for page in pages(again)} == files_of(name)


def test_the_day_changes_one_line_of_the_index_and_nothing_else() -> None:
    later = replace(site_of("thirty"), written_on=date(2026, 9, 9), newest_days=103)
    changed = {page.path: page.make() for page in pages(later)}
    assert [path for path, text in changed.items() if text != files_of("thirty")[path]] == [
        "index.html"
    ]
    before, after = (site["index.html"].splitlines() for site in (files_of("thirty"), changed))
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_the_index_opens_with_three_sentences() -> None:
    index = files_of("thirty")["index.html"]
    sentences = [line for line in index.splitlines() if 'class="headline"' in line
                 or 'class="week"' in line]  # fmt: skip
    assert len(sentences) == 3
    assert "In the week to 2026-02-05" in sentences[0]
    assert "4 runs" not in sentences[0], "runs of another branch are not counted"


def test_an_empty_history_says_what_to_do() -> None:
    index = files_of("empty")["index.html"]
    assert "No run is stored" in index
    assert "perfproof run --profile smoke --target demo" in index


def test_a_change_is_named_in_words_with_its_interval_commits_and_command() -> None:
    text = page_text(site_of("thirty"), lambda page: "p95-of-post-orders" in page.path)
    assert re.search(r"slower [34]\d % \(\d+ \.\. \d+\)", text)
    assert "https://github.com/team/service/compare/" in text
    assert "perfproof compare " in text
    assert 'Status: <span class="mark">open</span>' in text


def test_what_is_acknowledged_is_no_alarm() -> None:
    text = page_text(site_of("thirty"), lambda page: "staging-p99-of-all-requests" in page.path)
    assert "acknowledged by anna: a new TLS library" in text
    assert '<body class="none">' in text


def test_the_data_of_a_page_agree_with_its_table() -> None:
    text = page_text(site_of("thirty"), lambda page: "p95-of-post-orders" in page.path)
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["y"]) == len(data["t"]) == len(data["c"]) == len(data["r"]) == len(data["v"])
    assert data["v"].count("x") == 1
    assert data["unit"] == "ms"
    assert f"{data['y'][-1]:.3g} ms" in text


def test_the_feed_is_atom_with_ids_that_stay() -> None:
    feed = ET.fromstring(files_of("thirty")["feed.xml"])  # noqa: S314  # written here
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    for parent in (feed, *entries):
        for tag in ("id", "title", "updated"):
            assert len(parent.findall(f"{ATOM}{tag}")) == 1
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids))
    assert all(str(one).startswith("tag:perfproof.invalid,2026:") for one in ids)
    more = make_site([*thirty(), *stepping([(3, 0.14)], first=40, seed=9,
                                           labels=("GET /health", "POST /orders"))])  # fmt: skip
    later = ET.fromstring(page_text(more, lambda page: page.path == "feed.xml"))  # noqa: S314  # written here
    assert set(ids) & {entry.findtext(f"{ATOM}id") for entry in later.findall(f"{ATOM}entry")}


def test_changes_json_says_the_same() -> None:
    document = json.loads(files_of("thirty")["changes.json"])
    statuses = {(one["series"], one["status"]) for one in document["changes"]}
    assert ("p99 of all requests", "acknowledged") in statuses
    assert ("p95 of POST /orders", "open") in statuses


def test_a_badge_for_each_profile() -> None:
    (badge,) = [text for path, text in files_of("thirty").items() if path.startswith("badges/")]
    assert "✓ pass" in badge
    ET.fromstring(badge)  # noqa: S314  # written here


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("git@github.com:a/b.git", "https://github.com/a/b/commit/{commit}"),
        ("https://user@git.example:8443/a/b", "https://git.example:8443/a/b/commit/{commit}"),
        ("ssh://git@git.example:22/a/b.git", "https://git.example/a/b/commit/{commit}"),
        ("https://gitlab.com/a/b/c.git", "https://gitlab.com/a/b/c/-/commit/{commit}"),
        ("/srv/git/x.git", ""),
        ("javascript:alert(1)//", ""),
        ('https://x/"><script>', ""),
        ("", ""),
    ],
)
def test_links_follow_the_remote(remote: str, expected: str) -> None:
    assert links_of(None, remote).commit_template == expected


@pytest.mark.parametrize(
    "template", ["x", "javascript:{commit}", "https://x/", 'https://"{commit}']
)
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match=r"^--commit-url: expected"):
        links_of(template, "")


def test_a_commit_that_is_none_has_no_link() -> None:
    assert CommitLinks("https://x/{commit}").commit("<b>") == ""
    assert LINKS.between("0123456", "../..") == ""


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    records = thirty()
    first = write(make_site(records), tmp_path)
    kept = contents(tmp_path)
    assert write(make_site(records), tmp_path) == []
    assert contents(tmp_path) == kept
    added = make_record(9, environment="live", load_hash="d" * 64, labels=(), run_id="another")
    more = [*records, added]
    changed = write(make_site(more), tmp_path)
    assert 0 < len(changed) < len(first)
    assert all("-live-" in path for path in changed if path.startswith("series/"))
    fresh = tmp_path / "fresh"
    write(make_site(more), fresh)
    assert contents(fresh) == {k: v for k, v in contents(tmp_path).items() if "fresh/" not in k}


def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    write(site_of("one"), tmp_path)
    (tmp_path / "feed.xml").unlink()
    assert write(site_of("one"), tmp_path) == ["feed.xml"]


def test_files_of_others_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    foreign = {"mine.txt": b"1", "series/mine.html": b"2", "CNAME": b"3"}
    for path, data in foreign.items():
        (tmp_path / path).write_bytes(data)
    write(site_of("thirty"), tmp_path)
    removed = SiteFolder(tmp_path).write(pages(site_of("empty")), ()).removed
    assert any(path.startswith("series/") for path in removed)
    assert foreign.items() <= contents(tmp_path).items()
    assert not [path for path in contents(tmp_path) if "post-orders" in path]


@pytest.mark.parametrize("own", ["<h1>my own</h1>", "<h1>How we use perfproof</h1>"])
def test_a_foreign_file_in_our_place_is_refused(tmp_path: Path, own: str) -> None:
    (tmp_path / "index.html").write_text(own, encoding="utf-8")
    with pytest.raises(UsageError, match=r"index\.html: is there already and not of a trend site"):
        write(site_of("one"), tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == own


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "site"
    outside.mkdir()
    root.mkdir()
    (root / "series").symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        write(site_of("one"), root)
    assert list(outside.iterdir()) == []


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a folder"):
        write(site_of("one"), tmp_path / "site")
    with pytest.raises(StoreError, match="cannot be made"):
        write(site_of("one"), tmp_path / "site" / "below")


def test_a_manifest_that_cannot_be_read_costs_time_only(tmp_path: Path) -> None:
    write(site_of("one"), tmp_path)
    (tmp_path / MANIFEST).write_text('{"schema": 1, "made_from": 3}', encoding="utf-8")
    assert "index.html" in write(site_of("one"), tmp_path)
    assert write(site_of("one"), tmp_path) == []


def test_every_file_of_a_site_is_known_as_ours_without_a_manifest(tmp_path: Path) -> None:
    """A newer version makes all of them anew, whatever became of the list."""
    write(site_of("thirty"), tmp_path)
    (tmp_path / MANIFEST).unlink()
    newer = replace(site_of("thirty"), generator="perfproof 99")
    assert len(write(newer, tmp_path)) == len(contents(tmp_path)) - 1


def test_old_and_slack_baselines_are_named() -> None:
    accepted = Accepted(
        newest="2026-01-05T08:00:00.000Z",
        values={SeriesName("p95", "", "s", "lower"): [0.14, 0.15, 0.16]},
    )
    site = replace(make_site(stepping([(45, 0.1)])), accepted={("sustained", "staging"): accepted})
    index = page_text(site, lambda page: page.path == "index.html")
    assert "the newest baseline is 44 days older than the newest run" in index
    assert "p95 of all requests: the baselines are at 150 ms, the last runs at " in index
