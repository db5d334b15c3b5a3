"""What a stream is: data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.pages.in_turn import ByPage
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.pages.reading import Details
from tap_bigcommerce.pages.walk import WalkKind
from tap_bigcommerce.streams.own_lists import Paging


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

    `params` always, `details` unless a single row cannot be read with them; `completion` makes
    the rows whole.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    completion: Details | None = None


@dataclass(frozen=True)
class Child:
    """Where a stream's rows come from that belong to another stream's rows.

    Either `nested`, a field of the parent's row; or `own_list`, a list below the parent, which
    costs a request a parent and is paged as `paging` says. `parent_id` and `parent_date` are the
    fields that get the parent's id and date of modification. `needs` are more of the parent's
    fields that have to be asked for. `modified_since`: the own list is filtered by date itself,
    whatever happened to the parent. `apart`: not in the walk of the parent stream itself, for it
    slows that down.
    """

    parent: str
    nested: str | None = None
    own_list: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    none_is_404: bool = False
    paging: Paging = Paging.PAGE
    modified_since: str | None = None
    parent_id: str = "order_id"
    parent_date: str | None = "order_date_modified"
    needs: tuple[str, ...] = ()
    apart: bool = False


@dataclass(frozen=True)
class Stream:
    """A table: where its rows come from, what identifies them and how they are filtered.

    `modified_since` is the list's parameter for the earliest date of `replication_key`;
    `everything_first`: the first sync takes all rows, whatever start_date says. Paths in
    `links` (addresses of other lists that the API puts into rows) are no fields; those in
    `off_by_default` are fields that have to be selected; `text_paths` are strings that may come
    as lists or objects, and `wrapped_paths` lists that may come as their only item.
    `fields_without` names the fields that the settings take away. `reshape` gives a row the form
    of the stream where the API's differs. `channel_param` filters by channel, and `channel_field`
    holds a row's channel or channels.
    """

    name: str
    permission: Permission
    path: str = ""
    walk: WalkKind = field(default_factory=ByPage)
    child: Child | None = None
    keys: tuple[str, ...] = ("id",)
    params: Mapping[str, str] = field(default_factory=dict)
    replication_key: str | None = None
    modified_since: str | None = None
    everything_first: bool = False
    by_default: bool = False
    plan: Callable[[Wish], Plan] = lambda _: Plan()
    reshape: Callable[[Row], Row] | None = None
    channel_param: str | None = None
    channel_field: str | None = None
    links: tuple[str, ...] = ()
    off_by_default: tuple[str, ...] = ()
    text_paths: tuple[str, ...] = ()
    wrapped_paths: tuple[str, ...] = ()
    fields_without: Callable[[Config | None], tuple[str, ...]] = lambda _: ()

    @property
    def automatic(self) -> tuple[str, ...]:
        """The fields that always go out."""
        return self.keys + ((self.replication_key,) if self.replication_key else ())


def own_list_path(child: Child, parent: Stream, row: Row) -> str:
    """Where the list of the child's rows is that belong to this row of the parent."""
    assert child.own_list is not None
    if child.own_list.startswith("/"):
        return child.own_list.format(id=row["id"])
    return f"{parent.path}/{row['id']}/{child.own_list}"
