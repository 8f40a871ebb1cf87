"""Which path is answered by whom; anything else is 404, and a wrong method 405."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_canary.contracts import argo, flagger, metrics
from perf_canary.contracts.messages import Reply, Request, text_reply
from perf_canary.site_files import PREFIX
from perf_documents.errors import PerfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_canary.gates import Gates
    from perf_canary.site_files import SiteFiles

_VERDICT = re.compile(r"/verdict/([a-z0-9._-]{1,64})")
_METHODS = {
    "/flagger/gate": "POST",
    "/flagger/rollback": "POST",
    "/metrics": "GET",
    "/healthz": "GET",
}
_LOCAL = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What stands behind the port.

    Attributes
    ----------
    gates : Gates
    token : str
        Empty where none is asked for, on loopback only.
    check_health : callable
        Raises `PerfError` where verdicts could not be kept.
    log : callable
    site : SiteFiles or None
        The trend site, where it is served too.
    """

    gates: Gates
    token: str
    check_health: Callable[[], None]
    log: Callable[[str], None]
    site: SiteFiles | None = None


def answer(request: Request, service: Service) -> Reply:
    """Reply to one request."""
    if service.site is not None and f"{request.path}/".startswith(PREFIX):
        return _page(request, service.site, service.token)
    return _gate_reply(request, service)


def _gate_reply(request: Request, service: Service) -> Reply:
    if not service.token and _from_a_page(request):
        return text_reply(403, "without a token only programs on this machine are answered")
    gate = _VERDICT.fullmatch(request.path)
    wanted = "GET" if gate else _METHODS.get(request.path)
    if wanted is None:
        return text_reply(404, "no such path")
    if request.method != wanted:
        refused = text_reply(405, f"only {wanted} is answered here")
        return Reply(status=refused.status, body=refused.body, headers={"Allow": wanted})
    if gate:
        return argo.reply(request, gate[1], service.gates, service.token)
    match request.path:
        case "/flagger/gate":
            return flagger.gate_reply(request, service.gates, service.token)
        case "/flagger/rollback":
            return flagger.rollback_reply(request, service.gates, service.token)
        case "/metrics":
            return metrics.reply(service.gates.newest(), request.headers.get("accept", ""))
        case _:
            return _health(service)


def failed(path: str) -> Reply:
    """Answer where this server itself failed: for Flagger a 424, whose text is kept."""
    return text_reply(
        424 if path.startswith("/flagger/") else 500, "inconclusive: internal error of perf serve"
    )


def _health(service: Service) -> Reply:
    try:
        service.check_health()
    except PerfError as error:
        # a probe needs no token: it is not told where things lie
        service.log(str(error))
        return text_reply(503, "verdicts cannot be kept")
    return text_reply(200, "ok")


def _page(request: Request, site: SiteFiles, token: str) -> Reply:
    """A page of the site: for browsers, but under no name that somebody else has chosen."""
    if not token and not _is_local(request):
        return text_reply(403, "without a token only programs on this machine are answered")
    return site.reply(request, token)


def _is_local(request: Request) -> bool:
    return _LOCAL.fullmatch(request.headers.get("host", "")) is not None


def _from_a_page(request: Request) -> bool:
    """Whether a web page in somebody's browser asks: it may reach loopback, and guess no token."""
    if not _is_local(request):
        return True
    return "origin" in request.headers or "sec-fetch-site" in request.headers
