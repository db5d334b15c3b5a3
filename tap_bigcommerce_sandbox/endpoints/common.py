"""Declarations that several groups of endpoints share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox.filters import Filter, v3_dates, v3_in
from tap_bigcommerce_sandbox.lists import Computed, Context, RowList
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request

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


def metafields(name: str, path: str, scope: str) -> RowList:
    """The metafields of all rows of a kind."""
    return RowList(
        f"{name}_metafields",
        "v3",
        f"{path}/metafields",
        scope,
        filters=(
            *equal("key", "namespace"),
            v3_in("key", "text"),
            v3_in("namespace", "text"),
            # Seen to work; not documented.
            dataclasses.replace(v3_in("resource_id"), documented=False),
            *v3_dates("date_created", "date_modified", plain=name == "order"),
        ),
        direction=True,
        chooses_fields=True,
        paging=CURSORS,
    )
