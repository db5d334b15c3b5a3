"""What a stream is: data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.pages.reading import Details, IdParameters


@dataclass(frozen=True)
class Permission:
    """What an API account must be allowed to read, as the control panel calls it."""

    name: str

    def __str__(self) -> str:
        return f"'{self.name}: read-only'"


ORDERS = Permission("Orders")
CUSTOMERS = Permission("Customers")
PRODUCTS = Permission("Products")
MARKETING = Permission("Marketing")


@dataclass(frozen=True)
class Wish:
    """What one run wants of a stream, and by whom its details may be asked for.

    `wants` tells whether a field is selected, by its path ("consignments.shipping").
    """

    wants: Callable[[str], bool]
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
class Stream:
    """A table: where its rows come from, what identifies them and how they are filtered.

    `modified_since` is the list's parameter for the earliest date of `replication_key`;
    `everything_first`: the first sync takes all rows, whatever start_date says. Paths in
    `links` (addresses of other lists that the API puts into rows) are no fields; those in
    `off_by_default` are fields that have to be selected; `text_paths` are strings that may come
    as lists or objects, and `wrapped_paths` lists that may come as their only item.
    `fields_without` names the fields that the settings take away.
    """

    name: str
    path: str
    walk: IdParameters
    permission: Permission
    keys: tuple[str, ...] = ("id",)
    replication_key: str | None = None
    modified_since: str | None = None
    everything_first: bool = False
    plan: Callable[[Wish], Plan] = lambda _: Plan()
    links: tuple[str, ...] = ()
    off_by_default: tuple[str, ...] = ()
    text_paths: tuple[str, ...] = ()
    wrapped_paths: tuple[str, ...] = ()
    fields_without: Callable[[Config | None], tuple[str, ...]] = lambda _: ()

    @property
    def automatic(self) -> tuple[str, ...]:
        """The fields that always go out."""
        return self.keys + ((self.replication_key,) if self.replication_key else ())
