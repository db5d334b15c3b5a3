"""examples/airflow/bigcommerce.py: Airflow itself reads it and runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from installed_tools import ROOT, installed
from tap_runner import clean_environment, settings

from tap_bigcommerce_sandbox import Sandbox

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

DAG = ROOT / "examples" / "airflow" / "bigcommerce.py"
SCRIPT = ROOT / "examples" / "cron" / "sync.sh"

LOOK = """
import json
from airflow.models.dagbag import DagBag
bag = DagBag(FOLDER, include_examples=False)
dag = bag.dags["bigcommerce"]
print(json.dumps({
    "errors": bag.import_errors,
    "dags": list(bag.dags),
    "schedule": dag.timetable.summary,
    "catchup": dag.catchup,
    "at_once": dag.max_active_runs,
    "tasks": [[t.task_id, t.task_type, t.bash_command, t.retries] for t in dag.tasks],
}))
"""


def test_airflow_takes_the_dag_and_a_run_of_it_syncs_the_store(
    small: Sandbox, tmp_path: Path
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    tap = bin_folder / "tap-bigcommerce"
    tap.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tap_bigcommerce "$@"\n')
    tap.chmod(0o755)
    folder = tmp_path / "store"
    (folder / "rows").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(settings(small)))
    told = {"destination_path": "rows", "do_timestamp_file": False}
    (folder / "target.json").write_text(json.dumps(told))
    environment = {
        **clean_environment(),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG.parent),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BIGCOMMERCE_SYNC": str(SCRIPT),
        "BIGCOMMERCE_FOLDER": str(folder),
        "TARGET": str(installed("target-jsonl", "target-jsonl")),
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
    }
    program = installed("airflow", "airflow")

    def airflow(*words: str, by: Path = program) -> str:
        """What it wrote. Fails with what it said if it did not work."""
        done = subprocess.run(
            [by, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    airflow("db", "migrate")

    look = LOOK.replace("FOLDER", repr(str(DAG.parent)))
    told_by_airflow = airflow("-c", look, by=program.parent / "python")
    assert json.loads(told_by_airflow.splitlines()[-1]) == {
        "errors": {},
        "dags": ["bigcommerce"],
        "schedule": "0 * * * *",
        "catchup": False,
        "at_once": 1,
        "tasks": [["sync", "BashOperator", f"{SCRIPT} {folder}", 2]],
    }

    airflow("dags", "test", "bigcommerce")
    assert ids_in(folder) == [row["id"] for row in small.records("orders")]
    changed = [row["id"] for row in small.records("orders")][:3]
    small.change("orders", ids=changed)
    airflow("dags", "test", "bigcommerce")
    again = ids_in(folder)[len(small.records("orders")) :]
    assert set(changed) <= set(again)
    assert len(again) <= len(changed) + 2  # and those of the bookmark's last minute


def ids_in(folder: Path) -> list[int]:
    """The orders that were loaded, in the order in which they were."""
    lines = (folder / "rows" / "orders.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["id"] for line in lines]
