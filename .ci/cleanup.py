#!/usr/bin/env python3
"""Remove what piles up on the host: old artifacts, caches that nobody uses, images without a tag.

`.ci/cleanup.py [--dry-run] [--image NAME]`. Branches are never touched, and what a run on the
branch of the history made stays too. A list that cannot be read removes nothing of its kind. Ends 0
when all that is due is gone, 5 when something could not be read or removed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from hub import REAL, Clock, Hub, api_of, hub_of
from perf_documents.errors import PerfError
from perf_reports.delivery import github
from perf_reports.delivery.http import Api, DeliveryError, LostAnswerError
from perf_reports.escape import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

HISTORY = "perfproof-history"
ARTIFACT_AGE, IMAGE_AGE = timedelta(days=30), timedelta(days=30)
CACHE_AGE, CACHE_UNUSED = timedelta(days=7), timedelta(days=3)
REGISTRY = "https://ghcr.io"
# at a second between writes some hundreds; what is left is due again at the next run
TOTAL_S = 900.0
_GONE = 404
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing to remove."""

    what: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where things pile up, and what time it is."""

    hub: Hub
    registry: Api
    now: datetime
    image: str

    def artifacts(self) -> Iterator[Due]:
        """Artifacts older than 30 days."""
        path = f"{self.hub.path}/actions/artifacts"
        for item in github.pages(self.hub.api, f"{path}?per_page=100", "artifacts"):
            run = item.get("workflow_run")
            branch = run.get("head_branch") if isinstance(run, dict) else None
            if branch != HISTORY and self._is_older(item, "created_at", ARTIFACT_AGE):
                yield Due(what=f"artifact {item.get('name')}", path=f"{path}/{_number(item)}")

    def caches(self) -> Iterator[Due]:
        """Caches older than 7 days that nobody has read for 3."""
        path = f"{self.hub.path}/actions/caches"
        for item in github.pages(self.hub.api, f"{path}?per_page=100", "actions_caches"):
            is_old = self._is_older(item, "created_at", CACHE_AGE)
            is_unused = self._is_older(item, "last_accessed_at", CACHE_UNUSED)
            if item.get("ref") != f"refs/heads/{HISTORY}" and is_old and is_unused:
                yield Due(what=f"cache {item.get('key')}", path=f"{path}/{_number(item)}")

    def images(self) -> Iterator[Due]:
        """Images older than 30 days without a tag, unless a tagged one consists of them.

        An image for several architectures is an index of images that have no tag of their own.
        """
        path = f"{self._packages()}/{quote(self.image, safe='')}/versions"
        if self.hub.api.call("GET", f"{path}?per_page=1").status == _GONE:
            return  # none was ever pushed
        versions = list(github.pages(self.hub.api, f"{path}?per_page=100"))
        untagged = [one for one in versions if not _tags(one)]
        used = {digest for one in versions if _tags(one) for digest in self._parts(one)}
        for one in untagged:
            if one.get("name") not in used and self._is_older(one, "created_at", IMAGE_AGE):
                yield Due(what=f"image {one.get('name')}", path=f"{path}/{_number(one)}")

    def _packages(self) -> str:
        owner = github.expect(self.hub.api.call("GET", f"/users/{self.hub.owner}"), "GET /users")
        kind = owner.get("type") if isinstance(owner, dict) else None
        place = "orgs" if kind == "Organization" else "users"
        return f"/{place}/{self.hub.owner}/packages/container"

    def _parts(self, version: Mapping[str, object]) -> set[str]:
        """Digests that a tagged image consists of."""
        digest = str(version.get("name"))
        if not _DIGEST.fullmatch(digest):
            raise DeliveryError("a version of the image without a digest")
        path = (
            f"/v2/{self.hub.repository.lower().partition('/')[0]}/{self.image}/manifests/{digest}"
        )
        manifest = github.expect(self.registry.call("GET", path), f"GET {path}", "packages: read")
        if not isinstance(manifest, dict):
            raise DeliveryError(f"GET {path}: expected a manifest")
        parts = manifest.get("manifests", [])
        return {str(one.get("digest")) for one in parts if isinstance(one, dict)}

    def _is_older(self, item: Mapping[str, object], field: str, age: timedelta) -> bool:
        """Whether it is older; what has no time that can be read is not."""
        try:
            at = datetime.fromisoformat(str(item.get(field)))
            return self.now - at > age
        except (ValueError, TypeError):  # no time, or one without a zone
            return False


def _number(item: Mapping[str, object]) -> int:
    found = item.get("id")
    if isinstance(found, int) and not isinstance(found, bool) and found > 0:
        return found
    raise DeliveryError("an id that is no number")


def _tags(version: Mapping[str, object]) -> bool:
    """Whether a version of an image has tags; where nothing is said of them it counts as tagged."""
    metadata = version.get("metadata")
    container = metadata.get("container") if isinstance(metadata, dict) else None
    tags = container.get("tags") if isinstance(container, dict) else None
    return tags != []


def remove(api: Api, due: Sequence[Due], say: Callable[[str], None]) -> int:
    """Remove what is due; how many of them could not be."""
    for place, one in enumerate(due):
        try:
            answer = api.call("DELETE", one.path)
            if answer.status != _GONE:  # gone already is fine
                github.expect(answer, f"DELETE {one.path}", needs="actions: write, packages: write")
        except LostAnswerError as error:
            say(f"{error}; next: the next run looks again")
            return len(due) - place
        except DeliveryError as error:
            say(str(error))
            return len(due) - place
        say(f"removed {terminal(one.what)}")
    return 0


def clean(site: Site, *, dry_run: bool, say: Callable[[str], None]) -> int:
    """Look for all that is due, then remove it unless this is a rehearsal; exit status."""
    code = 0
    for name, look in (
        ("artifacts", site.artifacts),
        ("caches", site.caches),
        ("images", site.images),
    ):
        try:
            due = list(look())
        except DeliveryError as error:
            say(f"{name}: {error}; nothing of them was removed")
            code = error.exit_code
            continue
        say(f"{name}: {len(due)} to remove")
        if dry_run:
            for one in due:
                say(f"would remove {terminal(one.what)}")
        elif left := remove(site.hub.api, due, say):
            say(f"{name}: {left} left")
            code = DeliveryError.exit_code
    return code


def main(
    arguments: Sequence[str], environ: Mapping[str, str], now: datetime, clock: Clock = REAL
) -> int:
    """Read, look, remove."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--image", default="perfproof")
    given = parser.parse_args(arguments)
    try:
        hub = hub_of(environ, clock, TOTAL_S)
        bearer = b64encode(hub.token.encode()).decode()
        headers = {"Authorization": f"Bearer {bearer}", "Accept": _MANIFESTS}
        base = environ.get("PERF_REGISTRY_URL") or REGISTRY
        registry = api_of(environ, (base, headers), clock, TOTAL_S)
        site = Site(hub=hub, registry=registry, now=now, image=given.image)
        return clean(site, dry_run=given.dry_run, say=_say)
    except PerfError as error:
        print(f"cleanup: {error}", file=sys.stderr)
        return error.exit_code


def _say(line: str) -> None:
    print(f"cleanup: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, datetime.now(UTC)))
