"""Promotions and their codes, gift certificates."""

from __future__ import annotations

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.ids import unique_id
from tap_bigcommerce_sandbox.money import money
from tap_bigcommerce_sandbox.rows.customers import email_of
from tap_bigcommerce_sandbox.rows.orders.plan import plan
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World

_FIRST_PROMOTION = 500
_CODES = 100_000


# Promotions
def _promotion(world: World, number: int, form: Form) -> Row:
    table = world.tables["promotions"]
    rng = world.rng("promotion", number)
    codes = _code_count(world, number)
    created = table.created(number)
    segments = world.tables["segments"].base
    row: Row = {
        "id": number,
        "redemption_type": "COUPON" if codes else "AUTOMATIC",
        "name": f"{rng.pick(('3 for 2 – Sommer ☀', 'Gratis Versand', '春のセール'))} {number}",
        "display_name": "",
        "channels": [{"id": at} for at in world.tables["channels"].base[: number % 3]],
        "customer": {
            "group_ids": list(world.tables["customer_groups"].base[: number % 2]),
            "minimum_order_count": number % 2,
            "excluded_group_ids": [],
            "segments": {"id": [unique_id("segment", segments[0])]}
            if segments and number % 3 == 0
            else None,
        },
        "rules": [_rule(world, number)],
        "current_uses": rng.between(0, 900),
        "max_uses": None if rng.chance(0.7) else 1000,
        "status": rng.pick(("ENABLED", "ENABLED", "DISABLED", "INVALID")),
        "start_date": iso(created),
        "end_date": None if rng.chance(0.6) else iso(created + 90 * 86400),
        "stop": rng.chance(0.2),
        "can_be_used_with_other_promotions": rng.chance(0.8),
        "currency_code": world.options.currency if rng.chance(0.8) else "*",
        "notifications": [_notification()] if number % 2 else [],
        "shipping_address": None if number % 3 else {"countries": [{"iso2_country_code": "DE"}]},
        "schedule": None if number % 4 else _schedule(),
        "created_from": rng.pick(("react_ui", "legacy_ui", "api")),
    }
    if codes:
        row["coupon_overrides_other_promotions"] = False
        row["coupon_overrides_automatic_when_offering_higher_discounts"] = False
        row["multiple_codes"] = {"has_multiple_codes": codes > 1}
        row["coupon_type"] = "BULK" if codes > 1 else "SINGLE"
    return row


def _rule(world: World, number: int) -> Row:
    percent = {"discount": {"percentage_amount": "33"}, "exclude_items_on_sale": False}
    items = {**percent, "strategy": "LEAST_EXPENSIVE", "quantity": 1, "as_total": False}
    product = next(iter(world.tables["products"].base), 0)
    brands = list(world.tables["brands"].base[:1])
    actions: tuple[Row, ...] = (
        {"cart_value": {"discount": {"fixed_amount": "5.00"}}},
        {"cart_items": {**items, "items": {"brands": brands}}},
        # Every zone is a text in place of a list of zones.
        {"shipping": {"free_shipping": True, "zone_ids": [1] if number % 2 else "*"}},
        {"fixed_price_set": {"quantity": 3, "fixed_price": "30", "items": None}},
        {"gift_item": {"quantity": 1, "product_id": product, "variant_id": None}},
    )
    cart = {"items": None, "minimum_spend": "25.00", "minimum_quantity": 3}
    return {
        "action": actions[number % len(actions)],
        "apply_once": True,
        "stop": False,
        "condition": {"cart": cart} if number % 2 else None,
    }


def _notification() -> Row:
    return {"content": "<p>Nur heute!</p>", "type": "ELIGIBLE", "locations": ["CART_PAGE"]}


def _schedule() -> Row:
    days = ["Monday", "Friday"]
    hours = {"daily_start_time": "09:00:00", "daily_end_time": "17:00:00"}
    return {"week_frequency": 1, "week_days": days, **hours}


def _code_count(world: World, promotion: int) -> int:
    """None for automatic promotions, one for most others, many for some."""
    most = max(0, world.options.codes_per_promotion)
    place = world.tables["promotions"].base_index(promotion)
    if place is None or place % 2:
        return 0
    return min(1, most) if place % 4 else most


def _codes(world: World, promotion: int) -> list[Row]:
    created = world.tables["promotions"].created(promotion)
    return [
        {
            "id": promotion * _CODES + at,
            "code": f"É{promotion}-{at:05d}",
            "current_uses": at % 7,
            "max_uses": 0 if at % 3 else 1,
            "max_uses_per_customer": at % 2,
            "created": iso(created + at),
        }
        for at in range(_code_count(world, promotion))
    ]


# Gift certificates
def _gift_certificates(world: World, order: int) -> list[Row]:
    sold = plan(world, order)
    if sold.scenario != "gift":
        return []
    rng = world.rng("gift certificate", order)
    bought = world.tables["orders"].created(order)
    expires = 0 if rng.chance(0.5) else bought + 365 * 86400
    return [
        {
            "id": order * 10,
            "customer_id": sold.customer,
            "order_id": order,
            "amount": money(2500),
            "balance": money(rng.pick((2500, 0, 1234))),
            "to_name": rng.pick(texts.FIRST_NAMES),
            "to_email": "friend@example.com",
            "from_name": rng.pick(texts.FIRST_NAMES),
            "from_email": email_of(sold.customer),
            # UNIX times as text; "0" stands for never.
            "purchase_date": str(bought),
            "expiry_date": str(expires),
            "template": rng.pick(("birthday.html", "christmas.html", False)),
            "message": rng.pick(texts.MESSAGES),
            "code": f"Q{order:05d}-{order % 97:02d}É",
            "status": rng.pick(("active", "active", "pending", "disabled", "expired")),
            "currency_code": sold.currency,
        }
    ]


MARKETING_KINDS: tuple[Kind, ...] = (
    Kind(
        "promotions",
        lambda options: options.promotions,
        _promotion,
        "display_name",
        first_id=_FIRST_PROMOTION,
        facts={
            "channel_ids": lambda world, number: [
                channel["id"] for channel in world.row("promotions", number)["channels"]
            ],
            "type": lambda world, number: world.row("promotions", number)[
                "redemption_type"
            ].lower(),
        },
    ),
)
MARKETING_CHILDREN: tuple[Child, ...] = (
    Child(
        "promotion_codes",
        "promotions",
        _codes,
        "code",
        stride=_CODES,
        created=("created", iso),
    ),
    Child(
        "gift_certificates",
        "orders",
        _gift_certificates,
        "message",
        parent_field="order_id",
        stride=10,
        created=("purchase_date", str),
    ),
)
