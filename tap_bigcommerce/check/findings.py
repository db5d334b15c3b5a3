"""What a check finds out, for every stream and for the whole sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tap_bigcommerce.check.estimate import (
    COUPON_SHARE,
    Estimate,
    Part,
    Sinces,
    count_all,
    estimate,
    part_of,
)
from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.output import first_date
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.probe import Prober, impatient
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import State
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.timeline import Allowance
from tap_bigcommerce.workers import Workers

A_DAY = timedelta(days=1)
"""How much an incremental sync is taken to read where there is no state to tell."""


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
class Findings:
    """All that a check found out. `store` is what the token may know of the store."""

    config: Config
    store: Mapping[str, str | None] | None
    quota: Allowance | None
    streams: tuple[StreamFinding, ...]
    full_sync: Estimate
    next_sync: Estimate
    has_state: bool
    seconds_an_answer: float
    requests: int

    @property
    def ready(self) -> bool:
        """Every selected stream can be read."""
        return all(found.readable for found in self.streams if found.selected)

    @property
    def start_date(self) -> str | None:
        """From when on a full sync reads."""
        date = self.config.start_date
        return format_instant(date) if date else None

    @property
    def assumptions(self) -> list[str]:
        """What the estimates take for granted, a sentence each."""
        config, estimates = self.config, (self.full_sync, self.next_sync)
        said = [
            f"Counted are pages of {config.page_size} rows, and one lookup for each record whose "
            "own lists are read; to find a list's end, or to ask again, takes a few more.",
            f"An answer takes {self.seconds_an_answer:.2f} s, as in this check, and "
            f"{config.max_concurrency} come at once; full pages take longer.",
        ]
        if self.quota is None:
            said.append("The API names no quota, so nothing is waited for.")
        else:
            said.append("The store's other apps leave the tap its share of the quota.")
        if any(one.requests_high > one.requests for one in estimates):
            said.append(
                f"{COUPON_SHARE:.0%} of the orders hint at a coupon, which costs a request each."
            )
        unknown = dict.fromkeys(name for one in estimates for name in one.lists_of_unknown_length)
        if unknown:
            said.append(
                f"Nobody knows the length of {', '.join(unknown)}; each is taken to fit one page, "
                "with nothing below it."
            )
        if not self.has_state:
            said.append("Without a state, the next sync is one that reads what changed in a day.")
        return said


def find_out(
    selections: Mapping[str, Selection],
    config: Config,
    state: State | None,
    stop: Stop,
    now: datetime,
) -> Findings:
    """Ask the store. `state` is None where none was given; `now` is the time, in UTC.

    Raises TokenRefused, NotFound where there is no such store, and StateError.
    """
    quota = Quota(share=config.quota_share, concurrency=config.max_concurrency, stop=stop)
    workers = Workers(config.max_concurrency, stop)
    prober = Prober(Client(impatient(config), quota, stop), workers)
    looks = prober.first_looks(config.store_hash)
    access = prober.access_to_all(looks)
    known = state or State({}, config.store_hash)
    full: dict[str, str | None] = {}
    following: dict[str, str | None] = {}
    bookmarks = {
        name: known.bookmark(name, stream.replication_key) if stream.replication_key else None
        for name, stream in STREAMS.items()
    }
    resumes = {name: known.resume(name) for name in STREAMS}
    for name, chosen in selections.items():
        full[name] = first_date(chosen, None, config)
        following[name] = first_date(chosen, bookmarks[name], config)
        resume = resumes[name]
        if resume is not None:
            following[name] = resume.since
        elif state is None and chosen.stream.replication_key and not chosen.full_table:
            following[name] = format_instant(now - A_DAY)[:19] + "Z"
    parts: list[Part] = [(name, None) for name, stream in STREAMS.items() if stream.parent is None]
    for sinces in (full, following):
        parts += [part_of(chosen, sinces) for chosen in selections.values()]
    counts = count_all(parts, looks, config, prober)

    def records(name: str, sinces: Sinces) -> int | None:
        is_walked = name in sinces and STREAMS[name].parent is None
        return counts.get((name, sinces[name])) if is_walked else None

    def estimated(sinces: Sinces) -> Estimate:
        readable = [chosen for name, chosen in selections.items() if access[name].readable]
        return estimate(readable, sinces, counts, config, quota.allowance, prober.seconds_an_answer)

    return Findings(
        config=config,
        store=_store_facts(looks["store"].rows[0]) if looks["store"].rows else None,
        quota=quota.allowance,
        streams=tuple(
            StreamFinding(
                stream=name,
                selected=name in selections,
                readable=access[name].readable,
                lacks=access[name].lacks,
                problem=access[name].words,
                records=counts.get((name, None)),
                full_sync_from=full.get(name),
                full_sync_records=records(name, full),
                next_sync_from=following.get(name),
                next_sync_records=records(name, following),
                bookmark=bookmarks[name],
                goes_on=resumes[name] is not None,
                permission=stream.permission,
            )
            for name, stream in STREAMS.items()
        ),
        full_sync=estimated(full),
        next_sync=estimated(following),
        has_state=state is not None,
        seconds_an_answer=prober.seconds_an_answer,
        requests=prober.requests,
    )


def _store_facts(store: Row) -> dict[str, str | None]:
    zone = store.get("timezone")
    facts = {
        "name": store.get("name"),
        "plan": store.get("plan_name") or store.get("plan_level"),
        "time_zone": zone.get("name") if isinstance(zone, dict) else None,
        "currency": store.get("currency"),
    }
    return {n: value if isinstance(value, str) and value else None for n, value in facts.items()}
