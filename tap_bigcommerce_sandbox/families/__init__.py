"""All lists of the store by parts of the API; a new list is declared in the file of its part."""

from collections.abc import Mapping
from types import MappingProxyType

from tap_bigcommerce_sandbox.families import catalog, customers, marketing, store
from tap_bigcommerce_sandbox.families.orders import orders
from tap_bigcommerce_sandbox.lists import Endpoint, List

_FAMILIES = (store, orders, customers, catalog, marketing)
ALL: tuple[List, ...] = tuple(item for family in _FAMILIES for item in family.LISTS)
LISTS: tuple[List, ...] = tuple(item for item in ALL if not item.of)
"""Those that keep rows of their own."""
ENDPOINTS: tuple[Endpoint, ...] = (
    *store.OTHERS,
    *catalog.OTHERS,
    *(endpoint for item in ALL for endpoint in item.endpoints),
)
LISTED: Mapping[str, str] = MappingProxyType({item.name: item.row_kind for item in ALL})
"""The list that keeps the rows of a list."""
