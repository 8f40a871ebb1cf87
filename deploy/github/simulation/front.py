"""What stands before and beside blue and green: nginx, Prometheus, and users."""

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import quote

from processes import OK, ROOT, address, ask, fail, program, start, url, wait

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent
READY = SHIPPED.parent / "rollout" / "nginx"
LEAST_SCALE = 0.05
DURATION = re.compile(r"\b(\d+)([sm])\b")
PAGE = "/api/v1/traces"  # one that users ask for


def front() -> None:
    """Start what stands before and beside blue and green."""
    places = {"8080": "front", "8081": "blue", "8082": "green"}
    for name in ("shift", "split.conf"):
        shutil.copy(READY / name, ROOT)
    (ROOT / "nginx.conf").write_text(
        re.sub(
            r"127\.0\.0\.1:(\d+)",
            lambda found: address(places[found[1]]),
            (READY / "nginx.conf").read_text(),
        )
    )
    start("nginx", [program("nginx"), "-p", str(ROOT), "-c", str(ROOT / "nginx.conf"),
                    "-e", "stderr", "-g", "daemon off;"])  # fmt: skip
    scrape = write_plan()
    config = {
        "global": {"scrape_interval": scrape, "scrape_timeout": scrape},
        "scrape_configs": [{"job_name": "service", "static_configs": [
            {"targets": [address(pool)], "labels": {"pool": pool}}
            for pool in ("blue", "green")
        ]}],
    }  # fmt: skip
    (ROOT / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    start("watcher", [
        program("prometheus"), f"--config.file={ROOT / 'prometheus.yml'}",
        f"--storage.tsdb.path={ROOT / 'data'}", f"--web.listen-address={address('prometheus')}",
    ])  # fmt: skip
    wait(lambda: ask(f"{url('front')}/health")[0] == OK, "nginx answers")
    (ROOT / "users").mkdir(exist_ok=True)
    for name in ("traffic.py", "traffic.yaml"):
        shutil.copy(HERE / name, ROOT / "users")
    load = ["--profile", "traffic.yaml", "--target", url("front"), "--out", "out"]
    start("traffic", [program("perfproof"), "run", *load], ROOT / "users")
    wait(lambda: seen("blue"), "Prometheus sees users' requests")


def seen(pool: str) -> bool:
    """Whether Prometheus has metrics of what users ask of a pool."""
    query = quote(f'http_requests_total{{pool="{pool}",path="{PAGE}"}}')
    status, body = ask(f"{url('prometheus')}/api/v1/query?query={query}")
    return status == OK and bool(json.loads(body)["data"]["result"])


def scale() -> float:
    """Factor on the times of the plan: below the least, no rule could fire in its hold."""
    text = os.environ.get("TIME_SCALE") or "1"
    if not re.fullmatch(r"[0-9.]{1,6}", text) or not LEAST_SCALE <= float(text) <= 1:
        raise fail(f"TIME_SCALE {text!a}; expected a number from {LEAST_SCALE} to 1", 2)
    return float(text)


def scaled(text: str, factor: float) -> str:
    """Durations of a YAML file, shorter; deadlines stay: a busy runner may need its time."""

    def of_line(line: str) -> str:
        if "run:" in line or "max_hold:" in line:
            return line
        # a health request is made each second at most, and every look wants one
        least_ms = 3000 if line.startswith("every:") else 1000

        def shorter(found: re.Match[str]) -> str:
            ms = int(found[1]) * {"s": 1000, "m": 60_000}[found[2]] * factor
            return f"{max(least_ms, round(ms))}ms"

        return DURATION.sub(shorter, line)

    return "\n".join([*map(of_line, text.splitlines()), ""])


def write_plan() -> str:
    """Write the plan and its rules for this machine; the time between scrapes."""
    plan, rules = (
        scaled((SHIPPED / name).read_text(), scale()) for name in ("plan.yaml", "rules.yaml")
    )
    plan = plan.replace("./service", str(HERE / "service.py"))
    (ROOT / "plan.yaml").write_text(plan.replace("../../out", str(Path.cwd() / "out")))
    rules = rules.replace("http://prometheus:9090", url("prometheus"))
    (ROOT / "rules.yaml").write_text(rules.replace("http://green:8080", url("green")))
    return rules.partition("scrape_interval: ")[2].split()[0]
