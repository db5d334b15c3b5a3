"""Prices, promotions, coupons, gift certificates, banners."""

from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.catalog import brief
from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.orders.parts import COUPON_TYPES, coupon
from tap_bigcommerce_sandbox.families.orders.plan import Plan, plan
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, only_count, words
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, CURSORS_NO_LINKS, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import iso, money, same, unique_id
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.world import World

_DAY = 86400
_ROOM = 10_000_000
_CODES = 100_000


def _unless_promotion(item: Any, otherwise: Any) -> kind.Field:
    return kind.only_if("type", "promotion", otherwise, item)


# Price lists
def _records(world: World, price_list: int) -> list[Row]:
    return [
        price
        for product in world.tables["products"].ids
        if world.draw(f"priced {price_list}", product) < 0.3
        for variant in world.below("product_variants", product)
        for price in _prices(world, price_list, product, variant)
    ]


def _prices(world: World, price_list: int, product: int, variant: Row) -> list[Row]:
    # By the variant, so that a price does not change when another product is deleted.
    rng = world.rng(f"price {price_list}", variant["id"])
    cents = brief(world, product).price
    created = world.tables["price_lists"].created(price_list) + rng.between(0, _DAY)
    # Most variants have a price in one currency, some in two.
    default = world.options.currency
    other = "EUR" if default != "EUR" else "USD"
    tiers = [
        {"quantity_min": 10, "quantity_max": 19, "type": "fixed", "amount": 1.5},
        {"quantity_min": 20, "quantity_max": None, "type": "percent", "amount": 10},
    ]
    return [
        {
            "price_list_id": price_list,
            "variant_id": variant["id"],
            "product_id": product,
            "sku": variant["sku"],
            "currency": currency.lower() if price_list % 2 else currency,
            **same(amount(cents * 90 // 100), "price calculated_price"),
            "sale_price": None if rng.chance(0.7) else amount(cents * 80 // 100),
            **same(None, "retail_price map_price"),
            "date_created": iso(created),
            "date_modified": iso(created + rng.between(0, 200 * _DAY)),
            "bulk_pricing_tiers": tiers if rng.chance(0.2) else [],
        }
        for currency in ((default, other) if rng.chance(0.3) else (default,))
    ]


# Promotions
_PROMOTED_ITEMS = {
    "discount": {"percentage_amount": "33"},
    "exclude_items_on_sale as_total": False,
    "strategy": "LEAST_EXPENSIVE",
    "quantity": 1,
    "items": {"brands": kind.array(kind.refers_to("brands", 1), 1)},
}
_PROMOTION_RULE = {
    "action": kind.in_turn(
        {"cart_value": {"discount": {"fixed_amount": "5.00"}}},
        {"cart_items": _PROMOTED_ITEMS},
        # Every zone is a text in place of a list of zones.
        {"shipping": {"free_shipping": True, "zone_ids": kind.in_turn("*", [1])}},
        {"fixed_price_set": {"quantity": 3, "fixed_price": "30", "items": None}},
        {
            "gift_item": {
                "quantity": 1,
                "product_id": kind.refers_to("products"),
                "variant_id": None,
            }
        },
    ),
    "apply_once": True,
    "stop": False,
    "condition": kind.in_turn(
        None, {"cart": {"items": None, "minimum_spend": "25.00", "minimum_quantity": 3}}
    ),
}


def _segments(cell: kind.Cell) -> Row | None:
    segments = cell.world.tables["segments"].base
    has = segments and cell.number % 3 == 0
    return {"id": [unique_id("segment", segments[0])]} if has else None


def _promotion_codes(world: World, promotion: int) -> Sequence[int]:
    """None for automatic promotions, one for most others, many for some."""
    most = max(0, world.options.codes_per_promotion)
    place = world.tables["promotions"].base_index(promotion)
    if place is None or place % 2:
        return range(0)
    return range(min(1, most) if place % 4 else most)


def _if_coupon(item: Any) -> kind.Field:
    """A field of promotions with codes."""
    return kind.only_if("redemption_type", "COUPON", item)


def _several_codes(one: Any, several: Any) -> kind.Field:
    return _if_coupon(lambda cell: several if len(cell.basis) > 1 else one)


def _gifts(world: World, order: int) -> Sequence[Plan]:
    sold = plan(world, order)
    return [sold] if sold.scenario == "gift" else []


_DATES = "date_created:=,min,max date_modified:=,min,max"

LISTS: tuple[List, ...] = (
    List(
        *("coupons", "v2/coupons", "marketing"),
        basis=coupon,
        fields={
            "name": lambda cell: cell.basis.name,
            "type": lambda cell: COUPON_TYPES[cell.basis.type],
            "amount": lambda cell: money(cell.basis.amount),
            "min_purchase": _unless_promotion(kind.mostly(money(0), money(2500)), money(0)),
            "expires": kind.mostly("", kind.RFC2822, 0.6),
            "enabled": kind.FLAG,
            "code": lambda cell: cell.basis.code,
            # A promotion's coupon has no targets of its own: the key is "" or not there at all.
            "applies_to": _unless_promotion(
                kind.mostly(
                    {"entity": "categories", "ids": [0]},
                    {"entity": "products", "ids": [kind.refers_to("products")]},
                ),
                kind.in_turn(kind.ABSENT, ""),
            ),
            "num_uses": kind.integer(0, 40),
            "max_uses": kind.mostly(0, 100),
            "max_uses_per_customer": kind.mostly(0, 1),
            # PHP writes an empty map as an array: "no restriction" is [], any other an object.
            "restricted_to": _unless_promotion(
                kind.one_of(
                    [],
                    {"countries": ["AU", "NZ"]},
                    {"zips": {"CL": ["8320000"], "US": ["78759", "97201"]}},
                    {"states": {"US": ["Texas"]}},
                ),
                [],
            ),
            "shipping_methods": kind.only_if(
                "type", "shipping_discount", ["peritem", "shipping_upsready"], None
            ),
            "date_created": kind.RFC2822,
        },
        text="name",
        filters=params(integer="min_id max_id id", text="code name type exclude_type>type:not"),
        count=only_count,
    ),
    List(
        *("price_lists", "v3/pricelists", "products"),
        fields={
            "date_created date_modified": kind.ISO,
            "name": kind.written("Händler 卸売 {number}"),
            "active": kind.FLAG,
        },
        filters=params(integer="id:in", text="name:=,like", date=_DATES),
        paging=CURSORS_NO_LINKS,
    ),
    List(
        *("price_list_records", "v3/pricelists/{}/records", "products"),
        parent="price_lists",
        rows=_records,
        id="",
        key=("price_list_id", "variant_id", "currency"),
        parent_field="price_list_id",
        stride=_ROOM,
        dates=Dates(iso, "date_created", "date_modified"),
        depends_on=("products",),
        filters=params(
            integer="variant_id:in product_id:in",
            text="currency:=,in sku:=,in",
            number="price:=,min,max sale_price:=,min,max retail_price:=,min,max"
            " map_price:=,min,max calculated_price:=,min,max",
            date=_DATES,
        ),
        optional=words("bulk_pricing_tiers sku"),
        paging=CURSORS_NO_LINKS,
    ),
    List(
        *("price_list_assignments", "v3/pricelists/assignments", "products"),
        parent="price_lists",
        basis=lambda world, number: [
            group for group in world.tables["customer_groups"].base if (group + number) % 2
        ],
        fields={
            "price_list_id": kind.PARENT,
            "customer_group_id": lambda cell: cell.basis,
            "channel_id": kind.refers_to("channels"),
        },
        stride=100,
        filters=params(integer="id:=,in price_list_id:=,in customer_group_id:=,in channel_id:=,in"),
        paging=CURSORS_NO_LINKS,
    ),
    List(
        *("promotions", "v3/promotions", "marketing"),
        basis=_promotion_codes,
        fields={
            "redemption_type": lambda cell: "COUPON" if cell.basis else "AUTOMATIC",
            "name": kind.one_of("3 for 2 – Sommer ☀", "Gratis Versand", "春のセール"),
            "display_name": "",
            "channels": lambda cell: [
                {"id": at} for at in cell.world.tables["channels"].base[: cell.number % 3]
            ],
            "customer": {
                "group_ids": kind.array(kind.refers_to("customer_groups", 1), 1),
                "minimum_order_count": kind.integer(0, 1),
                "excluded_group_ids": [],
                "segments": _segments,
            },
            "rules": [_PROMOTION_RULE],
            "current_uses": kind.integer(),
            "max_uses": kind.nullable(1000),
            "status": kind.one_of("ENABLED", "DISABLED", "INVALID"),
            "start_date": kind.ISO,
            "end_date": kind.nullable(kind.ISO),
            "stop can_be_used_with_other_promotions": kind.FLAG,
            "currency_code": kind.mostly(kind.CURRENCY, "*"),
            "notifications": kind.array(
                {"content": "<p>Nur heute!</p>", "type": "ELIGIBLE", "locations": ["CART_PAGE"]}, 1
            ),
            "shipping_address": kind.nullable({"countries": [{"iso2_country_code": "DE"}]}),
            "schedule": kind.nullable(
                {
                    "week_frequency": 1,
                    "week_days": ["Monday", "Friday"],
                    "daily_start_time": "09:00:00",
                    "daily_end_time": "17:00:00",
                }
            ),
            "created_from": kind.one_of("react_ui", "legacy_ui", "api"),
            "coupon_overrides_other_promotions": _if_coupon(False),
            "coupon_overrides_automatic_when_offering_higher_discounts": _if_coupon(False),
            "multiple_codes": _several_codes(
                {"has_multiple_codes": False}, {"has_multiple_codes": True}
            ),
            "coupon_type": _several_codes("SINGLE", "BULK"),
        },
        text="display_name",
        first_id=500,
        facts={
            "channel_ids": lambda world, n: [
                c["id"] for c in world.row("promotions", n)["channels"]
            ],
            "type": lambda world, n: world.row("promotions", n)["redemption_type"].lower(),
        },
        filters=params(
            integer="id channels>channel_ids:has",
            text="name currency_code status redemption_type>type query>name:like",
        ),
        sorts=words("id name priority start_date"),
        direction=True,
    ),
    List(
        *("promotion_codes", "v3/promotions/{}/codes", "marketing"),
        parent="promotions",
        basis=_promotion_codes,
        fields={
            "code": kind.written("É{parent}-{at:05d}"),
            "current_uses": kind.integer(0, 6),
            "max_uses max_uses_per_customer": kind.integer(0, 1),
            "created": kind.ISO,
        },
        stride=_CODES,
        filters=params(text="code"),
        paging=Paging("cursor"),
    ),
    List(
        *("gift_certificates", "v2/gift_certificates", "marketing"),
        parent="orders",
        basis=_gifts,
        fields={
            "customer_id": lambda cell: cell.basis.customer,
            "order_id": kind.PARENT,
            "amount": money(2500),
            "balance": kind.one_of(money(2500), money(0), money(1234)),
            "to_name from_name": kind.FIRST_NAME,
            "to_email": "friend@example.com",
            "from_email": lambda cell: email_of(cell.basis.customer),
            # UNIX times as text; "0" stands for never.
            "purchase_date": kind.UNIX_TEXT,
            "expiry_date": kind.one_of("0", kind.UNIX_TEXT),
            "template": kind.one_of("birthday.html", "christmas.html", False),
            "message": kind.one_of(*texts.MESSAGES),
            "code": kind.written("Q{parent:05d}É"),
            "status": kind.one_of("active", "active", "pending", "disabled", "expired"),
            "currency_code": lambda cell: cell.basis.currency,
        },
        text="message",
        stride=10,
        filters=params(
            integer="min_id max_id order_id", text="code to_name to_email from_name from_email"
        ),
        sorts=words("id"),
        direction=True,
        single="gift_certificate",
    ),
    List(
        *("banners", "v2/banners", "marketing"),
        fields={
            "name": kind.NAME,
            "content": kind.TEXT,
            "page": kind.one_of("home_page", "category_page", "brand_page", "search_page"),
            "location": kind.one_of("top", "bottom"),
            "date_created": kind.UNIX_TEXT,
            "date_type": kind.one_of("custom", "always"),
            "date_from date_to": kind.only_if("date_type", "custom", kind.UNIX_TEXT, "0"),
            "visible": kind.one_of("1", "1", "0"),
            "item_id": "0",
        },
        filters=params(integer="min_id max_id"),
        single="banner",
    ),
    # Without channel_id: a channel's own e-mails are other rows, and these name no channel.
    List(
        *("abandoned_cart_emails", "v3/marketing/abandoned-cart-emails", "information"),
        fields={
            "notify_at_minutes": kind.one_of(60, 240, 1440, 14400),
            "coupon_code": kind.CODE,
            "template": {
                "subject": kind.NAME,
                "body": kind.TEXT,
                "translations": kind.array(
                    {
                        "locale": kind.one_of("en", "fr-ca"),
                        "keys": kind.some_of({"hello_phrase größe": kind.TEXT}),
                    }
                ),
            },
            "is_active": kind.FLAG,
            "sent_num": kind.integer(),
        },
        paging=ALL_AT_ONCE,
        single="abandoned_cart_email",
    ),
)
