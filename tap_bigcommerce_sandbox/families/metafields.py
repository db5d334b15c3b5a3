"""Metafields: the same rows at the path of each resource that has some."""

from tap_bigcommerce_sandbox.fields import ID, ISO, TEXT, Field, one_of
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List
from tap_bigcommerce_sandbox.paging import CURSORS
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import iso, same
from tap_bigcommerce_sandbox.world import World

PERMISSION_SETS = ("app_only", "read", "write", "read_and_sf_access", "write_and_sf_access")
_TEXTS = "key:=,in namespace:=,in"
_STRIDE = 100


def metafields(resource: str, path: str, scope: str, parent: str) -> List:
    """The metafields of all rows of a list; those of variants are below products."""

    def rows(world: World, number: int) -> list[Row]:
        created = world.tables[parent].created(number)
        if resource != "variant":
            return _metafields(world, resource, number, created)
        variants = world.below("product_variants", number)
        return [r for at in variants for r in _metafields(world, resource, at["id"], created)]

    return List(
        f"{resource}_metafields",
        f"{path}/metafields",
        scope,
        parent=parent,
        rows=rows,
        text="value",
        parent_field="" if resource == "variant" else "resource_id",
        stride=_STRIDE * 1000 if resource == "variant" else _STRIDE,
        dates=Dates(iso, "date_created", "date_modified"),
        filters=params(
            text=_TEXTS,
            integer="resource_id:in?",  # Seen to work; not documented.
            date="date_created:=,min,max date_modified:=,min,max"
            if resource == "order"
            else "date_created:min,max date_modified:min,max",
        ),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
    )


def _metafields(world: World, resource: str, number: int, created: int) -> list[Row]:
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
        for at in range(rng.between(1, 3))
    ]


def simple_metafields(
    resource: str, path: str, scope: str, resource_id: Field, own_id: Field = ID
) -> List:
    """The metafields of all rows of a kind, by their fields: `refers_to(...)` for `resource_id`.

    Those of carts and of the store have texts as ids: `own_id` is TEXT_ID.
    """
    return List(
        f"{resource}_metafields",
        f"{path}/metafields",
        scope,
        fields={
            "id": own_id,
            "key": one_of("key_0", "key_1", "größe"),
            "value": TEXT,
            "namespace": one_of("erp", "Lager & Versand"),
            "permission_set": one_of(*PERMISSION_SETS),
            "resource_type": one_of(resource),
            "resource_id": resource_id,
            "description": TEXT,
            **same(ISO, "date_created date_modified"),
            "owner_client_id": one_of("ramyrcbehylatjoxyzzy"),
        },
        filters=params(text=_TEXTS, date="date_created:min,max date_modified:min,max"),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
    )
