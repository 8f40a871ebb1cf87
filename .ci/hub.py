"""This repository on its host, as the maintenance scripts reach it: from a job's environment."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_documents.redact import Redactor
from perf_reports.delivery import github
from perf_reports.delivery.http import TOTAL_S, Api

if TYPE_CHECKING:
    from collections.abc import Mapping

PUBLIC = "https://api.github.com"
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


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


def hub_of(environ: Mapping[str, str], total_s: float = TOTAL_S) -> Hub:
    """The host and repository of a job.

    Raises
    ------
    UsageError
        If token or repository are missing, or none that can be used.
    """
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError("GITHUB_TOKEN: is not set; expected the job's token; next: set it in this step")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError("GITHUB_TOKEN: blanks or odd characters in it; expected a token")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"GITHUB_REPOSITORY: {repository[:80]!r}; expected owner/name")
    api = api_of(environ, environ.get("GITHUB_API_URL") or PUBLIC, github.headers(token, "ci"), total_s)
    return Hub(api=api, repository=repository, token=token)


def api_of(environ: Mapping[str, str], base: str, headers: Mapping[str, str], total_s: float = TOTAL_S) -> Api:
    """Calls to a host with this environment's token, which no message shows."""
    return Api(
        base=base,
        headers=headers,
        redactor=Redactor({environ.get("GITHUB_TOKEN", "").strip()} - {""}),
        clock=time.monotonic,
        sleep=time.sleep,
        ca_file=environ.get("PERF_CA_FILE", ""),
        proxy=environ.get("PERF_PROXY", ""),
        total_s=total_s,
    )
