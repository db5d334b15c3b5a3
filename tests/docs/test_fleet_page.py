"""What the page about fleets shows is taken: by make, by Dagster, and by the image's tap."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT, Example, examples
from shell import HASH, TOKEN
from tap_runner import clean_environment, discover, run, select, settings

from sandbox import Sandbox

PAGE = ROOT / "docs" / "fleet.md"

PARAMETERS = """
import inspect
from tap_bigcommerce_dagster import build_fleet
print(*inspect.signature(build_fleet).parameters)
"""


@pytest.fixture(scope="module")
def shown() -> list[Example]:
    found = examples(PAGE)
    assert [example.language for example in found] == ["sh", "python", "sh"]
    return found


def in_dagster(*words: str, folder: Path = ROOT) -> str:
    """What a program of Dagster's environment prints, which has to end well."""
    for venv in (Path(sys.prefix + "-dagster"), ROOT / ".venv-dagster"):
        if (venv / "bin" / "dagster").exists():
            program, *arguments = words
            ended = subprocess.run(
                [str(venv / "bin" / program), *arguments],
                cwd=folder,
                env={**clean_environment(), "DAGSTER_HOME": str(folder)},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
            return ended.stdout
    pytest.skip("`make dagster` installs Dagster, which this example needs")


def test_the_commands_are_known_to_make(shown: list[Example]) -> None:
    for line in shown[0].text.splitlines():
        command = shlex.split(line, comments=True)
        assert command[0] == "make"
        subprocess.run([*command, "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def test_dagster_takes_the_fleet_shown(shown: list[Example], tmp_path: Path) -> None:
    (tmp_path / "stores").mkdir()
    config = json.dumps({"store_hash": HASH, "access_token": TOKEN})
    (tmp_path / "stores" / "shoes.json").write_text(config)
    (tmp_path / "fleet.py").write_text(shown[1].text)
    in_dagster("dagster", "definitions", "validate", "-f", "fleet.py", folder=tmp_path)
    look = "import fleet; print(*(one.key for one in fleet.defs.resolve_all_asset_specs()))"
    assert "orders" in in_dagster("python", "-c", look, folder=tmp_path)


def test_the_arguments_in_the_table_are_those_of_build_fleet() -> None:
    table = PAGE.read_text("utf-8").partition("| argument |")[2].partition("\n\n")[0]
    named = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert len(named) > 10
    assert named <= set(in_dagster("python", "-c", PARAMETERS).split())


def test_the_image_is_run_with_options_that_the_tap_takes(
    shown: list[Example], store: Sandbox, tmp_path: Path
) -> None:
    build, start = (shlex.split(line) for line in shown[2].text.splitlines())
    image = build[build.index("-t") + 1]
    recipe = (ROOT / "Dockerfile").read_text("utf-8")
    assert 'ENTRYPOINT ["tap-bigcommerce"]' in recipe
    assert f"WORKDIR {start[start.index('-v') + 1].partition(':')[2]}" in recipe
    config = settings(store)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(select(discover(config), "coupons")))
    options = [
        str(tmp_path / word) if word.endswith(".json") else word
        for word in start[start.index(image) + 1 :]
    ]
    result = run(args=options)
    assert result.status == 0, result.stderr
    assert result.ids("coupons")
