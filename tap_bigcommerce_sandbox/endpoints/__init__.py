"""All endpoints and the kinds of rows behind them; a new list is declared here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tap_bigcommerce_sandbox.endpoints import catalog, customers, marketing, orders, store
from tap_bigcommerce_sandbox.lists import Endpoint, RowList
from tap_bigcommerce_sandbox.world import Child, Kind

_FAMILIES = (store, orders, customers, catalog, marketing)

KINDS: tuple[Kind, ...] = tuple(kind for family in _FAMILIES for kind in family.KINDS)
CHILDREN: tuple[Child, ...] = tuple(child for family in _FAMILIES for child in family.CHILDREN)
ENDPOINTS: tuple[Endpoint, ...] = tuple(
    endpoint for family in _FAMILIES for endpoint in family.ENDPOINTS
)
LISTED_KINDS: Mapping[str, str] = MappingProxyType(
    {item.name: item.row_kind for item in ENDPOINTS if isinstance(item, RowList)}
)
"""The kind of the rows that a list shows."""
