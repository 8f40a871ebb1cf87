"""What an engine is told: the order, its notes, and the environment it runs in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perf_documents.fingerprint import collect_fingerprint
from perf_documents.git import collect_git
from perf_documents.plan_codec import encode_plan
from perf_documents.redact import Redactor, secrets_of
from perf_loadtests.preflight import is_loopback
from perf_loadtests.protocol import CONTROL_TOKEN, PROTOCOL, Order, TargetModel
from perf_loadtests.spreading import notes_on
from perf_loadtests.surroundings import notes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_documents.targets import Target
    from perf_loadtests.requests import Prepared, World

TOKEN_VARIABLE = "PERF_TOKEN"  # noqa: S105  # the name of a variable, not a token


def make_order(
    ready: Prepared, world: World, targets: Sequence[Target],
    pinned: list[tuple[str, int, list[str]]],
) -> Order:  # fmt: skip
    """Order of a run; `pinned` are the addresses that the engine may connect to."""
    cleaner = Redactor(secrets_of(world.environ))
    local = is_loopback(pinned[0][2][0])
    return Order(
        protocol=PROTOCOL,
        run=ready.run_id,
        version=world.version,
        started_at=f"{world.now():%Y-%m-%dT%H:%M:%SZ}",
        plan=encode_plan(ready.plan),
        target=_target_model(targets[0]),
        control=_target_model(targets[1]) if len(targets) > 1 else None,
        scenario_path=str(ready.scenario.path.resolve()),
        scenario_class=ready.scenario.class_name,
        workspace=str(ready.workspace.root.resolve()),
        addresses=pinned,
        fingerprint=collect_fingerprint(world.environ),
        git=collect_git(ready.workspace.root, world.environ, redactor=cleaner),
        notes=notes_of(
            world.environ,
            ready.workspace.root,
            local=local,
            superuser=os.geteuid() == 0,
        )
        + notes_on(ready.spread),
        spread=ready.spread,
    )


def _target_model(target: Target) -> TargetModel:
    return TargetModel(
        name=target.name,
        url=target.url,
        environment=target.environment,
        protected=target.protected,
    )


def engine_environ(environ: Mapping[str, str], tokens: Sequence[str | None]) -> dict[str, str]:
    """Environment of the engine: each token under one name, and no settings of Locust's."""
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    names = (TOKEN_VARIABLE, CONTROL_TOKEN)
    return kept | {
        name: token for name, token in zip(names, tokens, strict=False) if token is not None
    }
