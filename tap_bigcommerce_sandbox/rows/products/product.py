"""Products as the v3 catalog gives them."""

from __future__ import annotations

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.money import number as amount
from tap_bigcommerce_sandbox.randomness import SeededRandom
from tap_bigcommerce_sandbox.rows.products.brief import Brief, base_variant, brief
from tap_bigcommerce_sandbox.rows.products.children import PARTS
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World


def _make(world: World, number: int, form: Form) -> Row:
    known = brief(world, number)
    rng = world.rng("product", number)
    row = {**_description(world, known, rng), **_stock(world, known, rng)}
    row.update(_presentation(known, rng))
    for part in sorted(form.includes):
        row[part] = PARTS[part](world, number)
    return row


def _description(world: World, known: Brief, rng: SeededRandom) -> Row:
    table = world.tables["products"]
    on_sale = rng.chance(0.2)
    price = amount(known.price)
    sale = amount(known.price * 80 // 100) if on_sale else 0
    text = " ".join(rng.pick(texts.SENTENCES) for _ in range(rng.between(1, 12)))
    return {
        "id": known.id,
        "name": known.name,
        "type": "digital" if known.digital else "physical",
        "sku": known.sku,
        "description": f"<p>{text}</p>",
        # Weights and sizes are floats, but integers when whole.
        "weight": amount(rng.between(1, 99) * 25),
        "width": amount(rng.between(0, 40) * 50),
        "depth": 0,
        "height": amount(rng.between(0, 40) * 50),
        "price": price,
        "cost_price": amount(known.price * 60 // 100) if rng.chance(0.3) else 0,
        "retail_price": 0,
        "sale_price": sale,
        "map_price": 0,
        "tax_class_id": 0 if rng.chance(0.9) else 1,
        "product_tax_code": "",
        "calculated_price": sale or price,
        "categories": _categories(world, known.id),
        "brand_id": 0 if rng.chance(0.3) else world.some_id("brands", rng),
        "option_set_id": None if rng.chance(0.8) else known.id,
        "option_set_display": "right",
        "date_created": iso(table.created(known.id)),
        "date_modified": iso(table.modified(known.id)),
        "date_last_imported": None if rng.chance(0.9) else iso(table.created(known.id)),
    }


def _categories(world: World, product: int) -> list[int]:
    rows = world.below("product_category_assignments", product)
    return [row["category_id"] for row in rows]


def _stock(world: World, known: Brief, rng: SeededRandom) -> Row:
    tracking = "variant" if known.variants > 1 else rng.pick(("none", "product"))
    return {
        "inventory_level": 0 if tracking == "none" else rng.between(0, 500),
        "inventory_warning_level": 0,
        "inventory_tracking": tracking,
        "reviews_rating_sum": 0,
        "reviews_count": 0,
        # The largest 32-bit number has been seen on a real product.
        "total_sold": 2147483647 if rng.chance(0.01) else rng.between(0, 900),
        "fixed_cost_shipping_price": 0 if rng.chance(0.9) else 9.99,
        "is_free_shipping": rng.chance(0.05),
        "is_visible": rng.chance(0.9),
        "is_featured": rng.chance(0.1),
        # [-1] stands for "chosen automatically".
        "related_products": [-1] if rng.chance(0.9) else [world.some_id("products", rng)],
        "warranty": "",
        "bin_picking_number": "",
        "layout_file": "product.html",
        "upc": "" if rng.chance(0.8) else str(rng.between(10**11, 10**12)),
        "mpn": "",
        "gtin": "",
        "base_variant_id": base_variant(known.id) if known.variants < 2 else None,
    }


def _presentation(known: Brief, rng: SeededRandom) -> Row:
    preorder = rng.chance(0.02)
    return {
        "search_keywords": "mug, чашка, マグ" if rng.chance(0.2) else "",
        "availability": "preorder" if preorder else "available",
        "availability_description": "",
        "gift_wrapping_options_type": "any",
        "gift_wrapping_options_list": [],
        "sort_order": rng.between(-5, 5),
        "condition": "New" if rng.chance(0.95) else rng.pick(("Used", "Refurbished")),
        "is_condition_shown": False,
        "order_quantity_minimum": 0,
        "order_quantity_maximum": 0,
        "page_title": "",
        "meta_keywords": ["home", "büro"] if rng.chance(0.2) else [],
        "meta_description": "",
        "view_count": rng.between(0, 5000),
        "preorder_release_date": "2027-01-01T00:00:00+00:00" if preorder else None,
        # Sample products come with the text "0" here.
        "preorder_message": "0" if rng.chance(0.3) else "",
        "is_preorder_only": preorder,
        "is_price_hidden": False,
        "price_hidden_label": "0" if rng.chance(0.3) else "",
        "custom_url": {
            "url": f"/product-{known.id}/",
            "is_customized": False,
            "create_redirect": False,
        },
        "open_graph_type": "product",
        "open_graph_title": "",
        "open_graph_description": "",
        "open_graph_use_meta_description": True,
        "open_graph_use_product_name": True,
        "open_graph_use_image": True,
    }


PRODUCTS = Kind(
    "products",
    size=lambda options: options.products,
    make=_make,
    changes="name",
    includes=frozenset(PARTS),
    facts={"channels": PARTS["channels"]},
)
