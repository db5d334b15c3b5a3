"""Rows of orders in the form of v2, with links or with embedded consignments and fees."""

from __future__ import annotations

from tap_bigcommerce_sandbox.identity import link
from tap_bigcommerce_sandbox.rows.customers import email_of
from tap_bigcommerce_sandbox.rows.orders.consignments import consignments
from tap_bigcommerce_sandbox.rows.orders.document import document
from tap_bigcommerce_sandbox.rows.orders.plan import archived, customer_of, status_of
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World

INCLUDES = frozenset(("consignments", "consignments.line_items", "fees"))


def _make(world: World, number: int, form: Form) -> Row:
    found = document(world, number)
    options = world.options
    row = dict(found.row)
    row["consignments"] = link(f"/orders/{number}/consignments")
    row["fees"] = link(f"/orders/{number}/fees")
    if options.embedded_consignments == "never":
        return row
    if "fees" in form.includes:
        row["fees"] = found.fees
    if form.includes & {"consignments", "consignments.line_items"}:
        items = "consignments.line_items" in form.includes
        embedded = consignments(found, options, items=items, cut=options.line_item_cut)
        # Without consignment_structure=object the old form comes: an array around the object.
        as_object = form.structure == "object" and options.embedded_consignments == "object"
        row["consignments"] = embedded if as_object else [embedded]
    return row


ORDERS = Kind(
    "orders",
    size=lambda options: options.orders,
    make=_make,
    changes="staff_notes",
    first_id=100,
    soft_delete=True,
    facts={
        "is_deleted": archived,
        "customer_id": customer_of,
        "status_id": status_of,
        "billing_email": lambda world, number: email_of(customer_of(world, number)),
    },
)
