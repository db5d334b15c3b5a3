"""--check: which streams can be read, and how long a sync will take.

Records are counted from totals and count endpoints only; no list is read. The estimate is one
request per page, and one per child list of a record.
"""

import math
import textwrap
from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple

from tap_bigcommerce.catalog.probe import Access, Prober
from tap_bigcommerce.catalog.request_costs import lists_per_row, page_size, selects_v3_fields
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.permissions import INFORMATION
from tap_bigcommerce.sync.stream_sync import first_date
from tap_bigcommerce.text import duration, excerpt, one_line, table
from tap_bigcommerce.version import VERSION

A_DAY = timedelta(days=1)
"""The changes that the next sync is assumed to read when there is no state."""

IN_THE_FUTURE = "2200-01-01T00:00:00Z"
"""No row was modified after it. A count endpoint that counts some anyway ignores the filter."""

COUPON_SHARE = 0.1
"""The share of orders that may have a coupon. An assumption: the API does not say."""

NO_STORE_FACTS = f"name and plan need the permission '{INFORMATION}: read-only'"

Part = tuple[str, str | None]
"""The name of a list's stream, and the date from which rows are counted (None: all rows)."""

StartDates = Mapping[str, str | None]
"""The date from which each stream is read; None: from the start."""


class StreamCheck(NamedTuple):
    """The result of the check for one stream.

    `lacks` is the permission that is missing, `problem` the error that prevents reading. The counts
    are None when they are unknown or the stream is not selected. `full_sync_from` and
    `next_sync_from` are the dates from which the two syncs read; None: from the start. `goes_on`: a
    run was stopped within this stream, and the next one resumes there. `permission` is the one that
    the stream needs.
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


class Estimate(NamedTuple):
    """Requests and seconds of a sync; the `_high` ones if all orders hint at coupons.

    Each list of unknown length counts as one page, so all figures are too low when one is longer.
    """

    requests: int
    requests_high: int
    seconds: float
    seconds_high: float
    lists_of_unknown_length: tuple[str, ...]


class CheckResult:
    """The result of a check. Creating it makes the requests.

    `store` has the store's name, plan, time zone and currency; None if they could not be read.
    `ready`: every selected stream can be read. `start_date` is where a full sync starts.
    """

    def __init__(
        self,
        selections: Mapping[str, Selection],
        config: Config,
        state: State | None,
        make_prober: Callable[[Config], Prober],
    ) -> None:
        """`state` is None if no state was given.

        Raises InvalidToken, NotFound when there is no such store, and StateError.
        """
        self.config, self.has_state = config, state is not None
        self.start_date = format_instant(config.start_date) if config.start_date else None
        self.prober = make_prober(config)
        access = self._access = self.prober.access()
        previous = state or State({}, config.store_hash)
        bookmarks = {n: previous.bookmark(n, s.replication_key or "") for n, s in STREAMS.items()}
        resumes = {name: previous.resume(name) for name in STREAMS}
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
        counts = self._counts = self._count_all(parts)
        self.quota = self.prober.client.rate_limiter.quota_status
        readable = [chosen for name, chosen in selections.items() if access[name].readable]
        self.full_sync = self._estimate(readable, full)
        self.next_sync = self._estimate(readable, following)
        self.store = _store_facts(access["store"].rows[0]) if access["store"].rows else None
        self.streams = [
            StreamCheck(
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
        self.selected = [stream for stream in self.streams if stream.selected]
        self.ready = all(stream.readable for stream in self.selected)

    @property
    def assumptions(self) -> list[str]:
        """The assumptions of the estimates, one sentence each."""
        config, estimates = self.config, (self.full_sync, self.next_sync)
        is_first, hint = not self.has_state, any(e.requests_high > e.requests for e in estimates)
        unknown = dict.fromkeys(name for one in estimates for name in one.lists_of_unknown_length)
        assumptions = {
            f"Requests are pages of {config.page_size} rows, and one for each child list of a "
            "record; the end of a list and retries take a few more.": True,
            f"A response takes {self.prober.seconds_per_response:.2f} s, as in this check, and "
            f"{config.max_concurrency} requests run in parallel; full pages take longer.": True,
            "The API reports no quota, so there are no waits for it.": self.quota is None,
            "The store's other apps leave the tap its share of the quota.": self.quota is not None,
            f"{COUPON_SHARE:.0%} of the orders may have a coupon: one more request for each.": hint,
            f"The length of {', '.join(unknown)} is unknown; each counts as one page, without "
            "child lists.": bool(unknown),
            "There is no state: the next sync reads the changes of one day.": is_first,
        }
        return [sentence for sentence, applies in assumptions.items() if applies]

    def as_json(self) -> dict[str, Any]:
        """The JSON format. Dates are texts in UTC, durations are seconds; null: unknown."""
        quota, config = self.quota, self.config
        return {
            "tap": "tap-bigcommerce",
            "version": VERSION,
            "ready": self.ready,
            "store_hash": config.store_hash,
            "store": self.store,
            "quota": {**asdict(quota), "share_used": config.quota_share} if quota else None,
            "streams": [stream._asdict() for stream in self.streams],
            "full_sync": {"from": self.start_date, **self.full_sync._asdict()},
            "next_sync": {"from_state": self.has_state, **self.next_sync._asdict()},
            "accepted_incomplete": list(config.accept_incomplete),
            "assumptions": self.assumptions,
            "seconds_an_answer": round(self.prober.seconds_per_response, 3),
            "requests_of_this_check": self.prober.requests,
        }

    def _count_all(self, parts: Iterable[Part]) -> dict[Part, int | None]:
        """How many rows the parts have. Parts that the API does not count are missing."""
        dates: dict[str, set[str | None]] = defaultdict(set)
        for name, since in parts:
            dates[name].add(since)
        access = self._access
        readable = [name for name in dates if access[name].readable]
        jobs = {name: partial(self._count, access[name], dates[name]) for name in readable}
        return dict(ChainMap(*self.prober.run_all(jobs).values()))

    def _count(self, access: Access, sinces: Collection[str | None]) -> dict[Part, int | None]:
        """Count the rows of one list from each of these dates. Runs in a worker thread."""
        root, count = access.stream, self.prober.count
        date = root.modified_since
        # Count endpoints document no filters, but may apply those of the list.
        applies_filters = root.count is None or (
            any(sinces) and date is not None and count(root, {date: IN_THE_FUTURE}) == 0
        )
        counts: dict[Part, int | None] = {}
        for since in sinces:
            params = root.channel_filter(self.config.channel_ids)
            if since is not None and date is not None:
                params[date] = since
            if access.total == 0 or (not params and root.count is None):
                counts[root.name, since] = access.total
            elif applies_filters or not params:
                counts[root.name, since] = count(root, params)
        return counts

    def _estimate(self, selections: Iterable[Selection], sinces: StartDates) -> Estimate:
        """Estimate a sync of `selections`."""
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
            # Rows of the fallback have the fields of v3.
            separate = self._access[root.name].stream is root
            requests += pages + (pages if separate and any(map(selects_v3_fields, together)) else 0)
            lists = lists_per_row(together, config)
            if "coupons" in lists and config.order_coupons == "auto":
                lists.remove("coupons")
                coupons += rows
            requests += rows * len(lists)
        expected, high = requests + math.ceil(coupons * COUPON_SHARE), requests + coupons

        def seconds(requests: int) -> float:
            """The longer of two: the time for responses, and the waits for the quota."""
            taken = self.prober.seconds_per_response * requests / config.max_concurrency
            if quota is not None:
                a_window = max(1, math.floor(quota.quota * config.quota_share))
                taken = max(taken, max(0, requests - 1) // a_window * quota.window)
            return round(taken, 1)

        return Estimate(expected, high, seconds(expected), seconds(high), tuple(unknown))


def _part_of(selection: Selection, sinces: StartDates) -> Part:
    """The part of a list that is read for a stream.

    For rows with a date of their own, all rows of the parent are read.
    """
    stream = selection.stream
    has_own_date = stream.parent is not None and stream.modified_since is not None
    return root_of(stream).name, None if has_own_date else sinces[stream.name]


def _store_facts(store: Row) -> dict[str, str | None]:
    zone = store.get("timezone")
    facts = {
        "name": store.get("name"),
        "plan": store.get("plan_name") or store.get("plan_level"),
        "time_zone": zone.get("name") if isinstance(zone, dict) else None,
        "currency": store.get("currency"),
    }
    return {n: value if isinstance(value, str) and value else None for n, value in facts.items()}


def as_text(result: CheckResult, width: int, hide: Callable[[str], str]) -> str:
    """Format the result for a terminal of `width` characters; `hide` replaces secrets."""
    wrapper = textwrap.TextWrapper(width, subsequent_indent="  ", break_on_hyphens=False)
    parts = _head(result, hide), _others(result, hide), _costs(result), _verdict(result)
    head, *others = ("\n".join(map(wrapper.fill, sentences)) for sentences in parts)
    columns = ("selected stream", "in store", "full sync", "next sync", "next sync from")
    streams = table(columns, map(_row, result.selected), figures=(1, 2, 3))
    blocks = [head, "\n".join(streams), *others]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _head(result: CheckResult, hide: Callable[[str], str]) -> Iterator[str]:
    config, quota = result.config, result.quota
    facts = ", ".join(filter(None, result.store.values())) if result.store else ""
    yield f"Store   {hide(config.store_hash)}: {excerpt(hide(facts or NO_STORE_FACTS))}"
    if quota is None:
        yield "Quota   the API reports none"
    else:
        yield (
            f"Quota   {quota.quota:,} requests in {duration(quota.window)}, {quota.left:,} left "
            f"now; the tap uses up to {config.quota_share:.0%}"
        )


def _row(result: StreamCheck) -> tuple[str, ...]:
    parent = STREAMS[result.stream].parent
    if not result.readable:
        return (result.stream, "-", "-", "-", "CANNOT BE READ")
    if parent is not None:
        return (result.stream, "", "", "", f"with {parent}")
    figures = (result.records, result.full_sync_records, result.next_sync_records)
    since = (result.next_sync_from or "the start") + (", resumed" if result.goes_on else "")
    return (result.stream, *map(_number, figures), since)


def _others(result: CheckResult, hide: Callable[[str], str]) -> Iterator[str]:
    """The streams that are not selected, and those that cannot be read, by permission."""
    others = ", ".join(
        f"{stream.stream} {_number(stream.records)}" if stream.records else stream.stream
        for stream in result.streams
        if not stream.selected and stream.readable
    )
    if others:
        yield f"Not selected, readable: {others}"
    # One line for all streams that lack the same permission, or whose list failed.
    lacking: dict[str, list[str]] = {}
    for stream in result.streams:
        if stream.lacks is not None:
            lacking.setdefault(stream.lacks, []).append(stream.stream)
    for permission, names in lacking.items():
        yield (
            f"The API account lacks '{permission}: read-only', so these cannot be read: "
            f"{', '.join(names)}"
        )
    for problem in dict.fromkeys(one.problem for one in result.streams if one.lacks is None):
        if problem is not None:
            yield f"Cannot be read: {one_line(hide(problem))}"


def _costs(result: CheckResult) -> Iterator[str]:
    since = f"from {result.start_date[:19]}Z" if result.start_date else "of all records"
    yield f"Full sync {since}: {_cost(result.full_sync)}"
    basis = "with this state" if result.has_state else "a day later"
    yield f"Next sync {basis}: {_cost(result.next_sync)}"
    yield from (f"- {sentence}" for sentence in result.assumptions)


def _verdict(result: CheckResult) -> Iterator[str]:
    accepted = ", ".join(result.config.accept_incomplete)
    if accepted:
        yield f"May be incomplete, as accept_incomplete allows: {accepted}"
    failing, count = [one for one in result.selected if not one.readable], len(result.selected)
    if not failing:
        yield f"Ready: all {count} selected streams can be read."
        return
    message = f"Not ready: {len(failing)} of {count} selected streams cannot be read."
    if any(stream.lacks for stream in failing):
        message += (
            " Permissions of an API account cannot be changed later: make a new one (control "
            "panel: Settings > Store-level API accounts), or leave these streams out with a "
            "catalog."
        )
    yield message


def _number(value: int | None) -> str:
    """ "1,234", or "unknown" for None."""
    return f"{value:,}" if value is not None else "unknown"


def _cost(value: Estimate) -> str:
    """An estimate in one line."""

    def cost(requests: int, seconds: float) -> str:
        return f"{requests:,} requests, {duration(max(1, seconds))} or more"

    expected = f"about {cost(value.requests, value.seconds)}"
    if value.requests_high == value.requests:
        return expected
    high = cost(value.requests_high, value.seconds_high)
    return f"{expected}; {high} if all orders hint at coupons"
