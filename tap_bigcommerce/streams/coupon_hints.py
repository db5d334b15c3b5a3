"""Whether an order may have coupons: the API has no list of them but the order's own.

What hints at a coupon is in the order, its line items and its addresses. What cannot be seen so
is a free-shipping coupon that has been deleted since, where the store shows a base cost of 0.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.exceptions import NotFound, ScopeMissing
from tap_bigcommerce.pages.page import Row

SHIPPING_TYPES = ("free_shipping", "shipping_discount", "promotion")
"""Types of coupons that may make shipping free without any other trace in the order."""

MANUAL_DISCOUNT = "manual-discount"
"""The id of the discount that a merchant gives by hand."""


class CouponHints:
    """Looks for hints at coupons, for one run of the orders stream."""

    def __init__(self, client: Client, purpose: Purpose) -> None:
        self._client = client
        self._purpose = purpose
        self._lock = threading.Lock()
        self._shipping_coupons: bool | None = None

    @staticmethod
    def seen(order: Row, items: Iterable[Row], addresses: Iterable[Row]) -> bool:
        """Something in the order hints at a coupon."""
        if not _is_zero(order.get("coupon_discount")):
            return True
        for item in items:
            if any(map(_may_be_a_coupon, _listed(item.get("applied_discounts")))):
                return True
        # Stores differ in whether the base cost is before or after tax.
        if _reduced(
            order.get("base_shipping_cost"),
            order.get("shipping_cost_ex_tax"),
            order.get("shipping_cost_inc_tax"),
        ):
            return True
        for address in addresses:
            if _reduced(
                address.get("base_cost"), address.get("cost_ex_tax"), address.get("cost_inc_tax")
            ):
                return True
        return False

    @staticmethod
    def ships_for_nothing(addresses: Iterable[Row]) -> bool:
        """Something is shipped free with a base cost of 0: for everyone, or by a coupon?"""
        for address in addresses:
            if (
                _is_zero(address.get("base_cost"))
                and _is_zero(address.get("cost_ex_tax"))
                and _is_zero(address.get("cost_inc_tax"))
            ):
                return True
        return False

    def store_has_shipping_coupons(self) -> bool:
        """Whether any coupon may make shipping free. Asks once a run; runs in the workers."""
        with self._lock:
            if self._shipping_coupons is None:
                self._shipping_coupons = any(self._has(type_) for type_ in SHIPPING_TYPES)
            return self._shipping_coupons

    def _has(self, type_: str) -> bool:
        try:
            answer = self._client.get(
                "/v2/coupons", {"type": type_, "limit": "1"}, list, self._purpose
            )
        except (NotFound, ScopeMissing):
            return True  # It may not be known, so it cannot be excluded.
        return bool(answer.content)


def _listed(value: Any) -> list[Any]:
    """A list as it is; what is none counts as its only entry."""
    if isinstance(value, list):
        return value
    return [value] if value else []


def _may_be_a_coupon(discount: Any) -> bool:
    """What cannot be understood may be one, too."""
    if not isinstance(discount, dict):
        return True
    return bool(discount.get("code")) or discount.get("id") != MANUAL_DISCOUNT


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
