"""`perf doctor`: what it looks at, and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands import Desk


def test_a_folder_in_order(desk: Desk) -> None:
    done = desk.perf("doctor", "--json")
    assert done.code == 0, done.said
    document = json.loads(done.out)
    assert document["calibration"] is None
    assert {check["name"]: check["ok"] for check in document["checks"]} == dict.fromkeys(
        ["machine", "open files", "free space", "perf.yaml", "baselines", "history"], True
    )
    assert not (desk.state / "history").exists()  # it only looks


def test_every_check_is_made_though_one_is_not_well(desk: Desk) -> None:
    (desk.folder / "perf.yaml").write_text("targets: {a: {url: 7}}\n", encoding="utf-8")
    (desk.folder / "baselines/p").mkdir(parents=True)
    (desk.folder / "baselines/p/e.jsonl").write_text("{", encoding="utf-8")
    done = desk.perf("doctor")
    assert done.code == 2, done.said
    lines = {line[5:].partition(":")[0]: line for line in done.out.splitlines() if ":" in line}
    assert lines["perf.yaml"].startswith("NOT  perf.yaml: ")
    assert "e.jsonl:1" in lines["baselines"]
    assert lines["machine"].startswith("ok ")


def test_the_rate_that_one_process_holds(desk: Desk) -> None:
    done = desk.perf("doctor", "--calibrate", "--json")
    known = json.loads(done.out)["calibration"]
    # how much it is, this machine decides; what is said of it must fit together
    if not known["held_per_s"]:
        assert (done.code, known["reading"]) == (5, None)
        assert known["cause"]
        return
    assert done.code == 0, done.said
    assert known["reading"]["rate_per_s"] > 0.9 * known["held_per_s"]
    assert known["reading"]["lag_p99_s"] < 0.005
    assert known["lost_per_s"] is None or known["lost_per_s"] > known["held_per_s"]
    assert not (desk.state / "history").exists()
