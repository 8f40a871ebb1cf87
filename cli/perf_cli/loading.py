"""Options that say what to load and how: of `perf run` and of `perf worker`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar

import click

from perf_cli.completing import profiles, targets
from perf_cli.options import DURATION, SCALE
from perf_documents.errors import UsageError
from perf_loadtests.requests import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

F = TypeVar("F", bound="Callable[..., object]")
WAIT_IN_CI_S = 60.0


class LoadFlags(TypedDict):
    """Options as click hands them over."""

    profile: str
    target: str
    environment: str | None
    time_scale: Fraction
    wait: float | None
    confirm: str | None
    control: str | None


_OPTIONS = (
    click.option(
        "--profile",
        required=True,
        metavar="NAME|FILE",
        help="What load, judged how.",
        shell_complete=profiles,
    ),
    click.option(
        "--target",
        default="demo",
        show_default=True,
        metavar="NAME|URL",
        help="A target of perf.yaml, a URL on this machine, or the embedded service.",
        shell_complete=targets,
    ),
    click.option("--environment", metavar="NAME", help="Name to file the run under."),
    click.option(
        "--time-scale",
        type=SCALE,
        default="1",
        show_default=True,
        metavar="FACTOR",
        help="Factor on all stage durations; rates stay.",
    ),
    click.option(
        "--wait",
        type=DURATION,
        metavar="DURATION",
        help="How long to wait for the target to answer (60s in CI).",
    ),
    click.option("--confirm", metavar="NAME", help="Name of a protected target, typed again."),
    click.option(
        "--control",
        metavar="NAME|URL",
        help="Old version to load beside the target, arrival by arrival, and to compare with.",
        shell_complete=targets,
    ),
)


def load_options(function: F) -> F:
    """Give a command the options, in their order."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def request_of(given: LoadFlags, environ: Mapping[str, str]) -> RunRequest:
    """What was asked for."""
    return RunRequest(
        profile=given["profile"],
        target=given["target"],
        time_scale=given["time_scale"],
        environment=_environment(given["environment"]),
        confirm=given["confirm"],
        wait_s=_wait_s(given["wait"], environ),
        control=given["control"],
    )


def _environment(name: str | None) -> str | None:
    from perf_documents.names import NAME_RULE, is_name  # noqa: PLC0415  # only when it is given

    if name is not None and not is_name(name):
        raise UsageError(f"--environment: not a name; expected {NAME_RULE}")
    return name


def _wait_s(given: float | None, environ: Mapping[str, str]) -> float:
    if given is not None:
        return given
    return WAIT_IN_CI_S if environ.get("CI") not in (None, "", "false") else 0.0
