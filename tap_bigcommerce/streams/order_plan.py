"""How the list of orders is asked for so that a wish is met."""

from __future__ import annotations

from tap_bigcommerce.streams.coupon_hints import CouponHints
from tap_bigcommerce.streams.order_details import OrderDetails, OrderWish, OwnListsOfOrders
from tap_bigcommerce.streams.stream import Plan, Wish


def order_wish(wish: Wish) -> OrderWish:
    """Which of an order's lists are wanted, and where from."""
    return OrderWish(
        products=wish.wants("products"),
        shipping_addresses=wish.wants("shipping_addresses"),
        coupons=wish.wants("coupons"),
        fees=wish.wants("fees"),
        consignments=wish.wants("consignments"),
        consignment_items=any(
            wish.wants(f"consignments.{kind}.line_items")
            for kind in ("pickups[]", "shipping[]", "downloads[]", "email.gift_certificates[]")
        ),
        always_coupons=wish.config.order_coupons == "always",
        embedded=wish.config.order_details == "embedded",
    )


def plan(wish: Wish) -> Plan:
    """Line items, addresses and fees come with the list, 250 orders a request."""
    wanted = order_wish(wish)
    include = []
    if wanted.embedded_items:
        include.append("consignments.line_items")
    elif wanted.embedded_consignments:
        include.append("consignments")
    if wanted.fees:
        include.append("fees")
    details = {"include": ",".join(include)} if include else {}
    if wanted.embedded_consignments:
        # Without it the API answers in its older form, an array.
        details["consignment_structure"] = "object"
    own = OwnListsOfOrders(wish.client, wish.purpose)
    hints = CouponHints(wish.client, wish.purpose)
    return Plan(
        details=details,
        enricher=OrderDetails(wanted, own, hints, wish.purpose.counts),
    )
