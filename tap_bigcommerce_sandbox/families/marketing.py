"""Prices, promotions, coupons, gift certificates, banners."""

from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.catalog import brief
from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.orders.discounts import COUPON_TYPES, coupon
from tap_bigcommerce_sandbox.families.orders.plan import plan
from tap_bigcommerce_sandbox.fields import (
    CODE,
    FLAG,
    ID,
    NAME,
    TEXT,
    UNIX_TEXT,
    integer,
    nested,
    one_of,
    only_if,
    some_of,
)
from tap_bigcommerce_sandbox.fields import array as several
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, only_count, words
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, CURSORS_NO_LINKS, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import SeededRandom, iso, money, rfc2822, unique_id
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.world import World


def _coupon(world: World, number: int) -> Row:
    known = coupon(world, number)
    table = world.tables["coupons"]
    rng = world.rng("coupon terms", number)
    promotion = known.type == 5
    row: Row = {
        "id": number,
        "name": known.name,
        "type": COUPON_TYPES[known.type],
        "amount": money(known.amount),
        "min_purchase": money(0 if promotion or rng.chance(0.6) else 2500),
        "expires": "" if rng.chance(0.6) else rfc2822(table.created(number) + 90 * 86400),
        "enabled": rng.chance(0.8),
        "code": known.code,
        "applies_to": {"entity": "categories", "ids": [0]},
        "num_uses": rng.between(0, 40),
        "max_uses": 0 if rng.chance(0.7) else 100,
        "max_uses_per_customer": 0 if rng.chance(0.8) else 1,
        "restricted_to": [] if promotion else _restriction(rng),
        "shipping_methods": None,
        "date_created": rfc2822(table.created(number)),
    }
    if promotion:
        _blank_applies_to(row, number)
    elif rng.chance(0.3):
        row["applies_to"] = {"entity": "products", "ids": [world.some_id("products", rng)]}
    if known.type == 3:
        row["shipping_methods"] = ["peritem", "shipping_upsready"]
    return row


def _blank_applies_to(row: Row, number: int) -> None:
    # A promotion's coupon has no targets of its own: the key is "" or not there at all.
    if number % 2:
        row["applies_to"] = ""
    else:
        del row["applies_to"]


def _restriction(rng: SeededRandom) -> Any:
    # PHP writes an empty map as an array, so "no restriction" is [] and any other is an object.
    draw = rng.random()
    if draw < 0.6:
        return []
    if draw < 0.8:
        return {"countries": ["AU", "NZ"]}
    if draw < 0.9:
        return {"zips": {"CL": ["8320000"], "US": ["78759", "97201"]}}
    return {"states": {"US": ["Texas"]}}


_ROOM = 10_000_000


def _price_list(world: World, number: int) -> Row:
    table = world.tables["price_lists"]
    return {
        "id": number,
        "date_created": iso(table.created(number)),
        "date_modified": iso(table.modified(number)),
        "name": f"{('Händler', 'Wholesale', '卸売')[number % 3]} {number}",
        "active": number % 5 != 0,
    }


def _records(world: World, price_list: int) -> list[Row]:
    found: list[Row] = []
    for product in world.tables["products"].ids:
        if world.draw(f"priced {price_list}", product) < 0.3:
            for variant in world.below("product_variants", product):
                found += _prices(world, price_list, product, variant)
    return found


def _prices(world: World, price_list: int, product: int, variant: Row) -> list[Row]:
    rng = world.rng(f"price {price_list}", variant["id"])
    cents = brief(world, product).price
    created = world.tables["price_lists"].created(price_list) + rng.between(0, 86400)
    # Most variants have a price in one currency, some in two.
    default = world.options.currency
    other = "EUR" if default != "EUR" else "USD"
    return [
        {
            "price_list_id": price_list,
            "variant_id": variant["id"],
            "product_id": product,
            "sku": variant["sku"],
            "currency": currency.lower() if price_list % 2 else currency,
            "price": amount(cents * 90 // 100),
            "sale_price": None if rng.chance(0.7) else amount(cents * 80 // 100),
            "retail_price": None,
            "map_price": None,
            "calculated_price": amount(cents * 90 // 100),
            "date_created": iso(created),
            "date_modified": iso(created + rng.between(0, 200 * 86400)),
            "bulk_pricing_tiers": _tiers() if rng.chance(0.2) else [],
        }
        for currency in ((default, other) if rng.chance(0.3) else (default,))
    ]


def _tiers() -> list[Row]:
    return [
        {"quantity_min": 10, "quantity_max": 19, "type": "fixed", "amount": 1.5},
        {"quantity_min": 20, "quantity_max": None, "type": "percent", "amount": 10},
    ]


def _assignments(world: World, price_list: int) -> list[Row]:
    groups, channels = world.tables["customer_groups"].base, world.tables["channels"].base
    return [
        {
            "id": price_list * 100 + at,
            "price_list_id": price_list,
            "customer_group_id": group,
            "channel_id": channels[at % len(channels)],
        }
        for at, group in enumerate(groups)
        if (group + price_list) % 2
    ]


_CODES = 100_000


# Promotions
def _promotion(world: World, number: int) -> Row:
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


def _promotion_channels(world: World, number: int) -> list[int]:
    return [channel["id"] for channel in world.row("promotions", number)["channels"]]


def _promotion_type(world: World, number: int) -> str:
    return str(world.row("promotions", number)["redemption_type"]).lower()


_DATES = "date_created:=,min,max date_modified:=,min,max"

LISTS: tuple[List, ...] = (
    List(
        "coupons",
        "v2/coupons",
        "marketing",
        row=_coupon,
        text="name",
        filters=params(integer="min_id max_id id", text="code name type exclude_type>type:!="),
        count=only_count,
    ),
    List(
        "price_lists",
        "v3/pricelists",
        "products",
        row=_price_list,
        text="name",
        filters=params(integer="id:in", text="name:=,like", date=_DATES),
        paging=CURSORS_NO_LINKS,
    ),
    List(
        "price_list_records",
        "v3/pricelists/{}/records",
        "products",
        parent="price_lists",
        rows=_records,
        id="",
        key=("price_list_id", "variant_id", "currency"),
        key_types={"currency": "string"},
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
        "price_list_assignments",
        "v3/pricelists/assignments",
        "products",
        parent="price_lists",
        rows=_assignments,
        parent_field="price_list_id",
        stride=100,
        filters=params(integer="id:=,in price_list_id:=,in customer_group_id:=,in channel_id:=,in"),
        paging=CURSORS_NO_LINKS,
    ),
    List(
        "promotions",
        "v3/promotions",
        "marketing",
        row=_promotion,
        text="display_name",
        first_id=500,
        facts={"channel_ids": _promotion_channels, "type": _promotion_type},
        filters=params(
            integer="id channels>channel_ids:has",
            text="name currency_code status redemption_type>type query>name:like",
        ),
        sorts=words("id name priority start_date"),
        direction=True,
    ),
    List(
        "promotion_codes",
        "v3/promotions/{}/codes",
        "marketing",
        parent="promotions",
        rows=_codes,
        text="code",
        stride=_CODES,
        dates=Dates(iso, "created"),
        filters=params(text="code"),
        paging=Paging("cursor"),
    ),
    List(
        "gift_certificates",
        "v2/gift_certificates",
        "marketing",
        parent="orders",
        rows=_gift_certificates,
        text="message",
        parent_field="order_id",
        stride=10,
        dates=Dates(str, "purchase_date"),
        filters=params(
            integer="min_id max_id order_id", text="code to_name to_email from_name from_email"
        ),
        sorts=words("id"),
        direction=True,
        single="gift_certificate",
    ),
    List(
        "banners",
        "v2/banners",
        "marketing",
        fields={
            "id": ID,
            "name": NAME,
            "content": TEXT,
            "page": one_of("home_page", "category_page", "brand_page", "search_page"),
            "location": one_of("top", "bottom"),
            "date_created": UNIX_TEXT,
            "date_type": one_of("custom", "always"),
            "date_from": only_if("date_type", "custom", UNIX_TEXT, "0"),
            "date_to": only_if("date_type", "custom", UNIX_TEXT, "0"),
            "visible": one_of("1", "1", "0"),
            "item_id": one_of("0"),
        },
        filters=params(integer="min_id max_id"),
        single="banner",
    ),
    # Without channel_id: a channel's own e-mails are other rows, and these name no channel.
    List(
        "abandoned_cart_emails",
        "v3/marketing/abandoned-cart-emails",
        "information",
        fields={
            "id": ID,
            "notify_at_minutes": one_of(60, 240, 1440, 14400),
            "coupon_code": CODE,
            "template": nested(
                {
                    "subject": NAME,
                    "body": TEXT,
                    "translations": several(
                        nested(
                            {
                                "locale": one_of("en", "fr-ca"),
                                "keys": some_of({"hello_phrase": TEXT, "größe": TEXT}),
                            }
                        )
                    ),
                }
            ),
            "is_active": FLAG,
            "sent_num": integer(),
        },
        paging=ALL_AT_ONCE,
        single="abandoned_cart_email",
    ),
)
