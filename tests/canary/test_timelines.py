"""The rule engine on scripted timelines: the second in which it answers, beside a slow reference.

A timeline has one letter for each look, ten seconds apart; see `INTERVALS`. `o3` is `ooo`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from perf_canary.reading import Counters, NoData, Reading
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules import Rule, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_S = 10
# requests and errors of an interval; None: no data; a restart loses the counters besides
INTERVALS: dict[str, tuple[int, int] | None] = {
    "o": (100, 0), "b": (100, 100), "e": (100, 3), "i": (100, 1), "w": (100, 2),
    "t": (5, 0), "u": (5, 5), "z": (0, 0), "n": None, "r": None,
}  # fmt: skip
LEAST, WIDTH_S, AFTER_S = 300, 60, 1200
ALPHA = 0.05
TIMELINES = [
    # what happens, the timeline, limit, hold in seconds, and how it ends
    ("errors from the first look", "b14", 0.01, 120, "ROLLBACK 130"),
    ("one look short of two minutes", "b12 o6", 0.01, 120, "ROLLBACK 130"),
    ("good for a while, then errors", "o12 b20", 0.01, 120, "ROLLBACK 250"),
    ("errors at three per cent", "e16", 0.01, 120, "ROLLBACK 140"),
    ("errors below the limit", "i30", 0.02, 120, "HOLD"),
    ("errors at the limit exactly", "w30", 0.02, 120, "HOLD"),
    ("errors just over the limit", "w20 e20", 0.02, 120, "ROLLBACK 330"),
    ("a single bad interval", "o10 b o20", 0.01, 120, "HOLD"),
    ("two bad intervals a minute apart", "o6 b o6 b o20", 0.01, 120, "HOLD"),
    (
        "a bad interval each minute keeps the window bad",
        "o6 bo5bo5bo5bo5bo5",
        0.01,
        120,
        "ROLLBACK 190",
    ),
    ("a bad interval each 70 s does not", "o6 bo6bo6bo6bo6bo6", 0.01, 120, "HOLD"),
    ("half a minute's hold", "b4", 0.01, 30, "ROLLBACK 40"),
    ("hold of one look", "b2", 0.01, 10, "ROLLBACK 20"),
    ("hold of ten minutes", "b62", 0.01, 600, "ROLLBACK 610"),
    ("no data pauses", "b6 n b10", 0.01, 120, "ROLLBACK 150"),
    ("no data twice pauses twice", "b5 n b4 n b10", 0.01, 120, "ROLLBACK 170"),
    ("a long gap does not count", "b6 n30 b10", 0.01, 120, "ROLLBACK 440"),
    ("no data at all", "n40", 0.01, 120, "HOLD"),
    ("no data after the ninth of thirteen", "b9 n2 b6", 0.01, 120, "ROLLBACK 160"),
    ("no data every other look", "bn20 bnbnbnbnbnbnbnbnbnbnbnbn", 0.01, 120, "HOLD"),
    ("gap at the beginning", "n10 b14", 0.01, 120, "ROLLBACK 230"),
    ("gap just before it would fire", "b12 n b3", 0.01, 120, "ROLLBACK 150"),
    ("gap then good", "b8 n4 o20", 0.01, 120, "HOLD"),
    ("good in the gap's place", "b8 o8 b14", 0.01, 120, "ROLLBACK 130"),
    ("a restart pauses", "b6 r b12", 0.01, 120, "ROLLBACK 160"),
    ("a restart loses the interval behind it", "o6 r b b14", 0.01, 120, "ROLLBACK 210"),
    ("restarts every minute", "b5 r b5 r b5 r b5 r b5", 0.01, 120, "ROLLBACK 220"),
    ("restart among good", "o10 r o20", 0.01, 120, "HOLD"),
    ("restart then errors", "o6 r o e20", 0.01, 120, "ROLLBACK 220"),
    ("restarts all the time", "r30", 0.01, 120, "HOLD"),
    ("no requests is no data", "z30", 0.01, 120, "HOLD"),
    ("no requests among errors", "b6 z b10", 0.01, 120, "ROLLBACK 150"),
    ("no requests among good", "o6 z6 o10", 0.01, 120, "HOLD"),
    ("errors then silence", "b8 z30", 0.01, 120, "HOLD"),
    ("thin and clean", "t130", 0.01, 120, "PROMOTE 1200"),
    ("thin and all bad", "u14", 0.01, 120, "ROLLBACK 130"),
    ("thin and half bad", "tutututututututututu", 0.01, 120, "ROLLBACK 140"),
    ("thin with one error", "u t40", 0.01, 120, "HOLD"),
    ("thin, error every minute", "t5u t5u t5u t5u t5u t5u", 0.01, 120, "ROLLBACK 180"),
    ("thin, then traffic", "t12 o10", 0.01, 120, "HOLD"),
    ("thin, then errors", "t12 b14", 0.01, 120, "ROLLBACK 250"),
    ("traffic, then thin", "o30 t30", 0.01, 120, "HOLD"),
    ("traffic, then thin errors", "o30 u14", 0.01, 120, "ROLLBACK 440"),
    ("thin good, thin bad, thin good", "t20 u6 t30", 0.01, 120, "ROLLBACK 330"),
    (
        "flapping, one in two at three per cent",
        "eoeoeoeoeoeoeoeoeoeoeoeoeo",
        0.01,
        120,
        "ROLLBACK 150",
    ),
    ("flapping, one in three at three per cent", "eooeooeooeooeooeooeooeoo", 0.01, 120, "HOLD"),
    ("flapping, one in four at three per cent", "eoooeoooeoooeoooeoooeooo", 0.01, 120, "HOLD"),
    (
        "flapping at the boundary by two per cent",
        "wiwiwiwiwiwiwiwiwiwiwiwiwiwi",
        0.015,
        120,
        "HOLD",
    ),
    ("flapping over the boundary", "wwiwwiwwiwwiwwiwwiwwiwwiwwi", 0.015, 120, "ROLLBACK 150"),
    ("six good after each breach reset", "o6 e3 o9 e3 o9 e3 o9", 0.01, 120, "HOLD"),
    ("slowly worse", "o10 i10 w10 e10", 0.015, 120, "ROLLBACK 360"),
    ("slowly better", "e10 w10 i10 o10", 0.015, 120, "ROLLBACK 150"),
    ("limit of half", "b6 o6 b6 o6", 0.5, 60, "ROLLBACK 70"),
    ("over half for a minute", "b14", 0.5, 60, "ROLLBACK 70"),
    ("half exactly", "bobobobobobobobobo", 0.5, 60, "HOLD"),
    ("promoted after twenty minutes", "o121", 0.01, 120, "PROMOTE 1200"),
    ("held by a late breach", "o117 e4", 0.01, 120, "HOLD"),
    ("errors early, good for long", "b10 o120", 0.01, 120, "ROLLBACK 130"),
    ("no data at the end", "o115 n6", 0.01, 120, "HOLD"),
    ("data came back for the end", "o60 n4 o60", 0.01, 120, "PROMOTE 1200"),
    ("too much missing", "o60 n15 o60", 0.01, 120, "HOLD"),
    ("promoted although thin", "t200", 0.05, 120, "PROMOTE 1200"),
    ("not enough requests to promote", "t30 z100", 0.01, 120, "HOLD"),
    ("late fire wins over promotion", "o108 b14", 0.01, 120, "ROLLBACK 1210"),
]


def rules_of(limit: float, for_s: float, *, or_equal: bool = False) -> Rules:
    rule = Rule(
        name="errors", metric="error_rate", q=None, limit=limit, or_equal=or_equal, for_s=for_s,
        min_samples=LEAST, fast_burn=False, when=f"> {limit:.0%}",
    )  # fmt: skip
    return Rules(
        source=None, queries=None, rules=(rule,), evidence=None, warm_up_s=0.0, after_s=AFTER_S
    )


def expand(text: str) -> str:
    return re.sub(r"([a-z])(\d+)", lambda found: found[1] * int(found[2]), text.replace(" ", ""))


def readings(word: str) -> Iterator[Reading]:
    """A first reading of nothing, then one for each letter."""
    requests, errors = 0, 0
    yield Reading(t_s=0.0, canary=Counters(requests=0.0, errors=0.0))
    for at, letter in enumerate(word, 1):
        interval, t_s = INTERVALS[letter], float(at * EVERY_S)
        if interval is None:
            restarted = letter == "r"
            requests, errors = (0, 0) if restarted else (requests, errors)
            yield Reading(t_s=t_s, canary=NoData(why="none", restarted=restarted))
            continue
        requests, errors = requests + interval[0], errors + interval[1]
        yield Reading(t_s=t_s, canary=Counters(requests=float(requests), errors=float(errors)))


def judged(word: str, limit: float, for_s: float) -> str:
    watch = Watch(rules=rules_of(limit, for_s), began_s=0.0, every_s=EVERY_S)
    answer = "HOLD"
    for reading in readings(word):
        look = watch.look(reading, detailed=False)
        if look.answer is not Answer.HOLD:
            return f"{look.answer} {look.t_s:g}"
    return answer


def reference(word: str, limit: float, for_s: float) -> str:
    """Fires by the rules as they are written, going through everything at every look."""
    seen: list[tuple[int, int, int]] = []
    held, last, fresh = 0, "ok", False
    for at, letter in enumerate(word, 1):
        t, interval = at * EVERY_S, INTERVALS[letter]
        if letter == "r":
            # what follows a restart has nothing to be subtracted from
            fresh = True
        state = "none"
        if interval is not None and interval[0] and not fresh:
            seen.append((t, *interval))
            state = state_of(seen, t, limit, for_s)
        elif interval is not None:
            fresh = False
        if state == "ok":
            held = 0
        elif state == "breach" and last == "breach":
            held += EVERY_S
        last = state
        if state == "breach" and held >= for_s:
            return f"ROLLBACK {t}"
    return "no fire"


def state_of(seen: list[tuple[int, int, int]], t: int, limit: float, for_s: float) -> str:
    """State at one look."""

    def total(width: float) -> tuple[int, int]:
        rows = [row for row in seen if row[0] > t - width]
        return sum(row[1] for row in rows), sum(row[2] for row in rows)

    width: float = WIDTH_S
    n, x = total(width)
    while n < LEAST and width < for_s:
        width = min(width + EVERY_S, for_s)
        n, x = total(width)
    if n >= LEAST:
        return "breach" if x / n > limit else "ok"
    if x and beta.ppf(ALPHA, x, n - x + 1) > limit:
        return "breach"
    all_n, all_x = total(10**9)
    if all_n < LEAST:
        upper = 1.0 if all_x == all_n else beta.ppf(1 - ALPHA, all_x + 1, all_n - all_x)
        return "ok" if upper < limit else "thin"
    while n < LEAST:
        width += EVERY_S
        n, x = total(width)
    return "ok" if all_x / all_n <= limit or x / n <= limit else "thin"


@pytest.mark.parametrize(
    ("timeline", "limit", "for_s", "ends"),
    [pytest.param(*row[1:], id=row[0]) for row in TIMELINES],
)
def test_the_second_is_exact(timeline: str, limit: float, for_s: float, ends: str) -> None:
    word = expand(timeline)
    assert judged(word, limit, for_s) == ends
    fires = reference(word, limit, for_s)
    assert fires == (ends if ends.startswith("ROLLBACK") else "no fire")


@settings(max_examples=150, deadline=None)
@given(
    word=st.text(alphabet=sorted(INTERVALS), min_size=1, max_size=60),
    limit=st.sampled_from([0.01, 0.015, 0.02, 0.1, 0.5]),
    for_s=st.sampled_from([10, 30, 120, 300]),
)
def test_any_timeline_fires_when_the_reference_does(word: str, limit: float, for_s: float) -> None:
    ends = judged(word, limit, for_s)
    assert reference(word, limit, for_s) == (ends if ends.startswith("ROLLBACK") else "no fire")
    # sixty looks are ten minutes: never long enough for a promotion
    assert not ends.startswith("PROMOTE")


def test_a_breach_that_began_just_now_is_no_chance() -> None:
    assert judged(expand("o117 e4"), 0.01, 120) == "HOLD"
    # seven of the last 600 are over one in a hundred, and of 12,000 nothing of the kind
    word = expand("o114 i5 w")
    rows = [(10 * at, *(INTERVALS[letter] or (0, 0))) for at, letter in enumerate(word, 1)]
    assert state_of(rows, 1200, 0.01, 120) == "breach"
    assert judged(word, 0.01, 120) == "PROMOTE 1200"
