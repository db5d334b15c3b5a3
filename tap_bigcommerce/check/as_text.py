"""The findings of a check as one screen of text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from tap_bigcommerce.check.findings import Findings, StreamFinding
from tap_bigcommerce.check.words import assumptions, cost, duration, number
from tap_bigcommerce.display import line, shown
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import INFORMATION

LINES_FOR_ONE_COLUMN = 24
"""Selected streams; more of them stand in two columns, where these fit."""

BETWEEN = "   "


def as_text(found: Findings, width: int, hide: Callable[[str], str]) -> str:
    """The findings, for a terminal of `width` characters; `hide` takes secrets out of texts."""
    blocks = [
        _head(found, hide),
        _table(found, width),
        _others(found, width, hide),
        _estimates(found, width),
        _verdict(found, width),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


NOT_TOLD = f"name and plan need the permission '{INFORMATION.name}: read-only'"


def _head(found: Findings, hide: Callable[[str], str]) -> list[str]:
    store = found.store
    about = (store.name, store.plan, store.time_zone, store.currency) if store else ()
    said = ", ".join(text for text in about if text) or NOT_TOLD
    lines = [f"Store   {hide(found.store_hash)}: {shown(hide(said))}"]
    quota = found.quota
    if quota is None:
        return [*lines, "Quota   the API names none"]
    return [
        *lines,
        f"Quota   {number(quota.quota)} requests in {duration(quota.window)}, "
        f"{number(quota.left)} of them left now; the tap uses up to {found.quota_share:.0%}",
    ]


def _table(found: Findings, width: int) -> list[str]:
    rows = [("selected stream", "in store", "full sync", "next sync", "next sync from")]
    rows += [_row(stream) for stream in found.streams if stream.selected]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    # Names and dates begin, numbers end, in line.
    lines = [
        "  ".join(
            cell.ljust(wide) if at in (0, 4) else cell.rjust(wide)
            for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    head, body = lines[0], lines[1:]
    if len(body) > LINES_FOR_ONE_COLUMN and 2 * len(head) + len(BETWEEN) <= width:
        half = (len(body) + 1) // 2
        right = [*body[half:], ""][:half]
        body = [f"{one}{BETWEEN}{two}" for one, two in zip(body[:half], right, strict=True)]
        head = f"{head}{BETWEEN}{head}"
    return [line.rstrip() for line in (head, *body)]


def _row(found: StreamFinding) -> tuple[str, str, str, str, str]:
    if not found.readable:
        return (found.stream, "-", "-", "-", "CANNOT BE READ")
    child = STREAMS[found.stream].child
    if child is not None:
        return (found.stream, "", "", "", f"with {child.parent}")
    since = found.next_sync_from or "the start"
    if found.goes_on:
        since += ", going on"
    return (
        found.stream,
        number(found.records),
        number(found.full_sync_records),
        number(found.next_sync_records),
        since,
    )


def _others(found: Findings, width: int, hide: Callable[[str], str]) -> list[str]:
    """What is not selected, and what cannot be read: by permission, in few lines."""
    lines = []
    others = [stream for stream in found.streams if not stream.selected and stream.readable]
    if others:
        listed = ", ".join(
            f"{stream.stream} {number(stream.records)}" if stream.records else stream.stream
            for stream in others
        )
        lines += _wrapped(f"Not selected, readable: {listed}", width)
    lacking: dict[str, list[str]] = {}
    for stream in found.streams:
        if stream.lacks is not None:
            lacking.setdefault(stream.lacks, []).append(stream.stream)
    for permission, names in lacking.items():
        words = f"The API account lacks '{permission}: read-only', so these cannot be read: "
        lines += _wrapped(words + ", ".join(names), width)
    # Streams that share a list share its problem.
    problems = {s.problem: s for s in found.streams if not s.readable and s.lacks is None}
    for stream in problems.values():
        problem = line(hide(stream.problem or stream.stream))
        lines += _wrapped(f"Cannot be read: {problem}", width)
    return lines


def _estimates(found: Findings, width: int) -> list[str]:
    since = f"from {found.start_date[:19]}Z" if found.start_date else "of everything"
    before = "with this state" if found.has_state else "a day later"
    lines = [
        *_wrapped(f"Full sync {since}: {cost(found.full_sync)}", width),
        *_wrapped(f"Next sync {before}: {cost(found.next_sync)}", width),
    ]
    for sentence in assumptions(found):
        lines += _wrapped(f"- {sentence}", width)
    return lines


def _verdict(found: Findings, width: int) -> list[str]:
    lines = []
    if found.accepted:
        words = "Read in part, if need be, as accept_incomplete says: "
        lines = _wrapped(words + ", ".join(found.accepted), width)
    selected = [stream for stream in found.streams if stream.selected]
    failing = [stream for stream in selected if not stream.readable]
    if not failing:
        return [*lines, f"Ready: all {len(selected)} selected streams can be read."]
    words = f"Not ready: {len(failing)} of {len(selected)} selected streams cannot be read."
    if any(stream.lacks for stream in failing):
        words += (
            " Permissions of an API account cannot be changed later: make a new one (control "
            "panel: Settings, API accounts), or leave these streams out with a catalog."
        )
    return [*lines, *_wrapped(words, width)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
