"""examples/cron/sync.sh: the state that it keeps is whole, and never runs ahead of the rows."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import examples
from installed_tools import ROOT, installed
from tap_runner import Json, clean_environment, settings, wait_until

from tap_bigcommerce_sandbox import Options, Sandbox

DOCUMENT = ROOT / "docs" / "orchestrators.md"
SCRIPT = ROOT / "examples" / "cron" / "sync.sh"
STILL_RUNS = 75
OLD: Json = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00.000000Z"}}}
NEW: Json = {"bookmarks": {"orders": {"date_modified": "2026-02-02T00:00:00.000000Z"}}}

pytestmark = pytest.mark.skipif(
    shutil.which("flock") is None or shutil.which("bash") is None,
    reason="the script needs bash and flock (util-linux)",
)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store's folder with settings that lead nowhere."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "target.json").write_text("{}")
    return tmp_path


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the script; what still runs in the end is killed, with the programs it started."""
    running: list[subprocess.Popen[str]] = []

    def start(folder: Path, tap: Path, target: Path) -> subprocess.Popen[str]:
        programs = {"TAP": str(tap), "TARGET": str(target), "PYTHON": sys.executable}
        process = subprocess.Popen(
            [str(SCRIPT), str(folder)],
            env={**clean_environment(), **programs},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with contextlib.suppress(ProcessLookupError):  # It and its programs have ended.
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def stub(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def state_in(folder: Path) -> Any:
    return json.loads((folder / "state.json").read_text())


def quiet(folder: Path) -> Path:
    return stub(folder, "tap", "exit 0")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (json.dumps(NEW), NEW),
        (json.dumps(OLD) + "\n" + json.dumps(NEW) + "\n", NEW),
        (json.dumps(NEW) + "\n" + json.dumps(OLD)[:30], NEW),
        (json.dumps(NEW) + "\n\n", NEW),
        (json.dumps(NEW)[:30], OLD),
        ("", OLD),
        ("{}", OLD),
        ('{"bookmarks": null}\n', OLD),
        ("Loaded 12 rows\n", OLD),
    ],
)
def test_the_last_whole_state_replaces_the_old_one_and_nothing_else_does(
    start: Start, folder: Path, written: str, expected: Json
) -> None:
    (folder / "state.json").write_text(json.dumps(OLD))
    (folder / "written").write_text(written)
    target = stub(folder, "target", "cat >/dev/null; cat written")
    status, said = ended(start(folder, quiet(folder), target))
    assert status == 0, said
    assert state_in(folder) == expected
    assert not list(folder.glob("state.json.*"))


def test_a_program_that_fails_is_reported_and_what_was_loaded_before_counts(
    start: Start, folder: Path
) -> None:
    failing = stub(folder, "failing", "exit 4")
    assert ended(start(folder, failing, stub(folder, "target", "cat >/dev/null")))[0] == 4
    assert not (folder / "state.json").exists()
    target = stub(folder, "target", f"cat >/dev/null; echo '{json.dumps(NEW)}'; exit 3")
    assert ended(start(folder, quiet(folder), target))[0] == 3
    assert state_in(folder) == NEW


def test_the_tap_is_given_the_files_that_are_there(start: Start, folder: Path) -> None:
    tap = stub(folder, "tap", 'echo "$@" >arguments')
    target = stub(folder, "target", f"cat >/dev/null; echo '{json.dumps(NEW)}'")
    ended(start(folder, tap, target))
    assert (folder / "arguments").read_text().split() == ["--config", "config.json"]
    (folder / "catalog.json").write_text("{}")
    ended(start(folder, tap, target))
    given = (folder / "arguments").read_text().split()
    assert given[2:] == ["--catalog", "catalog.json", "--state", "state.json"]


def test_what_a_sync_that_was_killed_has_left_is_where_the_next_one_begins(
    start: Start, folder: Path
) -> None:
    (folder / "state.json").write_text(json.dumps(OLD))
    (folder / "state.json.next").write_text(json.dumps(NEW) + '\n{"bookm')
    tap = stub(folder, "tap", "cp state.json given.json")
    assert ended(start(folder, tap, stub(folder, "target", "cat >/dev/null")))[0] == 0
    assert json.loads((folder / "given.json").read_text()) == NEW
    assert state_in(folder) == NEW


def test_a_sync_that_comes_too_early_is_left_out(start: Start, folder: Path) -> None:
    tap = stub(folder, "tap", "touch began; while [ ! -e end ]; do sleep 0.05; done")
    target = stub(folder, "target", f"cat >/dev/null; echo '{json.dumps(NEW)}'")
    first = start(folder, tap, target)
    wait_for(folder / "began")
    status, said = ended(start(folder, tap, target))
    assert status == STILL_RUNS
    assert "still running" in said
    (folder / "end").touch()
    assert ended(first)[0] == 0
    assert state_in(folder) == NEW
    assert ended(start(folder, tap, target))[0] == 0


def test_the_crontab_shown_runs_a_sync(folder: Path) -> None:
    (shown,) = (e for e in examples(DOCUMENT) if e.language == "crontab")
    place = f"{folder}/opt"
    *variables, entry = shown.text.replace("/opt/bigcommerce", place).splitlines()
    command = entry.split(maxsplit=5)[5]
    environment = dict(line.split("=", 1) for line in variables)
    store = folder / "opt" / "store"
    store.mkdir(parents=True)
    for name in ("config.json", "target.json"):
        (store / name).write_text("{}")
    shutil.copy(SCRIPT, place)
    for name, script in (("TAP", "echo tap >&2"), ("TARGET", f"echo '{json.dumps(NEW)}'")):
        program = Path(environment[name])
        program.parent.mkdir(parents=True)
        stub(program.parent, program.name, script)
    # As cron does it: in a home, with next to nothing in the environment.
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    sh = ["/bin/sh", "-c", command]
    subprocess.run(sh, env={"PATH": path, **environment}, cwd=folder, timeout=60, check=True)
    assert state_in(store) == NEW
    assert (store / "sync.log").read_text() == "tap\n"


def test_what_is_installed_is_what_the_crontab_and_airflow_run() -> None:
    install, variables = (e.text for e in examples(DOCUMENT) if e.language == "sh")
    (crontab,) = (e.text for e in examples(DOCUMENT) if e.language == "crontab")
    *programs, entry = crontab.splitlines()
    script, folder = re.findall(r"(/\S+)", entry)[:2]
    places = dict(line.split("=") for line in programs)
    assert places.keys() == {"TAP", "TARGET"}
    for name, package in (("TAP", "."), ("TARGET", "target-jsonl")):
        environment, _, program = places[name].partition("/bin/")
        assert f"python3 -m venv {environment}\n" in install
        assert re.search(rf"^{environment}/bin/pip install {re.escape(package)}", install, re.M)
        assert program == {"TAP": "tap-bigcommerce", "TARGET": "target-jsonl"}[name]
    assert f"cp {SCRIPT.relative_to(ROOT)} {Path(script).parent}/\n" in install
    exported = dict(line.removeprefix("export ").split("=") for line in variables.splitlines())
    assert exported == {"BIGCOMMERCE_SYNC": script, "BIGCOMMERCE_FOLDER": folder, **places}
    dag = (ROOT / "examples" / "airflow" / "bigcommerce.py").read_text("utf-8")
    for name in ("BIGCOMMERCE_SYNC", "BIGCOMMERCE_FOLDER"):
        assert f'os.environ.get("{name}"' in dag


@pytest.mark.kills
def test_two_syncs_a_kill_and_one_more(start: Start, tmp_path: Path) -> None:
    target = installed("target-jsonl", "target-jsonl")
    tap = stub(tmp_path, "tap", f'exec "{sys.executable}" -m tap_bigcommerce "$@"')
    rows = tmp_path / "rows"
    rows.mkdir()
    told = {"destination_path": "rows", "do_timestamp_file": False}
    (tmp_path / "target.json").write_text(json.dumps(told))
    with Sandbox(Options(orders=90, customers=60, products=60, coupons=8)) as store:
        config = settings(store, page_size=10)
        (tmp_path / "config.json").write_text(json.dumps(config))
        status, said = ended(start(tmp_path, tap, target))
        assert status == 0, said
        assert landed(rows, "orders") == notes(store.records("orders"))
        state = state_in(tmp_path)

        store.set(latency_ms=30)
        store.change("orders", count=60)
        killed = start(tmp_path, tap, target)
        wait_for(tmp_path / "state.json.next")
        time.sleep(0.5)
        os.killpg(killed.pid, signal.SIGKILL)
        assert ended(killed)[0] == -signal.SIGKILL
        assert state_in(tmp_path) == state

        store.set(latency_ms=0)
        store.clear_requests()
        store.change("orders", count=2)
        status, said = ended(start(tmp_path, tap, target))
        assert status == 0, said
        assert landed(rows, "orders") == notes(store.records("orders"))
        assert landed(rows, "customers") == notes(store.records("customers"))
        assert state_in(tmp_path) != state
        asked = [entry["query"] for entry in store.requests() if entry["list"] == "customers"]
        assert all("min_date_modified" in query for query in asked)


def landed(rows: Path, stream: str) -> dict[int, str]:
    """The last version of each row: its id and its notes, which the sandbox changes."""
    lines = (rows / f"{stream}.jsonl").read_text("utf-8").splitlines()
    return notes([json.loads(line) for line in lines])


def notes(rows: list[Json]) -> dict[int, str]:
    return {row["id"]: row.get("staff_notes") or row.get("notes") or "" for row in rows}


def wait_for(path: Path) -> None:
    wait_until(path.exists, f"{path.name} did not come")
