"""A cache with a limit."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Keeps values up to a total weight, such as bytes; the least recently used go first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._weight = 0
        self._items: dict[Hashable, tuple[Value, int]] = {}

    def get(self, key: Hashable) -> Value | None:
        if key not in self._items:
            return None
        self._items[key] = found = self._items.pop(key)
        return found[0]

    def put(self, key: Hashable, value: Value, weight: int = 1) -> Value:
        self._items[key] = (value, weight)
        self._weight += weight
        while self._weight > self._capacity and self._items:
            self._weight -= self._items.pop(next(iter(self._items)))[1]
        return value

    def clear(self) -> None:
        self._items.clear()
        self._weight = 0
