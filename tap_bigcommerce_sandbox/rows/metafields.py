"""Metafields of orders, customers, products, variants, brands and categories."""

from __future__ import annotations

from collections.abc import Callable

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, World

PERMISSION_SETS = ("app_only", "read", "write", "read_and_sf_access", "write_and_sf_access")
_STRIDE = 100
_UP_TO = 3


def _fields(world: World, resource: str, number: int, created: int) -> list[Row]:
    if world.draw(f"{resource} metafields", number) > world.options.metafield_share:
        return []
    rng = world.rng(f"{resource} metafield", number)
    return [
        {
            "id": number * _STRIDE + at,
            "key": f"key_{at}",
            "value": rng.pick(("1", "", '{"grösse": "L"}', "数量", "A" * 60)),
            "namespace": rng.pick(("erp", "Lager & Versand")),
            "permission_set": rng.pick(PERMISSION_SETS),
            "resource_type": resource,
            "resource_id": number,
            "description": "" if at else "Set by the ERP",
            "date_created": iso(created),
            "date_modified": iso(created + rng.between(0, 90 * 86400)),
            "owner_client_id": "ramyrcbehylatjoxyzzy",
        }
        for at in range(rng.between(1, _UP_TO))
    ]


def _of(kind: str, resource: str) -> Callable[[World, int], list[Row]]:
    return lambda w, number: _fields(w, resource, number, w.tables[kind].created(number))


def _of_variants(world: World, product: int) -> list[Row]:
    created = world.tables["products"].created(product)
    variants = world.below("product_variants", product)
    return [row for at in variants for row in _fields(world, "variant", at["id"], created)]


def _child(name: str, kind: str, resource: str) -> Child:
    variant = resource == "variant"
    return Child(
        f"{name}_metafields",
        kind,
        _of_variants if variant else _of(kind, resource),
        changes="value",
        parent_field="" if variant else "resource_id",
        stride=_STRIDE * 1000 if variant else _STRIDE,
        created=("date_created", iso),
        modified=("date_modified", iso),
    )


METAFIELDS: tuple[Child, ...] = (
    _child("order", "orders", "order"),
    _child("customer", "customers", "customer"),
    _child("product", "products", "product"),
    _child("variant", "products", "variant"),
    _child("brand", "brands", "brand"),
    _child("category", "categories", "category"),
)
