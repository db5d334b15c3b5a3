"""Products and the rows below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.world import World

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
