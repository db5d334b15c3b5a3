"""The child lists of a product, and how `include` embeds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.rows.products import parts
from tap_bigcommerce_sandbox.rows.products.brief import STRIDE
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, World

Rows = Callable[[World, int], list[Row]]


def channels_of(world: World, product: int) -> list[int]:
    """The channels a product is sold on, as the store started."""
    few = world.tables["channels"].base[:2]
    return list(few[:1] if world.draw("channels", product) < 0.8 else few)


def categories_of(world: World, product: int) -> list[int]:
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
    return [{"product_id": product, "channel_id": at} for at in channels_of(world, product)]


def _category_assignments(world: World, product: int) -> list[Row]:
    return [{"product_id": product, "category_id": at} for at in categories_of(world, product)]


def _primary_image(world: World, product: int) -> Row | None:
    found = world.below("product_images", product)
    return next((row for row in found if row["is_thumbnail"]), None)


def _channels(world: World, product: int) -> list[int]:
    return [row["channel_id"] for row in world.below("product_channel_assignments", product)]


def _parent_relations(world: World, product: int) -> list[Row]:
    if world.draw("parent relations", product) > 0.05:
        return []
    parent = world.some_id("products", world.rng("parent", product))
    return [{"type": "modifier", "product_id": parent, "attribute_id": parent * STRIDE}]


def _part(name: str, rows: Rows, changes: str, *, touches_parent: bool = True) -> Child:
    return Child(
        name, "products", rows, changes, parent_field="product_id", touches_parent=touches_parent
    )


_CATALOG_DATE = ("date_modified", iso)
PRODUCT_CHILDREN: tuple[Child, ...] = (
    # Variants come, go and change without the product's date telling, and so do reviews.
    _part("product_variants", parts.variants, "bin_picking_number", touches_parent=False),
    replace(_part("product_images", parts.images, "description"), modified=_CATALOG_DATE),
    _part("product_videos", parts.videos, "description"),
    replace(_part("product_custom_fields", parts.custom_fields, "value"), parent_field=""),
    replace(_part("product_bulk_pricing_rules", parts.bulk_pricing_rules, ""), parent_field=""),
    _part("product_options", parts.options, "display_name"),
    _part("product_modifiers", parts.modifiers, "display_name"),
    replace(
        _part("product_reviews", parts.reviews, "text", touches_parent=False),
        created=("date_created", iso),
        modified=_CATALOG_DATE,
    ),
    replace(
        _part("product_category_assignments", _category_assignments, ""),
        id="",
        key=("product_id", "category_id"),
    ),
    replace(
        _part("product_channel_assignments", _channel_assignments, ""),
        id="",
        key=("product_id", "channel_id"),
    ),
)


def _included(name: str) -> Rows:
    return lambda world, product: world.below(name, product)


PARTS: Mapping[str, Callable[[World, int], Any]] = MappingProxyType(
    {
        "bulk_pricing_rules": _included("product_bulk_pricing_rules"),
        "channels": _channels,
        "custom_fields": _included("product_custom_fields"),
        "images": _included("product_images"),
        "modifiers": _included("product_modifiers"),
        "options": _included("product_options"),
        "parent_relations": _parent_relations,
        "primary_image": _primary_image,
        "reviews": _included("product_reviews"),
        "variants": _included("product_variants"),
        "videos": _included("product_videos"),
    }
)
"""What `include` adds to a product."""
