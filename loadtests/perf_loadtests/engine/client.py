"""The client of one VU, wrapped: each request is in the books from its begin to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession

from perf_loadtests.engine import locust_compat
from perf_loadtests.engine.lean import keep_books
from perf_loadtests.engine.outcomes import DeadlineExceededError
from perf_loadtests.engine.virtual_user import PENDING_KEY
from perf_loadtests.http.client import LeanClient
from perf_loadtests.http.message import template_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_loadtests.engine.virtual_user import VirtualUser


def wrap_client(vu: VirtualUser) -> None:
    """Let every request of our client and of Locust's pass the books; others report events."""
    session = getattr(vu.user, "client", None)
    if isinstance(session, LeanClient):
        keep_books(vu, session, locust_compat.others_listen(vu.user.environment.events.request))
    if not isinstance(session, HttpSession | FastHttpSession):
        return
    locust_compat.switch_retries_off(session)
    original = session.request
    if isinstance(session, HttpSession):
        session.trust_env = False  # no proxy, no netrc
        session.verify = session.verify and not vu.limits.insecure

    def request(method: str, url: str, *args: object, **options: object) -> object:
        name = options.get("name") or (args[0] if args else None) or session.request_name
        return _send(vu, original, (method, url, *args), options, name)

    session.request = request  # type: ignore[method-assign, assignment]  # this user only


def _send(
    vu: VirtualUser, send: Callable[..., object], call: tuple[object, ...],
    options: dict[str, object], name: object,
) -> object:  # fmt: skip
    limits = vu.limits
    if limits.closed:
        vu.cut = True
        raise locust_compat.end_of_user()
    asserted = bool(options.get("catch_response"))
    label = str(name) if name else template_of(str(call[1]))
    context = options.get("context")
    pending = vu.begin_request(str(call[0]).upper(), label, asserted=asserted)
    options["context"] = {**(context if isinstance(context, dict) else {}), PENDING_KEY: pending}
    deadline = DeadlineExceededError(f"no complete response within {limits.timeout_s} s")
    try:
        with gevent.Timeout(limits.timeout_s, deadline):
            response = send(*call, **options)
    except BaseException as error:
        vu.cut_short(pending, error)
        raise
    pending.returned_s = vu.ledger.clock()
    pending.status = getattr(response, "status_code", 0) or 0
    failure = getattr(response, "error", None)
    pending.error = failure if isinstance(failure, BaseException) else None
    return response


def close_client(vu: VirtualUser) -> None:
    """Close what the client of a VU that is gone still holds open."""
    session = getattr(vu.user, "client", None)
    if isinstance(session, LeanClient):
        session.close()
