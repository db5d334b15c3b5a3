"""Breaks the tap in the ways that tests/mutations.json lists, and shows which tests see it.

python -m scripts.mutations [--quick] [WORD ...]

Each mutation (`old` becomes `new` in `file`) is tried in a copy of the repository, against the
tests of its rooms (`tests`): first the quick ones, and if none fails, all of them. Those with
`whole` are also tried against all tests. WORDs choose mutations by their names; with --quick, only
the quick tests run. The exit status is 0 if each mutation was seen.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2
QUICK: list[str] = []
ALL = ["-m", "not tools"]
MOST_SECONDS = 900


def main() -> int:
    """Try the mutations; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutations")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    listed = json.loads((ROOT / "tests" / "mutations.json").read_text())
    chosen = [m for m in listed if all(word in m["name"] for word in options.words)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(lambda mutation: _try(mutation, quick=options.quick), chosen))
    missed, took = rows.count("no"), time.monotonic() - began
    quick, seen = rows.count("quick"), len(rows) - missed
    print(f"{len(rows)} mutations: {quick} seen by the quick tests, {seen} by all; {took:.0f} s")
    return int(missed > 0)


def _try(mutation: dict[str, Any], *, quick: bool) -> str:
    """Print which tests see a mutation, "quick", "all" or "no", and the first that failed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        copy = Path(name)
        _copy_repository(copy)
        file = copy / mutation["file"]
        text = file.read_text()
        if text.count(mutation["old"]) != 1:
            raise SystemExit(f"{mutation['name']}: its place in {mutation['file']} is not there")
        file.write_text(text.replace(mutation["old"], mutation["new"]))
        tier, failed = "quick", _first_failure(copy, mutation["tests"], QUICK)
        if failed is None and not quick:
            tier, failed = "all", _first_failure(copy, mutation["tests"], ALL)
        whole = ""
        if mutation.get("whole") and not quick:
            in_whole = _first_failure(copy, ["tests"], ALL)
            whole = f" | whole suite: {in_whole or 'no'}"
    tier = tier if failed is not None else "no"
    row = f"{tier:5} | {time.monotonic() - began:4.0f} s | {mutation['name']} | {failed}{whole}"
    print(row, flush=True)
    return tier


def _copy_repository(folder: Path) -> None:
    """Copy the files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, target, follow_symlinks=False)


def _first_failure(copy: Path, tests: list[str], marks: list[str]) -> str | None:
    """The first of the tests that fails on the copy; None: all pass, or they take too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", "--tb=no"]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, *marks, *tests],
            cwd=copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode and failed is None:
        raise SystemExit(f"{tests} cannot be run: {done.stdout[-2000:]}")
    return failed[1] if failed is not None else None


if __name__ == "__main__":
    sys.exit(main())
