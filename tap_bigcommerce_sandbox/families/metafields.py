"""Metafields: the same rows at the path of each resource that has some."""

from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List
from tap_bigcommerce_sandbox.paging import CURSORS
from tap_bigcommerce_sandbox.world import World

PERMISSION_SETS = ("app_only", "read", "write", "read_and_sf_access", "write_and_sf_access")


def metafields(resource: str, path: str, scope: str, parent: str) -> List:
    """The metafields of all rows of a list."""

    def basis(world: World, number: int) -> Sequence[int]:
        share, draw = world.options.metafield_share, world.draw(f"{resource} metafields", number)
        return range(1 + int(draw * 30000) % 3 if draw <= share else 0)

    more: dict[str, Any] = {"parent": parent, "basis": basis, "stride": 100}
    return simple_metafields(resource, path, scope, kind.PARENT, **more)


def simple_metafields(
    resource: str,
    path: str,
    scope: str,
    resource_id: Any,
    own_id: kind.Field = kind.ID,
    **more: Any,
) -> List:
    """The metafields of all rows of a kind, by their fields: `refers_to(...)` for `resource_id`.

    Those of carts and of the store have texts as ids: `own_id` is TEXT_ID.
    """
    exact = "=," if resource == "order" else ""
    return List(
        f"{resource}_metafields",
        f"{path}/metafields",
        scope,
        fields={
            "id": own_id,
            "key": kind.one_of("key_0", "key_1", "größe"),
            "value": kind.one_of(kind.TEXT, "1", '{"grösse": "L"}', "数量", "A" * 60),
            "namespace": kind.one_of("erp", "Lager & Versand"),
            "permission_set": kind.one_of(*PERMISSION_SETS),
            "resource_type": resource,
            "resource_id": resource_id,
            "description": kind.TEXT,
            "date_created date_modified": kind.ISO,
            "owner_client_id": "ramyrcbehylatjoxyzzy",
        },
        text="value",
        filters=params(
            text="key:=,in namespace:=,in",
            # Seen to work; not documented.
            integer="resource_id:in?" if more else "",
            date=f"date_created:{exact}min,max date_modified:{exact}min,max",
        ),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
        **more,
    )
