"""A cache with a limit; the least recently used values are dropped first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Keeps values up to a total weight. `put` gives each its weight: bytes, or 1."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._weight = 0
        self._items: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        """The value, or None if it is not in the cache."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, weight: int = 1) -> Value:
        """Store a value, drop the oldest ones above the capacity, and return the value."""
        self._items[key] = (value, weight)
        self._weight += weight
        while self._weight > self._capacity and self._items:
            self._weight -= self._items.popitem(last=False)[1][1]
        return value

    def clear(self) -> None:
        """Remove all values."""
        self._items.clear()
        self._weight = 0
