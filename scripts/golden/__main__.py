"""python -m scripts.golden COMMIT: compares the tap's output with that at COMMIT.

Runs the tap of COMMIT and that of the working tree against equal sandbox stores, scenario by
scenario, and compares messages, last states and exit statuses. Then the new tap continues from the
states and catalogs of the old one. Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from scripts.golden.scenarios import QUICK, SCENARIOS, Scenario, Step, resumed
from scripts.golden.store import OPTIONS, GoldenStore

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300.0
STATE = "the last STATE"
NUMBER = "\ue000"
"""Marks numbers, which are compared as text so that none is rounded."""

TODAY = 2 * 86400.0
"""Seconds before and after now: dates from clocks during a run are in this range."""

SHOWN = 3
"""Lines of a stream, and differences within a line, that are shown."""


@dataclass
class Run:
    """The output of a run: its status, the normalized messages of each stream, its state."""

    status: str
    lines: dict[str, list[str]]
    requests: int
    state: Any = None


@dataclass
class Tap:
    """A version of the tap: the folder of its package. `streams`: the selected ones; None: all."""

    folder: Path
    streams: Sequence[str] | None

    def call(self, *arguments: str) -> tuple[str, str]:
        """Run this interpreter in the folder; returns its exit status and output."""
        usual = {k: v for k, v in os.environ.items() if not k.startswith("TAP_BIGCOMMERCE_")}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**usual, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return str(done.returncode), done.stdout

    def catalog(self) -> Any:
        """The catalog of --discover. First checks that this package is used."""
        _, found = self.call("-c", "import tap_bigcommerce as t; print(t.__file__)")
        if not Path(found.strip()).is_relative_to(self.folder):
            raise SystemExit(f"{found!r} would run instead of the tap in {self.folder}")
        return json.loads(self.call("-m", "tap_bigcommerce", "--discover")[1])

    def play(self, scenario: Scenario, catalog: Any, given: Sequence[Run] = ()) -> list[Run]:
        """The runs of a scenario. The first are `given`: those of another tap."""
        runs: list[Run] = []
        store = GoldenStore(OPTIONS)
        with store:
            for number, step in enumerate(scenario(store)):
                if number < len(given):
                    store.catch_up()
                    runs.append(given[number])
                else:
                    state = runs[-1].state if runs else None
                    runs.append(self._run(store, step, step.choose(catalog, self.streams), state))
        return runs

    def _run(self, store: GoldenStore, step: Step, catalog: Any, state: Any) -> Run:
        store.clear_requests()
        with tempfile.TemporaryDirectory(prefix="golden-") as folder:
            arguments = ["-m", "tap_bigcommerce", *step.args]
            files = {"config": step.config(store), "catalog": catalog, "state": state}
            for option, value in files.items():
                if value is not None:
                    path = Path(folder, f"{option}.json")
                    path.write_text(json.dumps(value), "utf-8")
                    arguments += [f"--{option}", str(path)]
            status, out = self.call(*arguments)
        if "--discover" in step.args:
            return Run(status, {"catalog": [f"CATALOG {out}"]}, len(store.requests()))
        return _read(Run(status, {}, len(store.requests())), out, store.now)


def _read(run: Run, out: str, store_now: float) -> Run:
    """The run with the normalized output of a sync."""
    for line in filter(None, out.split("\n")):
        message = json.loads(line, parse_float=_marked, parse_int=_marked)
        kind, stream = message.pop("type"), message.pop("stream", "")
        message.pop("time_extracted", None)
        text = json.dumps(message, sort_keys=True, ensure_ascii=False)
        if kind == "STATE":
            run.state = json.loads(line)["value"]
            run.lines[STATE] = [f"STATE {_masked(text, store_now)}"]
        else:
            run.lines.setdefault(stream, []).append(f"{kind} {_masked(text)}")
    return run


def _marked(number: str) -> str:
    return NUMBER + number


def _masked(text: str, store_now: float | None = None) -> str:
    """Replace dates that come from clocks: those of today and, in a state, the start of a sync.

    That is a little before the store's time, or has a fraction of a second, unlike dates of rows.
    """

    def date(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0].replace("Z", "+00:00")).timestamp()
        if abs(moment - time.time()) < TODAY:
            return "<now>"
        began = store_now is not None and (moment % 1 or 0 < store_now - moment < 600)
        return "<the start of the sync>" if began else found[0]

    def version(found: re.Match[str]) -> str:
        return "<now>" if abs(int(found[0]) / 1000 - time.time()) < TODAY else found[0]

    text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", date, text)
    return re.sub(rf"(?<={NUMBER})\d{{13}}\b", version, text)


def _together(runs: Sequence[Run]) -> Run:
    """The sorted messages of several runs; a schema counts once."""
    lines = {}
    for stream in sorted({name for run in runs for name in run.lines}):
        found = [line for run in runs for line in run.lines.get(stream, ())]
        schemas = {line for line in found if line.startswith("SCHEMA")}
        lines[stream] = [*sorted(schemas), *sorted(x for x in found if x not in schemas)]
    lines[STATE] = runs[-1].lines[STATE]
    status = ", then ".join(run.status for run in runs)
    return Run(status, lines, sum(run.requests for run in runs))


def _same(label: str, was: Run, now: Run) -> bool:
    """Print whether two runs are the same, and what differs."""
    faults = [] if was.status == now.status else [f"exit status: {was.status} | {now.status}"]
    for stream in sorted(was.lines.keys() | now.lines.keys()):
        a, b = was.lines.get(stream, []), now.lines.get(stream, [])
        differ = [(n, *pair) for n, pair in enumerate(zip_longest(a, b)) if pair[0] != pair[1]]
        if len(a) != len(b):
            faults.append(f"{stream}: {len(a)} | {len(b)} messages")
        for number, old, new in differ[:SHOWN]:
            values = " ".join([*_differences(_parsed(old), _parsed(new))][:SHOWN])
            faults.append(f"{stream}, message {number}: {values.replace(NUMBER, '')}")
        if len(differ) > SHOWN:
            faults.append(f"{stream}: {len(differ) - SHOWN} more messages differ")
    counts = [sum(x.startswith("RECORD") for x in lines) for lines in now.lines.values()]
    print(
        f"{label}: {'DIFFERENT' if faults else 'same'}: {sum(n > 0 for n in counts)} streams, "
        f"{sum(counts):,} records, {was.requests} / {now.requests} requests, exit {now.status}"
    )
    for fault in faults:
        print(f"    {fault}")
    return not faults


def _parsed(line: str | None) -> Any:
    kind, _, text = (line or "nothing null").partition(" ")
    return {kind: json.loads(text)}


def _differences(was: Any, now: Any, path: str = "") -> Iterator[str]:
    """The paths at which two JSON values differ, with both values."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            pair = was.get(key, "<none>"), now.get(key, "<none>")
            yield from _differences(*pair, f"{path}.{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (a, b) in enumerate(zip(was, now, strict=True)):
            yield from _differences(a, b, f"{path}[{number}]")
    elif was != now:
        yield f"{path.lstrip('.')}: {str(was)[:80]} | {str(now)[:80]};"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare two versions; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.golden", description=__doc__)
    parser.add_argument("commit", help="the commit to compare with, or a folder with its package")
    quick = ", ".join(one.__name__ for one in QUICK)
    parser.add_argument("--quick", action="store_true", help=f"only {quick}")
    names = [one.__name__ for one in SCENARIOS]
    parser.add_argument("--only", choices=names, help="only this scenario")
    parser.add_argument("--streams", metavar="A,B", help="only these streams")
    given = parser.parse_args(argv)
    chosen = [one for one in SCENARIOS if given.only in (None, one.__name__)]
    began, same = time.monotonic(), True
    with tempfile.TemporaryDirectory(prefix="golden-") as folder, ThreadPoolExecutor(2) as pool:
        old = Path(given.commit).resolve()
        if not (old / "tap_bigcommerce").is_dir():
            old = Path(folder).resolve()
            command = ["git", "-C", str(ROOT), "archive", given.commit, "tap_bigcommerce"]
            packed = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        streams = given.streams.split(",") if given.streams else None
        taps = Tap(old, streams), Tap(ROOT, streams)
        catalogs = [tap.catalog() for tap in taps]
        for scenario in QUICK if given.quick else chosen:
            plays = [pool.submit(t.play, scenario, k) for t, k in zip(taps, catalogs, strict=True)]
            was, now = (play.result() for play in plays)
            pairs = [(f"run {n}", a, b) for n, (a, b) in enumerate(zip(was, now, strict=True), 1)]
            cross = taps[1].play(scenario, catalogs[0], was[:-1]) if len(was) > 1 else []
            if scenario is resumed:
                # The first run may stop anywhere, so the messages of both are compared together.
                pairs = [("both runs", _together(was), _together(now))]
                pairs.append(("from the old state", _together(was), _together(cross)))
            elif cross:
                pairs.append(("from the old state", was[-1], cross[-1]))
            for label, a, b in pairs:
                same &= _same(f"{scenario.__name__}, {label}", a, b)
            print(f"    {time.monotonic() - began:.0f} s", flush=True)
    print(f"{'Same' if same else 'DIFFERENT'}, in {time.monotonic() - began:.0f} s.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
