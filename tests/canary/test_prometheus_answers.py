"""Answers that say nothing, in every way they can: none of them promotes a canary."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from fakes.prometheus import ASKED_S, GREEN, SECONDS, Canned, sample, selector_of, vector
from perf_canary.sources.answer import MOST_BYTES
from perf_documents.canary_looks import Answer
from watched import ALONE, BEGAN_S, EVERY_S, LOOKS, TIMED, rules_of, source_of, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fakes.prometheus import FakePrometheus

REQUESTS = f"sum({selector_of(GREEN)})"
BUCKETS = f"sum by (le) ({selector_of(GREEN, SECONDS)})"
AT_S = ASKED_S


def said(value: object, labels: Mapping[str, str] | None = None, **more: object) -> bytes:
    """One series with a value at the time that is asked for."""
    return vector(sample(AT_S, value, labels), **more)


def data(kind: object, result: object) -> bytes:
    """Success with such data."""
    return json.dumps(
        {"status": "success", "data": {"resultType": kind, "result": result}}
    ).encode()


def valued(pair: object) -> bytes:
    """One series with such a pair for a value."""
    return vector({"metric": {}, "value": pair})


GOOD = said("5000")
NATIVE = vector({"metric": {}, "histogram": [AT_S, {"count": "9", "sum": "1", "buckets": []}]})
DEEP = b'{"status":"success","data":' + b"[" * 30 + b"]" * 30 + b"}"
HTML = b"<!DOCTYPE html><html><form action=/login></form></html>"
ELSEWHERE = {"Location": "http://127.0.0.1:9/api/v1/query"}
SECOND = ({"a": "1"}, {"a": "2"})
SCRIPT = "</script>\x1b[31m"

ODD: tuple[object, ...] = (
    1, True, None, [], "1,5", "0x1p3", "0x10", "1_0", " 1", "1 ", "", "+5", "1.", "\u0663",
)  # fmt: skip

# id, answer to the sum of the canary's requests, part of the reason
ROWS: list[tuple[str, Canned, str]] = [
    ("R01 empty", Canned(), "is empty"),
    ("R02 empty object", Canned(b"{}"), "status is not success: null"),
    ("R03 no data", Canned(b'{"status":"success"}'), "data is null"),
    ("R04 error with 200 and data", Canned(GOOD.replace(b"success", b"error")), "not success"),
    ("R05 data null", Canned(b'{"status":"success","data":null}'), "data is null"),
    ("R06 matrix", Canned(data("matrix", [])), 'resultType is "matrix"'),
    ("R07 string", Canned(data("string", [AT_S, "5"])), 'resultType is "string"'),
    ("R08 unknown type", Canned(data("tensor", [])), 'resultType is "tensor"'),
    ("R08 type that is no text", Canned(data(7, [])), "resultType is 7"),
    ("R09 result an object", Canned(data("vector", {})), "result is an object of 0"),
    ("R09 result a text", Canned(data("vector", "x")), 'result is "x"'),
    ("R09 result null", Canned(data("vector", None)), "result is null"),
    ("R10 empty vector", Canned(vector()), "empty, although"),
    ("R11 two equal values", Canned(vector(*(sample(AT_S, "5", one) for one in SECOND))),
     "query returned 2 series; aggregate it"),
    ("R11 two values", Canned(vector(sample(AT_S, "5", SECOND[0]), sample(AT_S, "6", SECOND[1]))),
     "query returned 2 series; aggregate it"),
    ("R12 one label set twice", Canned(vector(sample(AT_S, "5"), sample(AT_S, "6"))),
     "stands twice"),
    ("R13 redirect elsewhere", Canned(b"", 302, ELSEWHERE), "status 302: redirected elsewhere"),
    ("R13 redirect to nothing", Canned(b"", 301, {"Location": "http://["}), "status 301"),
    ("R14 login page", Canned(HTML), "is HTML or XML"),
    ("R15 no value", Canned(valued([AT_S])), "a list of 1"),
    ("R15 empty pair", Canned(valued([])), "a list of 0"),
    ("R15 two values in one", Canned(valued([AT_S, "1", "2"])), "a list of 3"),
    ("R15 null pair", Canned(valued(None)), "a sample is null"),
    ("R20 a histogram", Canned(NATIVE), "a native histogram"),
    *((f"R16 {text}", Canned(said(text)), "is not a finite number")
      for text in ("NaN", "+Inf", "-Inf", "nan", "Infinity", "NaN ")),
    *((f"R17 {value!r}", Canned(said(value)), "is not a finite number as text")
      for value in ODD),
    ("R18 too large", Canned(said("1e400")), "too large for a number"),
    ("R18 400 digits", Canned(said("9" * 400)), "too large for a number"),
    ("R18 below zero", Canned(said("-5000")), "finite and not negative"),
    ("R19 milliseconds", Canned(valued([AT_S * 1000, "5000"])), "a sample's time is"),
    ("R19 negative stamp", Canned(valued([-1, "5000"])), "a sample's time is -1"),
    ("R19 an hour ahead", Canned(valued([AT_S + 3600, "5000"])), "a sample's time is"),
    ("R19 a stamp as text", Canned(valued([str(AT_S), "5000"])), "expected Unix seconds"),
    ("R19 a stamp that is true", Canned(valued([True, "5000"])), "expected Unix seconds"),
    ("C25 a stamp that stands still", Canned(valued([BEGAN_S + 5.0, "5000"])),
     "a sample's time is"),
    ("R21 odd labels", Canned(vector(sample(AT_S, "1", {"__proto__": SCRIPT}), sample(AT_S, "2"))),
     r"__proto__=</script>\x1b[31m"),
    ("R21 a label of a megabyte",
     Canned(vector(sample(AT_S, "1", {"a": "x" * 2**20}), sample(AT_S, "2"))), "xxx…"),
    ("R21 a label that is no text", Canned(vector({"metric": {"a": 1}, "value": [AT_S, "1"]})),
     "a label that is not text"),
    ("R22 too many series",
     Canned(vector(*(sample(AT_S, "1", {"a": str(n)}) for n in range(1001)))), "1001 series"),
    ("R22 a flood of series", Canned(GOOD * 1000, then="flood"), "more than 8,388,608 bytes"),
    ("R23 warnings", Canned(said("5000", warnings=["partial \x1b[2J"])), r"partial \u001b[2J"),
    ("R23 warnings as text", Canned(said("5000", warnings="text")), 'warnings is "text"'),
    ("R24 a key twice", Canned(b'{"status":"error","status":"success"}'), "stands twice"),
    ("R24 NaN as a number", Canned(said(float("nan"))), "NaN is not a number"),
    ("R24 deep", Canned(DEEP), "nested 31 deep"),
    ("R25 gzip bomb", Canned(gzip.compress(bytes(2**25)), 200, {"Content-Encoding": "gzip"}),
     "content-encoding gzip was not asked for"),
    ("R25 wrong coding", Canned(GOOD, 200, {"Content-Encoding": "br"}), "content-encoding br"),
    ("R25 gzip unannounced", Canned(gzip.compress(GOOD)), "not UTF-8"),
    ("R25 UTF-16", Canned(GOOD.decode().encode("utf-16")), "is UTF-16"),
    ("R25 byte order mark", Canned(b"\xef\xbb\xbf" + GOOD), "byte order mark"),
    ("R26 chunked and cut", Canned(GOOD * 20, then="chunk"), "cut short"),
    ("R26 shorter than announced", Canned(GOOD, then="cut"), "cut short"),
    ("R26 longer than announced", Canned(GOOD, 200, {"Content-Length": "9"}), "is not JSON"),
    *((f"R27 {status}", Canned(GOOD if status == 206 else b"", status), f"status {status}")
      for status in (206, 204, 304)),
    ("C02 401", Canned(b"", 401), "status 401: no access"),
    ("C02 403", Canned(b"", 403), "status 403: no access"),
    ("C02 404", Canned(b"", 404), "status 404: no access; check the path"),
    ("C03 429", Canned(b"", 429), "status 429"),
    ("C03 503", Canned(b"", 503), "status 503"),
    ("C03 504", Canned(b"", 504), "status 504"),
    ("C04 400", Canned(b'{"status":"error","error":"parse \\u001b error"}', 400),
     r"status 400: parse \x1b error"),
    ("C04 422", Canned(HTML, 422), "status 422: <!DOCTYPE"),
    ("C06 500", Canned(b"", 500), "status 500; expected 200"),
    ("C06 cut JSON", Canned(GOOD[:-9]), "is not JSON"),
    ("C06 a list", Canned(b"[]"), "not a Prometheus answer"),
    ("C06 NUL", Canned(GOOD.replace(b"5000", b"\\u0000")), "NUL"),
    ("C01 silent", Canned(then="silent"), "no whole answer within 0.1 s"),
    ("C23 trickle", Canned(b'{"status":', then="trickle"), "no whole answer within 0.1 s"),
]  # fmt: skip


@pytest.mark.parametrize(("canned", "reason"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_an_answer_that_says_nothing_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path, canned: Canned, reason: str
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.canned = {REQUESTS: canned}
    call_s = 0.1 if canned.then in {"silent", "trickle"} else 5.0
    found = watched(source_of(rules, call_s=call_s), rules)
    assert found.promotions == 0
    assert len([why for why in found.reasons.splitlines() if reason in why]) == LOOKS
    assert {look.answer for look in found.looks} == {Answer.HOLD}


def test_the_same_watch_of_good_answers_promotes(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    for text in (ALONE, TIMED):
        rules = rules_of(text, prometheus.url, tmp_path)
        assert watched(source_of(rules), rules).promotions > 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body.replace(b'"warnings": []', b'"infos": ["x"]'), id="infos"),
        pytest.param(lambda body: body + b" \n", id="blanks at the end"),
        pytest.param(lambda body: body.replace(b'"metric": {}', b'"metric": {"__proto__": "\\u001b'
                                                             b'</script>"}'), id="R21 labels"),
    ],
)  # fmt: skip
def test_what_does_no_harm_is_read(
    prometheus: FakePrometheus, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    times_s = iter([BEGAN_S + EVERY_S * at for at in range(LOOKS)])

    def answer(_: int) -> Canned:
        t_s = next(times_s)
        value = f"{50.0 * (t_s - BEGAN_S) + 9000.0:.3e}"
        return Canned(change(vector(sample(t_s, value), warnings=[])))

    prometheus.canned = {REQUESTS: answer}
    assert watched(source_of(rules), rules).promotions > 0


def test_minus_zero_is_zero_and_a_scalar_is_a_number(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.canned = {
        'sum(http_requests_total{version="green",status': Canned(said("-0")),
        REQUESTS: Canned(data("scalar", [AT_S, "5000"])),
    }
    reading = source_of(rules).read(BEGAN_S).canary
    assert repr(reading) == "Counters(requests=5000.0, errors=-0.0, buckets=None)"


def test_a_redirect_to_the_same_host_is_followed(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    place = Canned(b"", 301, {"Location": "/prometheus/api/v1/query"})
    prometheus.canned = {"": lambda _: None if "prometheus" in prometheus.paths[-1] else place}
    assert watched(source_of(rules), rules).promotions > 0
    # and one that leads in a circle is not followed for long
    prometheus.canned = {"": lambda n: Canned(b"", 307, {"Location": f"/{n}"})}
    assert watched(source_of(rules), rules, 2).promotions == 0


def test_answers_that_alternate_between_value_empty_nan_and_error_never_promote(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    turns = iter(range(100))
    bad = [None, Canned(vector()), Canned(said("NaN")), Canned(b'{"status":"error"}')]
    prometheus.canned = {REQUESTS: lambda _: bad[next(turns) % 4]}
    found = watched(source_of(rules), rules, 100)
    assert found.promotions == 0
    assert "looks had data" in found.looks[-1].reason or "no data" in found.looks[-1].reason


def test_a_prometheus_that_is_down_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    rules = rules_of(ALONE, f"http://127.0.0.1:{port}", tmp_path)
    source = source_of(rules)
    found = watched(source, rules)
    assert found.promotions == 0
    assert found.reasons.splitlines()[0].endswith("refused")
    assert prometheus.asked == []


def test_a_host_that_no_name_server_knows_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    rules = rules_of(ALONE, "http://prometheus.invalid:9090", tmp_path)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert "gaierror: Name or service not known" in found.reasons
    assert prometheus.asked == []


def test_a_server_without_tls_never_promotes(prometheus: FakePrometheus, tmp_path: Path) -> None:
    rules = rules_of(ALONE, prometheus.url.replace("http:", "https:"), tmp_path)
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert "SSL" in found.reasons
    assert prometheus.asked == []


def test_nothing_of_a_flood_is_kept_beyond_the_limit(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(ALONE, prometheus.url, tmp_path)
    prometheus.canned = {REQUESTS: Canned(b" " * (MOST_BYTES + 1))}
    reading = source_of(rules).read(BEGAN_S).canary
    assert "more than 8,388,608 bytes" in repr(reading)
