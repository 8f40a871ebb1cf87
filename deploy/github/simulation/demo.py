"""Roll a good and a failing version out, one after the other, as production.yml does: in a minute.

Audit logs, summaries and what the users saw are kept in .perf/demo-canary.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
FOLDER = Path(".perf/demo-canary")
EXPECTED = {"good": 0, "failing": 1}
PROMOTED = {0: "promoted", 1: "rolled back"}


def main() -> int:
    """Do it; 0 if the good version was promoted and the failing one rolled back."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    codes = {version: roll_out(version) for version in EXPECTED}
    print("\nversion   exit  end          audit log, summary, and what the users saw")
    for version, code in codes.items():
        folder = FOLDER / version
        print(f"{version:<9} {code:>4}  {PROMOTED.get(code, 'neither'):<11}  {folder}/")
        for name in ("out/rollout.jsonl", "out/comment.md", "simulation/users/out/report.html"):
            print(f"{'':31}{name}")
    return int(codes != EXPECTED)


def roll_out(version: str) -> int:
    """Roll a version out among embedded services; the exit code of the rollout."""
    folder = FOLDER / version
    out = folder / "out"
    out.mkdir(parents=True)
    environ = {
        **os.environ, "RUNNER_TEMP": str(folder.resolve()), "VERSION": version,
        "TIME_SCALE": "0.05",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }  # fmt: skip

    def run(*command: str, to: IO[str] | None = None) -> int:
        return subprocess.run(command, cwd=folder, env=environ, stdout=to, check=False).returncode

    service = str(HERE / "service.py")
    print(f"\n== {version}: 5 % of the users for 30 s, then all of them for 15 s", flush=True)
    try:
        for verb in ("up production", f"deploy green {version}", "health green"):
            if code := run(service, *verb.split()):
                raise SystemExit(code)
        with (out / "rollout.json").open("w") as file:
            plan = str(folder.resolve() / "simulation/plan.yaml")
            code = run("perfproof", "rollout", plan, "--json", to=file)
    finally:
        run(service, "down")
    environ |= {
        "OUTCOME": "failure" if code else "success",
        "ROLLBACK": "success" if code == 1 else "",
    }
    run(str(HERE.parent / "notify.py"), "production")
    return code


if __name__ == "__main__":
    sys.exit(main())
