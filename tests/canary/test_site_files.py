"""The trend site over HTTP: pages and nothing else, read and nothing else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from fakes.gates import TOKEN
from perf_canary.contracts.messages import Reply, Request
from perf_canary.site_files import SiteFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> SiteFiles:
    root = tmp_path / "site"
    (root / "series").mkdir(parents=True)
    for path in ("index.html", "feed.xml", "changes.json", "series/a-1.html", "secret.txt",
                 ".perfproof-trend.json", "series/.hidden.html"):  # fmt: skip
        (root / path).write_text(f"<{path}>", encoding="utf-8")
    (tmp_path / "outside.html").write_text("secret", encoding="utf-8")
    (root / "link.html").symlink_to(tmp_path / "outside.html")
    (root / "up").symlink_to(tmp_path)
    (root / "folder.html").mkdir()
    return SiteFiles(root)


def ask(site: SiteFiles, path: str, token: str = "", **more: object) -> Reply:
    request = Request(**{"method": "GET", "path": f"/trend/{path}"} | more)  # type: ignore[arg-type]  # as the test wants it
    return site.reply(request, token)


@pytest.mark.parametrize(
    ("path", "file", "kind"),
    [
        ("", "index.html", "text/html; charset=utf-8"),
        ("index.html", "index.html", "text/html; charset=utf-8"),
        ("series/a-1.html", "series/a-1.html", "text/html; charset=utf-8"),
        ("series%2Fa-1.html", "series/a-1.html", "text/html; charset=utf-8"),
        ("feed.xml", "feed.xml", "application/atom+xml; charset=utf-8"),
        ("changes.json", "changes.json", "application/json"),
    ],
)
def test_pages_are_served(site: SiteFiles, path: str, file: str, kind: str) -> None:
    reply = ask(site, path)
    assert (reply.status, reply.body.decode(), reply.content_type) == (200, f"<{file}>", kind)


@pytest.mark.parametrize(
    "path",
    [
        "../outside.html", "..%2foutside.html", "%2e%2e/outside.html", "series/../index.html",
        "/etc/passwd", "//etc/passwd", "link.html", "up/outside.html", "secret.txt", "series",
        "series/", ".perfproof-trend.json", "series/.hidden.html", "nowhere.html", "folder.html",
        "index.html%00.svg", "index.html\n", "a/b/c/d/e.html", "c:index.html", "~root/x.html",
        "..\\outside.html", "index.html.", "%", "x" * 400 + ".html",
    ],
)  # fmt: skip
def test_nothing_else_is_served(site: SiteFiles, path: str) -> None:
    assert (ask(site, path).status, b"secret" in ask(site, path).body) == (404, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_changed(site: SiteFiles, method: str) -> None:
    reply = ask(site, "index.html", method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def login(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (login(TOKEN), 200),
        (login("wrong"), 401),
        ("Basic !!!", 401),
        ("Basic", 401),
        (f"Digest {TOKEN}", 401),
        (TOKEN, 401),
        ("", 401),
    ],
)
def test_where_there_is_a_token_it_is_asked_for(site: SiteFiles, header: str, status: int) -> None:
    reply = ask(site, "index.html", TOKEN, headers={"authorization": header})
    assert reply.status == status
    assert (status == 401) == ("WWW-Authenticate" in reply.headers)


def test_without_the_slash_it_is_moved(site: SiteFiles) -> None:
    reply = site.reply(Request(method="GET", path="/trend"), "")
    assert (reply.status, reply.headers["Location"]) == (308, "/trend/")
