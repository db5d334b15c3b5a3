"""python -m scripts.golden COMMIT: compares the tap's output with that at COMMIT.

Runs the tap of COMMIT and that of the working tree against equal sandbox stores, scenario by
scenario, and compares messages, last states and exit statuses. Then the new tap continues from the
states and catalogs of the old one, and of the first edition. Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scripts.golden.run import Run, read_command, read_sync, report, together
from scripts.golden.scenarios import QUICK, SCENARIOS, Scenario, Step
from scripts.golden.store import GoldenStore

ROOT = Path(__file__).resolve().parents[2]
FIRST_EDITION = "863bcbb"
TIMEOUT = 300.0


@dataclass
class Tap:
    """A version of the tap: the folder of its package, which is unpacked from `commit` if given."""

    name: str
    folder: Path
    keep: Path | None
    commit: str = ""

    @cached_property
    def catalog(self) -> Any:
        """The catalog of --discover. First unpacks the package, and checks that it is used."""
        if self.commit:
            _unpack(self.commit, self.folder)
        found = self.call("-c", "import tap_bigcommerce as t; print(t.__file__)").stdout.decode()
        if not Path(found.strip()).is_relative_to(self.folder):
            raise SystemExit(f"{self.name}: {found} would run instead of the tap in {self.folder}")
        return json.loads(self.call("-m", "tap_bigcommerce", "--discover").stdout)

    def call(
        self, *arguments: str, store: GoldenStore | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run this interpreter in the folder. `store` gets the process, to stop it."""
        usual = {k: v for k, v in os.environ.items() if not k.startswith("TAP_BIGCOMMERCE_")}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**usual, "PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if store is not None:
            store.process = process
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def run(self, store: GoldenStore, step: Step, catalog: Any, state: Any, label: str) -> Run:
        """One run of the tap against the store."""
        store.clear_requests()
        with tempfile.TemporaryDirectory(prefix="golden-") as folder:
            arguments = ["-m", "tap_bigcommerce", *step.args]
            files = {"config": step.config(store), "catalog": catalog, "state": state}
            for option, value in files.items():
                if value is not None:
                    path = Path(folder, f"{option}.json")
                    path.write_text(json.dumps(value), "utf-8")
                    arguments += [f"--{option}", str(path)]
            done = self.call(*arguments, store=store)
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"{label}.{self.name}.jsonl").write_bytes(done.stdout)
            (self.keep / f"{label}.{self.name}.log").write_bytes(done.stderr)
        run = Run(str(done.returncode), len(store.requests()))
        run.files = {path.name: path.read_bytes() for path in store.folder.iterdir()}
        if step.is_command:
            read_command(run, done.stdout.decode().replace(store.api_url, "<the store>"))
        else:
            read_sync(run, done.stdout.decode(), done.stderr.decode(), store.now)
        return run


def main(argv: Sequence[str] | None = None) -> int:
    """Compare two versions; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.golden", description=__doc__)
    parser.add_argument("commit", help="the commit to compare with, or a folder with its package")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument(
        "--only", metavar="NAME", default="", help="only scenarios with names that begin with this"
    )
    parser.add_argument("--streams", metavar="A,B", help="only these streams")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep all output here")
    given = parser.parse_args(argv)
    names = [n for n in (QUICK if given.quick else SCENARIOS) if n.startswith(given.only)]
    if not names:
        parser.error(f"there is no scenario {given.only}: {', '.join(SCENARIOS)}")
    began, same = time.monotonic(), True
    keep = given.keep and given.keep.resolve()
    with tempfile.TemporaryDirectory(prefix="golden-") as temporary, ThreadPoolExecutor(2) as pool:
        folder = Path(temporary).resolve()
        old = Tap("old", folder / "old", keep, given.commit)
        if Path(given.commit, "tap_bigcommerce").is_dir():
            old = Tap("old", Path(given.commit).resolve(), keep)
        taps = (old, Tap("new", ROOT, keep), Tap("first", folder / "first", keep, FIRST_EDITION))
        for name in names:
            streams = given.streams.split(",") if given.streams else None
            same &= Comparison(name, SCENARIOS[name], streams).report(*taps, pool)
    print(f"{'Same' if same else 'DIFFERENT'}, in {time.monotonic() - began:.0f} s.")
    return 0 if same else 1


def _unpack(commit: str, folder: Path) -> None:
    """Extract the package as it was at a commit."""
    folder.mkdir()
    command = ["git", "-C", str(ROOT), "archive", commit, "tap_bigcommerce"]
    packed = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if packed.returncode:
        raise SystemExit(f"{commit} is not a commit with a package tap_bigcommerce")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)


@dataclass
class Comparison:
    """A scenario that several taps run."""

    name: str
    scenario: Scenario
    streams: Sequence[str] | None

    def report(self, old: Tap, new: Tap, first: Tap, pool: ThreadPoolExecutor) -> bool:
        """Run it with both taps, and from one to the other; print the differences."""
        began = time.monotonic()
        was, now = pool.map(lambda tap: self._play(tap, tap.catalog), (old, new))
        combined, same = self.scenario.combined, True
        for number, (a, b) in enumerate(zip(was, now, strict=True), 1):
            if not combined:
                same &= report(f"{self.name}, run {number}", a, b)
        if combined:
            same &= report(f"{self.name}, all runs", together(was), together(now))
        if len(was) > 1:
            cross = self._play(new, old.catalog, was[:-1], "-from-old")
            a, b = (together(was), together(cross)) if combined else (was[-1], cross[-1])
            same &= report(f"{self.name}, from the old state and catalog", a, b)
        if self.scenario.from_first:
            theirs = self._play(first, first.catalog, steps=len(was) - 1)
            last = self._play(new, first.catalog, theirs, "-from-first")[-1]
            same &= report(f"{self.name}, from the first edition's", now[-1], last, strict=False)
        print(f"    {time.monotonic() - began:.0f} s", flush=True)
        return same

    def _play(
        self, tap: Tap, catalog: Any, given: Sequence[Run] = (), label: str = "", steps: int = 99
    ) -> list[Run]:
        """The runs of a tap, at most `steps`. The first are `given`: those of another tap."""
        runs: list[Run] = []
        state, store = None, GoldenStore(self.scenario.options)
        with store:
            for number, step in enumerate(self.scenario.play(store)):
                if number == steps:
                    break
                if number < len(given):
                    store.catch_up(given[number].files)
                    runs.append(given[number])
                else:
                    name = f"{self.name}-{number + 1}{label}"
                    chosen = step.choose(catalog, self.streams or self.scenario.streams)
                    runs.append(tap.run(store, step, chosen, state, name))
                state = runs[-1].state
        return runs


if __name__ == "__main__":
    sys.exit(main())
