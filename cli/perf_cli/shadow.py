"""Whether a file of somebody's stands in the place of a module; only os and sys to find out."""

from __future__ import annotations

import os
import sys

CORE = frozenset({
    "alembic", "click", "gevent", "geventhttpclient", "jinja2", "locust", "matplotlib", "numpy",
    "perf_analysis", "perf_baselines", "perf_canary", "perf_cli", "perf_documents",
    "perf_importers", "perf_loadtests", "perf_reports", "pydantic", "requests", "rich", "scipy",
    "sqlalchemy", "yaml",
})  # fmt: skip
# what may be imported; a folder of the same name only with its `__init__.py`
_ENDINGS = (".py", ".pyc", ".so")
_STDLIB = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib may be what is shadowed


def shadowing() -> str:
    """File that would be imported instead of a standard module or one of ours; empty without."""
    if sys.flags.ignore_environment:
        return ""
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):  # noqa: PTH109  # as above
        entries.insert(0, sys.path[0] or ".")
    return next(filter(None, map(_in_folder, entries)), "")


def _in_folder(folder: str) -> str:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  # as above
    except OSError:
        return ""
    if os.path.realpath(folder) == os.path.realpath(_STDLIB):
        return ""
    for name in names:
        module = name
        for ending in _ENDINGS:
            module = module.removesuffix(ending)
        path = os.path.join(folder, name)  # noqa: PTH118  # as above
        if module == name:
            path = os.path.join(path, "__init__.py")  # noqa: PTH118  # as above
        taken = module in sys.stdlib_module_names or (
            module in CORE and not _is_installed(module, names)
        )
        if taken and os.path.isfile(path):  # noqa: PTH113  # as above
            return path
    return ""


def _is_installed(module: str, names: list[str]) -> bool:
    """Whether a package manager put a module there: then it is what was asked for."""
    stem = "perfproof" if module.startswith("perf_") else {"yaml": "pyyaml"}.get(module, module)
    lowered = [name.lower() for name in names]
    return any(
        name.startswith((f"{stem}-", f"{stem}.")) and name.endswith((".dist-info", ".egg-info"))
        for name in lowered
    )
