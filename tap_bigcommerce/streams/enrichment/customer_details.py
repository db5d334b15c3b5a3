"""What only v3 knows of customers, asked for by the ids of a whole page of v2."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence

from tap_bigcommerce.exceptions import IncompleteList, UnexpectedResponse
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job, add_unknown
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.records.schemas import load_notes, load_schema
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest

LOGGER = logging.getLogger(__name__)

PATH = "/v3/customers"

INCLUDE = {
    "attributes": "attributes",
    "store_credit_amounts": "storecredit",
    "shopper_profile_id": "shopper_profile_id",
    "segment_ids": "segment_ids",
    # Counts come together with what they count.
    "address_count": "addresses",
    "attribute_count": "attributes",
}
"""Fields that v3 has to be asked for by name, and that name."""

MOST_ATTRIBUTES = 10
"""Attributes that come with one customer, at the most."""


class CustomerDetails(Enricher):
    """Adds the fields that are selected of v3, with one more request for 250 customers."""

    all_rows_at_once = True

    def __init__(self, fields: Sequence[str], read_request: ReadRequest) -> None:
        """`fields` of v3 are selected."""
        self._fields = fields
        self._known = {*load_schema("customers")["properties"], *INCLUDE.values()}
        self._own = ChildLists(read_request.client, read_request.context)
        self._responses: dict[str, Row | None] = {}
        """What v3 says of each customer until its row is completed; None: it may have answered, and
        its answer could not be told from others."""
        self._came: set[str] = set()
        """Fields that v3 has shown of some customer."""
        self._warned = False

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """Add the v3 fields to all rows; one that v3 does not show (deleted meanwhile) stays."""
        return functools.partial(self._read_page, rows) if rows else None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The customer with all attributes."""
        id_ = str(row["id"])
        if id_ not in self._responses:
            return row
        response = self._responses.pop(id_)
        if response is not None and self._has_all_attributes(response):
            self._add(row, response)
            return row
        return functools.partial(self._read_one, row, response)

    def _has_all_attributes(self, response: Row) -> bool:
        if "attributes" not in self._fields or "attributes" not in self._came:
            return True
        attributes = response.get("attributes")
        return isinstance(attributes, list) and len(attributes) < MOST_ATTRIBUTES

    def _read_page(self, rows: list[Row]) -> None:
        responses = self._read([row["id"] for row in rows])
        found = {str(response.get("id")): response for response in responses}
        ids = {str(row["id"]) for row in rows}
        if found.keys() <= ids:
            ids &= found.keys()  # The others are not there; else they may have come without an id.
        self._responses.update((id_, found.get(id_)) for id_ in ids)
        self._came.update(*responses)
        missing = [name for name in self._fields if name in INCLUDE and name not in self._came]
        if missing and responses and not self._warned:
            self._warned = True
            LOGGER.warning(
                "customers: none of %d customers came with %s, although these were asked for; "
                "the fields stay absent.",
                len(responses),
                ", ".join(missing),
            )

    def _read_one(self, row: Row, response: Row | None) -> Enriched:
        """The customer by itself: where its answer has not been told from others, and where there
        are more attributes than come with it."""
        if response is None:
            responses = self._read([row["id"]])
            if not responses:
                return Enriched(row)
            about_it = [
                response for response in responses if str(response.get("id")) == str(row["id"])
            ]
            if len(responses) == 1 and not isinstance(responses[0].get("id"), (int, str)):
                about_it = responses  # The one answer without an id.
            if not about_it:
                raise UnexpectedResponse(
                    f"customers: GET {PATH} was asked for customer {row['id']}, and answers with "
                    "others. Going on with them could mix up customers."
                )
            response = about_it[0]
        incomplete: list[IncompleteList] = []
        if not self._has_all_attributes(response):
            params = {"customer_id:in": str(row["id"])}
            response["attributes"] = self._own.all_rows(
                f"{PATH}/attribute-values", params, incomplete=incomplete
            )
        self._add(row, response)
        return Enriched(row, incomplete[0] if incomplete else None)

    def _add(self, row: Row, response: Row) -> None:
        row.update(
            (name, response.get(name))
            for name in self._fields
            # What is not asked for by name, v3 knows of every customer.
            if name in response or name not in INCLUDE
        )
        add_unknown(row, response, self._known)

    def _read(self, ids: list[int]) -> list[Row]:
        include = ",".join(dict.fromkeys(INCLUDE[name] for name in self._fields if name in INCLUDE))
        params = {"id:in": ",".join(map(str, ids)), **({"include": include} if include else {})}
        return self._own.all_rows(PATH, params, are_all=lambda rows: len(rows) >= len(ids))


def customer_details(read_request: ReadRequest) -> CustomerDetails | None:
    """What asks v3, too, where one of the fields is selected that only v3 has."""
    fields = list(filter(read_request.wants, load_notes("customers").asked_for))
    return CustomerDetails(fields, read_request) if fields else None
