"""The table as a page of the documentation, written and read."""

from __future__ import annotations

import platform
import re
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from false_greens.rows import ROWS, Row, locust_words, perf_words, profile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from false_greens.running import Ended, Result

URL = "http://127.0.0.1:PORT"
LONGEST = 150
TEMPLATE = Path(__file__).with_suffix(".md")


def cell(ended: Ended) -> str:
    """Exit code as it is written."""
    return "no end in 60 s" if ended.code is None else str(ended.code)


def page(results: Sequence[Result]) -> str:
    """Whole page."""
    faults = [result for result in results if not result.row.healthy]
    greens = sum(result.locust.code == 0 for result in faults)
    ours = sum(result.perf.code == 0 for result in faults) or "none"
    table = [
        f"| row | fault | Locust {version('locust')} | k6 | perfproof |",
        "| --- | --- | --- | --- | --- |",
        *(_line(result) for result in results),
    ]
    filled = {
        "COUNT": f"Of {len(faults)} faults Locust let {greens} end in 0, perfproof {ours}.",
        "TABLE": "\n".join(table),
        "LOCUST": version("locust"),
        "PYTHON": platform.python_version(),
        "ROWS": "\n".join(_told(result) for result in results).rstrip(),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub("@([A-Z]+)@", lambda found: filled[found[1]], text)


def _line(result: Result) -> str:
    row = result.row
    codes = [cell(result.locust), row.k6, cell(result.perf)]
    if not row.healthy:
        codes = [f"**{code}**" if code.split(" ")[0] == "0" else code for code in codes]
    return f"| {row.name} | {row.fault} | {' | '.join(codes)} |"


def _told(result: Result) -> str:
    """One row in full."""
    row = result.row
    said = " ".join(result.perf.said.split())
    said = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    variables = "".join(f"{name}={value} " for name, value in _variables(row).items())
    service = "; ".join(filter(None, (_service(row), row.act and f"then: {row.act}")))
    profile = "".join(f"    {line}\n" for line in profile_of(row).splitlines())
    return (
        f"### {row.name}\n\n{row.fault[0].upper() + row.fault[1:]} ({service}).\n"
        f"perfproof, exit {cell(result.perf)}: {code(said)}\n\n"
        f"```console\n$ {variables}locust {shlex.join(locust_words(row, URL))}\n"
        f"$ {variables}perfproof {shlex.join(perf_words(row, URL))}\n{profile}```\n"
    )


def code(text: str) -> str:
    """Text of a program, which may hold anything but a backtick."""
    return f"`{text.replace('`', chr(39))}`"


def _variables(row: Row) -> dict[str, str]:
    answers = f"/{row.answers}" + ("http://ELSEWHERE/health" if row.answers.endswith("?") else "")
    return dict(row.environ) | ({"VISIT": answers} if row.answers else {})


def _service(row: Row) -> str:
    if row.refused:
        return "nobody listens at PORT"
    if row.answers:
        return f"torture server, `/{row.answers}`"
    flags = shlex.join(row.service)
    disk = "; results go to a tmpfs of 64 KiB" if row.full_disk else ""
    return f"`perf target {flags}`{disk}" if flags else f"`perf target`{disk}"


def codes_on(text: str) -> dict[str, tuple[str, str, str]]:
    """Codes of Locust, k6 and perfproof by row, as the table of a page has them."""
    found: dict[str, tuple[str, str, str]] = {}
    names = {row.name for row in ROWS}
    for line in text.splitlines():
        cells = [re.sub(r"\*\*", "", one).strip() for one in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 5 and cells[0] in names:
            found[cells[0]] = (cells[2], cells[3], cells[4])
    return found
