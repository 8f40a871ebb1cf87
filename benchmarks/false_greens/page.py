"""The table as a page of the documentation, written and read."""

from __future__ import annotations

import platform
import re
import shlex
from importlib.metadata import version
from typing import TYPE_CHECKING

from false_greens.rows import ROWS, Row, locust_words, perf_words, profile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from false_greens.running import Ended, Result

URL = "http://127.0.0.1:PORT"
LONGEST = 150
HEAD = """\
# False greens

A load test is wrong in the worst way when it ends in 0 and proved nothing. Each row of this table is a fault that was made for real, on one machine, once
beside plain Locust and once beside perfproof: the same user class, the same number of users, the same time, the same two limits (at most 1 % failures, p95 below
1,000 ms). The exit codes stand side by side. **Bold** is a false green: a fault, and an exit code of 0.

`make false-greens` runs everything anew in a few minutes and writes this page. It ends in 1 if perfproof says 0 beside a fault, gives another reason than the fault,
or says anything but 0 of a healthy service.
"""
FAIR = """
## What was compared

* Locust {locust}, as it is installed from PyPI, Python {python}. It is given what its documentation has for pipelines: `--headless`, `--run-time`, `--stop-timeout`,
  `--exit-code-on-error 1`, and limits through the `quitting` listener of its page on running without the web UI. Of that listener the last branch, which sets the code
  to 0, is left out: it would hide exceptions that Locust reports by itself. One row shows that. Where Locust ends in something other than 0, it saw that something was wrong.
* perfproof is given the same number of users in a closed loop (`constant-vus`). One row has an arrival rate instead, because that is how one sees such a fault: a service
  that freezes also stops the users who wait for it, so that a closed loop hardly notices. Locust has no such executor.
* k6 is not run by this script. Its codes were measured earlier, with the version that is named and k6's default settings; "not measured" is meant as it is written.
* A timeout for each request helps Locust and k6 against silent services: that is a row of its own. Locust's `HttpUser` has none unless each call is given one.
* SIGTERM and SIGINT end Locust in good order and in 0, by design. In a pipeline that cancels a job, that 0 is the result of a test that was not finished.

## What neither can see

A service that answers 200 with an error in the body is healthy to both, unless the scenario looks into the body. A limit that is set too high holds. A scenario that asks for
the wrong page measures the wrong page. perfproof tells how many requests carried a check, and no more.
"""
COMMANDS = """
## What perfproof says, and the commands

Locustfiles and limits lie in `benchmarks/false_greens/locustfiles/`, the faults in `benchmarks/false_greens/rows.py`. `PORT` is that of the service with the fault: the
embedded one (`perf target`, with the flags that are shown), or the tests' torture server, which answers by path.
"""


def cell(ended: Ended) -> str:
    """Exit code as it is written."""
    return "no end in 60 s" if ended.code is None else str(ended.code)


def page(results: Sequence[Result]) -> str:
    """Whole page."""
    locust = version("locust")
    greens = sum(not result.row.healthy and result.locust.code == 0 for result in results)
    faults = sum(not result.row.healthy for result in results)
    lines = [
        HEAD, f"Of {faults} faults Locust let {greens} end in 0, perfproof "
        f"{sum(not r.row.healthy and r.perf.code == 0 for r in results) or 'none'}.\n",
        f"| row | fault | Locust {locust} | k6 | perfproof |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for result in results:
        row = result.row
        codes = [cell(result.locust), row.k6, cell(result.perf)]
        if not row.healthy:
            codes = [f"**{code}**" if code.split(" ")[0] == "0" else code for code in codes]
        lines.append(f"| {row.name} | {row.fault} | {' | '.join(codes)} |")
    lines += [FAIR.format(locust=locust, python=platform.python_version()), COMMANDS]
    lines += [_told(result) for result in results]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


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
