"""What a stream is: data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.pages.enricher import Enricher
from tap_bigcommerce.pages.in_turn import ByPage, InTurnKind
from tap_bigcommerce.pages.page import ListRequest, Row
from tap_bigcommerce.pages.reading import WalkKind
from tap_bigcommerce.schemas import load_notes
from tap_bigcommerce.streams.presence import Presence


@dataclass(frozen=True)
class Permission:
    """What an API account must be allowed to read, as the control panel calls it."""

    name: str

    def __str__(self) -> str:
        return f"'{self.name}: read-only'"


ORDERS = Permission("Orders")
TRANSACTIONS = Permission("Order transactions")
CUSTOMERS = Permission("Customers")
PRODUCTS = Permission("Products")
INVENTORY = Permission("Store inventory")
LOCATIONS = Permission("Store locations")
MARKETING = Permission("Marketing")
INFORMATION = Permission("Information & settings")
CHANNELS = Permission("Channel settings")
LISTINGS = Permission("Channel listings")
SITES = Permission("Sites & routes")
CONTENT = Permission("Content")


@dataclass(frozen=True)
class Wish:
    """What one run wants of a list, and by whom its details may be asked for.

    `wants` tells whether a field is needed, by its path ("consignments.shipping"); `whole_rows`
    whether the rows themselves are, or only what belongs to them. `unselected` are the top-level
    fields that need not come.
    """

    wants: Callable[[str], bool]
    whole_rows: bool
    unselected: tuple[str, ...]
    config: Config
    client: Client
    purpose: Purpose


@dataclass(frozen=True)
class Plan:
    """How a stream's list is asked for so that a wish is met.

    `params` always, `details` unless a single row cannot be read with them; `enricher` makes
    the rows whole.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    enricher: Enricher | None = None


class Incremental(NamedTuple):
    """The date by which a stream is read incrementally, its replication key.

    `filter` is the list's parameter for the earliest such date; None: the rows belong to those of
    another stream, whose date they carry.
    """

    key: str
    filter: str | None = None


class Channels(NamedTuple):
    """How a stream is limited to channels: by a filter of the API, and by a field of its rows."""

    filter: str | None = None
    field: str | None = None

    def limit(self, wanted: Sequence[int]) -> bool:
        """Whether only some of the rows are read where these channels are `wanted`."""
        return bool(wanted) and bool(self.filter or self.field)


class Count(NamedTuple):
    """Where the API counts a list; it may leave out rows with this value of a field."""

    path: str
    leaves_out: tuple[str, int] | None = None


class Parent(NamedTuple):
    """What rows that belong to others call these: their id and their date of modification."""

    id: str
    date: str | None = None

    @property
    def noun(self) -> str:
        """What a person calls one of them: "price list"."""
        return self.id.removesuffix("_id").replace("_", " ")


PARENTS = {
    "orders": Parent("order_id", "order_date_modified"),
    "products": Parent("product_id", "product_date_modified"),
    "price_lists": Parent("price_list_id"),
    "promotions": Parent("promotion_id"),
    "channels": Parent("channel_id"),
    "shipping_zones": Parent("zone_id"),
}


@dataclass(frozen=True)
class Child:
    """Where a stream's rows come from that belong to another stream's rows.

    Either `nested`, a field of the parent's row; or `own_list`, a list below the parent, which
    costs a request a parent and is paged as `paging` says. `needs` are more of the parent's fields
    that have to be asked for. `apart`: not in the walk of the parent stream itself, for it slows
    that down.
    """

    parent: str
    nested: str | None = None
    own_list: str | None = None
    none_is_404: bool = False
    paging: InTurnKind = field(default_factory=InTurnKind)
    needs: tuple[str, ...] = ()
    apart: bool = False


@dataclass(frozen=True)
class Stream:
    """A table: where its rows come from, what identifies them and how they are filtered.

    `params` go with every request. `everything_first`: the first sync takes all rows, whatever
    start_date says. `fields_without` names the fields that the settings take away. `reshape` gives
    a row the form of the stream where the API's differs. `presence` says how ids are looked up
    that seem to be gone; without it, nobody can tell. `count` is where a list of v2 is counted;
    lists of v3 name their totals themselves. What is to be known of single fields stands beside
    them in the schema file (see `schemas.Notes`).
    """

    name: str
    permission: Permission
    path: str = ""
    walk: WalkKind = field(default_factory=ByPage)
    child: Child | None = None
    keys: tuple[str, ...] = ("id",)
    params: Mapping[str, str] = field(default_factory=dict)
    incremental: Incremental | None = None
    everything_first: bool = False
    channels: Channels = field(default_factory=Channels)
    plan: Callable[[Wish], Plan] = lambda _: Plan()
    reshape: Callable[[Row], Row] | None = None
    presence: Presence | None = None
    count: Count | None = None
    fields_without: Callable[[Config | None], tuple[str, ...]] = lambda _: ()

    @property
    def has_own_list(self) -> bool:
        """Its rows come from a list of each parent's own."""
        return self.child is not None and self.child.own_list is not None

    @property
    def references(self) -> dict[str, str]:
        """Its foreign keys, by path: each names a row of a stream, "orders.id"."""
        parent = self.child.parent if self.child else None
        own = {PARENTS[parent].id: f"{parent}.id"} if parent else {}
        return {**own, **load_notes(self.name).references}

    @property
    def replication_key(self) -> str | None:
        """The field by which the stream is read incrementally."""
        return self.incremental.key if self.incremental else None

    @property
    def modified_since(self) -> str | None:
        """The list's parameter for the earliest date of the replication key."""
        return self.incremental.filter if self.incremental else None

    def request(
        self, params: Mapping[str, str], details: Mapping[str, str] | None = None
    ) -> ListRequest:
        """How its list is asked for, with these parameters."""
        return ListRequest(
            self.path,
            params,
            details or {},
            self.keys,
            self.reshape,
            paged=self.walk.paged,
            single=self.walk.single,
        )

    def modified_until(self, date: str) -> dict[str, str]:
        """The parameter for the latest date of the replication key, where the list has a filter.

        A second more than `date`, for nobody knows whether the bound itself is within.
        """
        if self.modified_since is None:
            return {}
        bound = parse_instant(date)
        assert bound is not None
        with suppress(OverflowError):  # The last day of the calendar.
            bound += timedelta(seconds=1)
        # Every list that has the one has the other.
        return {self.modified_since.replace("min", "max"): f"{format_instant(bound)[:19]}Z"}

    @property
    def automatic(self) -> tuple[str, ...]:
        """The fields that always go out."""
        return self.keys + ((self.replication_key,) if self.replication_key else ())

    def channel_filter(self, wanted: Sequence[int]) -> dict[str, str]:
        """The parameter that limits the list to the channels `wanted`, where it has one."""
        filter_ = self.channels.filter
        if not wanted or filter_ is None:
            return {}
        if not filter_.endswith(":in") and len(wanted) > 1:
            return {}  # It takes one only: the rows are looked at when they have come.
        return {filter_: ",".join(str(channel) for channel in wanted)}


def own_list_path(child: Child, parent: Stream, row: Row) -> str:
    """Where the list of the child's rows is that belong to this row of the parent."""
    assert child.own_list is not None
    if child.own_list.startswith("/"):
        return child.own_list.format(id=row["id"])
    return f"{parent.path}/{row['id']}/{child.own_list}"
