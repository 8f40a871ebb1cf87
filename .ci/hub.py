"""The repository on its host, as the maintenance scripts reach it: from a job's environment."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from perf_documents.errors import UsageError
from perf_documents.redact import Redactor
from perf_reports.delivery import github
from perf_reports.delivery.http import TOTAL_S, Api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PUBLIC = "https://api.github.com"
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


class Clock(NamedTuple):
    """Monotonic seconds, and waiting."""

    now_s: Callable[[], float]
    sleep: Callable[[float], None]


REAL = Clock(time.monotonic, time.sleep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Where calls go, and as whom."""

    api: Api
    repository: str
    token: str

    @property
    def path(self) -> str:
        """Path of the repository's own calls."""
        return f"/repos/{self.repository}"

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.repository.partition("/")[0]


def hub_of(environ: Mapping[str, str], clock: Clock, total_s: float = TOTAL_S) -> Hub:
    """The host and repository of a job.

    Raises
    ------
    UsageError
        If token or repository are missing, or none that can be used.
    """
    token = environ.get("GITHUB_TOKEN", "").strip()
    wanted = "expected the job's token; next: set it in this step"
    if not token:
        raise UsageError(f"GITHUB_TOKEN: is not set; {wanted}")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(f"GITHUB_TOKEN: blanks or odd characters in it; {wanted}")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"GITHUB_REPOSITORY: {repository[:80]!r}; expected owner/name")
    base = environ.get("GITHUB_API_URL") or PUBLIC
    api = api_of(environ, (base, github.headers(token, "ci")), clock, total_s)
    return Hub(api=api, repository=repository, token=token)


def api_of(
    environ: Mapping[str, str], where: tuple[str, Mapping[str, str]], clock: Clock, total_s: float
) -> Api:
    """Calls to an address with headers; no message shows this environment's token."""
    base, headers = where
    return Api(
        base=base,
        headers=headers,
        redactor=Redactor({environ.get("GITHUB_TOKEN", "").strip()} - {""}),
        clock=clock.now_s,
        sleep=clock.sleep,
        ca_file=environ.get("PERF_CA_FILE", ""),
        proxy=environ.get("PERF_PROXY", ""),
        total_s=total_s,
    )
