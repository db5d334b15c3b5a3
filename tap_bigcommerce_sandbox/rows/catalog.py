"""Rows of brands, categories and category trees."""

from __future__ import annotations

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.ids import unique_id
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World

FIRST_CATEGORY = 18


def _brand(world: World, number: int, form: Form) -> Row:
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


def _category(world: World, number: int, form: Form) -> Row:
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
        "page_title": "",
        "search_keywords": "",
        "meta_keywords": [""] if rng.chance(0.5) else ["kitchen"],
        "meta_description": "",
        "layout_file": "category.html",
        "is_visible": rng.chance(0.9),
        "default_product_sort": rng.pick(("use_store_settings", "newest", "alpha_asc")),
        "image_url": "",
        "custom_url": {"url": f"/category-{number}/", "is_customized": False},
    }


def _tree_category(world: World, number: int, form: Form) -> Row:
    row = {**world.row("categories", number)}
    url = row.pop("custom_url")
    del row["id"]
    return {
        "category_id": number,
        "category_uuid": unique_id("category", number),
        "tree_id": tree_of(world, number),
        "url": {"path": url["url"], "is_customized": url["is_customized"]},
        **row,
    }


def tree_of(world: World, category: int) -> int:
    """The id of a category's tree."""
    trees, table = world.tables["category_trees"].base, world.tables["categories"]
    place = table.base_index(category)
    while place is not None and place >= 8:
        place //= 4
    return trees[0] if place is None or place % 4 else trees[-1]


def _tree(world: World, number: int, form: Form) -> Row:
    channels = world.tables["channels"].base
    place = world.tables["category_trees"].base_index(number)
    mine = channels[place : place + 1] if place is not None else channels[:0]
    return {"id": number, "name": f"Catalogue № {number}", "channels": list(mine)}


BRANDS = Kind("brands", lambda options: options.brands, _brand, "page_title", first_id=30)
CATEGORIES = Kind(
    "categories",
    lambda options: options.categories,
    _category,
    "page_title",
    first_id=FIRST_CATEGORY,
    foreign=frozenset(("category_id", "category_uuid", "tree_id", "url")),
)
CATALOG_KINDS: tuple[Kind, ...] = (
    BRANDS,
    CATEGORIES,
    Kind(
        "tree_categories",
        lambda options: options.categories,
        _tree_category,
        "page_title",
        shows="categories",
        key=("category_id",),
        facts={
            "category_id": lambda world, number: number,
            "category_uuid": lambda world, number: unique_id("category", number),
        },
    ),
    Kind(
        "category_trees",
        lambda options: min(2, max(1, options.channels)),
        _tree,
        "name",
        pattern="dense",
    ),
)
