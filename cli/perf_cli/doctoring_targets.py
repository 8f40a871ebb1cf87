"""Whether targets can be loaded from here, and whether the tokens that are needed are there."""

from __future__ import annotations

import http.client
import ssl
import stat
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_cli.found import Found, ill, well
from perf_cli.serving import TOKEN_VARIABLE as SERVE_TOKEN
from perf_cli.serving import token_of
from perf_documents.errors import (
    InfraError,
    PerfError,
    RefusedError,
    UnreachableError,
    UsageError,
)
from perf_documents.guard import judge_target
from perf_documents.redact import visible
from perf_documents.targets import DEMO
from perf_loadtests.ordering import TOKEN_VARIABLE
from perf_loadtests.preflight import Patience, origin_of, reach, resolve
from perf_loadtests.protocol import WORKER_TOKEN
from perf_loadtests.spreading import LEAST_TOKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from perf_documents.targets import Target, WorkspaceConfig
    from perf_loadtests.workspace import Workspace

ANSWER_S = 5.0
DENIED = (401, 403)
WELL = 400
# of these only the presence can be said: who issued them decides what they are worth
DELIVERY = ("GITHUB_TOKEN", "GITLAB_TOKEN", "PERF_SLACK_WEBHOOK", "PERF_ABORT_TOKEN")
_ENV_BYTES = 65_536
NAME = "tokens"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `perf doctor` was asked to look at, and the world it looks at it in.

    Attributes
    ----------
    target : str or None
        A name of perf.yaml or a URL, which is asked for answers; without it every target is only
        connected to.
    path : str or None
        What to ask it for; else its `ready`, else /.
    """

    environ: Mapping[str, str]
    today: date
    patience: Patience
    target: str | None = None
    path: str | None = None
    confirm: str | None = None


def examine_targets(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    """Look at one target closely, or at all of them from afar."""
    config = workspace.config()
    if asked.target == DEMO:
        yield well("target demo", "the embedded service; each run starts one")
        return
    if asked.target is None:
        for target in config.targets.values():
            yield _seen(target, config, asked)
        return
    target = _allowed(asked.target, config, asked)
    found = _reached(target, asked.patience)
    yield found
    if found.ok and not target.start:
        yield _authorised(target, asked)


def _seen(target: Target, config: WorkspaceConfig, asked: Asked) -> Found:
    """Whether a target could be reached, without a request; protected ones are left alone."""
    name = target.name
    if target.protected:
        advice = f"perfproof doctor --target {name} --confirm {name}"
        return well(f"target {name}", f"protected, not connected to; next: {advice}")
    try:
        return _reached(_allowed(name, config, asked), asked.patience)
    except PerfError as error:
        return ill(f"target {name}", str(error), error.exit_code)


def _allowed(spec: str, config: WorkspaceConfig, asked: Asked) -> Target:
    """The target that may be loaded; refused as `perf run` would refuse it."""
    return judge_target(
        spec,
        config,
        _resolve,
        confirm=asked.confirm,
        event=asked.environ.get("GITHUB_EVENT_NAME"),
        today=asked.today,
    )


def _reached(target: Target, patience: Patience) -> Found:
    """Whether it accepts a connection; what perf starts itself need not."""
    name = f"target {target.name}"
    if target.start:
        return well(name, f"each run starts it: {visible(target.start[0], 80)}")
    origin = origin_of(target.url)
    try:
        addresses = resolve(origin.host, origin.port)
        reach(origin, addresses, verify=not target.insecure, patience=patience)
    except UnreachableError as error:
        return ill(name, str(error), error.exit_code)
    return well(name, f"{origin.place} accepts connections")


def _authorised(target: Target, asked: Asked) -> Found:
    """Whether the token opens a path that is closed without it: one request or two."""
    name, path = f"auth {target.name}", asked.path or target.ready or "/"
    variable = target.token_env or TOKEN_VARIABLE
    token = asked.environ.get(variable, "")
    try:
        bare = _status(target, path, "")
        status = _status(target, path, token) if token else bare
    except PerfError as error:
        return ill(name, f"GET {path}: {error}", error.exit_code)
    shown = f"GET {path}: {status}"
    if status in DENIED:
        advice = (
            f"the token of {variable} is refused; next: renew it"
            if token
            else (f"it asks for a token; next: export {variable}")
        )
        return ill(name, f"{shown}, {advice}", InfraError.exit_code)
    if status >= WELL:
        return ill(name, f"{shown}; next: --path with one that is served", InfraError.exit_code)
    if not token:
        return well(name, f"{shown} without a token")
    if bare in DENIED:
        return well(name, f"{shown} with the token of {variable}, {bare} without it")
    return well(
        name,
        f"{shown}, with the token of {variable} and without it, so that it is not tried; "
        "next: --path with one that asks for it",
    )


def _resolve(host: str, port: int) -> list[str]:
    try:
        return resolve(host, port)
    except UnreachableError as error:
        raise OSError(str(error)) from error


class _Staying(urllib.request.HTTPRedirectHandler):
    """A token goes to the target and nowhere else: a redirect is an answer."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def _status(target: Target, path: str, token: str) -> int:
    """Status of one GET, from the target itself: no proxy, no redirect.

    Raises
    ------
    UsageError
        If the token cannot stand in a header.
    UnreachableError
        If there is no HTTP answer.
    """
    context = ssl.create_default_context()
    if target.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _Staying()
    )
    origin = origin_of(target.url)
    # the guard has allowed this origin, and a path cannot lead away from it
    request = urllib.request.Request(f"{origin.scheme}://{origin.place}{path}")  # noqa: S310  # http or https
    request.add_header("User-Agent", "perfproof doctor")
    if token:
        if not (token.isascii() and token.isprintable()):
            raise UsageError("the token is not printable ASCII; next: export it anew")
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with opener.open(request, timeout=ANSWER_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return int(error.code)
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = type(getattr(error, "reason", error)).__name__
        raise UnreachableError(
            f"no HTTP answer within {ANSWER_S:.0f} s ({cause}); next: look into the service's log"
        ) from error


def examine_tokens(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    """Tokens by the names of their variables; never a value."""
    needed = {
        target.token_env: target.name
        for target in workspace.config().targets.values()
        if target.token_env
    }
    known = {TOKEN_VARIABLE, SERVE_TOKEN, WORKER_TOKEN, *DELIVERY, *needed}
    is_set = sorted(name for name in known if asked.environ.get(name))
    yield well(NAME, f"set: {', '.join(is_set) or 'none'}")
    for name in sorted(needed.keys() - is_set):
        text = f"{name} is not set, and target {needed[name]} names it; next: export {name}"
        yield ill(NAME, text, InfraError.exit_code)
    try:
        token_of(asked.environ, LOOPBACK)
    except UsageError as error:
        yield ill(NAME, str(error), error.exit_code)
    if 0 < len(asked.environ.get(WORKER_TOKEN, "")) < LEAST_TOKEN:
        advice = f"next: export {WORKER_TOKEN}=$(openssl rand -hex 32)"
        text = f"{WORKER_TOKEN}: expected at least {LEAST_TOKEN} characters; {advice}"
        yield ill(NAME, text, UsageError.exit_code)
    yield from _open_files(workspace.root, known)


def _open_files(root: Path, names: Collection[str]) -> Iterator[Found]:
    """Files for the environment that set a token, and that others may read."""
    for path in sorted(root.glob(".env*")):
        try:
            mode = path.stat().st_mode
            text = path.read_bytes()[:_ENV_BYTES].decode("utf-8", "replace")
        except OSError:
            continue  # a folder, or not ours: nothing that others could read through us
        if mode & (stat.S_IROTH | stat.S_IRGRP) and any(f"{name}=" in text for name in names):
            shown = visible(path.name, 80)
            text = f"{shown} sets one, and others may read it; next: chmod 600 {shown}"
            yield ill(NAME, text, RefusedError.exit_code)
