"""Child rows of a product: a function each for variants, images and others."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.money import number as amount
from tap_bigcommerce_sandbox.randomness import SeededRandom
from tap_bigcommerce_sandbox.rows.products.brief import STRIDE, base_variant, brief, option_of
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import World

_CDN = "https://cdn11.bigcommerce.com/s-sandbox1/products"


def variants(world: World, product: int) -> list[Row]:
    """Variant rows; a simple product has its one base variant, without option values."""
    known = brief(world, product)
    rng = world.rng("variants", product)
    return [
        _variant(known.sku, known.price, product, at, rng) for at in range(max(1, known.variants))
    ]


def _variant(sku: str, price: int, product: int, at: int, rng: SeededRandom) -> Row:
    own_price = None if rng.chance(0.7) else amount(price + at * 100)
    size = texts.SIZES[at % len(texts.SIZES)]
    weight = rng.between(1, 50) / 10
    return {
        "id": base_variant(product) + at,
        "product_id": product,
        "sku": f"{sku}-{at}" if at else sku,
        "sku_id": base_variant(product) + at if at else None,
        "price": own_price,
        "calculated_price": amount(price) if own_price is None else own_price,
        "sale_price": None,
        "retail_price": None,
        "map_price": None,
        "weight": None if rng.chance(0.7) else weight,
        "calculated_weight": weight,
        "width": None,
        "height": None,
        "depth": None,
        "is_free_shipping": False,
        "fixed_cost_shipping_price": None,
        "purchasing_disabled": False,
        "purchasing_disabled_message": "",
        "image_url": "",
        "cost_price": 0,
        "upc": "" if rng.chance(0.9) else None,
        "mpn": "",
        "gtin": "",
        "inventory_level": rng.between(0, 200),
        "inventory_warning_level": 0,
        "bin_picking_number": "",
        "option_values": [
            {
                "id": 100 + at,
                "label": size,
                "option_id": option_of(product),
                "option_display_name": "Size",
            }
        ]
        if at
        else [],
    }


def images(world: World, product: int) -> list[Row]:
    """Image rows, none for some products."""
    rng = world.rng("images", product)
    modified = iso(world.tables["products"].created(product))
    rows = []
    fewest = world.options.fewest_images
    for at in range(rng.between(fewest, max(fewest, world.options.images_per_product))):
        number = product * STRIDE + at
        stem = f"{_CDN}/{product}/images/{number}/picture-é{at}.1780000000"
        rows.append(
            {
                "id": number,
                "product_id": product,
                "is_thumbnail": at == 0,
                "sort_order": at,
                "description": "" if at else "Vue de face",
                "image_file": f"f/{number}/picture__{at}.jpg",
                "image_url": f"{stem}.jpg",
                "url_zoom": f"{stem}.1280.1280.jpg?c=1",
                "url_standard": f"{stem}.386.513.jpg?c=1",
                "url_thumbnail": f"{stem}.220.290.jpg?c=1",
                "url_tiny": f"{stem}.44.58.jpg?c=1",
                "date_modified": modified,
            }
        )
    return rows


def custom_fields(world: World, product: int) -> list[Row]:
    """Custom fields, at most three."""
    rng = world.rng("custom fields", product)
    names = ("Material", "Pflegehinweis", "サイズ", "Link")
    return [
        {"id": product * STRIDE + at, "name": names[at], "value": rng.pick(texts.SENTENCES)}
        for at in range(rng.between(0, 3))
    ]


def bulk_pricing_rules(world: World, product: int) -> list[Row]:
    """Rules for few products; the amount is a number or a text."""
    if world.draw("bulk pricing", product) > 0.15:
        return []
    kinds: tuple[tuple[str, Any], ...] = (("percent", ".10"), ("price", "2.0000"), ("fixed", 7.5))
    return [
        {
            "id": product * STRIDE + at,
            "quantity_min": 10 * (at + 1),
            "quantity_max": 10 * (at + 2) - 1 if at < 2 else 0,
            "type": kind,
            "amount": value,
        }
        for at, (kind, value) in enumerate(kinds)
    ]


def options(world: World, product: int) -> list[Row]:
    """The option by which variants differ, if there are several."""
    known = brief(world, product)
    if known.variants < 2:
        return []
    values = [
        {
            "id": 100 + at,
            "label": texts.SIZES[at % len(texts.SIZES)],
            "sort_order": at,
            "value_data": {"colors": ["#FF0000"]} if at == 2 else None,
            "is_default": at == 0,
        }
        for at in range(known.variants)
    ]
    return [
        {
            "id": option_of(product),
            "product_id": product,
            "name": f"Size1521{product}",
            "display_name": "Size",
            "type": "rectangles",
            "sort_order": 0,
            "option_values": values,
            # As with other empty maps, PHP writes [] for a config without settings.
            "config": [] if product % 2 else {"default_value": values[0]["label"]},
        }
    ]


def modifiers(world: World, product: int) -> list[Row]:
    """Two modifiers for few products."""
    if world.draw("modifiers", product) > 0.1:
        return []
    return [
        {
            "id": product * STRIDE,
            "product_id": product,
            "name": "Engraving",
            "display_name": "Engraving ✍",
            "type": "text",
            "required": False,
            "sort_order": 1,
            "config": {
                "default_value": "",
                "text_characters_limited": True,
                "text_min_length": 0,
                "text_max_length": 9,
                "text_lines_limited": False,
                "text_max_lines": 0,
            },
            "option_values": [],
        },
        _gift_box(product),
    ]


def _gift_box(product: int) -> Row:
    choice = {
        "id": product * STRIDE + 1,
        "option_id": product * STRIDE + 1,
        "label": "Geschenkbox 🎁",
        "sort_order": 0,
        "value_data": None,
        "is_default": False,
        "adjusters": {
            "price": {"adjuster": "relative", "adjuster_value": 5},
            "weight": {"adjuster": None, "adjuster_value": 0.25},
            "image_url": "",
            "purchasing_disabled": {"status": False, "message": ""},
        },
    }
    return {
        "id": product * STRIDE + 1,
        "product_id": product,
        "name": f"Box{product}",
        "display_name": "Box",
        "type": "dropdown",
        "required": True,
        "sort_order": 2,
        "config": [],
        "option_values": [choice],
    }


def videos(world: World, product: int) -> list[Row]:
    """A video for few products."""
    if world.draw("videos", product) > 0.05:
        return []
    return [
        {
            "id": product * STRIDE,
            "product_id": product,
            "title": "How it is made 🎬",
            "description": "",
            "sort_order": 1,
            "type": "youtube",
            "video_id": "z3fRu9pkuXE",
            "length": "02:18",
        }
    ]


def reviews(world: World, product: int) -> list[Row]:
    """At most two reviews."""
    rng = world.rng("reviews", product)
    created = iso(world.tables["products"].created(product))
    return [
        {
            "id": product * STRIDE + at,
            "product_id": product,
            "title": "Très bien",
            "text": rng.pick(texts.SENTENCES),
            "status": 1,
            "rating": rng.between(1, 5),
            "email": "",
            "name": rng.pick(texts.FIRST_NAMES),
            "date_reviewed": created,
            "date_created": created,
            "date_modified": created,
        }
        for at in range(rng.between(-2, 2))
    ]
