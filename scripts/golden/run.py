"""What a run of the tap left, made comparable, and how two of them differ."""

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
SHOWN = 3
"""Lines of a stream, and places within a line, that are shown of a difference."""

NUMBER = "\ue000"
"""Stands before a number's digits while they are text, so that none is rounded."""


@dataclass
class Run:
    """What a run left: its status, the messages of each stream as comparable text, its state."""

    status: str
    requests: int
    lines: dict[str, list[str]] = field(default_factory=dict)
    state: Any = None


def read(run: Run, out: str, store_now: float, discovered: bool) -> None:
    """Make what came out of a run comparable."""
    if discovered:
        run.lines["the catalog"] = [f"CATALOG {_text(_value(out))}"]
        return
    last = None
    for line in filter(None, out.split("\n")):
        message = _value(line)
        kind, stream = message.pop("type"), message.pop("stream", "")
        if kind == "STATE":
            run.state, last = json.loads(line)["value"], message["value"]
            continue
        message.pop("time_extracted", None)
        run.lines.setdefault(stream, []).append(f"{kind} {_masked(_text(message))}")
    run.lines[STATE] = ["STATE " + _masked(_text(last), store_now)]


def _value(text: str) -> Any:
    """JSON with all digits of its numbers; two equal keys in an object are an error."""

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
    """The text without what clocks have made: moments of today and, in a state, of the minutes
    before the store's clock, where a sync began. A row is never changed in these."""

    def date(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0].replace("Z", "+00:00")).timestamp()
        if abs(moment - time.time()) < 86400:
            return "<now>"
        began = store_now is not None and 0 < store_now - moment < 600
        return "<the start of the sync>" if began else found[0]

    def version(found: re.Match[str]) -> str:
        return "<now>" if abs(int(found[0]) / 1000 - time.time()) < 86400 else found[0]

    text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", date, text)
    return re.sub(rf"(?<={NUMBER})\d{{13}}\b", version, text)


def together(runs: Sequence[Run]) -> Run:
    """What several runs have written, in no order: who was stopped where may differ."""
    status = ", then ".join(run.status for run in runs)
    whole = Run(status, sum(run.requests for run in runs))
    for stream in sorted({stream for run in runs for stream in run.lines} - {STATE}):
        whole.lines[stream] = sorted({line for run in runs for line in run.lines.get(stream, [])})
    whole.lines[STATE] = runs[-1].lines[STATE]
    return whole


def report(label: str, was: Run, now: Run, strict: bool = True) -> bool:
    """Print whether two runs are the same. Not strict: differences in messages are no fault."""
    faults = [] if was.status == now.status else [f"exit status: {was.status} | {now.status}"]
    seen: list[str] = []
    for stream in sorted(was.lines.keys() | now.lines.keys()):
        seen += _difference(stream, was.lines.get(stream, []), now.lines.get(stream, []))
    faults += seen if strict else []
    notes = [] if strict or not seen else [f"(no fault: {len(seen)} lines of messages differ)"]
    counts = [sum(x.startswith("RECORD") for x in lines) for lines in now.lines.values()]
    print(
        f"{label}: {'DIFFERENT' if faults else 'same'}: {sum(n > 0 for n in counts)} streams, "
        f"{sum(counts):,} records, {was.requests} / {now.requests} requests, exit {now.status}"
    )
    for line in faults + notes:
        print(f"    {line}")
    return not faults


def _difference(stream: str, was: Sequence[str], now: Sequence[str]) -> list[str]:
    """The first lines of a stream that differ, and where in them."""
    pairs = enumerate(zip_longest(was, now, fillvalue="nothing null"))
    differ = [(number, a, b) for number, (a, b) in pairs if a != b]
    found = []
    if len(was) != len(now):
        found.append(f"{stream}: {len(was)} | {len(now)} messages")
        differ = differ[:1]
    for number, a, b in differ[:SHOWN]:
        (kind, old), (other, new) = a.split(" ", 1), b.split(" ", 1)
        places = list(_places(json.loads(old), json.loads(new)))
        names = kind if kind == other else f"{kind} | {other}"
        more = f"; {len(places) - SHOWN} places more" if len(places) > SHOWN else ""
        found.append(f"{stream}, message {number}, {names}: {'; '.join(places[:SHOWN])}{more}")
    if len(differ) > SHOWN:
        found.append(f"{stream}: {len(differ) - SHOWN} messages more differ")
    return found


def _places(was: Any, now: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _places(was.get(key, "<none>"), now.get(key, "<none>"), f"{path}.{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (a, b) in enumerate(zip(was, now, strict=True)):
            yield from _places(a, b, f"{path}[{number}]")
    elif was != now:
        a, b = (_text(value).replace(NUMBER, "")[:80] for value in (was, now))
        yield f"{path.removeprefix('.record').lstrip('.')}: {a} | {b}"
