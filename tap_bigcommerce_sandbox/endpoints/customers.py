"""Endpoints of customers, v2 and v3, and of what belongs to them."""

from __future__ import annotations

from tap_bigcommerce_sandbox.endpoints.common import CURSORS, NO_LINKS, count_of, equal, metafields
from tap_bigcommerce_sandbox.fields import ID, NAME, PARENT, TEXT, ZULU, one_of, unique
from tap_bigcommerce_sandbox.filters import Filter, v2_range, v3_dates, v3_in
from tap_bigcommerce_sandbox.lists import Endpoint, RowList, Single
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.rows.customer_parts import CUSTOMER_CHILDREN, CUSTOMER_KINDS
from tap_bigcommerce_sandbox.rows.customers import CUSTOMERS
from tap_bigcommerce_sandbox.rows.customers_v3 import CUSTOMERS_V3, INCLUDES, has_profile
from tap_bigcommerce_sandbox.rows.metafields import METAFIELDS
from tap_bigcommerce_sandbox.simple_lists import Simple, SimpleList
from tap_bigcommerce_sandbox.world import Child, Kind

KINDS: tuple[Kind, ...] = (CUSTOMERS, CUSTOMERS_V3, *CUSTOMER_KINDS)
CHILDREN: tuple[Child, ...] = (*CUSTOMER_CHILDREN, *METAFIELDS[1:2])

# page and limit are no longer documented here, and yet what every client sends.
_CUSTOMERS = RowList(
    "customers",
    "v2",
    "customers",
    "customers",
    filters=(
        *v2_range("id", "integer"),
        *v2_range("date_created", "date"),
        *v2_range("date_modified", "date"),
        *equal("first_name", "last_name", "company", "email", "phone", "tax_exempt_category"),
        *equal("store_credit", reads="number"),
        *equal("customer_group_id", reads="integer"),
    ),
)
_CUSTOMERS_V3 = RowList(
    "customers_v3",
    "v3",
    "customers",
    "customers",
    filters=(
        v3_in("id"),
        v3_in("company", "text"),
        v3_in("customer_group_id"),
        v3_in("email", "text"),
        v3_in("name", "text"),
        Filter("name:like", "name", "like"),
        v3_in("phone", "text"),
        v3_in("registration_ip_address", "text"),
        *v3_dates("date_created", "date_modified"),
    ),
    sorts=frozenset(("date_created", "last_name", "date_modified")),
    downwards=True,
    includes=INCLUDES,
    paging=Paging("both", links=False),
    strict=True,
)

_GROUPS = RowList(
    "customer_groups",
    "v2",
    "customer_groups",
    "customers",
    filters=(
        *equal("name"),
        Filter("name:like", "name", "like"),
        *equal("is_default", "is_group_for_guests", reads="flag"),
        *v3_dates("date_created", "date_modified"),
    ),
)

_WISHLISTS = RowList(
    "wishlists",
    "v3",
    "wishlists",
    "customers",
    filters=equal("customer_id", reads="integer"),
    paging=NO_LINKS,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    _CUSTOMERS,
    Single("customer", _CUSTOMERS),
    count_of(_CUSTOMERS),
    _CUSTOMERS_V3,
    RowList(
        "customer_addresses",
        "v3",
        "customers/addresses",
        "customers",
        filters=(v3_in("id"), v3_in("customer_id"), v3_in("company", "text")),
        includes=frozenset(("formfields",)),
        shown_by={"formfields": frozenset(("form_fields",))},
        paging=NO_LINKS,
    ),
    _GROUPS,
    Single("customer_group", _GROUPS),
    RowList(
        "customer_attribute_values",
        "v3",
        "customers/attribute-values",
        "customers",
        filters=(
            v3_in("customer_id"),
            v3_in("attribute_id"),
            *v3_dates("date_created", "date_modified"),
        ),
    ),
    RowList(
        "customer_form_field_values",
        "v3",
        "customers/form-field-values",
        "customers",
        filters=(
            *equal("customer_id", "address_id", reads="integer"),
            Filter("field_name", "name"),
        ),
        paging=CURSORS,
    ),
    metafields("customer", "customers", "customers"),
    RowList(
        "subscribers",
        "v3",
        "customers/subscribers",
        "customers",
        filters=(
            *equal("email", "first_name", "last_name", "source"),
            *equal("id", "order_id", reads="integer"),
            v3_in("id"),
            *v3_dates("date_created", "date_modified"),
        ),
    ),
    _WISHLISTS,
    Single("wishlist", _WISHLISTS),
)

SIMPLE_LISTS: tuple[Simple, ...] = (
    SimpleList(
        "customer_attributes",
        "v3/customers/attributes",
        "customers",
        {
            "id": ID,
            "name": NAME,
            "type": one_of("string", "number", "date"),
            "date_created": ZULU,
            "date_modified": ZULU,
        },
        rows="customer_attributes",
        filters=(
            *equal("name", "type"),
            Filter("name:like", "name", "like"),
            *v3_dates("date_created", "date_modified"),
        ),
        paging=Paging(meta="open"),
    ),
    SimpleList(
        "segments",
        "v3/segments",
        "customers",
        {
            "id": unique("segment"),
            "name": NAME,
            "description": TEXT,
            "created_at": ZULU,
            "updated_at": ZULU,
        },
        filters=(v3_in("id", "unique id"),),
        paging=NO_LINKS,
        pattern="dense",
    ),
    SimpleList(
        "shopper_profiles",
        "v3/shopper-profiles",
        "customers",
        {"id": unique("profile"), "customer_id": PARENT, "created_at": ZULU, "updated_at": ZULU},
        rows=1,
        paging=NO_LINKS,
        parent="customers",
        share=has_profile,
    ),
)
