"""Whether an order may have coupons: the API has no list of them but the order's own.

What hints at a coupon is in the order, its line items and its addresses. What cannot be seen so
is a free-shipping coupon that has been deleted since, where the store shows a base cost of 0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.exceptions import MissingPermission, NotFound
from tap_bigcommerce.pagination.page import Row

SHIPPING_TYPES = ("free_shipping", "shipping_discount", "promotion")
"""Types of coupons that may make shipping free without any other trace in the order."""

COSTS_OF_ORDERS = ("base_shipping_cost", "shipping_cost_ex_tax", "shipping_cost_inc_tax")
COSTS_OF_ADDRESSES = ("base_cost", "cost_ex_tax", "cost_inc_tax")

MANUAL_DISCOUNT = "manual-discount"
"""The id of the discount that a merchant gives by hand."""


def hints_at_coupons(order: Row, items: Iterable[Row], addresses: Iterable[Row]) -> bool | None:
    """Whether something in the order hints at a coupon; None: only the store's coupons can tell.

    That is so where something is shipped free with a base cost of 0: for everyone, or by a coupon?
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
    """The store has coupons that may make shipping free."""
    for type_ in SHIPPING_TYPES:
        try:
            response = client.get("/v2/coupons", {"type": type_, "limit": "1"}, list, context)
        except (NotFound, MissingPermission):
            return True  # It may not be known, so it cannot be excluded.
        if response.content:
            return True
    return False


def _may_be_coupons(discounts: Any) -> bool:
    """What cannot be understood may be one, too."""
    if not isinstance(discounts, list):
        discounts = [discounts] if discounts else []
    return any(
        not isinstance(entry, dict) or entry.get("code") or entry.get("id") != MANUAL_DISCOUNT
        for entry in discounts
    )


def _reduced(base: Any, *charged: Any) -> bool:
    """The cost charged is neither the base cost before tax nor after it."""
    if base is None or base in charged:
        return False
    wanted = _decimal(str(base))
    return wanted is not None and all(_decimal(str(cost)) != wanted for cost in charged)


def _is_zero(amount: Any) -> bool:
    return amount in ("0.0000", 0, None, "") or _decimal(str(amount)) == 0


@functools.lru_cache(maxsize=4096)  # The same few amounts come again and again.
def _decimal(amount: str) -> Decimal | None:
    try:
        found = Decimal(amount)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
