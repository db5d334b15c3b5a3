"""Products and their child lists, brands, categories, inventory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.metafields import metafields, simple_metafields
from tap_bigcommerce_sandbox.fields import Cell
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import Endpoint, List, one_object, words
from tap_bigcommerce_sandbox.messages import Request, Response
from tap_bigcommerce_sandbox.paging import UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.values import unique_id
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


def first_below(product: int) -> int:
    """The id of a product's first variant, and of the option by which its variants differ."""
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


def _part_of_price(percent: int) -> Callable[[Cell], Any]:
    return lambda cell: amount(cell.basis.price * percent // 100)


_PRODUCT = {
    "name": lambda cell: cell.basis.name,
    "sku": lambda cell: cell.basis.sku,
    "type": lambda cell: "digital" if cell.basis.digital else "physical",
    "description": kind.HTML,
    # Weights and sizes are floats, but integers when whole.
    "weight width height": kind.decimal(0, 20, 25),
    "depth retail_price map_price": 0,
    "price": _part_of_price(100),
    "cost_price": kind.mostly(0, _part_of_price(60), 0.7),
    "sale_price": kind.mostly(0, _part_of_price(80)),
    "tax_class_id": kind.mostly(0, 1, 0.9),
    "calculated_price": lambda cell: cell.row["sale_price"] or cell.row["price"],
    "categories": lambda cell: [
        row["category_id"] for row in cell.world.below("product_category_assignments", cell.number)
    ],
    "brand_id": kind.mostly(kind.refers_to("brands"), 0, 0.7),
    "option_set_id": kind.mostly(None, kind.ID),
    "option_set_display": "right",
    "date_created date_modified": kind.ISO,
    "date_last_imported": kind.mostly(None, kind.ISO, 0.9),
    "inventory_tracking": lambda cell: "variant" if cell.basis.variants > 1 else "product",
    "inventory_level": kind.integer(0, 500),
    "inventory_warning_level reviews_rating_sum reviews_count": 0,
    # The largest 32-bit number has been seen on a real product.
    "total_sold": kind.mostly(kind.integer(), 2147483647, 0.99),
    "fixed_cost_shipping_price": kind.mostly(0, 9.99, 0.9),
    "is_free_shipping": kind.flag(0.05),
    "is_visible": kind.flag(0.9),
    "is_featured": kind.flag(0.1),
    # [-1] stands for "chosen automatically".
    "related_products": kind.mostly([-1], [kind.refers_to("products")], 0.9),
    "product_tax_code warranty bin_picking_number mpn gtin": "",
    "layout_file": "product.html",
    "upc": kind.mostly("", kind.DIGITS),
    "base_variant_id": lambda cell: None if cell.basis.variants > 1 else first_below(cell.number),
    "search_keywords": kind.mostly("", "mug, чашка, マグ"),
    "availability": kind.mostly("available", "preorder", 0.98),
    "availability_description page_title meta_description": "",
    "open_graph_title open_graph_description": "",
    "gift_wrapping_options_type": "any",
    "gift_wrapping_options_list": [],
    "sort_order": kind.integer(-5, 5),
    "condition": kind.mostly("New", kind.one_of("Used", "Refurbished"), 0.95),
    "is_condition_shown is_price_hidden": False,
    "order_quantity_minimum order_quantity_maximum": 0,
    "meta_keywords": kind.mostly([], ["home", "büro"]),
    "view_count": kind.integer(0, 5000),
    "is_preorder_only": lambda cell: cell.row["availability"] == "preorder",
    "preorder_release_date": kind.only_if(
        "is_preorder_only", True, "2027-01-01T00:00:00+00:00", None
    ),
    # Sample products come with the text "0" here.
    "preorder_message price_hidden_label": kind.mostly("", "0", 0.7),
    "custom_url": {
        "url": kind.written("/product-{number}/"),
        "is_customized create_redirect": False,
    },
    "open_graph_type": "product",
    "open_graph_use_meta_description open_graph_use_product_name open_graph_use_image": True,
}


# Below a product
def _first_variants(world: World, product: int) -> Sequence[Brief]:
    # A simple product has its one base variant, without option values.
    known = brief(world, product)
    return [known] * max(1, known.variants)


_SIZE = kind.Field(lambda cell: texts.SIZES[cell.at % len(texts.SIZES)], "string")
_CHOSEN = {
    "id": lambda cell: 100 + cell.at,
    "label": _SIZE,
    "option_id": lambda cell: first_below(cell.parent),
    "option_display_name": "Size",
}
_VARIANT = {
    "product_id": kind.PARENT,
    "sku": lambda cell: f"{cell.basis.sku}-{cell.at}" if cell.at else cell.basis.sku,
    "sku_id": kind.first(None, kind.ID),
    "price": kind.mostly(None, lambda cell: amount(cell.basis.price + cell.at * 100), 0.7),
    "calculated_price": lambda cell: (
        amount(cell.basis.price) if cell.row["price"] is None else cell.row["price"]
    ),
    "sale_price retail_price map_price fixed_cost_shipping_price width height depth": None,
    "calculated_weight": kind.decimal(0, 5, 10),
    "weight": kind.mostly(None, lambda cell: cell.row["calculated_weight"], 0.7),
    "is_free_shipping purchasing_disabled": False,
    "purchasing_disabled_message image_url mpn gtin bin_picking_number": "",
    "cost_price inventory_warning_level": 0,
    "upc": kind.mostly("", None, 0.9),
    "inventory_level": kind.integer(0, 200),
    "option_values": kind.first([], [_CHOSEN]),
}


def _first_images(world: World, product: int) -> Sequence[int]:
    least, most = world.options.fewest_images, world.options.images_per_product
    return range(least + int(world.draw("images", product) * (max(least, most) - least + 1)))


def _image(ending: str) -> kind.Field:
    cdn = "https://cdn11.bigcommerce.com/s-sandbox1/products/{parent}/images/{number}"
    return kind.written(f"{cdn}/picture-é{{at}}.1780000000{ending}")


_IMAGE = {
    "product_id": kind.PARENT,
    "is_thumbnail": kind.first(True, False),
    "sort_order": lambda cell: cell.at,
    "description": kind.first("Vue de face", ""),
    "image_file": kind.written("f/{number}/picture__{at}.jpg"),
    "image_url": _image(".jpg"),
    "url_zoom": _image(".1280.1280.jpg?c=1"),
    "url_standard": _image(".386.513.jpg?c=1"),
    "url_thumbnail": _image(".220.290.jpg?c=1"),
    "url_tiny": _image(".44.58.jpg?c=1"),
    "date_modified": kind.ISO,
}
_PRICING_RULE = {
    "quantity_min": lambda cell: 10 * (cell.at + 1),
    "quantity_max": lambda cell: 10 * (cell.at + 2) - 1 if cell.at < 2 else 0,
    "type amount": kind.BASIS,
}
_PRICING_RULES = (
    {"type": "percent", "amount": ".10"},
    {"type": "price", "amount": "2.0000"},
    {"type": "fixed", "amount": 7.5},
)


def _option_values(cell: Cell) -> list[Row]:
    return [
        {
            "id": 100 + at,
            "label": texts.SIZES[at % len(texts.SIZES)],
            "sort_order": at,
            "value_data": {"colors": ["#FF0000"]} if at == 2 else None,
            "is_default": at == 0,
        }
        for at in range(brief(cell.world, cell.parent).variants)
    ]


_OPTION = {
    "product_id": kind.PARENT,
    "name": kind.written("Size1521{parent}"),
    "display_name": "Size",
    "type": "rectangles",
    "sort_order": kind.integer(0, 9),
    "option_values": _option_values,
    # As with other empty maps, PHP writes [] for a config without settings.
    "config": kind.one_of([], {"default_value": "XS"}),
}
_ENGRAVING = {
    "name": "Engraving",
    "display_name": "Engraving ✍",
    "type": "text",
    "required": False,
    "config": {
        "default_value": "",
        "text_characters_limited": True,
        "text_lines_limited": False,
        "text_min_length": 0,
        "text_max_length": 9,
        "text_max_lines": 0,
    },
    "option_values": [],
}
_BOX = {
    "name": "Box",
    "display_name": "Box",
    "type": "dropdown",
    "required": True,
    "config": [],
    "option_values": [
        {
            "id": 1,
            "option_id": 1,
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
    ],
}
_MODIFIER = {
    "product_id": kind.PARENT,
    "sort_order": kind.integer(1, 9),
    "name display_name type required config option_values": kind.BASIS,
}
_CUSTOM_FIELD = {
    "name": kind.first("Pflegehinweis", kind.written("サイズ {at}")),
    "value": kind.TEXT,
}
_VIDEO = {
    "product_id": kind.PARENT,
    "title": "How it is made 🎬",
    "description": kind.TEXT,
    "sort_order": 1,
    "type": "youtube",
    "video_id": "z3fRu9pkuXE",
    "length": "02:18",
}
_REVIEW = {
    "product_id": kind.PARENT,
    "title": "Très bien",
    "text": kind.TEXT,
    "status": 1,
    "rating": kind.integer(1, 5),
    "email": "",
    "name": kind.FIRST_NAME,
    "date_reviewed date_created date_modified": kind.ISO,
}


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


# What `include` adds to a product
def _channels_of(world: World, product: int) -> list[int]:
    return [row["channel_id"] for row in world.below("product_channel_assignments", product)]


_PARTS = words("bulk_pricing_rules custom_fields images modifiers options reviews variants videos")
_OTHER_PARTS = words("channels primary_image parent_relations")


def _parts(world: World, product: int, form: Form) -> Row:
    listed = sorted(form.includes & _PARTS)
    row: Row = {name: world.below(f"product_{name}", product) for name in listed}
    if "channels" in form.includes:
        row["channels"] = _channels_of(world, product)
    if "primary_image" in form.includes:
        row["primary_image"] = next(iter(world.below("product_images", product)), None)
    if "parent_relations" in form.includes:
        other = next(iter(world.tables["products"].base), product)
        relation = {"type": "modifier", "product_id": other, "attribute_id": first_below(other)}
        row["parent_relations"] = [relation] if product % 20 == 1 else []
    return row


# Brands, categories and their trees
_URL_PARTS = {"is_customized": kind.flag(0.1)}
_BRAND = {
    "name": kind.written("Sagaform ® 無印 {number}"),
    # What was never set comes as a list with one empty text.
    "meta_keywords": kind.one_of([""], ["modern", "bürö"]),
    "meta_description": kind.TEXT,
    "page_title search_keywords": "",
    "image_url": kind.mostly("", kind.URL),
    "custom_url": {"url": kind.written("/brand-{number}/"), **_URL_PARTS},
}


def _parent_category(cell: Cell) -> int:
    table = cell.world.tables["categories"]
    place = table.base_index(cell.number)
    return table.base[place // 4] if place is not None and place >= 8 else 0


_CATEGORY = {
    "parent_id": _parent_category,
    "name": kind.written("Küche ガーデン {number}"),
    "description": kind.mostly("", kind.HTML, 0.5),
    "views": kind.integer(0, 5000),
    "sort_order": kind.integer(-5, 5),
    "page_title search_keywords meta_description image_url": "",
    "meta_keywords": kind.one_of([""], ["kitchen"]),
    "layout_file": "category.html",
    "is_visible": kind.flag(0.9),
    "default_product_sort": kind.one_of("use_store_settings", "newest", "alpha_asc"),
    "custom_url": {"url": kind.written("/category-{number}/"), **_URL_PARTS},
}


def _tree_category(world: World, number: int) -> Row:
    row = world.row("categories", number).copy()
    url = row.pop("custom_url")
    return {
        "category_id": row.pop("id"),
        "category_uuid": unique_id("category", number),
        "tree_id": _tree_of(world, number),
        "url": {"path": url["url"], "is_customized": url["is_customized"]},
        **row,
    }


def _tree_of(world: World, category: int) -> int:
    trees, table = world.tables["category_trees"].base, world.tables["categories"]
    place = table.base_index(category)
    while place is not None and place >= 8:
        place //= 4
    return trees[0] if place is None or place % 4 else trees[-1]


def _channels_of_tree(cell: Cell) -> list[int]:
    place = cell.world.tables["category_trees"].base_index(cell.number)
    return [] if place is None else list(cell.world.tables["channels"].base[place : place + 1])


# Inventory
def _levels(cell: Cell) -> list[Row]:
    # The first location holds what the variant itself tells; the others share little more.
    rng = cell.world.rng("inventory", cell.basis["id"])
    locations = cell.world.tables["locations"].base
    counts = [cell.basis["inventory_level"], *(rng.between(-2, 9) for _ in locations[1:])]
    shown = rng.between(1, len(locations))
    return [_level(*level) for level in zip(locations[:shown], counts, strict=False)]


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


_ITEM = {
    "identity": {"sku product_id sku_id": kind.BASIS, "variant_id": lambda cell: cell.basis["id"]},
    "locations": _levels,
}


def _of_item(name: str) -> Callable[[World, int], Any]:
    return lambda world, number: world.children["inventory_items"].row(number)["identity"][name]


def _of_levels(name: str) -> Callable[[World, int], list[Any]]:
    return lambda world, number: [
        level[name] for level in world.children["inventory_items"].row(number)["locations"]
    ]


_DAYS = "sunday monday tuesday wednesday thursday friday saturday"
_LOCATION = {
    "code": kind.written("LOC-{number}"),
    "label": kind.written("Store № {number}"),
    "description": kind.one_of("", "Behind the station 🚉"),
    "managed_by_external_source": kind.flag(0.2),
    "type_id": kind.one_of("PHYSICAL", "VIRTUAL"),
    "enabled storefront_visibility": True,
    "operating_hours": {_DAYS: {"open": kind.FLAG, "opening": "09:00", "closing": "17:00"}},
    "time_zone": "America/Chicago",
    "created_at updated_at": kind.ZULU,
    "address": {
        "address1": kind.one_of(*texts.STREETS),
        "address2 phone": "",
        **{name: kind.PLACE[name] for name in ("city", "state", "zip", "country_code")},
        "geo_coordinates": {"latitude": kind.in_turn(30.4, 35), "longitude": kind.decimal(-99, 99)},
        "email": "shop@example.com",
    },
    "special_hours": kind.array(
        {
            "label": "Neujahr",
            "date": "2027-01-01",
            "opening closing": "00:00",
            "open": False,
            "all_day annual": True,
        },
        1,
    ),
}


_IDS = "id:=,in,not_in,min,max,greater,less"


def _below(path: str, fields: kind.Fields, **more: Any) -> List:
    """The rows below a product. Most set its date_modified when they change."""
    name = f"product_{path.replace('-', '_')}"
    path = f"v3/catalog/products/{{}}/{path}"
    more = {"parent": "products", "touches_parent": True, "chooses_fields": True, **more}
    return List(name, path, "products", fields=fields, **more)


def _assignments(to: str, basis: Callable[[World, int], list[int]]) -> List:
    return List(
        *(f"product_{to}_assignments", f"v3/catalog/products/{to}-assignments", "products"),
        parent="products",
        basis=basis,
        fields={"product_id": kind.PARENT, f"{to}_id": lambda cell: cell.basis},
        key=("product_id", f"{to}_id"),
        touches_parent=True,
        filters=params(integer=f"product_id:in {to}_id:in"),
    )


def _product_count(world: World, request: Request, ids: Sequence[int]) -> Response:
    return one_object({"count": len(world.tables["products"].ids)})


OTHERS: tuple[Endpoint, ...] = (
    Endpoint("products_count", "v2/products/count", "products", _product_count),
)

LISTS: tuple[List, ...] = (
    List(
        *("products", "v3/catalog/products", "products"),
        basis=brief,
        fields=_PRODUCT,
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
        includes=_PARTS | _OTHER_PARTS,
        capping_includes=words("options modifiers"),
        chooses_fields=True,
        paging=Paging(extra={"too_many": False}),
        single="product",
    ),
    # Variants come, go and change without the product's date telling, and so do reviews.
    _below(
        "variants", _VARIANT, basis=_first_variants, text="bin_picking_number", touches_parent=False
    ),
    _below("images", _IMAGE, basis=_first_images, text="description"),
    _below("videos", _VIDEO, size=1, share=0.05),
    _below("custom-fields", _CUSTOM_FIELD, size=3, share=0.75),
    _below("bulk-pricing-rules", _PRICING_RULE, basis=_PRICING_RULES, share=0.15, paging=UNPAGED),
    _below(
        "options",
        _OPTION,
        size=1,
        share=lambda world, product: brief(world, product).variants > 1,
        text="display_name",
    ),
    _below("modifiers", _MODIFIER, basis=(_ENGRAVING, _BOX), share=0.1, text="display_name"),
    _below(
        "reviews",
        _REVIEW,
        size=2,
        share=0.4,
        touches_parent=False,
        filters=params(integer="status"),
    ),
    List(
        *("variants", "v3/catalog/variants", "products"),
        of="product_variants",
        filters=params(integer="id product_id:in", text="sku upc"),
        chooses_fields=True,
    ),
    _assignments("category", _first_categories),
    _assignments("channel", _first_channels),
    List(
        *("brands", "v3/catalog/brands", "products"),
        fields=_BRAND,
        text="page_title",
        first_id=30,
        filters=params(integer=_IDS, text="name:=,like page_title"),
        sorts=words("name"),
        direction=True,
        chooses_fields=True,
        paging=Paging(miscounts=True),
    ),
    List(
        *("categories", "v3/catalog/categories", "products"),
        fields=_CATEGORY,
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
        *("tree_categories", "v3/catalog/trees/categories", "products"),
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
        *("category_trees", "v3/catalog/trees", "products"),
        fields={"name": kind.written("Catalogue № {number}"), "channels": _channels_of_tree},
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
        *("inventory_items", "v3/inventory/items", "inventory"),
        parent="products",
        basis=lambda world, product: world.below("product_variants", product),
        fields=_ITEM,
        number=lambda row: int(row["identity"]["variant_id"]),
        key=("identity",),
        derived_from="product_variants and locations",
        facts={
            **{name: _of_item(name) for name in ("product_id", "variant_id", "sku")},
            **{name: _of_levels(name) for name in ("location_id", "location_code")},
        },
        filters=params(
            text="sku:in location_code:in>location_code:has",
            integer="variant_id:in product_id:in location_id:in>location_id:has",
        ),
        paging=Paging(larger=4),
    ),
    List(
        *("locations", "v3/inventory/locations", "locations"),
        fields=_LOCATION,
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
    simple_metafields(
        "location", "v3/inventory/locations", "locations", kind.refers_to("locations")
    ),
)
