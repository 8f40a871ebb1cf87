"""RULES files: what is read, and what is refused with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perf_documents.canary_rules_load import load_canary_rules
from perf_documents.errors import ProfileError

if TYPE_CHECKING:
    from pathlib import Path

FULL = """\
source:
  prometheus: http://prometheus:9090/prom
  headers_env: {X-Scope-OrgID: TENANT}
  scrape_interval: 15s
  canary: 'version="green"'
  control: 'version="blue"'
  probe: {canary: 'http://green:8080/health', every: 2s}
metrics:
  requests: 'sum(http_requests_total{$arm})'
  errors: 'sum(http_requests_total{$arm,status=~"5.."})'
  latency_buckets: 'sum by (le) (http_request_duration_seconds_bucket{$arm})'
rules:
  - {name: errors, metric: error_rate, when: '> 1%', for: 2m, fast_burn: true}
  - {name: slow, metric: p95, when: '> 2s', for: 5m}
  - {name: health, metric: health_failures, when: '> 50%', for: 30s}
evidence:
  alpha: 0.05
  error_ratio: {tolerance: 1.0, margin: 2.0}
  exceedance_ratio: {quantile: 0.95, tolerance: 1.25, margin: 1.5}
warm_up: 60s
promote: {after: 10m, needs: rules}
max_hold: 30m
"""


def load(folder: Path, text: str) -> object:
    path = folder / "rules.yaml"
    path.write_text(text)
    return load_canary_rules(path)


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FULL)
    rules = load_canary_rules(path)
    assert [(rule.name, rule.limit, rule.for_s, rule.min_samples) for rule in rules.rules] == [
        ("errors", 0.01, 120.0, 500), ("slow", 2.0, 300.0, 100), ("health", 0.5, 30.0, 10),
    ]  # fmt: skip
    assert rules.rules[0].fast_burn
    assert rules.rules[1].share_limit == pytest.approx(0.05)
    assert rules.source is not None
    assert rules.source.probe is not None
    assert (rules.warm_up_s, rules.after_s, rules.max_hold_s) == (60.0, 600.0, 1800.0)
    assert rules.shortest_span_s == 600.0
    assert rules.evidence is not None
    assert set(rules.evidence.gates) == {"error_ratio", "exceedance_ratio"}


def test_a_promotion_waits_until_every_rule_could_have_fired(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FULL.replace("after: 10m", "after: 1m"))
    assert load_canary_rules(path).shortest_span_s == 360.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("rules:\n  - {name: errors", "rulez:\n  - {name: errors"), "unknown key rulez"),
        (("metric: error_rate", "metric: eror_rate"), 'did you mean "error_rate"'),
        (("metric: p95", "metric: p950"), "unknown metric"),
        (("'> 1%'", "'> 1s'"), "such as '> 1%'"),
        (("'> 2s'", "'> 2%'"), "such as '> 2s'"),
        (("'> 2s'", "'>= 2s'"), "a quantile has no equal"),
        (("'> 1%'", "'> 0%'"), "never or always"),
        (("'> 1%'", "'> 100%'"), "never or always"),
        (("'> 1%'", "'< 1%'"), "not a limit"),
        (("'> 1%'", "'> 20%'"), "ten times the limit"),
        (("for: 2m", "for: 0s"), "out of range"),
        (("for: 2m", "for: 30s"), "shorter than 4 scrapes"),
        (("for: 2m", "for: 2"), "no unit"),
        (("for: 2m, ", ""), "missing"),
        (("name: slow", "name: errors"), "the name of another rule"),
        (("{$arm})'\n  errors", "})'\n  errors"), "no $arm in it"),
        (("  requests: 'sum(http_requests_total{$arm})'\n", ""), "missing"),
        (("  latency_buckets: 'sum by (le) (http_request_duration_seconds_bucket{$arm})'\n", ""),
         "no durations to judge"),
        (("  probe: {canary: 'http://green:8080/health', every: 2s}\n", ""), "nobody asks"),
        (("  control: 'version=\"blue\"'\n", ""), "nothing to compare with"),
        (("'version=\"blue\"'", "'version=\"green\"'"), "the same as canary"),
        (("'version=\"blue\"'", "'{version=\"blue\"}'"), "not label matchers"),
        (("http://prometheus:9090/prom", "http://me:pw@prometheus"), "credentials"),
        (("TENANT}", "'my token'}"), "not a header and a variable"),
        (("margin: 2.0", "margin: 1.0"), "margin is not above"),
        (("alpha: 0.05", "alpha: 0.7"), "out of range"),
        (("needs: rules", "needs: luck"), "unknown word"),
        (("max_hold: 30m", "max_hold: 5m"), "shorter than promote.after"),
        (("warm_up: 60s", "warm_up: 60s\nafter: 3m"), "in promote"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    assert change[0] in FULL
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, FULL.replace(*change))
    assert says in str(caught.value)
    assert "rules.yaml:" in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"), ("rules: []\n", "no checks"), ("rules: {}\n", "list"),
        ("warm_up: 3s\n", "missing"), ("- a\n", "mapping"),
        ("rules: [{metric: error_rate, when: '> 1%', for: 1m}]\npromote: {needs: proof}\n",
         "proof of what"),
        ("rules: [{metric: error_rate, when: '> 1%', for: 1m}]\nevidence: {alpha: 0.05}\n",
         "nothing to compare"),
    ],
)  # fmt: skip
def test_files_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
