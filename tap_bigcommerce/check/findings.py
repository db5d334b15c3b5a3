"""What a check finds out, for every stream and for the whole sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tap_bigcommerce.check.counting import Part, count_all
from tap_bigcommerce.check.estimate import Estimate, Sinces, estimate, part_of
from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.output import first_date
from tap_bigcommerce.probe import FirstLook, Prober, impatient
from tap_bigcommerce.quota import Allowance, Quota
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import State
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.workers import Workers

A_DAY = timedelta(days=1)
"""How much an incremental sync is taken to read where there is no state to tell."""


@dataclass(frozen=True)
class StreamFinding:
    """What is known of a stream.

    `lacks` is the missing permission, `problem` says what keeps the stream from being read. Counts
    are None where nobody knows, or where the stream is not selected. `full_from` and `next_from`
    are the dates from which on the two syncs read, None: everything.
    """

    stream: str
    selected: bool
    readable: bool
    lacks: str | None
    problem: str | None
    records: int | None
    full_sync_from: str | None = None
    full_sync_records: int | None = None
    next_sync_from: str | None = None
    next_sync_records: int | None = None
    bookmark: str | None = None
    goes_on: bool = False
    """A run was stopped within this stream, and the next one goes on there."""


@dataclass(frozen=True)
class StoreFacts:
    """What the store says about itself, where the token may read it."""

    name: str | None
    plan: str | None
    time_zone: str | None
    currency: str | None


@dataclass(frozen=True)
class Findings:
    """All that a check found out."""

    store_hash: str
    store: StoreFacts | None
    quota: Allowance | None
    quota_share: float
    streams: tuple[StreamFinding, ...]
    full_sync: Estimate
    next_sync: Estimate
    has_state: bool
    start_date: str | None
    reads_orders: bool
    guesses_coupons: bool
    accepted: tuple[str, ...]
    """Streams, or single parents of their rows, that may be read in part: accept_incomplete."""
    seconds_an_answer: float
    requests: int

    @property
    def ready(self) -> bool:
        """Every selected stream can be read."""
        return all(found.readable for found in self.streams if found.selected)


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
    full = {name: first_date(chosen, None, config) for name, chosen in selections.items()}
    following = _next_dates(selections, config, state, now)
    parts: list[Part] = [(name, None) for name, stream in STREAMS.items() if stream.child is None]
    for sinces in (full, following):
        parts += [part_of(chosen, sinces[name]) for name, chosen in selections.items()]
    counts = count_all(parts, looks, config, prober)

    def count(name: str, sinces: Sinces) -> int | None:
        if STREAMS[name].child is not None or name not in selections:
            return None
        return counts[part_of(selections[name], sinces[name])]

    def estimated(sinces: Sinces) -> Estimate:
        readable = [chosen for name, chosen in selections.items() if access[name].readable]
        return estimate(readable, sinces, counts, config, quota.allowance, prober.seconds_an_answer)

    return Findings(
        store_hash=config.store_hash,
        store=_store_facts(looks["store"]),
        quota=quota.allowance,
        quota_share=config.quota_share,
        streams=tuple(
            StreamFinding(
                stream=name,
                selected=name in selections,
                readable=access[name].readable,
                lacks=access[name].lacks,
                problem=access[name].words,
                records=counts[(name, None)] if stream.child is None else None,
                full_sync_from=full.get(name),
                full_sync_records=count(name, full),
                next_sync_from=following.get(name),
                next_sync_records=count(name, following),
                bookmark=_bookmark(name, state),
                goes_on=state is not None and state.resume(name) is not None,
            )
            for name, stream in STREAMS.items()
        ),
        full_sync=estimated(full),
        next_sync=estimated(following),
        has_state=state is not None,
        start_date=format_instant(config.start_date) if config.start_date else None,
        reads_orders=any(root_of(chosen.stream).name == "orders" for chosen in selections.values()),
        guesses_coupons=config.order_coupons == "auto"
        and any(
            chosen.wants("coupons") if name == "orders" else name == "order_coupons"
            for name, chosen in selections.items()
        ),
        accepted=config.accept_incomplete,
        seconds_an_answer=prober.seconds_an_answer,
        requests=prober.requests,
    )


def _next_dates(
    selections: Mapping[str, Selection], config: Config, state: State | None, now: datetime
) -> dict[str, str | None]:
    """From which date on the next sync reads each stream."""
    found: dict[str, str | None] = {}
    for name, chosen in selections.items():
        key = chosen.stream.replication_key
        bookmark = _bookmark(name, state)
        resume = state.resume(name) if state is not None else None
        if resume is not None:
            found[name] = resume.since
        elif state is None and key is not None and not chosen.full_table:
            found[name] = format_instant(now - A_DAY)[:19] + "Z"
        else:
            found[name] = first_date(chosen, bookmark, config)
    return found


def _bookmark(name: str, state: State | None) -> str | None:
    key = STREAMS[name].replication_key
    return state.bookmark(name, key) if state is not None and key is not None else None


def _store_facts(look: FirstLook) -> StoreFacts | None:
    store = look.content
    if not isinstance(store, dict):
        return None
    zone = store.get("timezone")
    return StoreFacts(
        _text(store.get("name")),
        _text(store.get("plan_name")) or _text(store.get("plan_level")),
        _text(zone.get("name")) if isinstance(zone, dict) else None,
        _text(store.get("currency")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
