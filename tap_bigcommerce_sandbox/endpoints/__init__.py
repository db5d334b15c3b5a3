"""All endpoints and the kinds of rows behind them; a new list is declared here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tap_bigcommerce_sandbox.endpoints import catalog, customers, marketing, orders, store
from tap_bigcommerce_sandbox.lists import Endpoint, RowList
from tap_bigcommerce_sandbox.simple_lists import Simple
from tap_bigcommerce_sandbox.world import Child, Kind

_FAMILIES = (store, orders, customers, catalog, marketing)

SIMPLE_LISTS: tuple[Simple, ...] = tuple(
    entry for family in _FAMILIES for entry in family.SIMPLE_LISTS
)
_SIMPLE_ROWS = tuple(entry.kind for entry in SIMPLE_LISTS)
KINDS: tuple[Kind, ...] = (
    *(kind for family in _FAMILIES for kind in family.KINDS),
    *(kind for kind in _SIMPLE_ROWS if isinstance(kind, Kind)),
)
CHILDREN: tuple[Child, ...] = (
    *(child for family in _FAMILIES for child in family.CHILDREN),
    *(child for child in _SIMPLE_ROWS if isinstance(child, Child)),
)
ENDPOINTS: tuple[Endpoint, ...] = (
    *(endpoint for family in _FAMILIES for endpoint in family.ENDPOINTS),
    *(endpoint for entry in SIMPLE_LISTS for endpoint in entry.endpoints),
)
LISTED_KINDS: Mapping[str, str] = MappingProxyType(
    {item.name: item.row_kind for item in ENDPOINTS if isinstance(item, RowList)}
)
"""The kind of the rows that a list shows."""
