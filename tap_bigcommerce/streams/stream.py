"""The declaration of a stream: its path, keys, parent stream, filters."""

import functools
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.pagination.enricher import Enricher
from tap_bigcommerce.pagination.id_ranges import Pagination
from tap_bigcommerce.pagination.page import ListRequest, Row
from tap_bigcommerce.pagination.sequential import ByCursor, ByPage
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams.id_lookup import IdLookup

LOGGER = logging.getLogger(__name__)

MODIFIED = "date_modified:min"
"""The usual name of the parameter that filters by the earliest date of modification."""


class ReadRequest(NamedTuple):
    """What one run needs from a list: the input of an enricher.

    `is_needed` says whether a field is selected, by its path ("consignments.shipping"), in the
    stream of the list or in a stream that is nested in it.
    """

    is_needed: Callable[[str], bool]
    config: Config
    client: Client
    context: RequestContext


class Channels(NamedTuple):
    """How the setting `channel_ids` limits a stream.

    `filter` is the list's parameter for channels. It takes several only if it ends with ":in".
    `field` of a row has its channel or channels, for filtering by the tap.
    """

    filter: str | None = None
    field: str | None = None


BY_CHANNEL_ID = Channels("channel_id:in", "channel_id")


class Parent(NamedTuple):
    """Fields that the tap adds to the rows of child streams.

    They have the parent's id, and its date of modification, the child's replication key.
    """

    id_field: str
    date_field: str | None = None

    @property
    def singular(self) -> str:
        """One row of the parent stream, in messages: "price list"."""
        return self.id_field.removesuffix("_id").replace("_", " ")


class _Parents(dict[str, Parent]):
    """By the name of the parent stream; the id of another parent is named after its stream."""

    def __missing__(self, name: str) -> Parent:
        return Parent(f"{name.removesuffix('s')}_id")


PARENTS = _Parents(
    orders=Parent("order_id", "order_date_modified"),
    products=Parent("product_id", "product_date_modified"),
    shipping_zones=Parent("zone_id"),
)


@dataclass(frozen=True)
class Stream:
    """The declaration of a stream: where its rows come from and how they are filtered.

    A child stream has a `parent`. Its rows are in a field of the parent's rows (`nested`), or in a
    child list of each parent, which costs a request for each. Facts about single fields are in the
    schema file (see `records.schemas.Notes`).

    Attributes:
        name: Name of the stream, also of its schema file.
        permission: What the API account must be allowed to read, as the control panel calls it.
        path: URL path of the list, below the store's. That of a child list contains "{id}", which
            stands for the parent's id. Empty if `nested`.
        pagination: How the pages of the list are requested.
        parent: Name of the parent stream.
        nested: The field of the parent's row that contains the rows of this stream.
        empty_is_404: A child list without rows answers 404.
        separate_pass: Read the parent's list once more for this stream. Including `nested` there
            would make the parent stream slow.
        changes_parent: A change of a row changes the parent's date of modification.
            Otherwise the rows of all parents are read in every sync.
        primary_keys: The fields that identify a row.
        params: Query parameters of every request for the list.
        modified_since: The query parameter for the earliest date of modification. The replication
            key follows from it. None: there is no such filter.
        channels: How the stream is limited to channels.
        enricher: Returns the object that completes rows with further requests; None where the run
            needs none.
        post_process: Gives a row from the API the form that the schema describes.
        id_lookup: How to ask the store which ids still exist. None: deletions are not detected.
        fallback: Another declaration of this stream, with the same keys and replication key: where
            its rows come from once the store no longer has the list.
    """

    name: str
    permission: str
    path: str = ""
    pagination: Pagination = field(default_factory=ByPage)
    parent: str | None = None
    nested: str | None = None
    empty_is_404: bool = False
    separate_pass: bool = False
    changes_parent: bool = True
    primary_keys: tuple[str, ...] = ("id",)
    params: Mapping[str, str] = field(default_factory=dict)
    modified_since: str | None = None
    channels: Channels = field(default_factory=Channels)
    enricher: Callable[[ReadRequest], Enricher | None] = lambda _: None
    post_process: Callable[[Row], Row] | None = None
    id_lookup: IdLookup | None = None
    fallback: "Stream | None" = None

    @property
    def has_child_list(self) -> bool:
        """The rows are in a child list of each row of the parent stream."""
        return self.parent is not None and self.nested is None

    @property
    def references(self) -> dict[str, str]:
        """Foreign keys: the path of a field → the stream and field that it refers to.

        Example: {"customer_id": "customers.id"}
        """
        to_parent = {PARENTS[self.parent].id_field: f"{self.parent}.id"} if self.parent else {}
        return {**to_parent, **load_notes(self.name).references}

    @property
    def count(self) -> Mapping[str, int] | None:
        """The rows that the list's count may not include, by a field and its value; None: no count.

        The count of a list of v2 has the path `<path>/count`. Lists of v3 have their total in each
        response.
        """
        return load_notes(self.name).count if self.path.startswith("/v2") else None

    @functools.cached_property
    def replication_key(self) -> str | None:
        """The field by which the stream is read incrementally; None: FULL_TABLE only."""
        if self.modified_since is not None:
            return re.sub("^min_|:min$", "", self.modified_since)
        return PARENTS[self.parent].date_field if self.parent and self.changes_parent else None

    def request(self, params: Mapping[str, str], includes: Mapping[str, str] = {}) -> ListRequest:
        """The request for the list, without its paging parameters. `includes`: see ListRequest."""
        return ListRequest(
            self.path,
            params,
            includes,
            self.primary_keys,
            self.post_process,
            paged=self.pagination.paged,
            single=self.pagination.single,
            record_filter=self.id_lookup.record_filter if self.id_lookup is not None else None,
        )

    def modified_until(self, date: str) -> dict[str, str]:
        """The query parameter for the latest date of modification, of a list with `modified_since`.

        It is one second after `date`, because the API does not document whether the bound is
        inclusive.
        """
        bound = parse_instant(date)
        assert bound is not None
        with suppress(OverflowError):  # The last day of the calendar.
            bound += timedelta(seconds=1)
        # Every list that has a parameter for the earliest date has one for the latest.
        return {str(self.modified_since).replace("min", "max"): f"{format_instant(bound)[:19]}Z"}

    @property
    def automatic_fields(self) -> tuple[str, ...]:
        """The fields with inclusion "automatic": in every record, whatever is selected."""
        return self.primary_keys + ((self.replication_key,) if self.replication_key else ())

    def channel_filter(self, channel_ids: Sequence[int]) -> dict[str, str]:
        """The query parameter that limits the list to these channels; {} where there is none."""
        name = self.channels.filter or ""
        # Without ":in" it takes one channel only. For several, the tap filters the rows.
        fits = len(channel_ids) == 1 or (channel_ids and name.endswith(":in"))
        return {name: ",".join(map(str, channel_ids))} if name and fits else {}

    def disabled_fields(self, config: Config | None) -> tuple[str, ...]:
        """The fields that the settings remove from the stream.

        With `order_coupons` "never" no order's coupons are read, so null or [] would be wrong.
        """
        never = config is not None and config.order_coupons == "never"
        return ("coupons",) if never and self.name == "orders" else ()


def warn_of_fallback(stream: Stream) -> None:
    """Log that the store lacks the list of `stream`, and that its fallback is read."""
    assert stream.fallback is not None
    LOGGER.warning(
        "%s: this store does not have the list %s any more, so the stream is read from %s. Fields "
        "that only the former has are absent from the records.",
        *(stream.name, stream.path, stream.fallback.path),
    )


def metafields(name: str, permission: str, path: str, channel: str | None = None) -> Stream:
    """A stream of metafields: their lists are alike for all resources.

    `channel` is the field of a row that has its channel.
    """
    channels = Channels(field=channel)
    return Stream(name, permission, path, ByCursor(), modified_since=MODIFIED, channels=channels)
