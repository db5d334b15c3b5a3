"""The examples, arguments and commands in docs/fleet.md exist and work."""

import inspect
import re
import subprocess
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from documents import ROOT, examples
from fleet_runs import dagster_home

from tap_bigcommerce_dagster import build_fleet

PAGE = ROOT / "docs" / "fleet.md"


def test_the_example_loads_and_finds_its_stores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (shown,) = (one for one in examples(PAGE) if one.language == "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "shoes.json").write_text('{"store_hash": "shoes"}')
    found: dict[str, Any] = {}
    exec(compile(shown.text, "fleet.py", "exec"), found)
    dg.Definitions.validate_loadable(found["defs"])
    (sensor,) = found["defs"].sensors
    with dg.DagsterInstance.ephemeral() as instance:
        (request,) = sensor(dg.build_sensor_context(instance=instance)).dynamic_partitions_requests
    assert list(request.partition_keys) == ["shoes"]


def test_the_table_has_all_arguments_and_no_others() -> None:
    table = PAGE.read_text("utf-8").partition("| argument |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(inspect.signature(build_fleet).parameters)


def test_the_commands_in_the_page_exist() -> None:
    for shown in (one for one in examples(PAGE) if one.language == "sh"):
        for line in shown.text.splitlines():
            words = line.partition("#")[0].split()
            if words[0] == "make":
                subprocess.run(
                    [*words, "--dry-run"], cwd=ROOT, timeout=60, check=True, capture_output=True
                )
            else:
                # The image's own steps are tried in test_deployment.py.
                assert words[:2] in (["docker", "build"], ["docker", "run"])
