"""The tests of `in_dagster`, run where Dagster is; and what can be seen without it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tap_runner import clean_environment

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tap_bigcommerce", "tap_bigcommerce_dagster")


def dagster_python() -> Path:
    """Where `make test` has installed Dagster: beside the virtual environment of the tests."""
    for venv in (Path(sys.prefix + "-dagster"), ROOT / ".venv-dagster"):
        if (venv / "bin" / "dagster").exists():
            return venv / "bin" / "python"
    pytest.skip("`make test` installs Dagster, which the tests of a fleet need")


def imported_by(path: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize(("package", "other"), [PACKAGES, PACKAGES[::-1]])
def test_neither_package_imports_the_other(package: str, other: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    assert [path for path in files if other in imported_by(path)] == []


def test_every_file_of_the_fleet_says_what_it_is_for() -> None:
    for path in (ROOT / PACKAGES[1]).rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_the_tests_of_the_fleet_pass_where_dagster_is() -> None:
    target_jsonl = Path(sys.prefix + "-target-jsonl", "bin", "target-jsonl")
    words = [
        str(dagster_python()),
        "-m",
        "pytest",
        "tests/fleet/in_dagster",
        "-p",
        "no:cacheprovider",
    ]
    # Dagster and what it needs warn of one another.
    words += ["-o", "filterwarnings=default", "--disable-warnings"]
    ended = subprocess.run(
        words,
        cwd=ROOT,
        env={
            **clean_environment(),
            # The tap runs from the environment of these tests, as it would from its own.
            "FLEET_TAP": os.fspath(Path(sys.executable).with_name("tap-bigcommerce")),
            "FLEET_TARGET_JSONL": os.fspath(target_jsonl),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
