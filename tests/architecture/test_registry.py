"""Each verb's module says of itself what `perf --help` says of it."""

from __future__ import annotations

from perf_cli.registry import VERBS
from repository import ROOT, ask_child

VERB_MODULES = """
import importlib, json, sys
said = {}
for verb in sys.argv[1:]:
    command = importlib.import_module(f"perf_cli.verbs.{verb}").command
    said[verb] = [command.name, " ".join((command.help or "").split("\\n\\n")[0].split())]
print(json.dumps([said, sorted(sys.modules)]))
"""


def test_every_verb_has_its_module_and_no_module_is_without_a_verb() -> None:
    modules = {path.stem for path in (ROOT / "cli/perf_cli/verbs").glob("[!_]*.py")}
    assert modules == set(VERBS)


def test_every_verb_says_of_itself_what_the_registry_says() -> None:
    answer = ask_child(VERB_MODULES, *VERBS)
    assert isinstance(answer, list)
    assert answer[0] == {verb: [verb, line] for verb, line in VERBS.items()}


def test_no_verb_brings_locust_or_pictures_when_it_is_looked_up() -> None:
    answer = ask_child(VERB_MODULES, *VERBS)
    assert isinstance(answer, list)
    assert {"locust", "gevent", "matplotlib", "scipy.stats"} & set(answer[1]) == set()
