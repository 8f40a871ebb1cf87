"""Rules on the accounts: V3 they close, V4 little was abandoned."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from perf_analysis.failure_classes import ABANDONED
from perf_analysis.validity.evidence import Evidence, Finding
from perf_analysis.wording import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perf_analysis.facts import Accounts
    from perf_analysis.series import Measured

ABANDONED_RATIO = 0.01
_OF_SCENARIOS = (
    "planned", "started", "dropped", "late_drops", "unsent", "finished", "failed", "abandoned",
    "faulted",
)  # fmt: skip


def closed(evidence: Evidence) -> Finding:
    """V3: every account closes exactly, and the recorded cells add up to the accounts."""
    facts = evidence.facts
    accounts = facts.accounts
    problem = next(_problems(accounts, evidence.measured, open_model=facts.open_model), "")
    figure = (
        f"{accounts.started:,} started = {accounts.finished:,} finished + "
        f"{accounts.failed:,} failed + {accounts.abandoned:,} abandoned"
    )
    return Finding(
        held=not problem,
        figure=problem or figure,
        limit="every account closes exactly",
        advice="samples were lost or counted twice: see V7, then run it again; if it stays, "
        "report it as a bug of perfproof",
    )


def _problems(accounts: Accounts, measured: Measured, *, open_model: bool) -> Iterator[str]:
    """Words for each account that does not close, worst first."""
    for field in fields(accounts):
        if getattr(accounts, field.name) < 0:
            yield f"{field.name.replace('_', ' ')} is negative"
    ends = accounts.finished + accounts.failed + accounts.abandoned
    if accounts.started != ends:
        yield f"{accounts.started:,} iterations started, but {ends:,} ended or were abandoned"
    arrivals = accounts.started + accounts.dropped + accounts.unsent
    if open_model and accounts.planned != arrivals:
        yield (
            f"{accounts.planned:,} arrivals planned, but {arrivals:,} started, dropped or unsent"
        )
    for name in _OF_SCENARIOS:
        recorded = sum(
            getattr(cell, name)
            for cells in measured.sums.scenarios.values()
            for cell in cells.values()
        )
        if recorded != getattr(accounts, name):
            words = name.replace("_", " ")
            yield f"{getattr(accounts, name):,} {words}, but {recorded:,} recorded"
    if accounts.requests_known:
        yield from _request_problems(accounts, measured)


def _request_problems(accounts: Accounts, measured: Measured) -> Iterator[str]:
    ends = accounts.requests_ended + accounts.requests_abandoned
    if accounts.requests_started != ends:
        yield (
            f"{accounts.requests_started:,} requests started, but {ends:,} ended or were abandoned"
        )
    recorded = {True: 0, False: 0}
    for key, cells in measured.sums.series.items():
        recorded[key.error_class == ABANDONED] += sum(cell.n for cell in cells.values())
    if recorded[False] != accounts.requests_ended:
        yield f"{accounts.requests_ended:,} requests ended, but {recorded[False]:,} recorded"
    if recorded[True] != accounts.requests_abandoned:
        yield (
            f"{accounts.requests_abandoned:,} requests abandoned, but {recorded[True]:,} recorded"
        )


def little_abandoned(evidence: Evidence) -> Finding:
    """V4: at most 1 % was abandoned at the stop; iterations where request starts are unknown."""
    accounts = evidence.facts.accounts
    if accounts.requests_known:
        cut, started, what = accounts.requests_abandoned, accounts.requests_started, "requests"
    else:
        cut, started, what = accounts.abandoned, accounts.started, "iterations"
    return Finding(
        held=0 <= cut <= ABANDONED_RATIO * started,
        figure=f"{cut:,} of {started:,} {what} abandoned",
        limit=f"at most {share(ABANDONED_RATIO)}",
        advice="set graceful_stop above the timeout, or timeout below it, so that requests can end",
    )
