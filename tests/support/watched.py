"""A canary watched through a Prometheus of its own, without waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakes.github import FakeClock
from fakes.prometheus import BLUE, GREEN, T0_S
from perf_canary.reading import NoData
from perf_canary.sources.prometheus import PrometheusSource
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules_load import load_canary_rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_canary.reading import Source
    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules

BEGAN_S = T0_S + 100.0
EVERY_S = 16.0
LOOKS = 6
_SOURCE = f"""\
source:
  prometheus: URL
  scrape_interval: 1s
  canary: '{GREEN}'
"""
_CONTROL = f"  control: '{BLUE}'\n"
_METRICS = """\
metrics:
  requests: 'sum(http_requests_total{$arm})'
  errors: 'sum(http_requests_total{$arm,status=~"5.."})'
"""
_BUCKETS = "  latency_buckets: 'sum by (le) (http_request_duration_seconds_bucket{$arm})'\n"
_RULES = """\
rules:
  - {name: errors, metric: error_rate, when: '> 1%', for: 4s}
"""
_SLOW = "  - {name: slow, metric: p95, when: '> 2s', for: 4s}\n"
_END = """\
warm_up: 1s
promote: {after: 10s}
"""
_EVIDENCE = """\
evidence:
  error_ratio: {tolerance: 1.0, margin: 2.0}
  exceedance_ratio: {quantile: 0.95, tolerance: 1.25, margin: 1.5}
"""
# one arm by its errors; one arm by its durations too; both arms with evidence
ALONE = _SOURCE + _METRICS + _RULES + _END
TIMED = _SOURCE + _METRICS + _BUCKETS + _RULES + _SLOW + _END
PAIR = _SOURCE + _CONTROL + _METRICS + _BUCKETS + _RULES + _SLOW + _EVIDENCE + _END


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was answered at each look."""

    looks: tuple[Look, ...]

    @property
    def promotions(self) -> int:
        """Looks that would have promoted."""
        return [look.answer for look in self.looks].count(Answer.PROMOTE)

    @property
    def reasons(self) -> str:
        """Why the canary's readings said nothing, all looks together."""
        return "\n".join(look.arms["canary"].why for look in self.looks)


def rules_of(text: str, url: str, folder: Path) -> Rules:
    """Rules of a file with that text."""
    path = folder / "rules.yaml"
    path.write_text(text.replace("URL", url), encoding="utf-8")
    return load_canary_rules(path)


def source_of(
    rules: Rules, environ: Mapping[str, str] | None = None, *, call_s: float = 5.0
) -> PrometheusSource:
    """Source of a file's rules, which waits on a clock of its own."""
    clock = FakeClock()
    assert rules.source is not None
    assert rules.queries is not None
    return PrometheusSource(
        source=rules.source,
        queries=rules.queries,
        environ=environ or {},
        clock=clock,
        sleep=clock.sleep,
        call_s=call_s,
    )


def watched(source: Source, rules: Rules, looks: int = LOOKS) -> Watched:
    """Watch for so many looks, whatever is answered."""
    watch = Watch(rules=rules, began_s=BEGAN_S, every_s=EVERY_S)
    times_s = [BEGAN_S + EVERY_S * at for at in range(looks)]
    return Watched(looks=tuple(watch.look(source.read(t_s)) for t_s in times_s))


def why(source: Source, t_s: float) -> str:
    """Why there is no reading."""
    reading = source.read(t_s).canary
    assert isinstance(reading, NoData)
    return reading.why
