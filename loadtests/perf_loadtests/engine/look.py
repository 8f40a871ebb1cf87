"""A locustfile imported: `python -P -m perf_loadtests.engine.look FILE FOLDER ANSWER PARENT`."""

# locust patches the standard library for gevent when it is imported: before anything else
import locust  # noqa: F401, I001

import json
import os
import sys
from pathlib import Path

from perf_documents.errors import ScenarioError
from perf_loadtests.engine.control import die_with_parent
from perf_loadtests.engine.guard import Guard
from perf_loadtests.engine.locust_compat import import_scenario


def main(arguments: list[str]) -> None:
    """Write the names of the user classes, or what is wrong; without an answer it did not end."""
    file, workspace, answer, parent = arguments
    die_with_parent(int(parent))
    for name in [name for name in os.environ if name.startswith("LOCUST_")]:
        del os.environ[name]
    # nothing is sent while a scenario is only looked at
    Guard([], lambda _address: None).install()
    sys.path.insert(0, workspace)
    try:
        classes = [cls.__name__ for cls in import_scenario(Path(file), None)]
        found: dict[str, object] = {"classes": classes}
    except ScenarioError as error:
        found = {"error": str(error)}
    Path(answer).write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
