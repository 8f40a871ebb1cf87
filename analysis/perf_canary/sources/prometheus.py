"""Prometheus as a source: both arms' raw counters at one instant of its own time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_canary.reading import NoData, Reading
from perf_canary.sources.answer import Refused, Trouble
from perf_canary.sources.arm import Answers, ArmReader, several
from perf_canary.sources.asking import CALL_S, Asker
from perf_canary.sources.metric import BUCKETS, ERRORS, make_metrics
from perf_documents.canary_rules import CANARY, CONTROL
from perf_documents.errors import DocumentError, InfraError, UsageError
from perf_documents.redact import visible
from perf_documents.urls import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from perf_canary.reading import Counters, Probes
    from perf_canary.sources.asking import Answered
    from perf_canary.sources.metric import Metric
    from perf_documents.canary_rules import LiveSource, Queries
    from perf_documents.urls import TargetUrl

MOST_CLOCK_OFFSET_S = 5.0
_VALUE = re.compile(r"[\x20-\x7e]*[\x21-\x7e]")
# what the exchange itself depends on
_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept",
     "accept-encoding"}
)  # fmt: skip
_SHOWN = 120
_NOW = "time()"


@dataclass(slots=True, kw_only=True)
class PrometheusSource:
    """Reads canary and control.

    Parameters
    ----------
    source : LiveSource
    queries : Queries
    environ : mapping of str to str
        Holds the values of the headers that `source` names.
    clock, sleep : callable
        Monotonic seconds, and waiting between tries.
    probes : callable or None
        Health requests so far, such as `HealthProbe.counts`.
    call_s : float
        Deadline of one query.

    Raises
    ------
    UsageError
        If there is no address, a header's variable is not set, or a query is not understood.
    """

    source: LiveSource
    queries: Queries
    environ: Mapping[str, str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    probes: Callable[[], Probes] | None = None
    call_s: float = CALL_S
    _asker: Asker = field(init=False)
    _arms: dict[str, ArmReader] = field(init=False)

    def __post_init__(self) -> None:
        self._asker = Asker(
            url=_parse_address(self.source.prometheus),
            headers=read_headers(self.source.headers_env, self.environ),
            clock=self.clock,
            sleep=self.sleep,
            call_s=self.call_s,
        )
        self._arms = self._new_arms()

    def read(self, t_s: float) -> Reading:
        """Return both arms' counters at a Unix time, or why there are none; within 30 s."""
        found = self._read(self._arms, t_s)
        return Reading(
            t_s=t_s,
            canary=found[CANARY],
            control=found.get(CONTROL),
            probes=self.probes() if self.probes is not None else None,
        )

    def probe_round(self, t_s: float) -> str:
        """Ask everything once before a canary is watched; empty, or why nothing can be read yet.

        Parameters
        ----------
        t_s : float
            Unix time by the clock of this machine, now.

        Raises
        ------
        UsageError
            If Prometheus does not understand a query, a metric is unknown to it, or one value was
            meant and several came.
        InfraError
            If the address or its access is wrong.
        """
        began_s = self.clock()
        arms = self._new_arms()
        asked = {query: place for place, query in _places(arms, t_s)}
        answers = self._asker.ask(asked, t_s)
        for query, answer in answers.items():
            if isinstance(answer, Refused):
                self._raise_if_final(asked[query], query, answer)
        lost = next(self._lost(asked, answers), "")
        if lost:
            return lost
        for arm in arms.values():
            for metric in arm.metrics:
                self._check_meaning(metric, answers)
        off = self._clock_off(t_s, began_s)
        if off:
            return off
        readings = {name: arm.read(Answers(t_s=t_s, by_query=answers)) for name, arm in
                    arms.items()}  # fmt: skip
        lacking = (f"{name}: {one.why}" for name, one in readings.items()
                   if isinstance(one, NoData))  # fmt: skip
        return next(lacking, "")

    def _new_arms(self) -> dict[str, ArmReader]:
        matchers = {CANARY: self.source.canary, CONTROL: self.source.control}
        return {
            name: ArmReader(
                metrics=make_metrics(self.queries, text),
                scrape_interval_s=self.source.scrape_interval_s,
            )
            for name, text in matchers.items()
            if text is not None
        }

    def _read(self, arms: Mapping[str, ArmReader], t_s: float) -> dict[str, Counters | NoData]:
        queries = [query for arm in arms.values() for query in arm.queries(t_s)]
        answers = Answers(t_s=t_s, by_query=self._asker.ask(queries, t_s))
        return {name: arm.read(answers) for name, arm in arms.items()}

    @property
    def _where(self) -> str:
        return f"Prometheus at {self._asker.url.text()}"

    def _lost(self, asked: Mapping[str, str], answers: Mapping[str, Answered]) -> Iterator[str]:
        for query, answer in answers.items():
            if isinstance(answer, Refused):
                place = "" if answer.trouble is Trouble.UNANSWERED else f"{asked[query]}: "
                yield f"{self._where}: {place}{answer.why}"

    def _raise_if_final(self, place: str, query: str, answer: Refused) -> None:
        if answer.trouble is Trouble.QUERY:
            raise UsageError(f"{place}: {visible(query, _SHOWN)}: {self._where} does not "
                             f"understand it: {answer.why}")  # fmt: skip
        if answer.trouble is Trouble.SETTING:
            raise InfraError(f"{self._where}: {answer.why}")

    def _check_meaning(self, metric: Metric, answers: Mapping[str, Answered]) -> None:
        """Refuse what no later look could make right."""
        found = answers[metric.query]
        if not isinstance(found, Refused):
            extra = any(sample.labels.keys() != {"le"} for sample in found)
            if (len(found) > 1 and metric.name != BUCKETS) or (extra and metric.name == BUCKETS):
                hint = "; expected the label le alone" if metric.name == BUCKETS else ""
                raise UsageError(f"metrics.{metric.name}: {several(found)}{hint}")
        for name in _names(metric):
            # an error that has never happened is nowhere
            if metric.name != ERRORS and not answers[_any(name)]:
                raise UsageError(f"metrics.{metric.name}: {self._where} knows no series named "
                                 f"{visible(name)}; check the spelling")  # fmt: skip

    def _clock_off(self, t_s: float, began_s: float) -> str:
        """Say where its clock is not ours: samples would seem fresh or stale that are not."""
        # with a time given, time() would answer that
        early_s = t_s + self.clock() - began_s
        found = Answers(t_s=t_s, by_query=self._asker.ask([_NOW], None))
        late_s = t_s + self.clock() - began_s
        try:
            server_s = found.value(_NOW, empty=0.0)
        except DocumentError as error:
            return f"{self._where}: {_NOW}: {error}"
        off_s = max(early_s - server_s, server_s - late_s)
        if off_s <= MOST_CLOCK_OFFSET_S:
            return ""
        return (
            f"{self._where}: its clock is {off_s:.0f} s off ours; at most "
            f"{MOST_CLOCK_OFFSET_S:g} s: set both by NTP"
        )


def read_headers(named: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a rules file with their values from the environment.

    Raises
    ------
    UsageError
        If a variable is missing or holds what no header may; a value is in no message.
    """
    headers: dict[str, str] = {}
    for name, variable in named.items():
        place = f"source.headers_env.{visible(name)}"
        if name.lower() in _OURS:
            raise UsageError(f"{place}: this header is set by perf itself; remove it")
        value = environ.get(variable, "")
        if not value:
            raise UsageError(f"{place}: the variable {visible(variable)} is not set; export it")
        if not _VALUE.fullmatch(value):
            raise UsageError(f"{place}: the variable {visible(variable)} holds a line end or "
                             "another character that no header may have")  # fmt: skip
        headers[name] = value
    return headers


def _parse_address(text: str | None) -> TargetUrl:
    if text is None:
        raise UsageError("source.prometheus is missing; give it there or as --prometheus URL")
    try:
        return parse_url(text)
    except ValueError as error:
        # an address may hold a password
        raise UsageError(f"the address of Prometheus: {error}") from error


def _places(arms: Mapping[str, ArmReader], t_s: float) -> Iterator[tuple[str, str]]:
    """Each query of the probe round, after where in the rules file it comes from."""
    for arm in arms.values():
        for query in arm.queries(t_s):
            yield "metrics", query
        for metric in arm.metrics:
            yield f"metrics.{metric.name}", metric.query
            for name in _names(metric):
                yield f"metrics.{metric.name}", _any(name)


def _names(metric: Metric) -> Iterator[str]:
    return (selector.name for selector in metric.selectors if selector.name)


def _any(name: str) -> str:
    return f"count({name})"
