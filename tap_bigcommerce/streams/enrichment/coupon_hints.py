"""Signs in an order that it has coupons, which only its child list shows.

The hints are in the order, its line items and its addresses. They do not show a free-shipping
coupon that was deleted later, if the store shows a base cost of 0 for such shipping.
"""

import functools
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.exceptions import MissingPermission, NotFound
from tap_bigcommerce.pagination.page import Row

SHIPPING_TYPES = ("free_shipping", "shipping_discount", "promotion")
"""Types of coupons that may make shipping free without another trace in the order."""

COSTS_OF_ORDERS = ("base_shipping_cost", "shipping_cost_ex_tax", "shipping_cost_inc_tax")
COSTS_OF_ADDRESSES = ("base_cost", "cost_ex_tax", "cost_inc_tax")

MANUAL_DISCOUNT = "manual-discount"
"""The id of a discount that the merchant gave manually."""


def hints_at_coupons(order: Row, items: Iterable[Row], addresses: Iterable[Row]) -> bool | None:
    """Whether something in an order, its line items and shipping addresses hints at a coupon.

    None where it depends on the store's coupons: something is shipped free with a base cost of 0,
    either for everyone or because of a coupon.
    """
    costs = [[address.get(name) for name in COSTS_OF_ADDRESSES] for address in addresses]
    # Stores differ in whether the base cost is before or after tax.
    if (
        not _is_zero(order.get("coupon_discount"))
        or any(_reduced(*cost) for cost in [[order.get(name) for name in COSTS_OF_ORDERS], *costs])
        or any(_may_be_coupons(item.get("applied_discounts")) for item in items)
    ):
        return True
    return None if any(all(map(_is_zero, cost)) for cost in costs) else False


def shipping_coupons_exist(client: Client, context: RequestContext) -> bool:
    """Whether the store has coupons that may make shipping free. Makes up to three requests."""
    for type_ in SHIPPING_TYPES:
        try:
            response = client.get("/v2/coupons", {"type": type_, "limit": "1"}, list, context)
        except (NotFound, MissingPermission):
            return True  # Not known, so it is possible.
        if response.content:
            return True
    return False


def _may_be_coupons(discounts: Any) -> bool:
    """Whether one may be a coupon. That includes discounts in an unknown format."""
    if not isinstance(discounts, list):
        discounts = [discounts] if discounts else []
    return any(
        not isinstance(entry, dict) or entry.get("code") or entry.get("id") != MANUAL_DISCOUNT
        for entry in discounts
    )


def _reduced(base: Any, *charged: Any) -> bool:
    """Whether the cost charged is neither the base cost before tax nor that after it."""
    if base is None or base in charged:
        return False
    amount = _decimal(str(base))
    return amount is not None and all(_decimal(str(cost)) != amount for cost in charged)


def _is_zero(amount: Any) -> bool:
    return amount in ("0.0000", 0, None, "") or _decimal(str(amount)) == 0


@functools.lru_cache(maxsize=4096)  # Few different amounts occur.
def _decimal(amount: str) -> Decimal | None:
    try:
        found = Decimal(amount)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
