"""Which stored run somebody means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from perf_documents.errors import UsageError
from perf_documents.redact import Redactor, visible

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

LATEST = "latest"
_SHOWN = 5
_HASH = 12
# a search for like words looks at each letter of each
_SEARCHED = 1000


def find_run(spec: str, known: AbstractSet[str]) -> str:
    """Return which of the known ids (at least one) `latest`, an id, its beginning or hash means."""
    if spec in known:
        return spec
    if spec == LATEST:
        return max(known)
    # what ends an imported run's id is the hash of its content
    ending = [run_id for run_id in known if run_id.endswith(f"-{spec}")]
    if len(spec) >= _HASH and len(ending) == 1:
        return ending[0]
    begun = sorted((run_id for run_id in known if spec and run_id.startswith(spec)), reverse=True)
    if len(begun) == 1:
        return begun[0]
    shown = visible(Redactor().clean(spec), 80)
    if begun:
        raise UsageError(f'run "{shown}": {len(begun)} begin so: {_few(begun)}')
    newest = sorted(known, reverse=True)
    close = get_close_matches(spec[:100], newest[:_SEARCHED], n=1, cutoff=0.8)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise UsageError(f'run "{shown}": is not stored here{hint}; the newest: {_few(newest)}')


def _few(run_ids: list[str]) -> str:
    return ", ".join(run_ids[:_SHOWN]) + (", ..." if len(run_ids) > _SHOWN else "")
