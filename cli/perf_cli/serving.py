"""What `perf serve` needs of this process and its folder."""

from __future__ import annotations

import ipaddress
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perf_canary.gate_runs import Surroundings
from perf_canary.site_files import PREFIX, SiteFiles
from perf_cli.wiring import SITE
from perf_documents.errors import RefusedError, UsageError
from perf_documents.profile import load_profile
from perf_documents.serve_config import CanaryGate, ProfileGate
from perf_reports.trend.links import INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_canary.routes import Service
    from perf_documents.serve_config import Gate
    from perf_documents.targets import WorkspaceConfig
    from perf_loadtests.workspace import Workspace

TOKEN_VARIABLE = "PERF_SERVE_TOKEN"  # noqa: S105  # a variable's name
LEAST_TOKEN = 16
COMMAND = (sys.executable, "-P", "-m", "perf_cli")
_PASTE = """no gates in perf.yaml; next: paste
serve:
  gates:
    demo: {profile: smoke, target: demo, max_age: 30m}"""


def token_of(environ: Mapping[str, str], host: str) -> str:
    """Token of the environment, empty without one; refused where the port could be reached."""
    # secrets that are mounted or piped often end in a newline
    token = environ.get(TOKEN_VARIABLE, "").strip()
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        raise UsageError(
            f"{TOKEN_VARIABLE}: expected at least {LEAST_TOKEN} printable ASCII characters; next: "
            f"export {TOKEN_VARIABLE}=$(openssl rand -hex 32)"
        )
    if not token and not is_loopback(host):
        raise RefusedError(
            f"--host {host}: others could start runs from there, and {TOKEN_VARIABLE} is not set; "
            f"next: export {TOKEN_VARIABLE}=$(openssl rand -hex 32), or leave --host out"
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    return ipaddress.ip_address(host).is_loopback


def address_of(host: str) -> str:
    """Address to listen at; a name other than localhost could be anywhere, so it is refused."""
    text = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(
            f"--host: {host[:80]!r} is no address; expected such as 127.0.0.1, ::1 or 0.0.0.0"
        ) from None


def gates_of(
    config: WorkspaceConfig, workspace: Workspace, *, site: bool = False
) -> dict[str, Gate]:
    """Gates of perf.yaml, each with the files it names; none are needed where a site is served.

    Raises
    ------
    RefusedError
        If others could have written perf.yaml.
    UsageError
        If there are none, or a profile or rules file is missing or wrong.
    """
    if config.distrust:
        raise RefusedError(f"{config.distrust}; the gates it names are not served")
    if not config.gates and not site:
        raise UsageError(_PASTE)
    for gate in config.gates.values():
        match gate:
            case ProfileGate():
                planned_s(gate, workspace)
            case CanaryGate() if not (workspace.root / gate.rules).is_file():
                raise UsageError(f"perf.yaml: serve.gates.{gate.name}.rules: no file {gate.rules}")
            case CanaryGate():
                pass
    return dict(config.gates)


def planned_s(gate: Gate, workspace: Workspace) -> float:
    """How long the work of a gate is planned to take; its profile is read anew each time."""
    if isinstance(gate, CanaryGate):
        return gate.duration_s
    found = workspace.find_profile(gate.profile)
    return load_profile(found.path, name=found.name).duration_s


def surroundings(environ: Mapping[str, str], lock: int) -> Surroundings:
    """What runs of gates get: everything but the token of the port."""
    kept = {name: value for name, value in environ.items() if name != TOKEN_VARIABLE}
    return Surroundings(command=COMMAND, folder=Path.cwd(), environ=kept, inherited=(lock,))


def unix_now() -> float:
    """Seconds since 1970."""
    return datetime.now(UTC).timestamp()


def site_of(given: Path | None, workspace: Workspace) -> SiteFiles | None:
    """Trend site to serve: the folder that was named, or the usual one where there is one."""
    folder = given or workspace.state / SITE
    if (folder / INDEX).is_file():
        return SiteFiles(folder)
    if given is not None:
        raise UsageError(f"--trend: no {INDEX} in {given}; next: perfproof trend --out {given}")
    return None


def announcement(url: str, service: Service, gates: Mapping[str, Gate], *, as_json: bool) -> str:
    """One line: where it listens, and for which gates."""
    names, site = sorted(gates), f"{url}{PREFIX}" if service.site else None
    if as_json:
        return json.dumps({"url": url, "gates": names, "trend": site})
    trend = f"; trends: {site}" if site else ""
    return f"perf serve listens on {url}; gates: {', '.join(names) or 'none'}{trend}"
