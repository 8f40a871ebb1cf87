"""`make demo-pr`: two pull requests against a small service, and the comment that each would get.

In a new git repository, `perf init --ci github` writes the gate. Then the gate's own command runs,
at half its length, for a pull request that changes nothing and for one whose pages take a fifth
longer. Everything is measured here and now; only the host is missing: instead of being sent to
GitHub, both comments stand on a page.
"""

from __future__ import annotations

import html
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from commands import PERF, environment
from shop import APP, INIT_GITHUB, UNCHANGED, committed, git, slower

PULLS = (
    ("good", "Say a word more", UNCHANGED, 0),
    ("slower", "Look twice for each item", slower("0.030"), 1),
)
GATE = [
    "run", "--profile", "pull-request", "--target", "head", "--control", "base", "--time-scale",
    "0.5", "--quiet",
]  # fmt: skip
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pull requests of the demonstration</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 920px; margin: 2rem auto;
  padding: 0 1rem }}
article {{ border: 1px solid #d1d9e0; border-radius: 6px; margin: 1rem 0 2rem; padding: 0 1rem }}
article > header {{ background: #f6f8fa; border-bottom: 1px solid #d1d9e0; margin: 0 -1rem 1rem;
  padding: .5rem 1rem; border-radius: 6px 6px 0 0 }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }}
td, th {{ border: 1px solid #d1d9e0; padding: .3rem .7rem }}
code {{ background: #eff1f3; border-radius: 4px; padding: .1rem .3rem }}
</style>
<h1>Two pull requests</h1>
<p>Measured on this machine a moment ago: head and base of a small service side by side, arrival by
arrival. Nothing was sent to a host; this is what <code>perfproof comment --github</code>
would write.</p>
{articles}
"""
ARTICLE = """<h2>{title}</h2>
<article><header><b>perfproof</b> commented · the job ends in exit {code} ·
<a href="{name}/report.html">full report</a></header>
{comment}</article>
"""


def perf(folder: Path, *arguments: str) -> int:
    """Run the command as somebody in that folder; its exit code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    print(f"$ perfproof {' '.join(arguments)}", flush=True)
    return subprocess.run(
        [*PERF, *arguments], cwd=folder, env=environment({"PATH": path}), check=False,
        stdin=subprocess.DEVNULL,
    ).returncode  # fmt: skip


def pull(shop: Path, out: Path, title: str, app: str) -> int:
    """Run the gate for a change; its exit code."""
    print(f"\n--- pull request: {title}", flush=True)
    git(shop, "checkout", "--quiet", "-B", "topic", "main")
    (shop / "app.py").write_text(app)
    committed(shop, title)
    return perf(shop, *GATE, "--out", str(out))


def main() -> int:
    """Both pull requests; 1 if one did not end as it must."""
    out = Path(tempfile.mkdtemp(prefix="perfproof-demo-pr-"))
    shop = out / "shop"
    shop.mkdir()
    git(shop, "init", "--quiet", "--initial-branch=main")
    (shop / "app.py").write_text(APP)
    print(f"a new repository with a small service: {shop}")
    if perf(shop, *INIT_GITHUB):
        return 1
    committed(shop, "Begin")
    git(shop, "worktree", "add", "--quiet", "--detach", ".perf/base", "main")
    articles, right = [], True
    for name, title, app, wanted in PULLS:
        code = pull(shop, out / name, title, app)
        right = right and code == wanted
        comment = (out / name / "comment.md").read_text(encoding="utf-8")
        shown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(comment)
        articles.append(
            ARTICLE.format(title=html.escape(title), code=code, name=name, comment=shown)
        )
        print(f"exit {code}; the comment: {out / name / 'comment.md'}", flush=True)
    page = out / "pull-requests.html"
    page.write_text(PAGE.format(articles="".join(articles)), encoding="utf-8")
    if not right:
        print("not as it must be: on a machine that is busy with other work such a run ends in 3")
    print(f"\nlook at: {page}")
    return int(not right)


if __name__ == "__main__":
    raise SystemExit(main())
