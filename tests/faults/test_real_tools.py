"""The Singer world's own tools, and a target, take all that the tap writes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tap_runner
from fault_runs import critical
from fault_truth import STREAMS, Row, differences
from installed_tools import installed

from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = pytest.mark.tools


@pytest.fixture(scope="session")
def check_tap() -> Path:
    return installed("singer-tools", "singer-check-tap")


@pytest.fixture(scope="session")
def target_jsonl() -> Path:
    return installed("target-jsonl", "target-jsonl")


@dataclass(frozen=True)
class Output:
    """What the tap wrote: in a full sync, in one of the changes since, and of all streams."""

    full: str
    changes: str
    everything: str
    state: Row


@pytest.fixture(scope="module")
def output() -> Output:
    """Orders of every kind, the huge ones too."""
    catalog = tap_runner.discover()
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    with Sandbox(Options(orders=300, customers=150, products=120, coupons=40)) as store:
        settings = tap_runner.settings(store, page_size=50)
        full = tap_runner.run(settings)
        assert full.status == 0, critical(full)
        assert differences(store, full.by_stream) == []
        for stream in ("customers", "orders", "products"):
            store.change(stream, count=5)
        changes = tap_runner.run(settings, state=full.state)
        everything = tap_runner.run(settings, tap_runner.select(catalog, *names))
        assert changes.status == everything.status == 0
    state = json.loads(json.dumps(changes.state))
    return Output(full.stdout, changes.stdout, everything.stdout, state)


def pipe(command: list[str], text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    more: Any = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    return subprocess.run(command, input=text, cwd=folder, env=environment, **more)


def records(text: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for line in text.splitlines():
        message: dict[str, Any] = json.loads(line)
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found


@pytest.mark.parametrize("part", ["full", "changes", "everything"])
def test_singer_check_tap_accepts_the_whole_output(
    check_tap: Path, output: Output, tmp_path: Path, part: str
) -> None:
    text = getattr(output, part)
    checked = pipe([str(check_tap)], text, tmp_path)
    said = checked.stdout + checked.stderr
    assert checked.returncode == 0, said[-2000:]
    found = records(text)
    assert f"{sum(map(len, found.values()))} record messages" in said
    assert all(f"| {name} " in said for name in found)


def test_singer_check_tap_would_notice_a_record_that_breaks_its_schema(
    check_tap: Path, output: Output, tmp_path: Path
) -> None:
    lines = output.full.splitlines(keepends=True)
    place = next(at for at, line in enumerate(lines) if '"type":"RECORD"' in line)
    message = json.loads(lines[place])
    message["record"]["id"] = "not a number"
    lines[place] = json.dumps(message) + "\n"
    assert pipe([str(check_tap)], "".join(lines), tmp_path).returncode != 0


def test_target_jsonl_holds_what_the_tap_wrote_and_hands_its_last_state_on(
    target_jsonl: Path, output: Output, tmp_path: Path
) -> None:
    folder = tmp_path / "landed"
    folder.mkdir()
    config = tmp_path / "target.json"
    config.write_text(json.dumps({"destination_path": str(folder), "do_timestamp_file": False}))
    for text in (output.full, output.changes):
        loaded = pipe([str(target_jsonl), "--config", str(config)], text, tmp_path)
        assert loaded.returncode == 0, loaded.stderr[-2000:]
    assert json.loads(loaded.stdout.splitlines()[-1]) == output.state
    full, changes = records(output.full), records(output.changes)
    assert set(full) == set(STREAMS)
    for stream in STREAMS:
        landed = (folder / f"{stream}.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in landed] == full[stream] + changes.get(stream, [])
