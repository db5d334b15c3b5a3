"""Products and their child lists, brands, categories, inventory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.metafields import metafields, simple_metafields
from tap_bigcommerce_sandbox.fields import refers_to
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import Computed, List, words
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.paging import UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import SeededRandom, iso, same, unique_id
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.world import Form, World

STRIDE = 1000
"""Ids of what is below a product start at its own id times this; a product has 600 variants at
most."""


@dataclass(frozen=True)
class Brief:
    """A product in short; price in cents."""

    id: int
    name: str
    sku: str
    price: int
    digital: bool
    variants: int


def brief(world: World, number: int) -> Brief:
    """The product with this id, or a custom item for id 0."""
    if not number:
        return Brief(0, "Custom item ✂", "", 1500, False, 0)
    found = world.briefs.get(number)
    if found is None:
        found = world.briefs.put(number, _brief(world, number))
    return cast(Brief, found)


def base_variant(product: int) -> int:
    """The id of a product's first variant."""
    return product * STRIDE


def option_of(product: int) -> int:
    """The id of the option by which a product's variants differ."""
    return product * STRIDE


def _brief(world: World, number: int) -> Brief:
    rng = world.rng("product brief", number)
    name = f"[{rng.pick(texts.ADJECTIVES)}] {rng.pick(texts.NOUNS)} {number}"
    # Whole prices are common, and come as JSON integers in v3.
    price = rng.between(3, 300) * 100 if rng.chance(0.5) else rng.between(199, 29999)
    most = world.options.variants_per_product
    fewest = world.options.fewest_variants
    if fewest:
        variants = rng.between(fewest, max(fewest, most))
    else:
        variants = 0 if rng.chance(0.5) else rng.between(1, max(1, most))
    sku = "" if rng.chance(0.05) else f"SKU-{number:05d}"
    return Brief(number, name, sku, price, rng.chance(0.05), variants if most else 0)


def _product(world: World, number: int) -> Row:
    known = brief(world, number)
    rng = world.rng("product", number)
    row = {**_description(world, known, rng), **_stock(world, known, rng)}
    row.update(_presentation(known, rng))
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
        **same(0, "depth retail_price map_price"),
        "height": amount(rng.between(0, 40) * 50),
        "price": price,
        "cost_price": amount(known.price * 60 // 100) if rng.chance(0.3) else 0,
        "sale_price": sale,
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
        **same(0, "inventory_warning_level reviews_rating_sum reviews_count"),
        "inventory_tracking": tracking,
        # The largest 32-bit number has been seen on a real product.
        "total_sold": 2147483647 if rng.chance(0.01) else rng.between(0, 900),
        "fixed_cost_shipping_price": 0 if rng.chance(0.9) else 9.99,
        "is_free_shipping": rng.chance(0.05),
        "is_visible": rng.chance(0.9),
        "is_featured": rng.chance(0.1),
        # [-1] stands for "chosen automatically".
        "related_products": [-1] if rng.chance(0.9) else [world.some_id("products", rng)],
        **same("", "warranty bin_picking_number mpn gtin"),
        "layout_file": "product.html",
        "upc": "" if rng.chance(0.8) else str(rng.between(10**11, 10**12)),
        "base_variant_id": base_variant(known.id) if known.variants < 2 else None,
    }


def _presentation(known: Brief, rng: SeededRandom) -> Row:
    preorder = rng.chance(0.02)
    return {
        "search_keywords": "mug, чашка, マグ" if rng.chance(0.2) else "",
        "availability": "preorder" if preorder else "available",
        **same("", "availability_description page_title meta_description open_graph_title"),
        "open_graph_description": "",
        "gift_wrapping_options_type": "any",
        "gift_wrapping_options_list": [],
        "sort_order": rng.between(-5, 5),
        "condition": "New" if rng.chance(0.95) else rng.pick(("Used", "Refurbished")),
        "is_condition_shown": False,
        "order_quantity_minimum": 0,
        "order_quantity_maximum": 0,
        "meta_keywords": ["home", "büro"] if rng.chance(0.2) else [],
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
        "open_graph_use_meta_description": True,
        "open_graph_use_product_name": True,
        "open_graph_use_image": True,
    }


_CDN = "https://cdn11.bigcommerce.com/s-sandbox1/products"


def _variants(world: World, product: int) -> list[Row]:
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
        **same(None, "sale_price retail_price map_price width height depth"),
        "fixed_cost_shipping_price": None,
        "weight": None if rng.chance(0.7) else weight,
        "calculated_weight": weight,
        "is_free_shipping": False,
        "purchasing_disabled": False,
        **same("", "purchasing_disabled_message image_url mpn gtin bin_picking_number"),
        "cost_price": 0,
        "upc": "" if rng.chance(0.9) else None,
        "inventory_level": rng.between(0, 200),
        "inventory_warning_level": 0,
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


def _images(world: World, product: int) -> list[Row]:
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


def _custom_fields(world: World, product: int) -> list[Row]:
    """Custom fields, at most three."""
    rng = world.rng("custom fields", product)
    names = ("Material", "Pflegehinweis", "サイズ", "Link")
    return [
        {"id": product * STRIDE + at, "name": names[at], "value": rng.pick(texts.SENTENCES)}
        for at in range(rng.between(0, 3))
    ]


def _bulk_pricing_rules(world: World, product: int) -> list[Row]:
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


def _options(world: World, product: int) -> list[Row]:
    """The option by which _variants differ, if there are several."""
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


def _modifiers(world: World, product: int) -> list[Row]:
    """Two _modifiers for few products."""
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


def _videos(world: World, product: int) -> list[Row]:
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


def _reviews(world: World, product: int) -> list[Row]:
    """At most two _reviews."""
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
            **same(created, "date_reviewed date_created date_modified"),
        }
        for at in range(rng.between(-2, 2))
    ]


def _first_channels(world: World, product: int) -> list[int]:
    """The channels a product is sold on, as the store started."""
    few = world.tables["channels"].base[:2]
    return list(few[:1] if world.draw("channels", product) < 0.8 else few)


def _first_categories(world: World, product: int) -> list[int]:
    """The categories a product is in: those given to it, or those it started with."""
    given = world.tables["products"].fields(product).get("categories")
    if given is not None:
        # A test may give a value of another type, to see what becomes of it.
        return list(given) if isinstance(given, list) else []
    base = world.tables["categories"].base
    rng = world.rng("product categories", product)
    wanted = rng.between(0, 3)
    return sorted({rng.pick(base) for _ in range(wanted)}) if base else []


def _channel_assignments(world: World, product: int) -> list[Row]:
    return [{"product_id": product, "channel_id": at} for at in _first_channels(world, product)]


def _category_assignments(world: World, product: int) -> list[Row]:
    return [{"product_id": product, "category_id": at} for at in _first_categories(world, product)]


def _primary_image(world: World, product: int) -> Row | None:
    found = world.below("product_images", product)
    return next((row for row in found if row["is_thumbnail"]), None)


"""What `include` adds to a product."""


def _channels_of(world: World, product: int) -> list[int]:
    return [row["channel_id"] for row in world.below("product_channel_assignments", product)]


def _parent_relations(world: World, product: int) -> list[Row]:
    if world.draw("parent relations", product) > 0.05:
        return []
    parent = world.some_id("products", world.rng("parent", product))
    return [{"type": "modifier", "product_id": parent, "attribute_id": parent * STRIDE}]


_LISTED = words("bulk_pricing_rules custom_fields images modifiers options reviews variants videos")
_COMPUTED: Mapping[str, Callable[[World, int], Any]] = MappingProxyType(
    {
        "channels": _channels_of,
        "parent_relations": _parent_relations,
        "primary_image": _primary_image,
    }
)
_PARTS = _LISTED | _COMPUTED.keys()


def _parts(world: World, product: int, form: Form) -> Row:
    """What `include` adds to a product."""
    return {
        part: _COMPUTED[part](world, product)
        if part in _COMPUTED
        else world.below(f"product_{part}", product)
        for part in sorted(form.includes)
    }


def _brand(world: World, number: int) -> Row:
    rng = world.rng("brand", number)
    return {
        "id": number,
        "name": f"{rng.pick(('Sagaform ®', 'Müller', '無印', 'OFS', 'Común'))} {number}",
        "page_title": "",
        # What was never set comes as a list with one empty text.
        "meta_keywords": [""] if rng.chance(0.5) else ["modern", "bürö"],
        "meta_description": "" if rng.chance(0.5) else rng.pick(texts.SENTENCES),
        "search_keywords": "",
        "image_url": "" if rng.chance(0.7) else f"https://cdn11.bigcommerce.com/b/{number}.png",
        "custom_url": {"url": f"/brand-{number}/", "is_customized": rng.chance(0.1)},
    }


def _category(world: World, number: int) -> Row:
    rng = world.rng("category", number)
    place = world.tables["categories"].base_index(number)
    parent = 0
    if place is not None and place >= 8:
        parent = world.tables["categories"].base[place // 4]
    return {
        "id": number,
        "parent_id": parent,
        "name": f"{rng.pick(('Küche', 'Bath', 'Garden', 'ガーデン', 'Продажа'))} {number}",
        "description": f"<p>{rng.pick(texts.SENTENCES)}</p>" if rng.chance(0.5) else "",
        "views": rng.between(0, 5000),
        "sort_order": rng.between(-5, 5),
        **same("", "page_title search_keywords meta_description image_url"),
        "meta_keywords": [""] if rng.chance(0.5) else ["kitchen"],
        "layout_file": "category.html",
        "is_visible": rng.chance(0.9),
        "default_product_sort": rng.pick(("use_store_settings", "newest", "alpha_asc")),
        "custom_url": {"url": f"/category-{number}/", "is_customized": False},
    }


def _tree_category(world: World, number: int) -> Row:
    row = {**world.row("categories", number)}
    url = row.pop("custom_url")
    del row["id"]
    return {
        "category_id": number,
        "category_uuid": unique_id("category", number),
        "tree_id": _tree_of(world, number),
        "url": {"path": url["url"], "is_customized": url["is_customized"]},
        **row,
    }


def _tree_of(world: World, category: int) -> int:
    """The id of a category's tree."""
    trees, table = world.tables["category_trees"].base, world.tables["categories"]
    place = table.base_index(category)
    while place is not None and place >= 8:
        place //= 4
    return trees[0] if place is None or place % 4 else trees[-1]


def _tree(world: World, number: int) -> Row:
    channels = world.tables["channels"].base
    place = world.tables["category_trees"].base_index(number)
    mine = channels[place : place + 1] if place is not None else channels[:0]
    return {"id": number, "name": f"Catalogue № {number}", "channels": list(mine)}


_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_PLACES = (
    ("1 Main St", "Austin", "TX", "78759", "US", 30.4, -97.75),
    ("Königsallee 7", "Düsseldorf", "", "40212", "DE", 51.22, 6.78),
    ("桜通り 3", "名古屋", "愛知県", "460-0002", "JP", 35, 136.9),
)


def _items(world: World, product: int) -> list[Row]:
    return [_item(world, variant) for variant in world.below("product_variants", product)]


def _item(world: World, variant: Row) -> Row:
    number = variant["id"]
    rng = world.rng("inventory", number)
    locations = world.tables["locations"].base
    # The first location holds what the variant itself tells; the others share little more.
    shown = locations[: rng.between(1, len(locations))]
    return {
        "identity": {
            "sku": variant["sku"],
            "variant_id": number,
            "product_id": variant["product_id"],
            "sku_id": variant["sku_id"],
        },
        "locations": [
            _level(location, variant["inventory_level"] if at == 0 else rng.between(-2, 9))
            for at, location in enumerate(shown)
        ],
    }


def _level(location: int, count: int) -> Row:
    return {
        "location_id": location,
        "location_code": f"LOC-{location}",
        "location_name": f"Store № {location}",
        "available_to_sell": max(0, count),
        "total_inventory_onhand": count,
        "location_enabled": True,
        "settings": {
            "safety_stock": 0,
            "is_in_stock": count > 0,
            "warning_level": 2,
            "bin_picking_number": "" if location % 2 else "Regal 7",
        },
    }


def _identity(world: World, number: int) -> Row:
    found: Row = world.children["inventory_items"].row(number)["identity"]
    return found


def _location(world: World, number: int) -> Row:
    table = world.tables["locations"]
    street, city, state, zip_code, country, latitude, longitude = _PLACES[number % len(_PLACES)]
    hours = {"open": True, "opening": "09:00", "closing": "17:00"}
    return {
        "id": number,
        "code": f"LOC-{number}",
        "label": f"Store № {number}",
        "description": "" if number % 2 else "Behind the station 🚉",
        "managed_by_external_source": number % 4 == 0,
        "type_id": "PHYSICAL" if number % 3 else "VIRTUAL",
        "enabled": True,
        "operating_hours": {day: {**hours, "open": day != "sunday"} for day in _DAYS},
        "time_zone": "America/Chicago",
        "created_at": iso(table.created(number), "Z"),
        "updated_at": iso(table.modified(number), "Z"),
        "address": {
            "address1": street,
            "address2": "",
            "city": city,
            "state": state,
            "zip": zip_code,
            "email": "shop@example.com",
            "phone": "",
            "geo_coordinates": {"latitude": latitude, "longitude": longitude},
            "country_code": country,
        },
        "storefront_visibility": True,
        "special_hours": [_holiday()] if number % 2 else [],
    }


def _holiday() -> Row:
    return {
        "label": "Neujahr",
        "date": "2027-01-01",
        "open": False,
        "opening": "00:00",
        "closing": "00:00",
        "all_day": True,
        "annual": True,
    }


def _of_levels(world: World, number: int, name: str) -> list[Any]:
    levels = world.children["inventory_items"].row(number)["locations"]
    return [level[name] for level in levels]


_IDS = "id:=,in,not_in,min,max,greater,less"


def _below(path: str, rows: Callable[[World, int], list[Row]], text: str = "", **more: Any) -> List:
    """The rows below a product. Most set its date_modified when they change."""
    name = f"product_{path.replace('-', '_')}"
    settings: Row = {"parent_field": "product_id", "touches_parent": True, "chooses_fields": True}
    path = f"v3/catalog/products/{{}}/{path}"
    return List(name, path, "products", parent="products", rows=rows, text=text, **settings | more)


def _assignments(to: str, rows: Callable[[World, int], list[Row]]) -> List:
    return List(
        f"product_{to}_assignments",
        f"v3/catalog/products/{to}-assignments",
        "products",
        parent="products",
        rows=rows,
        id="",
        key=("product_id", f"{to}_id"),
        parent_field="product_id",
        touches_parent=True,
        filters=params(integer=f"product_id:in {to}_id:in"),
    )


def _product_count(world: World, request: Request) -> Any:
    return {"count": len(world.tables["products"].ids)}


def _summary(world: World, request: Request) -> Any:
    count = len(world.tables["products"].ids)
    data = {
        "inventory_count": count * 10,
        "variant_count": count * 2,
        "inventory_value": count * 250,
        "highest_variant_price": 299.99,
        "average_variant_price": 123.45,
        "lowest_variant_price": 1.99,
        "oldest_variant_date": "2023-04-02T00:00:00+00:00",
        "newest_variant_date": "2026-03-31T00:00:00+00:00",
        "primary_category_id": 18,
        "primary_category_name": "Kitchen 🍳",
    }
    return {"data": data, "meta": {}}


OTHERS: tuple[Computed, ...] = (
    Computed("products_count", "v2/products/count", "products", _product_count),
    Computed("catalog_summary", "v3/catalog/summary", "products", _summary),
)

LISTS: tuple[List, ...] = (
    List(
        "products",
        "v3/catalog/products",
        "products",
        row=_product,
        included=_parts,
        text="name",
        facts={"channels": _channels_of},
        filters=params(
            integer=f"{_IDS} inventory_level:=,in,not_in,min,max,greater,less brand_id total_sold"
            " channel_id:in>channels:has categories:=,in>categories:has",
            day_date="date_modified:=,min,max",
            text="sku:=,in name upc condition type availability keyword>name:like",
            number="price",
            flag="is_visible is_featured is_free_shipping",
        ),
        sorts=words(
            "id name sku price date_modified date_last_imported inventory_level is_visible"
            " total_sold calculated_price"
        ),
        direction=True,
        includes=frozenset(_PARTS),
        capping_includes=words("options modifiers"),
        chooses_fields=True,
        paging=Paging(extra={"too_many": False}),
        single="product",
    ),
    # Variants come, go and change without the product's date telling, and so do reviews.
    _below("variants", _variants, "bin_picking_number", touches_parent=False),
    _below("images", _images, "description", dates=Dates(iso, modified="date_modified")),
    _below("videos", _videos, "description"),
    _below("custom-fields", _custom_fields, "value", parent_field=""),
    _below("bulk-pricing-rules", _bulk_pricing_rules, parent_field="", paging=UNPAGED),
    _below("options", _options, "display_name"),
    _below("modifiers", _modifiers, "display_name"),
    _below(
        "reviews",
        _reviews,
        "text",
        touches_parent=False,
        dates=Dates(iso, "date_created", "date_modified"),
        filters=params(integer="status"),
    ),
    List(
        "variants",
        "v3/catalog/variants",
        "products",
        of="product_variants",
        filters=params(integer="id product_id:in", text="sku upc"),
        chooses_fields=True,
    ),
    _assignments("category", _category_assignments),
    _assignments("channel", _channel_assignments),
    List(
        "brands",
        "v3/catalog/brands",
        "products",
        row=_brand,
        text="page_title",
        first_id=30,
        filters=params(integer=_IDS, text="name:=,like page_title"),
        sorts=words("name"),
        direction=True,
        chooses_fields=True,
        paging=Paging(miscounts=True),
    ),
    List(
        "categories",
        "v3/catalog/categories",
        "products",
        row=_category,
        text="page_title",
        first_id=18,
        foreign=words("category_id category_uuid tree_id url"),
        filters=params(
            integer=f"{_IDS} parent_id:=,in,min,max,greater,less",
            text="name:=,like page_title keyword>name:like",
            flag="is_visible",
        ),
        sorts=words("name id parent_id sort_order"),
        chooses_fields=True,
    ),
    List(
        "tree_categories",
        "v3/catalog/trees/categories",
        "products",
        row=_tree_category,
        text="page_title",
        shows="categories",
        key=("category_id",),
        facts={
            "category_id": lambda world, number: number,
            "category_uuid": lambda world, number: unique_id("category", number),
        },
        filters=params(
            integer="category_id:in,not_in tree_id:in,not_in parent_id:in,not_in",
            text="category_uuid:in,not_in name:=,like page_title keyword>name:like",
            flag="is_visible",
        ),
        chooses_fields=True,
    ),
    List(
        "category_trees",
        "v3/catalog/trees",
        "products",
        row=_tree,
        text="name",
        size=lambda options: min(2, max(1, options.channels)),
        pattern="dense",
        filters=params(integer="id:in channel_id:in>channels:has"),
        paging=UNPAGED,
    ),
    metafields("product", "v3/catalog/products", "products", "products"),
    metafields("variant", "v3/catalog/variants", "products", "product_variants"),
    metafields("brand", "v3/catalog/brands", "products", "brands"),
    metafields("category", "v3/catalog/categories", "products", "categories"),
    List(
        "inventory_items",
        "v3/inventory/items",
        "inventory",
        parent="products",
        rows=_items,
        id="",
        number=lambda row: int(row["identity"]["variant_id"]),
        key=("identity",),
        key_types={"identity": "object"},
        derived_from="product_variants and locations",
        facts={
            "product_id": lambda world, number: _identity(world, number)["product_id"],
            "variant_id": lambda world, number: number,
            "sku": lambda world, number: _identity(world, number)["sku"],
            "location_id": lambda world, number: _of_levels(world, number, "location_id"),
            "location_code": lambda world, number: _of_levels(world, number, "location_code"),
        },
        filters=params(
            text="sku:in location_code:in>location_code:has",
            integer="variant_id:in product_id:in location_id:in>location_id:has",
        ),
        paging=Paging(larger=4),
    ),
    List(
        "locations",
        "v3/inventory/locations",
        "locations",
        row=_location,
        text="description",
        size=lambda options: max(3, options.locations),
        pattern="dense",
        facts={
            "location_code": lambda world, number: f"LOC-{number}",
            "is_default": lambda world, number: number == 1,
        },
        filters=params(
            integer="location_id:in>id",
            text="location_code:in type_id:in",
            flag="is_default managed_by_external_source storefront_visibility is_active>enabled",
        ),
        paging=Paging(larger=4),
    ),
    simple_metafields("location", "v3/inventory/locations", "locations", refers_to("locations")),
)
