"""Which targets may be loaded, and how hard: judged from addresses that are handed in.

This is the first check, before anything is sent. The engine repeats the one on addresses at every
connect, where a name may by then stand for another address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from perf_documents.errors import RefusedError, UsageError
from perf_documents.names import is_name
from perf_documents.problems import quote_found, suggest
from perf_documents.targets import DEMO, LOCAL, Target
from perf_documents.urls import parse_url
from perf_documents.yaml_fields import show_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from perf_documents.plan import Plan
    from perf_documents.targets import WorkspaceConfig
    from perf_documents.urls import TargetUrl

    Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

SUGGESTED_RATE = 50
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog"})
# EC2, Alibaba, Azure and Oracle serve credentials here, outside the link-local ranges
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


def judge_target(
    spec: str,
    config: WorkspaceConfig,
    resolve: Resolve,
    *,
    confirm: str | None = None,
    event: str | None = None,
    today: date | None = None,
) -> Target:
    """Return the target that a name or URL stands for, if it may be loaded.

    Parameters
    ----------
    spec : str
        A name of perf.yaml, or a URL.
    config : WorkspaceConfig
    resolve : callable
        Addresses of a host and port; `OSError` where there are none.
    confirm : str or None
        Name of a protected target, typed again.
    event : str or None
        GitHub's event, such as `pull_request`.
    today : date or None
        By which an entry with an end has expired or not; without it, it has.

    Raises
    ------
    UsageError
        If it is neither a known name nor a URL.
    RefusedError
        If it is not listed, must never be loaded, or is protected.
    """
    url, entry = _find(spec, config)
    addresses = _addresses(url, resolve)
    _refuse_forbidden(url, addresses)
    local = bool(addresses) and all(address.is_loopback for address in addresses)
    # other forms of 127.0.0.1 are shown as what they are
    shown = url.text(str(addresses[0]) if addresses and url.is_numeric else None)
    if entry is None:
        if not local:
            raise RefusedError(_unlisted(url, config))
        return Target(name=LOCAL, url=shown, environment=LOCAL)
    if config.distrust and not local:
        raise RefusedError(f"{config.distrust}; its targets are not trusted")
    if entry.protected:
        _judge_protected(entry, confirm, event, today)
    return replace(entry, url=shown)


def judge_load(plan: Plan, target: Target) -> None:
    """Refuse a plan that asks more of a target than perf.yaml allows."""
    if target.protected and not plan.open_model:
        raise RefusedError(
            f"{target.name} is protected: {plan.executor} holds no rate; use an arrival-rate "
            "executor"
        )
    if target.max_rate is not None and plan.peak > target.max_rate:
        unit = "iterations per second" if plan.open_model else "VUs"
        raise RefusedError(
            f"profile {plan.profile} plans up to {show_number(plan.peak)} {unit}; "
            f"{target.name} allows {show_number(target.max_rate)} (max_rate in perf.yaml)"
        )


def _find(spec: str, config: WorkspaceConfig) -> tuple[TargetUrl, Target | None]:
    """Return the URL to load and the entry that lists it."""
    if "://" not in spec:
        entry = config.targets.get(spec)
        if entry is None:
            raise UsageError(_unknown(spec, config))
        return parse_url(entry.url), entry
    try:
        url = parse_url(spec)
    except ValueError as error:
        raise UsageError(f"--target: {error}") from None
    listed = [t for t in config.targets.values() if parse_url(t.url).origin == url.origin]
    # where two entries share an origin, the stricter one speaks
    strictest = min(listed, key=_leniency, default=None)
    return url, strictest


def _leniency(target: Target) -> tuple[bool, float]:
    return not target.protected, target.max_rate or float("inf")


def _unknown(spec: str, config: WorkspaceConfig) -> str:
    known = (DEMO, *sorted(config.targets))
    if not is_name(spec):
        # what holds an @ may hold a password
        found = "a text with @" if "@" in spec else quote_found(spec)
        return f"--target: {found} is neither a target's name nor an http or https URL"
    return f"--target: no target {spec} in perf.yaml{suggest(spec, known)}; known: " + ", ".join(
        known
    )


def _addresses(url: TargetUrl, resolve: Resolve) -> list[Address]:
    host = url.origin.host
    if host in _METADATA_NAMES:
        raise RefusedError(f"{host} is a metadata service and is never loaded")
    try:
        found = resolve(host, url.origin.port)
    except OSError:
        # reachability is preflight's question; what cannot be reached cannot be harmed
        return []
    return [_plain(text) for text in found]


def _plain(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _refuse_forbidden(url: TargetUrl, addresses: Sequence[Address]) -> None:
    for address in addresses:
        if address.is_loopback:  # ::1 lies in a reserved range
            continue
        if address.is_link_local or address in _METADATA:
            kind = "a link-local or metadata address"
        elif address.is_multicast or address.is_unspecified or address.is_reserved:
            kind = "not the address of one service"
        else:
            continue
        raise RefusedError(f"{url.origin.host} is {address}: {kind}, never loaded")


def _judge_protected(
    target: Target, confirm: str | None, event: str | None, today: date | None
) -> None:
    if target.until is not None and (today is None or today > target.until):
        raise RefusedError(
            f"{target.name} was to be loaded until {target.until} (until in perf.yaml), which is "
            "over; next: a new day there, on the base branch"
        )
    if event is not None and event.startswith("pull_request"):
        raise RefusedError(f"{target.name} is protected and never loaded on {event} events")
    if confirm != target.name:
        raise RefusedError(f"{target.name} is protected: add --confirm {target.name}")


def _unlisted(url: TargetUrl, config: WorkspaceConfig) -> str:
    name = _NOT_A_NAME.sub("-", url.origin.host).strip("-")[:40] or "target"
    while name in config.targets or name in {DEMO, LOCAL}:
        name += "-2"
    origin = replace(url, path="").text()
    return (
        f"{origin} is not listed in perf.yaml, so it is not loaded; to allow it, add on the base "
        f"branch:\n\ntargets:\n  {name}:\n    url: {origin}\n    max_rate: {SUGGESTED_RATE}\n"
    )
