"""Adds to customers what only v3 has, and attributes that v3 leaves out."""

import functools
import logging
from collections.abc import Callable, Iterable, Sequence

from tap_bigcommerce.exceptions import IncompleteList, UnexpectedResponse
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job, add_unknown, are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.records.schemas import load_notes, load_schema
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest

LOGGER = logging.getLogger(__name__)

PATH = "/v3/customers"

INCLUDE = {
    "attributes": "attributes",
    "form_fields": "formfields",
    "store_credit": "storecredit",
    "store_credit_amounts": "storecredit",
    "shopper_profile_id": "shopper_profile_id",
    "segment_ids": "segment_ids",
    # A count is included together with what it counts.
    "address_count": "addresses",
    "attribute_count": "attributes",
}
"""Fields that v3 returns only if its parameter `include` has this value."""

MAX_ATTRIBUTES = 10
"""The most attributes that v3 includes for one customer."""


class V3Details(Enricher):
    """Includes the selected fields in the rows of v3's list, and adds attributes beyond the tenth.

    `from_v3` has given the rows the form of v2.
    """

    def __init__(self, read_request: ReadRequest, names: Iterable[str] = INCLUDE) -> None:
        """`names` are those of the fields that v3 adds."""
        self.fields = list(filter(read_request.is_needed, names))
        """The selected ones among them."""
        include = ",".join(dict.fromkeys(INCLUDE[name] for name in self.fields if name in INCLUDE))
        self.params = {"include": include} if include else {}
        self._lists = ChildLists(read_request.client, read_request.context)
        self._received: set[str] = set()
        """Fields that v3 has returned for some customer."""
        self._has_warned = False

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """No job: only a warning if requested fields are missing."""
        self._note(rows)
        return None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The customer, or a job that reads all its attributes."""
        if self._has_all_attributes(row):
            return row
        return lambda: Enriched(row, self._read_attributes(row, row["id"]))

    def _note(self, rows: Sequence[Row]) -> None:
        """Note which fields v3 has returned, and warn once if it has not returned others."""
        self._received.update(*rows)
        missing = [name for name in self.fields if name in INCLUDE and name not in self._received]
        if missing and rows and not self._has_warned:
            self._has_warned = True
            LOGGER.warning(
                "customers: none of %d customers came with %s, although these were requested; "
                "the fields stay absent.",
                len(rows),
                ", ".join(missing),
            )

    def _has_all_attributes(self, row: Row) -> bool:
        if "attributes" not in self.fields or "attributes" not in self._received:
            return True
        attributes = row.get("attributes")
        return isinstance(attributes, list) and len(attributes) < MAX_ATTRIBUTES

    def _read_attributes(self, row: Row, id_: int) -> IncompleteList | None:
        """Set all attributes of customer `id_` in `row`. Returns an error if some are missing."""
        errors: list[IncompleteList] = []
        params = {"customer_id:in": str(id_)}
        row["attributes"] = self._lists.read_list(f"{PATH}/attribute-values", params, errors=errors)
        return errors[0] if errors else None


class CustomerDetails(V3Details):
    """Adds the selected v3 fields to rows of v2, with one more request for 250 customers."""

    all_rows_at_once = True

    def __init__(self, read_request: ReadRequest) -> None:
        super().__init__(read_request, load_notes("customers").on_request)
        self._include, self.params = self.params, {}
        self._known = {*load_schema("customers")["properties"], *INCLUDE.values()}
        self._responses: dict[str, Row | None] = {}
        """v3's row of each customer, by id, until `enrich` takes it.

        None: v3 returned rows without a usable id, and one may be this customer's.
        """

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """A job that reads the v3 rows of a page. Customers that v3 does not have are kept."""
        return functools.partial(self._read_page, rows) if rows else None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The customer with its v3 fields, or a job that reads them for this customer alone."""
        id_ = str(row["id"])
        if id_ not in self._responses:
            return row
        response = self._responses.pop(id_)
        if response is not None and self._has_all_attributes(response):
            self._add(row, response)
            return row
        return functools.partial(self._read_one, row, response)

    def _read_page(self, rows: list[Row]) -> None:
        responses = self._read([row["id"] for row in rows])
        found = {str(response.get("id")): response for response in responses}
        ids = {str(row["id"]) for row in rows}
        if found.keys() <= ids:
            # v3 does not have the others. If it returns unknown ids, the others may be among them.
            ids &= found.keys()
        self._responses.update((id_, found.get(id_)) for id_ in ids)
        self._note(responses)

    def _read_one(self, row: Row, response: Row | None) -> Enriched:
        """Read one customer: its row, if that was not found in the page's response, and all its
        attributes, if the response may not include all."""
        if response is None:
            responses = self._read([row["id"]])
            if not responses:
                return Enriched(row)
            matching = [found for found in responses if str(found.get("id")) == str(row["id"])]
            if len(responses) == 1 and not isinstance(responses[0].get("id"), (int, str)):
                matching = responses  # A single row without an id is the requested one.
            if not matching:
                raise UnexpectedResponse(
                    f"customers: GET {PATH} for customer {row['id']} returned other customers. "
                    "Continuing could mix up customers."
                )
            response = matching[0]
        error = None
        if not self._has_all_attributes(response):
            error = self._read_attributes(response, row["id"])
        self._add(row, response)
        return Enriched(row, error)

    def _add(self, row: Row, response: Row) -> None:
        row.update(
            (name, response.get(name))
            for name in self.fields
            # v3 has the fields that need no `include` for every customer: null if absent.
            if name in response or name not in INCLUDE
        )
        add_unknown(row, response, self._known)

    def _read(self, ids: list[int]) -> list[Row]:
        params = {"id:in": ",".join(map(str, ids)), **self._include}
        return self._lists.read_list(PATH, params, is_complete=lambda rows: len(rows) >= len(ids))


def customer_details(read_request: ReadRequest) -> CustomerDetails | None:
    """The enricher of customers; None where no field is selected that only v3 has."""
    details = CustomerDetails(read_request)
    return details if details.fields else None


def from_v3(row: Row) -> Row:
    """A customer of v3 in the form of v2, beside the fields that only v3 has."""
    found = dict(row)
    credit, login = row.get("store_credit_amounts"), row.get("authentication")
    if are_rows(credit) and credit:
        found["store_credit"] = credit[0].get("amount")
    if isinstance(login, dict) and "force_password_reset" in login:
        found["reset_pass_on_login"] = login["force_password_reset"]
        found["_authentication"] = {"force_reset": login["force_password_reset"]}
    if are_rows(row.get("form_fields")):
        # v2 has null for none, and no customer_id.
        found["form_fields"] = [
            {name: value for name, value in field.items() if name != "customer_id"}
            for field in row["form_fields"]
        ] or None
    return found
