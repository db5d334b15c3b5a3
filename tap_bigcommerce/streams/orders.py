"""Orders: GET /v2/orders, with line items and addresses in the same answer."""

from tap_bigcommerce.config import Config
from tap_bigcommerce.pages.id_kind import IdParameters
from tap_bigcommerce.streams.order_plan import plan
from tap_bigcommerce.streams.stream import ORDERS as PERMISSION
from tap_bigcommerce.streams.stream import Stream

ITEM_PATHS = tuple(
    f"consignments.{kind}.line_items"
    for kind in ("pickups[]", "shipping[]", "downloads[]", "email.gift_certificates[]")
)
"""Where line items stand in consignments: the same rows as in `products`."""

LINKS_OF_ADDRESSES = ("shipping[].shipping_quotes",)


def without_coupons(config: Config | None) -> tuple[str, ...]:
    """Orders have no field `coupons` where nobody asks for them: null would be a lie."""
    return ("coupons",) if config is not None and config.order_coupons == "never" else ()


ORDERS = Stream(
    name="orders",
    channel_param="channel_id",
    channel_field="channel_id",
    by_default=True,
    path="/v2/orders",
    walk=IdParameters("min_id", {"sort": "id:asc"}, {"sort": "id:desc"}),
    permission=PERMISSION,
    replication_key="date_modified",
    modified_since="min_date_modified",
    plan=plan,
    links=(
        "consignments.url",
        "consignments.resource",
        "consignments.shipping[].shipping_quotes",
        "shipping_addresses[].shipping_quotes",
    ),
    off_by_default=ITEM_PATHS,
    text_paths=(
        "billing_address.form_fields[].value",
        "shipping_addresses[].form_fields[].value",
        "consignments.shipping[].form_fields[].value",
        "form_fields[].value",
    ),
    fields_without=without_coupons,
)
