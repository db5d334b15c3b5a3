"""Before a sync: can it work, how much is there to read, and what will that take?

Rows are counted from totals and count addresses only: no list is read for it. A sync takes a
request a page, and one lookup a parent.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from tap_bigcommerce.catalog.probe import Access, Prober
from tap_bigcommerce.catalog.request_costs import lists_per_row, page_size, selects_v3_fields
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.permissions import INFORMATION
from tap_bigcommerce.sync.stream_sync import first_date
from tap_bigcommerce.text import duration, excerpt, one_line, table
from tap_bigcommerce.version import VERSION

A_DAY = timedelta(days=1)
"""How much an incremental sync is taken to read where there is no state to tell."""

IN_THE_FUTURE = "2200-01-01T00:00:00Z"
"""Nothing was modified after it: an address that counts rows all the same heeds no filter."""

COUPON_SHARE = 0.1
"""How many of the orders are taken to hint at a coupon where nobody can know. A guess."""

LINES_FOR_ONE_COLUMN = 24
"""Selected streams; more of them stand in two columns, where these fit."""

BETWEEN = "   "

NOT_TOLD = f"name and plan need the permission '{INFORMATION}: read-only'"

Part = tuple[str, str | None]
"""A list, by its stream's name, and the date from which on rows are counted (None: all)."""

Sinces = Mapping[str, str | None]
"""From which date on each stream is read; None: everything."""


@dataclass(frozen=True)
class StreamFinding:
    """What is known of a stream.

    `lacks` is the missing permission, `problem` says what keeps the stream from being read. Counts
    are None where nobody knows, or where the stream is not selected. The dates are those from
    which on the two syncs read, None: everything. `goes_on`: a run was stopped within this stream,
    and the next one goes on there. `permission` is the one that it takes.
    """

    stream: str
    selected: bool
    readable: bool
    lacks: str | None
    problem: str | None
    records: int | None
    full_sync_from: str | None
    full_sync_records: int | None
    next_sync_from: str | None
    next_sync_records: int | None
    bookmark: str | None
    goes_on: bool
    permission: str


@dataclass(frozen=True)
class Estimate:
    """Requests and seconds: what is to be expected, and the same if all orders hint at coupons.

    Each list of unknown length is taken to fit one page, so that all figures are too low where one
    is longer.
    """

    requests: int
    requests_high: int
    seconds: float
    seconds_high: float
    lists_of_unknown_length: tuple[str, ...]


class Findings:
    """What a check has found out, who asks the store for it as it is made.

    `store` is what the token may know of the store; `ready`: every selected stream can be read.
    From `start_date` on a full sync reads.
    """

    def __init__(
        self,
        selections: Mapping[str, Selection],
        config: Config,
        state: State | None,
        shutdown: Shutdown,
    ) -> None:
        """`state` is None where none was given.

        Raises TokenRefused, NotFound where there is no such store, and StateError.
        """
        self.config, self.has_state = config, state is not None
        self.start_date = format_instant(config.start_date) if config.start_date else None
        self.prober = Prober(config, shutdown)
        access = self.prober.access()
        known = state or State({}, config.store_hash)
        bookmarks = {n: known.bookmark(n, s.replication_key or "") for n, s in STREAMS.items()}
        resumes = {name: known.resume(name) for name in STREAMS}
        full = {name: first_date(chosen, None, config) for name, chosen in selections.items()}
        following: dict[str, str | None] = {}
        for name, chosen in selections.items():
            resume = resumes[name]
            if resume is not None:
                following[name] = resume.since
            elif state is None and chosen.stream.replication_key and not chosen.full_table:
                following[name] = format_instant(datetime.now(timezone.utc) - A_DAY)[:19] + "Z"
            else:
                following[name] = first_date(chosen, bookmarks[name], config)
        parts: list[Part] = [(root_of(stream).name, None) for stream in STREAMS.values()]
        for sinces in (full, following):
            parts += [_part_of(chosen, sinces) for chosen in selections.values()]
        counts = self._counts = self._count_all(parts, access)
        self.quota = self.prober.quota.quota_status
        readable = [chosen for name, chosen in selections.items() if access[name].readable]
        self.full_sync = self._estimate(readable, full)
        self.next_sync = self._estimate(readable, following)
        self.store = _store_facts(access["store"].rows[0]) if access["store"].rows else None
        self.streams = [
            StreamFinding(
                stream=name,
                selected=name in selections,
                readable=access[name].readable,
                lacks=access[name].missing_permission,
                problem=access[name].message,
                records=counts.get((name, None)),
                full_sync_from=full.get(name),
                full_sync_records=counts.get((name, full[name])) if name in full else None,
                next_sync_from=following.get(name),
                next_sync_records=counts.get((name, following[name])) if name in full else None,
                bookmark=bookmarks[name],
                goes_on=resumes[name] is not None,
                permission=stream.permission,
            )
            for name, stream in STREAMS.items()
        ]
        self.selected = [found for found in self.streams if found.selected]
        self.ready = all(found.readable for found in self.selected)

    @property
    def assumptions(self) -> list[str]:
        """What the estimates take for granted, a sentence each."""
        config, estimates = self.config, (self.full_sync, self.next_sync)
        is_first, hint = not self.has_state, any(e.requests_high > e.requests for e in estimates)
        unknown = dict.fromkeys(name for one in estimates for name in one.lists_of_unknown_length)
        said = {
            f"Counted are pages of {config.page_size} rows, and one lookup for each record whose "
            "child lists are read; to find a list's end, or to ask again, takes a few more.": True,
            f"An answer takes {self.prober.seconds_per_response:.2f} s, as in this check, and "
            f"{config.max_concurrency} come at once; full pages take longer.": True,
            "The API names no quota, so nothing is waited for.": self.quota is None,
            "The store's other apps leave the tap its share of the quota.": self.quota is not None,
            f"{COUPON_SHARE:.0%} of the orders hint at a coupon, which costs a request each.": hint,
            f"Nobody knows the length of {', '.join(unknown)}; each is taken to fit one page, "
            "with nothing below it.": bool(unknown),
            "Without a state, the next sync is one that reads what changed in a day.": is_first,
        }
        return [sentence for sentence, is_so in said.items() if is_so]

    def as_json(self) -> dict[str, Any]:
        """For programs. Dates are texts in UTC, durations seconds; null: nobody knows."""
        quota, config = self.quota, self.config
        return {
            "tap": "tap-bigcommerce",
            "version": VERSION,
            "ready": self.ready,
            "store_hash": config.store_hash,
            "store": self.store,
            "quota": {**asdict(quota), "share_used": config.quota_share} if quota else None,
            "streams": [asdict(stream) for stream in self.streams],
            "full_sync": {"from": self.start_date, **asdict(self.full_sync)},
            "next_sync": {"from_state": self.has_state, **asdict(self.next_sync)},
            "accepted_incomplete": list(config.accept_incomplete),
            "assumptions": self.assumptions,
            "seconds_an_answer": round(self.prober.seconds_per_response, 3),
            "requests_of_this_check": self.prober.requests,
        }

    def _count_all(
        self, parts: Iterable[Part], access: Mapping[str, Access]
    ) -> dict[Part, int | None]:
        """How many rows the parts have; missing where the API tells nobody."""
        dates: dict[str, set[str | None]] = defaultdict(set)
        for name, since in parts:
            dates[name].add(since)
        readable = [name for name in dates if access[name].readable]
        jobs = {name: partial(self._count, access[name], dates[name]) for name in readable}
        return dict(ChainMap(*self.prober.run_all(jobs).values()))

    def _count(self, look: Access, sinces: Collection[str | None]) -> dict[Part, int | None]:
        """The same of one list, from each of these dates on. Runs in a worker."""
        root, count = look.stream, self.prober.count
        date = root.modified_since
        # Their documentation names no filters, but count addresses may heed those of the list.
        heeds_filters = root.count is None or (
            any(sinces) and date is not None and count(root, {date: IN_THE_FUTURE}) == 0
        )
        counts: dict[Part, int | None] = {}
        for since in sinces:
            params = root.channel_filter(self.config.channel_ids)
            if since is not None and date is not None:
                params[date] = since
            if look.total == 0 or not (params or root.count):
                counts[root.name, since] = look.total
            elif heeds_filters or not params:
                counts[root.name, since] = count(root, params)
        return counts

    def _estimate(self, selections: Iterable[Selection], sinces: Sinces) -> Estimate:
        """What a sync of `selections` takes."""
        config, counts, quota = self.config, self._counts, self.quota
        read_together: dict[tuple[Part, int], list[Selection]] = {}
        for selection in selections:
            key = _part_of(selection, sinces), page_size(selection.stream, config)
            read_together.setdefault(key, []).append(selection)
        requests = coupons = 0
        unknown: dict[str, None] = {}
        for (part, size), together in read_together.items():
            root, rows = STREAMS[part[0]], counts.get(part) or 0
            if counts.get(part) is None and root.pagination.paged:
                unknown[root.name] = None
            pages = rows // size + 1 if root.pagination.paged else 1
            requests += pages + (pages if any(map(selects_v3_fields, together)) else 0)
            lists = lists_per_row(together, config)
            if "coupons" in lists and config.order_coupons == "auto":
                lists.remove("coupons")
                coupons += rows
            requests += rows * len(lists)
        expected, high = requests + math.ceil(coupons * COUPON_SHARE), requests + coupons

        def seconds(requests: int) -> float:
            """The longer of two: waiting for answers, and waiting for the quota."""
            taken = self.prober.seconds_per_response * requests / config.max_concurrency
            if quota is not None:
                a_window = max(1, math.floor(quota.quota * config.quota_share))
                taken = max(taken, max(0, requests - 1) // a_window * quota.window)
            return round(taken, 1)

        return Estimate(expected, high, seconds(expected), seconds(high), tuple(unknown))


def _part_of(selection: Selection, sinces: Sinces) -> Part:
    """The part of a list that is walked for a stream.

    Rows with dates of their own are found below all rows of their parent.
    """
    stream = selection.stream
    own_date = stream.parent is not None and stream.modified_since is not None
    return root_of(stream).name, None if own_date else sinces[stream.name]


def _store_facts(store: Row) -> dict[str, str | None]:
    zone = store.get("timezone")
    facts = {
        "name": store.get("name"),
        "plan": store.get("plan_name") or store.get("plan_level"),
        "time_zone": zone.get("name") if isinstance(zone, dict) else None,
        "currency": store.get("currency"),
    }
    return {n: value if isinstance(value, str) and value else None for n, value in facts.items()}


def as_text(found: Findings, width: int, hide: Callable[[str], str]) -> str:
    """The findings, for a terminal of `width` characters; `hide` takes secrets out of texts."""
    wrapper = textwrap.TextWrapper(width, subsequent_indent="  ", break_on_hyphens=False)
    head, *others = (
        "\n".join(map(wrapper.fill, sentences))
        for sentences in (_head(found, hide), _others(found, hide), _costs(found), _verdict(found))
    )
    blocks = [head, "\n".join(_table(found, width)), *others]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _head(found: Findings, hide: Callable[[str], str]) -> Iterator[str]:
    config, quota = found.config, found.quota
    said = ", ".join(filter(None, found.store.values())) if found.store else ""
    yield f"Store   {hide(config.store_hash)}: {excerpt(hide(said or NOT_TOLD))}"
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
            yield f"Cannot be read: {one_line(hide(problem))}"


def _costs(found: Findings) -> Iterator[str]:
    since = f"from {found.start_date[:19]}Z" if found.start_date else "of everything"
    yield f"Full sync {since}: {_cost(found.full_sync)}"
    before = "with this state" if found.has_state else "a day later"
    yield f"Next sync {before}: {_cost(found.next_sync)}"
    yield from (f"- {sentence}" for sentence in found.assumptions)


def _verdict(found: Findings) -> Iterator[str]:
    accepted = ", ".join(found.config.accept_incomplete)
    if accepted:
        yield f"Read in part, if need be, as accept_incomplete says: {accepted}"
    failing = [stream for stream in found.selected if not stream.readable]
    if not failing:
        yield f"Ready: all {len(found.selected)} selected streams can be read."
        return
    message = f"Not ready: {len(failing)} of {len(found.selected)} selected streams cannot be read."
    if any(stream.lacks for stream in failing):
        message += (
            " Permissions of an API account cannot be changed later: make a new one (control "
            "panel: Settings, API accounts), or leave these streams out with a catalog."
        )
    yield message


def _number(value: int | None) -> str:
    """1,234; "unknown" for None."""
    return f"{value:,}" if value is not None else "unknown"


def _cost(value: Estimate) -> str:
    """An estimate in one line."""

    def cost(requests: int, seconds: float) -> str:
        return f"{requests:,} requests, {duration(max(1, seconds))} or more"

    expected = f"about {cost(value.requests, value.seconds)}"
    if value.requests_high == value.requests:
        return expected
    high = cost(value.requests_high, value.seconds_high)
    return f"{expected}; {high}, if all orders hint at coupons"
