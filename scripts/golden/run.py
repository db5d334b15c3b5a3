"""Normalizes the output of a run of the tap, and compares two runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any

STATE = "the last STATE"
COUNTERS = "the METRICs"
COUNTED = ("record_count", "records_gone", "values_rescued", "values_unfit")
"""The counters that are compared. Others depend on how a list is read."""

SHOWN = 3
"""Lines of a stream, and differences within a line, that are shown."""

NUMBER = "\ue000"
"""Marks numbers, which are compared as text so that none is rounded."""

TODAY = 2 * 86400.0
"""Seconds before and after now: dates from clocks during a run are in this range."""


@dataclass
class Run:
    """The output of a run: its status, the normalized messages of each stream, its state."""

    status: str
    requests: int
    lines: dict[str, list[str]] = field(default_factory=dict)
    state: Any = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    """The fields of each stream's first record, in their order."""
    critical: set[str] = field(default_factory=set)
    """The CRITICAL lines of the log."""
    files: dict[str, bytes] = field(default_factory=dict)
    """The files that the run has written, by name."""


def read_command(run: Run, out: str) -> None:
    """Add the normalized output of a command to `run`."""
    out = re.sub(r'("seconds\w*"): [0-9.]+', r"\1: <seconds>", _masked(out))
    out = re.sub(r"\b[0-9.]+ s\b", "<seconds>", out)
    run.lines["standard output"] = [f"LINE {_text(line)}" for line in out.split("\n")]


def read_sync(run: Run, out: str, log: str, store_now: float) -> None:
    """Add the normalized output of a sync to `run`."""
    last = None
    for line in filter(None, out.split("\n")):
        message = _value(line)
        kind, stream = message.pop("type"), message.pop("stream", "")
        if kind == "STATE":
            run.state, last = json.loads(line)["value"], message["value"]
            continue
        message.pop("time_extracted", None)
        if kind == "RECORD":
            run.columns.setdefault(stream, list(message["record"]))
        run.lines.setdefault(stream, []).append(f"{kind} {_masked(_text(message))}")
    run.lines[STATE] = ["STATE " + _masked(_text(last), store_now)]
    metrics = [json.loads(line) for line in re.findall(r"METRIC: (.*)", log)]
    counts = {f"{m['tags'].get('endpoint')} {m['metric']}": m["value"] for m in metrics}
    counted = {name: n for name, n in counts.items() if name.split()[1] in COUNTED}
    run.lines[COUNTERS] = [f"METRICs {_text(counted)}"]
    run.critical = set(re.findall(r"^(?:\S+Z )?(CRITICAL .*)", log, re.MULTILINE))


def _value(text: str) -> Any:
    """Parse JSON, with numbers as text. Exits if an object has a key twice."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            raise SystemExit(f"an object has a key twice: {text[:200]}")
        return found

    def digits(number: str) -> str:
        return NUMBER + number

    return json.loads(text, parse_float=digits, parse_int=digits, object_pairs_hook=pairs)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


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


def together(runs: Sequence[Run]) -> Run:
    """The sorted messages of several runs, because the earlier runs may have stopped anywhere."""
    status = ", then ".join(run.status for run in runs)
    combined = Run(status, sum(run.requests for run in runs))
    for stream in sorted({name for run in runs for name in run.lines} - {STATE, COUNTERS}):
        lines = [line for run in runs for line in run.lines.get(stream, [])]
        schemas = {line for line in lines if line.startswith("SCHEMA")}
        combined.lines[stream] = [*sorted(schemas), *sorted(x for x in lines if x not in schemas)]
    combined.lines[STATE] = runs[-1].lines[STATE]
    return combined


def report(label: str, was: Run, now: Run, strict: bool = True) -> bool:
    """Print whether two runs are the same. Not strict: other messages are only noted."""
    faults = [] if was.status == now.status else [f"exit status: {was.status} | {now.status}"]
    seen: list[str] = []
    for stream in sorted(was.lines.keys() | now.lines.keys()):
        seen += _difference(stream, was.lines.get(stream, []), now.lines.get(stream, []))
    faults += seen if strict else []
    notes = [] if strict or not seen else [f"(no fault: {len(seen)} lines of messages differ)"]
    if strict:
        notes += [f"(no fault: the log's {line[:200]})" for line in now.critical - was.critical]
        pairs = [
            (was.columns[name], now.columns[name])
            for name in was.columns.keys() & now.columns.keys()
        ]
        other = sum(a != b and sorted(a) == sorted(b) for a, b in pairs)
        notes += [f"(no fault: fields are in another order in {other} streams)"] * (other > 0)
    counts = [sum(x.startswith("RECORD") for x in lines) for lines in now.lines.values()]
    print(
        f"{label}: {'DIFFERENT' if faults else 'same'}: {sum(n > 0 for n in counts)} streams, "
        f"{sum(counts):,} records, {was.requests} / {now.requests} requests, exit {now.status}"
    )
    for line in faults + notes:
        print(f"    {line}")
    return not faults


def _difference(stream: str, was: Sequence[str], now: Sequence[str]) -> list[str]:
    """The first lines of a stream that differ, with the differences in them."""
    pairs = enumerate(zip_longest(was, now, fillvalue="nothing null"))
    differ = [(number, a, b) for number, (a, b) in pairs if a != b]
    found = []
    if len(was) != len(now):
        found.append(f"{stream}: {len(was)} | {len(now)} messages")
        differ = differ[:1]
    for number, a, b in differ[:SHOWN]:
        (kind, old), (other, new) = a.split(" ", 1), b.split(" ", 1)
        paths = list(_value_differences(json.loads(old), json.loads(new)))
        names = kind if kind == other else f"{kind} | {other}"
        more = f"; {len(paths) - SHOWN} more differences" if len(paths) > SHOWN else ""
        found.append(f"{stream}, message {number}, {names}: {'; '.join(paths[:SHOWN])}{more}")
    if len(differ) > SHOWN:
        found.append(f"{stream}: {len(differ) - SHOWN} more messages differ")
    return found


def _value_differences(was: Any, now: Any, path: str = "") -> Iterator[str]:
    """The paths at which two JSON values differ, with both values."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _value_differences(
                was.get(key, "<none>"), now.get(key, "<none>"), f"{path}.{key}"
            )
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (a, b) in enumerate(zip(was, now, strict=True)):
            yield from _value_differences(a, b, f"{path}[{number}]")
    elif was != now:
        a, b = (_text(value).replace(NUMBER, "")[:80] for value in (was, now))
        yield f"{path.removeprefix('.record').lstrip('.')}: {a} | {b}"
