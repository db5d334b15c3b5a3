"""Declarations that several groups of endpoints share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox.fields import ID, ISO, TEXT, Field, one_of
from tap_bigcommerce_sandbox.filters import Filter, v3_dates, v3_in
from tap_bigcommerce_sandbox.lists import Computed, Context, RowList
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.rows.metafields import PERMISSION_SETS
from tap_bigcommerce_sandbox.simple_lists import SimpleList

PAGED = Paging()
UNPAGED = Paging("none")
CURSORS = Paging("both")
NO_LINKS = Paging(links=False)


def counted(listed: RowList, context: Context, request: Request) -> Sequence[int]:
    """The ids that {path}/count counts; its documentation does not say whether filters matter."""
    if not context.world.options.counts_apply_filters:
        request = dataclasses.replace(request, query={})
    return listed.matching(context, request)


def count_of(listed: RowList) -> Computed:
    """{path}/count: how many rows a list would show."""

    def count(context: Context, request: Request, parents: Sequence[int]) -> Any:
        return {"count": len(counted(listed, context, request))}

    # Not documented there; asked with them all the same, to see whether they matter.
    filters = frozenset(item.param for item in listed.filters)
    path = f"{listed.path}/count"
    return Computed(f"{listed.name}_count", "v2", path, listed.scope, count, filters)


def equal(*names: str, reads: str = "text") -> tuple[Filter, ...]:
    """Parameters that compare with the field of the same name."""
    return tuple(Filter(name, name, "=", reads) for name in names)


_METAFIELDS = (
    *equal("key", "namespace"),
    v3_in("key", "text"),
    v3_in("namespace", "text"),
)


def metafields(name: str, path: str, scope: str) -> RowList:
    """The metafields of all rows of a kind."""
    return RowList(
        f"{name}_metafields",
        "v3",
        f"{path}/metafields",
        scope,
        filters=(
            *_METAFIELDS,
            # Seen to work; not documented.
            dataclasses.replace(v3_in("resource_id"), documented=False),
            *v3_dates("date_created", "date_modified", plain=name == "order"),
        ),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
    )


def simple_metafields(
    resource: str, path: str, scope: str, resource_id: Field, own_id: Field = ID
) -> SimpleList:
    """The metafields of all rows of a kind, as one entry: `refers_to(...)` for `resource_id`.

    Those of carts and of the store have texts as ids: `own_id` is TEXT_ID.
    """
    return SimpleList(
        f"{resource}_metafields",
        f"{path}/metafields",
        scope,
        {
            "id": own_id,
            "key": one_of("key_0", "key_1", "größe"),
            "value": TEXT,
            "namespace": one_of("erp", "Lager & Versand"),
            "permission_set": one_of(*PERMISSION_SETS),
            "resource_type": one_of(resource),
            "resource_id": resource_id,
            "description": TEXT,
            "date_created": ISO,
            "date_modified": ISO,
            "owner_client_id": one_of("ramyrcbehylatjoxyzzy"),
        },
        filters=(*_METAFIELDS, *v3_dates("date_created", "date_modified", plain=False)),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
    )
