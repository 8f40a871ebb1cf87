"""Rows Y01 to Y58 of the bad-input catalogue, as far as they concern a profile."""

from __future__ import annotations

import pytest

from profile_texts import CLOSED, CONSTANT, OPEN, problems_of, with_thresholds

DIGITS = "expected a whole number in plain decimal digits"
SHARE = "with its unit, such as"


def set_key(key: str, value: str, base: str = CONSTANT) -> str:
    """Return a profile in which one key has another value, or is added."""
    lines = [line for line in base.splitlines() if not line.startswith(f"{key}:")]
    return "\n".join([*lines, f"{key}: {value}", ""])


def vus(value: str) -> str:
    return set_key("max_vus", value)


def lasting(value: str) -> str:
    return set_key("duration", value)


def aborting(value: str) -> str:
    return with_thresholds(f"{{threshold: p(95)<500, abortOnFail: {value}}}")


def comparing(regression: str) -> str:
    return set_key("regression", regression)


def staged(stages: str) -> str:
    return f"scenario: x\nexecutor: ramping-arrival-rate\npre_allocated_vus: 5\nstages: {stages}\n"


NUMBERS = [
    ("Y01", vus("010"), f'{DIGITS}, such as 8; found "010", which YAML reads as 8'),
    ("Y02-octal", vus("0777"), 'such as 511; found "0777", which YAML reads as 511'),
    ("Y02-hex", vus("0x1F"), 'such as 31; found "0x1F", which YAML reads as 31'),
    ("Y02-binary", vus("0b11"), 'such as 3; found "0b11", which YAML reads as 3'),
    ("Y02-octal-1.2", vus("0o10"), 'such as 8; found "0o10", which YAML reads as text'),
    ("Y03", vus("1_000"), 'such as 1000; found "1_000", which YAML reads as 1000'),
    ("Y04", staged("[{duration: 1m, target: 1e3}]"),
     'plain decimal digits, such as 1000; found "1e3", which YAML reads as text'),
    ("Y11-nan", set_key("rate", ".nan"), "not finite"),
    ("Y12", set_key("rate", "1.e+400"), "not finite"),
    ("Y15-comma", set_key("rate", "1,5"), "rate: not plain"),
    ("Y15-dots", set_key("rate", "1.5.2"), "rate: not plain"),
    ("Y15-blank", set_key("rate", "1 000"), "rate: not plain"),
    ("Y15-plus", vus("+5"), "max_vus: not plain"),
    ("Y15-bare-point", set_key("rate", ".5"), "rate: not plain"),
    ("Y16", vus("true"), 'found "true", which YAML reads as true'),
    ("Y17", vus('"100"'), "max_vus: a text, not a number"),
    ("Y18", vus("100.0"), f"{DIGITS}, such as 100"),
    ("Y19", vus("999999999999999999999999"), "max_vus: out of range; expected 1 to 100000"),
    ("Y19-long", vus("9" * 5_000), "max_vus: out of range"),
    ("Y20-negative", vus("-1"), "max_vus: out of range"),
    ("Y20-zero", vus("0"), "max_vus: out of range"),
    ("Y20-target", staged("[{duration: 1m, target: -1}]"), "stages[0].target: out of range"),
    ("Y20-rate", set_key("rate", "0"), "rate: out of range; expected 0.001 to 1000000"),
    ("Y20-vus", set_key("stages", "[{duration: 1m, target: 1.5}]", CLOSED), "a whole number"),
    ("Y21-arabic", vus("\u0661\u0660\u0660"), 'found "\\u0661\\u0660\\u0660"'),
    ("Y21-wide", vus("\uff11\uff10\uff10"), 'found "\\uff11\\uff10\\uff10"'),
    ("seed", set_key("seed", "-1"), "seed: out of range"),
    ("missing-value", vus(""), "max_vus: not plain"),
]  # fmt: skip
DURATIONS = [
    ("Y05-clock", lasting("12:30:45"), "duration: no clock times; write 1h30m"),
    ("Y05-minutes", lasting("1:30"), "duration: no clock times"),
    ("Y06", lasting("60"), "duration: no unit; write 60s or 60m"),
    ("Y07-blank", lasting("5 m"), "no blanks inside a duration"),
    ("Y07-min", lasting("5min"), "not a duration: numbers with the units d h m s ms us"),
    ("Y07-upper", lasting("5M"), "not a duration"),
    ("Y07-iso", lasting("PT5M"), "not a duration"),
    ("Y08-negative", lasting("-5s"), "a duration is not negative"),
    ("Y08-long", lasting("9999999h"), "duration: out of range; expected 0s to 7d"),
    ("Y08-zero", lasting("0s"), "the schedule is too short; expected 1s to 168h in all; found 0s"),
    ("Y08-sum", staged("[{duration: 100h, target: 1}, {duration: 69h, target: 1}]"),
     "the schedule is too long"),
    ("timeout", set_key("timeout", "0s"), "timeout: out of range; expected 1ms to 1h"),
    ("time-unit", set_key("time_unit", "0s"), "time_unit: out of range"),
    ("graceful", set_key("gracefulStop", "30"), "gracefulStop: no unit; write 30s"),
]  # fmt: skip
WORDS = [
    *((f"Y09-{word}", aborting(word), "expected true or false, without quotes")
      for word in ("on", "yes", "NO", "off", '"true"', "True", "1")),
    *((f"Y10-{word}", set_key("scenario", word), "scenario: not a text: quote it")
      for word in ("no", "on", "null", "~", "1.10", "2024-01-01")),
    ("Y10-empty", set_key("scenario", ""), "scenario: a value is missing"),
    ("Y47-confusable", set_key("scenario", "he\u0430lth"), 'found "he\\u0430lth"'),
    ("Y53", set_key("scenario", "${NAME}"), "scenario: variables are not filled in"),
    ("Y53-threshold", with_thresholds("'p(95)<${LIMIT}'"), "variables are not filled in"),
    ("A02-parent", set_key("scenario", "../x"), "expected NAME, NAME:Class or a path"),
    ("A02-class", set_key("scenario", "'a:1b'"), "what follows the colon is not a class name"),
    ("executor", set_key("executor", "constant-arival-rate"),
     'did you mean "constant-arrival-rate"'),
    ("arrivals", set_key("arrivals", "uniform"), "expected constant or poisson"),
    ("phase", staged("[{duration: 1m, target: 5, phase: drain}]"), "stages[0].phase: unknown word"),
]  # fmt: skip
MARGINS = [
    (
        "Y13-points",
        comparing("{tolerance: {error_rate: 101pp}}"),
        "out of range; expected 0 to 100",
    ),
    ("Y13-negative", comparing("{tolerance: {p95: -1%}}"), "tolerance.p95: out of range"),
    ("Y13-blank", comparing("{tolerance: {p95: 1 %}}"), "not a number with the unit %"),
    (
        "Y14-bare-rate",
        comparing("{error_rate: 5}"),
        f"unit pp; expected above 0 to 100 {SHARE} 5pp",
    ),
    ("Y14-bare-quantile", comparing("{p95: 5}"), f"unit %; expected above 0 to 1000 {SHARE} 5%"),
    ("Y14-rate", comparing("{error_rate: 5%}"), "not a number with the unit pp"),
    ("Y14-quantile", comparing("{p95: 5pp}"), "not a number with the unit %"),
    ("H17-negative", comparing("{p95: -5%}"), "regression.p95: out of range"),
    ("H17-large", comparing("{p95: 1001%}"), "regression.p95: out of range"),
    ("H17-tolerance", comparing("{p95: 5%, tolerance: {p95: 5%}}"), "not below the margin"),
    ("H17-alpha-0", comparing("{alpha: 0}"), "expected 0.000001 to 0.499999"),
    ("H17-alpha-1", comparing("{alpha: 1}"), "regression.alpha: out of range"),
    ("H17-alpha-nan", comparing("{alpha: .nan}"), "not finite"),
    ("metric", comparing("{p100: 5%}"), "not a compared metric"),
    ("no-margin", set_key("gate", "{must_detect: {p99: 5%}}"), "it has no margin in regression"),
    ("gate-inconclusive", set_key("gate", "{inconclusive: pass}"), "unknown key gate.inconclusive"),
    ("gate-word", set_key("gate", "{comparison: prof}"), 'did you mean "proof"'),
    ("gate-baseline", set_key("gate", "{baseline: none}"), "expected optional or required"),
]
KEYS = [
    ("Y25", CONSTANT + "thresolds: {}\n", 'unknown key thresolds; did you mean "thresholds"'),
    ("Y25-k6", CONSTANT + "maxVus: 5\n", 'unknown key maxVus; did you mean "maxVUs"'),
    ("Y26-stage", staged("[{duration: 1m, target: 5, executor: x}]"),
     "unknown key stages[0].executor; it belongs at the top level"),
    ("Y26-top", CONSTANT + "target: 5\n", "unknown key target; it belongs in an item of stages"),
    ("Y26-metric", CONSTANT + "http_req_duration: [p(95)<5]\n", "it belongs in thresholds"),
    ("Y26-perf-yaml", CONSTANT + "url: http://x\n", "it belongs in perf.yaml"),
    ("Y27", "executor: constant-arrival-rate\n",
     "required keys are missing; expected scenario, rate, duration, pre_allocated_vus"),
    ("Y27-stage", staged("[{phase: ramp}]"),
     "stages[0]: required keys are missing; expected duration, target"),
    ("Y27-executor", "scenario: x\nstages: [{duration: 1m, target: 5}]\n",
     "executor is missing; k6 reads bare stages as ramping-vus"),
    ("Y28-list", CONSTANT + "thresholds: ['p(95)<5']\n", "expected a mapping of keys to values"),
    ("Y28-empty", CONSTANT + "thresholds: {http_reqs: []}\n", "an empty list limits nothing"),
    ("Y28-bare", CONSTANT + "thresholds: {http_reqs: rate>5}\n", "expected a list"),
    ("Y48-start", staged("[{duration: 1m, target: 5, start: 1}]"),
     "unknown key stages[0].start; it belongs at the top level, as start_rate"),
    ("Y48-empty", staged("[]"), "stages: no stages; expected 1 to 200 stages"),
    ("Y49-phase", with_thresholds("p(95)<5", subject="http_req_duration{phase:ramp}"),
     "no stage is ramp; planned: sustained 0s-5m"),
    ("Y49-warm-up", staged("[{duration: 1m, target: 5, phase: warm-up}]"),
     "the warm-up is all there is"),
    ("Y52", CONSTANT + "include: ../../secret.yml\n", "unknown key include"),
    ("Y55", CONSTANT + "think_time: -1s\n", "unknown key think_time"),
    ("Y56", CONSTANT + "shares: [50, 49.9]\n", "unknown key shares"),
    ("Y57", staged("[" + "{duration: 1s, target: 1}, " * 201 + "]"), "too many stages"),
    ("Y57-many", staged("[" + "{duration: 1s, target: 1}, " * 10_000 + "]"), "too many values"),
    ("foreign", CONSTANT + "stages: []\n", "stages: not a key of constant-arrival-rate"),
    ("foreign-vus", CLOSED + "pre_allocated_vus: 5\n", "not a key of ramping-vus"),
    ("both-spellings", CONSTANT + "preAllocatedVUs: 5\n",
     "preAllocatedVUs: the same key as pre_allocated_vus on line 5, given twice"),
    ("max-below", CONSTANT + "max_vus: 49\n", "less than pre_allocated_vus"),
    ("no-load", OPEN.replace("target: 100", "target: 0"), "nothing would be sent"),
    ("arrivals-needed", with_thresholds("p(95)<5", subject="http_req_latency", base=CLOSED),
     "http_req_latency needs arrivals, which ramping-vus has none of"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [pytest.param(*c[1:], id=c[0]) for c in (*NUMBERS, *DURATIONS, *WORDS, *MARGINS, *KEYS)],
)
def test_refused_with_its_place(text: str, said: str) -> None:
    found = problems_of(text)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("p.yaml:") for problem in found)


ACCEPTED = [
    *((f"Y07-{text}", lasting(text)) for text in ("1h30m", "1.5m", "5000ms", "1d12h", '"5m"')),
    ("Y08-jump", staged("[{duration: 0s, target: 5}, {duration: 1m, target: 5}]")),
    ("Y10-quoted", set_key("scenario", '"2024-01-01"')),
    ("Y13-zero-tolerance", comparing("{tolerance: {p95: 0%}}")),
    ("Y28-absent", CONSTANT),
    ("fraction", set_key("rate", "12.5")),
    ("class", set_key("scenario", "'shop:Buyer'")),
    ("path", set_key("scenario", "./flows/Buy.py")),
]


@pytest.mark.parametrize("text", [pytest.param(c[1], id=c[0]) for c in ACCEPTED])
def test_looks_bad_and_works(text: str) -> None:
    assert problems_of(text) == []


def test_all_problems_of_a_profile_are_said_at_once_in_order() -> None:
    found = problems_of(
        "scenario: no\nexecutor: constant-vus\nvus: 010\nduration: 60\nrate: 5\ntimeout: 5\n"
        "thresholds: {http_reqs: ['p(95)<5']}\nregression: {p95: 5}\ngate: {baseline: no}\n"
    )
    lines = [problem.split(":")[1] for problem in found]
    assert lines == ["1", "3", "4", "5", "6", "7", "8", "9"]


def test_no_password_is_ever_repeated() -> None:
    secret = "hunter2"  # noqa: S105  # planted to be looked for
    found = problems_of(f"url: http://user:{secret}@host/\n{CONSTANT}")
    assert found
    assert secret not in "".join(found)
