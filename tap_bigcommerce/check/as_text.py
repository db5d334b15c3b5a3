"""The findings of a check as one screen of text."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterator

from tap_bigcommerce.check.findings import Estimate, Findings, StreamFinding
from tap_bigcommerce.display import duration, line, shown, table
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.permissions import INFORMATION

LINES_FOR_ONE_COLUMN = 24
"""Selected streams; more of them stand in two columns, where these fit."""

BETWEEN = "   "

NOT_TOLD = f"name and plan need the permission '{INFORMATION}: read-only'"


def as_text(found: Findings, width: int, hide: Callable[[str], str]) -> str:
    """The findings, for a terminal of `width` characters; `hide` takes secrets out of texts."""
    wrapper = textwrap.TextWrapper(width, subsequent_indent="  ", break_on_hyphens=False)

    def wrapped(sentences: Iterator[str]) -> list[str]:
        return [part for sentence in sentences for part in wrapper.wrap(sentence)]

    blocks = [
        wrapped(_head(found, hide)),
        _table(found, width),
        wrapped(_others(found, hide)),
        wrapped(_estimates(found)),
        wrapped(_verdict(found)),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _head(found: Findings, hide: Callable[[str], str]) -> Iterator[str]:
    config, quota = found.config, found.quota
    said = ", ".join(filter(None, found.store.values())) if found.store else ""
    yield f"Store   {hide(config.store_hash)}: {shown(hide(said or NOT_TOLD))}"
    if quota is None:
        yield "Quota   the API names none"
    else:
        yield (
            f"Quota   {quota.quota:,} requests in {duration(quota.window)}, {quota.left:,} of "
            f"them left now; the tap uses up to {config.quota_share:.0%}"
        )


def _table(found: Findings, width: int) -> list[str]:
    head = ("selected stream", "in store", "full sync", "next sync", "next sync from")
    first, *lines = table(head, map(_row, found.selected), figures=(1, 2, 3))
    wide = max(map(len, (first, *lines))) + len(BETWEEN)
    half = (len(lines) + 1) // 2
    if len(lines) <= LINES_FOR_ONE_COLUMN or 2 * wide - len(BETWEEN) > width:
        return [first, *lines]
    pairs = itertools.zip_longest((first, *lines[:half]), (first, *lines[half:]), fillvalue="")
    return [f"{left:{wide}}{right}".rstrip() for left, right in pairs]


def _row(found: StreamFinding) -> tuple[str, ...]:
    parent = STREAMS[found.stream].parent
    if not found.readable:
        return (found.stream, "-", "-", "-", "CANNOT BE READ")
    if parent is not None:
        return (found.stream, "", "", "", f"with {parent}")
    figures = (found.records, found.full_sync_records, found.next_sync_records)
    since = (found.next_sync_from or "the start") + (", going on" if found.goes_on else "")
    return (found.stream, *map(_number, figures), since)


def _others(found: Findings, hide: Callable[[str], str]) -> Iterator[str]:
    """What is not selected, and what cannot be read: by permission, in few lines."""
    others = ", ".join(
        f"{stream.stream} {_number(stream.records)}" if stream.records else stream.stream
        for stream in found.streams
        if not stream.selected and stream.readable
    )
    if others:
        yield f"Not selected, readable: {others}"
    # Streams that share a permission or a list share what is said of it.
    lacking: dict[str, list[str]] = {}
    for stream in found.streams:
        if stream.lacks is not None:
            lacking.setdefault(stream.lacks, []).append(stream.stream)
    for permission, names in lacking.items():
        yield (
            f"The API account lacks '{permission}: read-only', so these cannot be read: "
            f"{', '.join(names)}"
        )
    for problem in dict.fromkeys(one.problem for one in found.streams if one.lacks is None):
        if problem is not None:
            yield f"Cannot be read: {line(hide(problem))}"


def _estimates(found: Findings) -> Iterator[str]:
    since = f"from {found.start_date[:19]}Z" if found.start_date else "of everything"
    yield f"Full sync {since}: {_cost(found.full_sync)}"
    before = "with this state" if found.has_state else "a day later"
    yield f"Next sync {before}: {_cost(found.next_sync)}"
    for sentence in found.assumptions:
        yield f"- {sentence}"


def _verdict(found: Findings) -> Iterator[str]:
    accepted = ", ".join(found.config.accept_incomplete)
    if accepted:
        yield f"Read in part, if need be, as accept_incomplete says: {accepted}"
    failing = [stream for stream in found.selected if not stream.readable]
    if not failing:
        yield f"Ready: all {len(found.selected)} selected streams can be read."
        return
    words = f"Not ready: {len(failing)} of {len(found.selected)} selected streams cannot be read."
    if any(stream.lacks for stream in failing):
        words += (
            " Permissions of an API account cannot be changed later: make a new one (control "
            "panel: Settings, API accounts), or leave these streams out with a catalog."
        )
    yield words


def _number(value: int | None) -> str:
    """1,234; "unknown" for None."""
    return f"{value:,}" if value is not None else "unknown"


def _cost(value: Estimate) -> str:
    """An estimate in one line."""

    def words(requests: int, seconds: float) -> str:
        return f"{requests:,} requests, {duration(max(1, seconds))} or more"

    expected = f"about {words(value.requests, value.seconds)}"
    if value.requests_high == value.requests:
        return expected
    high = words(value.requests_high, value.seconds_high)
    return f"{expected}; {high}, if all orders hint at coupons"
