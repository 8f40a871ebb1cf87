"""The rows of the table of false greens: a fault, how it is made, and what k6 was seen to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_MEASURED = "not measured"
ELSEWHERE = "{elsewhere}"  # an address of this machine that is not loopback
OPEN = "executor: constant-arrival-rate\nrate: 100\npre_allocated_vus: 50\nmax_vus: 400\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault, made twice: beside Locust and beside perfproof."""

    name: str
    fault: str
    scenario: str = "visit"  # file in locustfiles/, the same for both
    limits: str = "limits"  # Locust's thresholds
    extra_limit: str = ""  # perfproof's, besides the two of every row
    service: tuple[str, ...] = ()  # faults of `perf target`
    answers: str = ""  # path of the torture server that answers instead
    refused: bool = False  # nobody listens
    environ: Mapping[str, str] = field(default_factory=dict)
    users: int = 20
    seconds: int = 5
    load: str = ""  # perfproof's executor, where it is not the same number of users
    processes: int = 1
    act: str = ""  # what happens once the load runs
    full_disk: bool = False
    k6: str = NOT_MEASURED
    healthy: bool = False
    because: str = ""  # in perfproof's reason: the row shows this fault and no other


SILENT_K6 = "0 (k6 2.2.1; 99 with a timeout of 2 s)"
ROWS = (
    Row(name="healthy", fault="none: a healthy service, `HttpUser`", healthy=True),
    Row(name="healthy-fast", fault="none: a healthy service, `FastHttpUser`",
        scenario="visit_fast", healthy=True),
    Row(name="healthy-processes", fault="none: a healthy service, two load processes",
        processes=2, healthy=True),
    # the service
    Row(name="silent", fault="the service accepts connections and never answers, `HttpUser`",
        answers="silent", k6=SILENT_K6, because="V2"),
    Row(name="silent-fast", fault="the same, `FastHttpUser`", scenario="visit_fast",
        answers="silent", k6=SILENT_K6, because="V2"),
    Row(name="silent-timeout", fault="the same, each request given a timeout of 2 s",
        scenario="visit_timeout", answers="silent", users=120, k6="99 (k6 2.2.1)",
        because="http_req_failed"),
    Row(name="trickle", fault="a body arrives byte by byte and does not end", answers="trickle",
        k6="0 (k6 2.2.1, `gracefulStop: 0s`)", because="V2"),
    Row(name="endless", fault="an endless chunked body", answers="endless", because="V2"),
    Row(name="login-hangs", fault="half of the users never get past their login: the planned load "
        "is never reached", scenario="login", service=("--hang", "0.5", "--only", "/api"),
        users=40, because="http_req_failed"),
    Row(name="stall", fault="the service freezes for 2 of 6 s", scenario="paced",
        service=("--stall", "2s/6s"), users=10, seconds=8, load=OPEN,
        because="http_req_duration"),
    Row(name="rounded", fault="answers take 1,004 ms; the limit of the p95 is 1,000 ms",
        scenario="visit_fast", service=("--slow-ms", "1004"), users=45, seconds=7,
        because="http_req_duration"),
    Row(name="slow", fault="answers take 2 s", service=("--slow-ms", "2000"), users=120, seconds=6,
        because="http_req_duration"),
    Row(name="status-999", fault="every answer has the status 999", answers="status-999",
        because="http_req_failed"),
    Row(name="redirected", fault="every request is redirected to another host, which answers",
        service=("--host", ELSEWHERE), answers="to/302?", because="allow-list"),
    Row(name="errors", fault="every answer is a 500", service=("--errors", "1"),
        because="http_req_failed"),
    Row(name="some-errors", fault="5 % of the answers are a 500", service=("--errors", "0.05"),
        because="http_req_failed"),
    Row(name="refused", fault="connection refused", refused=True, because="refused"),
    # the scenario
    Row(name="sys-exit", fault="the scenario calls `sys.exit(0)`", scenario="leaves",
        environ={"LEAVE": "sys.exit"}, because="V"),
    Row(name="os-exit", fault="the scenario calls `os._exit(0)`", scenario="leaves",
        environ={"LEAVE": "os._exit"}, because="V"),
    Row(name="quit", fault="the scenario calls `environment.runner.quit()`", scenario="leaves",
        environ={"LEAVE": "quit"}, because="V"),
    Row(name="idle", fault="a task without a request", scenario="idle", because="V2"),
    Row(name="empty", fault="a file of data without rows", scenario="empty", because="V2"),
    Row(name="nobody", fault="a locustfile without a user class", scenario="nobody",
        because="no user class"),
    Row(name="raises", fault="every tenth task raises an exception after its request",
        scenario="raises", because="V9"),
    Row(name="raises-as-printed", fault="the same; Locust's listener as its documentation prints "
        "it, with the branch that sets 0", scenario="raises", limits="limits_as_printed",
        because="V9"),
    Row(name="cannot-start", fault="`on_start` raises for every other user",
        scenario="cannot_start", users=40, because="V"),
    Row(name="nan", fault="a client of one's own reports NaN ms", scenario="own_client",
        environ={"MILLISECONDS": "nan"}, because="V9"),
    Row(name="negative", fault="a client of one's own reports -5 ms", scenario="own_client",
        environ={"MILLISECONDS": "-5"}, because="V9"),
    Row(name="typo", fault="a slip in the name of the request that a limit is for",
        limits="limits_typo", extra_limit="'http_req_duration{name:/haelth}': ['p(95)<1000']",
        because="haelth"),
    Row(name="few", fault="one user, some 20 requests: too few for a p95", users=1, because="V2"),
    # the generator and its machine
    Row(name="saturated", fault="the generator's processor is the bottleneck", scenario="burning",
        load=OPEN, because="V6"),
    Row(name="worker", fault="one of two load processes is killed", processes=2, seconds=8,
        act="kill a worker", because="V"),
    Row(name="frozen", fault="the generator is suspended for 6 s", act="suspend", seconds=12,
        because="V6"),
    Row(name="sigterm", fault="SIGTERM in the midst of the run", act="SIGTERM", seconds=8,
        k6="105 (k6 2.2.1)", because="Interrupted"),
    Row(name="sigint", fault="SIGINT in the midst of the run", act="SIGINT", seconds=8,
        k6="105 (k6 2.2.1)", because="Interrupted"),
    Row(name="clock", fault="the wall clock is set back an hour in the midst of the run",
        act="clock", seconds=8, because="V8"),
    Row(name="disk", fault="the disk has 64 KiB left for results", full_disk=True,
        because="read-only or full"),
)  # fmt: skip


def profile_of(row: Row) -> str:
    """perfproof's profile of a row: the same users for the same time, and the same two limits."""
    load = row.load or f"executor: constant-vus\nvus: {row.users}\n"
    limits = [
        "http_req_failed: ['rate<0.01']", "http_req_duration: ['p(95)<1000']", row.extra_limit,
    ]  # fmt: skip
    thresholds = "".join(f"  {limit}\n" for limit in limits if limit)
    return (
        f"scenario: {row.scenario}\n{load}duration: {row.seconds}s\ngraceful_stop: 5s\n"
        f"thresholds:\n{thresholds}"
    )


def locust_words(row: Row, url: str) -> list[str]:
    """Arguments of Locust for a row: what its documentation has for pipelines."""
    several = ["--processes", str(row.processes)] if row.processes > 1 else []
    return [
        "-f", f"{row.scenario}.py,{row.limits}.py", "--headless", "--users", str(row.users),
        "--spawn-rate", str(row.users), "--run-time", f"{row.seconds}s", "--stop-timeout", "5",
        "--exit-code-on-error", "1", "--only-summary", "--csv", "out/locust", "--html",
        "out/report.html", "--host", url, *several,
    ]  # fmt: skip


def perf_words(row: Row, url: str) -> list[str]:
    """Arguments of perfproof for a row."""
    several = ["--processes", str(row.processes)] if row.processes > 1 else []
    return ["run", "--profile", "check", "--target", url, *several]
