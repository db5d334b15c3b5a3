"""How fast records are converted: `python bench/convert.py [--rounds 9] [--profile]`.

floor: the page's bytes through `orjson.loads`, each raw record through `orjson.dumps`.
tap: the same page through `orjson.loads`, assembly, `Converter.convert`, and `orjson.dumps` of the
RECORD message. Both alternate in one process, in processor time, so that other processes weigh
little; the figure is the median of the rounds' floor/tap.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tap_bigcommerce.transform import Converter, is_clean

Json = dict[str, Any]
Make = Callable[[random.Random], Any]

WORDS = [
    "organic",
    "cotton",
    "steel",
    "deluxe",
    "edition",
    "garden",
    "lamp",
    "blue",
    "set",
    "large",
]
# Five years of business.
DATES = range(1_600_000_000, 1_760_000_000)
PRICES = [number * 0.5 - 0.01 * (number % 3) for number in range(1, 400)]


def money(rng: random.Random) -> str:
    """Half is 0, a third a price of the shop, the rest totals and taxes, which can be anything."""
    kind = rng.random()
    if kind < 0.5:
        return "0.0000"
    if kind < 0.85:
        return f"{rng.choice(PRICES):.4f}"
    return f"{rng.randrange(1, 50000) / 100:.4f}"


def decimal(rng: random.Random) -> float | int:
    price = rng.choice(PRICES)
    return int(price) if price == int(price) else price


def words(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(1, 5)))


def rfc_2822(rng: random.Random) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(rng.choice(DATES)))


def iso_8601(rng: random.Random) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(rng.choice(DATES)))


KINDS: dict[str, tuple[Json, Make]] = {
    "m": ({"type": ["null", "number"]}, money),
    "n": ({"type": ["null", "number"]}, decimal),
    "i": ({"type": ["null", "integer"]}, lambda rng: rng.randrange(100_000)),
    "b": ({"type": ["null", "boolean"]}, lambda rng: rng.random() < 0.5),
    "s": ({"type": ["null", "string"]}, words),
    "e": ({"type": ["null", "string"]}, lambda rng: ""),
    "z": ({"type": ["null", "string"]}, lambda rng: None),
    "f": ({"type": ["null", "string"]}, lambda rng: rng.choice(["", None, words(rng)])),
    "x": ({"type": ["null", "string"]}, lambda rng: rng.choice(WORDS) * 20),
    "d": ({"type": ["null", "string"], "format": "date-time"}, rfc_2822),
    "t": ({"type": ["null", "string"], "format": "date-time"}, iso_8601),
    "o": ({"type": ["null", "string"], "format": "date-time"}, lambda rng: ""),
    "I": (
        {"type": ["null", "array"], "items": {"type": ["null", "integer"]}},
        lambda rng: [rng.randrange(500) for _ in range(rng.randrange(4))],
    ),
    "S": ({"type": ["null", "array"], "items": {"type": ["null", "string"]}}, lambda rng: []),
}


class Form(NamedTuple):
    """Fields with their kinds, and the objects and arrays of objects among them."""

    flat: str
    objects: dict[str, Form]
    # name: (item, fewest, most)
    arrays: dict[str, tuple[Form, int, int]]

    def schema(self) -> Json:
        fields = {name: dict(KINDS[kind][0]) for name, kind in self._flat()}
        fields |= {name: form.schema() for name, form in self.objects.items()}
        for name, (form, _, _) in self.arrays.items():
            fields[name] = {"type": ["null", "array"], "items": form.schema()}
        return {"type": ["null", "object"], "properties": fields}

    def make(self, rng: random.Random) -> Json:
        made = {name: KINDS[kind][1](rng) for name, kind in self._flat()}
        made |= {name: form.make(rng) for name, form in self.objects.items()}
        for name, (form, fewest, most) in self.arrays.items():
            made[name] = [form.make(rng) for _ in range(rng.randint(fewest, most))]
        return made

    def _flat(self) -> list[tuple[str, str]]:
        return [(name, kind) for name, _, kind in (f.partition(":") for f in self.flat.split())]


def form(flat: str, objects: Any = None, arrays: Any = None) -> Form:
    return Form(flat, objects or {}, arrays or {})


FORM_FIELD = form("name:s value:s")
PERSON = (
    "first_name:s last_name:s company:f street_1:s street_2:e city:s state:s zip:s country:s "
    "country_iso2:s phone:s email:s"
)
COSTS = (
    "base_cost:m cost_ex_tax:m cost_inc_tax:m cost_tax:m cost_tax_class_id:i base_handling_cost:m "
    "handling_cost_ex_tax:m handling_cost_inc_tax:m handling_cost_tax:m "
    "handling_cost_tax_class_id:i shipping_zone_id:i shipping_zone_name:s items_total:i "
    "items_shipped:i shipping_method:s"
)
DISCOUNT = form("id:s amount:m name:s code:z target:s")
OPTION = form(
    "id:i option_id:i order_product_id:i product_option_id:i display_name:s display_value:s "
    "value:s type:s name:s display_style:e display_name_customer:s display_name_merchant:s "
    "display_value_customer:s display_value_merchant:s"
)
LINE_ITEM = form(
    "id:i order_id:i product_id:i order_pickup_method_id:i order_address_id:i name:s sku:s type:s "
    "base_price:m price_ex_tax:m price_inc_tax:m price_tax:m base_total:m total_ex_tax:m "
    "total_inc_tax:m total_tax:m quantity:i base_cost_price:m cost_price_inc_tax:m "
    "cost_price_ex_tax:m weight:m width:s height:s depth:s cost_price_tax:m is_refunded:b "
    "quantity_refunded:i refund_amount:m return_id:i wrapping_id:i wrapping_name:f "
    "base_wrapping_cost:m wrapping_cost_ex_tax:m wrapping_cost_inc_tax:m wrapping_cost_tax:m "
    "wrapping_message:f quantity_shipped:i event_name:z event_date:o fixed_shipping_cost:m "
    "ebay_item_id:e ebay_transaction_id:e option_set_id:i parent_order_product_id:z "
    "is_bundled_product:b bin_picking_number:e external_id:f fulfillment_source:e brand:s upc:e "
    "variant_id:i name_customer:s name_merchant:s gift_certificate_id:z discounted_total_inc_tax:m",
    {},
    {
        "applied_discounts": (DISCOUNT, 0, 1),
        "product_options": (OPTION, 0, 2),
        "configurable_fields": (FORM_FIELD, 0, 0),
    },
)
ORDER = form(
    "id:i date_created:d date_modified:d date_shipped:o status_id:i status:s custom_status:s "
    "is_deleted:b customer_id:i customer_locale:s channel_id:i order_source:s external_source:z "
    "external_id:z external_order_id:e external_merchant_id:z ebay_order_id:s cart_id:f "
    "default_currency_id:i default_currency_code:s currency_id:i currency_code:s "
    "currency_exchange_rate:m store_default_currency_code:s "
    "store_default_to_transactional_exchange_rate:m total_ex_tax:m total_inc_tax:m total_tax:m "
    "subtotal_ex_tax:m subtotal_inc_tax:m subtotal_tax:m discount_amount:m coupon_discount:m "
    "store_credit_amount:m gift_certificate_amount:m refunded_amount:m base_shipping_cost:m "
    "shipping_cost_ex_tax:m shipping_cost_inc_tax:m shipping_cost_tax:m "
    "shipping_cost_tax_class_id:i base_handling_cost:m handling_cost_ex_tax:m "
    "handling_cost_inc_tax:m handling_cost_tax:m handling_cost_tax_class_id:i "
    "base_wrapping_cost:m wrapping_cost_ex_tax:m wrapping_cost_inc_tax:m wrapping_cost_tax:m "
    "wrapping_cost_tax_class_id:i is_tax_inclusive_pricing:b tax_provider_id:s payment_method:s "
    "payment_provider_id:z payment_status:s credit_card_type:z items_total:i items_shipped:i "
    "order_is_digital:b shipping_address_count:i customer_message:f staff_notes:f "
    "is_email_opt_in:b ip_address:s ip_address_v6:e geoip_country:s geoip_country_iso2:s",
    {
        "billing_address": form(PERSON, {}, {"form_fields": (FORM_FIELD, 0, 1)}),
        "consignments": form(
            "",
            {"email": form("", {}, {"gift_certificates": (FORM_FIELD, 0, 0)})},
            {
                "shipping": (
                    form(
                        f"id:i {PERSON} {COSTS}",
                        {},
                        {"line_items": (LINE_ITEM, 2, 3), "form_fields": (FORM_FIELD, 0, 1)},
                    ),
                    1,
                    1,
                ),
                "pickups": (FORM_FIELD, 0, 0),
                "downloads": (FORM_FIELD, 0, 0),
            },
        ),
    },
    {"fees": (DISCOUNT, 0, 0), "form_fields": (FORM_FIELD, 0, 0)},
)
VARIANT = form(
    "id:i product_id:i sku:s sku_id:z price:n calculated_price:n sale_price:n retail_price:n "
    "map_price:n weight:n calculated_weight:n width:n height:n depth:n is_free_shipping:b "
    "fixed_cost_shipping_price:n purchasing_disabled:b purchasing_disabled_message:e image_url:s "
    "cost_price:n upc:e mpn:e gtin:e inventory_level:i inventory_warning_level:i "
    "bin_picking_number:e",
    {},
    {"option_values": (form("id:i label:s option_id:i option_display_name:s"), 1, 2)},
)
IMAGE = form(
    "id:i product_id:i is_thumbnail:b sort_order:i description:e image_file:s url_zoom:s "
    "url_standard:s url_thumbnail:s url_tiny:s date_modified:t"
)
PRODUCT = form(
    "id:i name:s type:s sku:s description:x weight:n width:n depth:n height:n price:n cost_price:n "
    "retail_price:n sale_price:n map_price:n tax_class_id:i product_tax_code:e calculated_price:n "
    "categories:I brand_id:i option_set_id:z option_set_display:s inventory_level:i "
    "inventory_warning_level:i inventory_tracking:s reviews_rating_sum:i reviews_count:i "
    "total_sold:i fixed_cost_shipping_price:n is_free_shipping:b is_visible:b is_featured:b "
    "related_products:I warranty:e bin_picking_number:e layout_file:e upc:e mpn:e gtin:e "
    "date_last_imported:z search_keywords:e availability:s availability_description:e "
    "gift_wrapping_options_type:s gift_wrapping_options_list:I sort_order:i condition:s "
    "is_condition_shown:b order_quantity_minimum:i order_quantity_maximum:i page_title:e "
    "meta_keywords:S meta_description:e date_created:t date_modified:t view_count:i "
    "preorder_release_date:z preorder_message:e is_preorder_only:b is_price_hidden:b "
    "price_hidden_label:e base_variant_id:z open_graph_type:s open_graph_title:e "
    "open_graph_description:e open_graph_use_meta_description:b open_graph_use_product_name:b "
    "open_graph_use_image:b",
    {"custom_url": form("url:s is_customized:b")},
    {
        "variants": (VARIANT, 8, 8),
        "images": (IMAGE, 1, 3),
        "custom_fields": (form("id:i name:s value:s"), 0, 2),
        "bulk_pricing_rules": (form("id:i quantity_min:i quantity_max:i type:s amount:n"), 0, 0),
        "videos": (FORM_FIELD, 0, 0),
    },
)
COUPON = form(
    "id:i name:s type:s amount:m min_purchase:m expires:o enabled:b code:s num_uses:i max_uses:i "
    "max_uses_per_customer:i shipping_methods:z date_created:d restricted_to:S",
    {"applies_to": form("entity:s ids:I")},
)
CUSTOMER = form(
    "id:i company:f first_name:s last_name:s email:s phone:s date_created:d date_modified:d "
    "store_credit:m registration_ip_address:s customer_group_id:i notes:f tax_exempt_category:e "
    "accepts_marketing:b reset_pass_on_login:b",
    {},
    {"form_fields": (FORM_FIELD, 0, 1)},
)


def assemble_order(raw: Json) -> Json:
    """As the tap does: line items and addresses from the consignments, beside them."""
    record = dict(raw)
    shipping = raw["consignments"]["shipping"]
    record["products"] = sorted(
        (item for consignment in shipping for item in consignment["line_items"]),
        key=lambda item: item["id"],
    )
    addresses = []
    for consignment in shipping:
        address = {**consignment, "order_id": raw["id"]}
        del address["line_items"]
        addresses.append(address)
    record["shipping_addresses"] = addresses
    record["coupons"] = []
    return record


def order_schema() -> Json:
    schema = ORDER.schema()
    fields = schema["properties"]
    address = form(f"id:i order_id:i {PERSON} {COSTS}", {}, {"form_fields": (FORM_FIELD, 0, 1)})
    fields["products"] = {"type": ["null", "array"], "items": LINE_ITEM.schema()}
    fields["shipping_addresses"] = {"type": ["null", "array"], "items": address.schema()}
    fields["coupons"] = {"type": ["null", "array"], "items": DISCOUNT.schema()}
    return schema


class Case(NamedTuple):
    name: str
    bar: float
    form: Form
    schema: Json
    assemble: Callable[[Json], Json]
    # What happens to the schema that is emitted, and to the records.
    select: Callable[[Json], None] = lambda schema: None
    spoil: Callable[[Json], None] = lambda record: None


def without_consignments(schema: Json) -> None:
    del schema["properties"]["consignments"]


def without_some(schema: Json) -> None:
    for number, name in enumerate(list(schema["properties"])):
        if number % 3 == 2:
            del schema["properties"][name]


def new_field(record: Json) -> None:
    record["brand_new_field"] = "surprise"


def same(record: Json) -> Json:
    return record


CASES = [
    Case("orders", 0.45, ORDER, order_schema(), assemble_order),
    Case(
        "orders, 2 fields less", 0.45, ORDER, order_schema(), assemble_order, without_consignments
    ),
    Case("products", 0.45, PRODUCT, PRODUCT.schema(), same),
    Case("coupons", 0.55, COUPON, COUPON.schema(), same),
    Case("customers", 0.55, CUSTOMER, CUSTOMER.schema(), same),
    Case("customers, 2/3 selected", 0.0, CUSTOMER, CUSTOMER.schema(), same, without_some),
    Case("customers, a new field", 0.0, CUSTOMER, CUSTOMER.schema(), same, spoil=new_field),
    Case("orders, a new field", 0.0, ORDER, order_schema(), assemble_order, spoil=new_field),
]


def measure(case: Case, rounds: int, size: int, pages: int) -> tuple[list[float], float, float]:
    """The ratios of the rounds, and the median time of a record in seconds: floor, tap."""
    rng = random.Random(f"{case.name}, but the same every time")
    known = case.schema
    known["properties"]["_rescued_data"] = {"type": ["null", "string"]}
    emitted = orjson.loads(orjson.dumps(known))
    case.select(emitted)
    bodies = []
    for _ in range(pages):
        records = [case.form.make(rng) for _ in range(size)]
        for record in records:
            case.spoil(record)
        bodies.append(orjson.dumps(records))
    converter = Converter(emitted, known, keys=["id"])
    ratios, floors, taps = [], [], []
    for number in range(-1, rounds):
        start = time.process_time()
        for body in bodies:
            for record in orjson.loads(body):
                orjson.dumps(record)
        middle = time.process_time()
        for body in bodies:
            clean = is_clean(body)
            for record in orjson.loads(body):
                out = converter.convert(case.assemble(record), clean)
                orjson.dumps(
                    {
                        "type": "RECORD",
                        "stream": "orders",
                        "record": out,
                        "time_extracted": "2026-01-05T10:00:00.000000Z",
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
        end = time.process_time()
        if number >= 0:  # The first round compiles.
            floors.append(middle - start)
            taps.append(end - middle)
            ratios.append((middle - start) / (end - middle))
    each = size * pages
    return ratios, statistics.median(floors) / each, statistics.median(taps) / each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=250, help="records a page")
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, orjson {orjson.__version__}")
    for case in CASES:
        if options.only not in case.name:
            continue
        ratios, floor, tap = measure(case, options.rounds, options.size, options.pages)
        print(
            f"{case.name:26} floor/tap {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}, bar {case.bar:.2f})  "
            f"floor {floor * 1e6:6.1f} us  tap {tap * 1e6:6.1f} us a record"
        )


if __name__ == "__main__":
    main()
