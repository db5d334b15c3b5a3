"""What has come at each place of a stream's rows: the keys of its objects, the types of its values.

The schema says what may come. What does come is less: the price that is a number in one list and a
text in another is always the same in one of them.
"""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.records.schema_tree import Node

# By kind: the types of values that need no look at the whole of them.
PLAIN: dict[str, frozenset[type]] = {
    "string": frozenset([str]),
    "json": frozenset([str]),
    "date": frozenset([str]),
    "boolean": frozenset([bool]),
    "integer": frozenset([int, str]),
    "number": frozenset([int, float, str]),
    "object": frozenset([dict]),
    "array": frozenset([list]),
}
_NULL = type(None)


class Seen:
    """One place in the rows of a stream.

    node: what becomes of its values; None: they are left out.
    types: those of the values that have come.
    fields: the keys that have come in its objects, in their order; keys without a place are not
        among them.
    items: what has come in its arrays.
    sample: the first text that was not empty.
    """

    def __init__(self, node: Node | None) -> None:
        self.node = node
        self.kind = "" if node is None else node.kind
        self.types: set[type] = set()
        self.fields: dict[str, Seen] = {}
        self.items: Seen | None = None
        self.sample = ""
        # Objects with keys of any name are not looked into, nor arrays of anything.
        fixed = node is not None and node.fields is not None and node.extra is None
        self._is_object = self.kind == "object" and fixed
        if node is not None and self.kind == "array" and node.items is not None:
            self.items = Seen(node.items)

    @property
    def is_plain(self) -> bool:
        """All values that have come are of the usual types, and can be converted one by one."""
        if self.kind not in PLAIN or not self.types - {_NULL} <= PLAIN[self.kind]:
            return False
        if self.kind == "array":
            items = self.items
            return items is not None and items.is_plain and (items._is_object or items.is_final)
        return self._is_object if self.kind == "object" else True

    @property
    def can_be_key(self) -> bool:
        """Its values go out as texts or numbers that can be compared."""
        return self.is_plain and (self.is_final or self.kind == "date")

    @property
    def is_final(self) -> bool:
        """Plain scalars that go out as they are."""
        if self.kind in ("integer", "number"):
            return not self.has_text
        return self.kind in ("string", "json", "boolean")

    @property
    def has_text(self) -> bool:
        """Some values are texts."""
        return str in self.types

    @property
    def has_null(self) -> bool:
        """Some values are null."""
        return _NULL in self.types

    def note(self, value: Any) -> bool:
        """Look at one more value; whether there was anything new in it."""
        kind = type(value)
        is_new = kind not in self.types
        self.types.add(kind)
        if kind is dict and self._is_object:
            for key, inner in value.items():
                field = self.fields.get(key) or self._new_field(key)
                if field is not None and field.note(inner):
                    is_new = True
        elif kind is list and self.items is not None:
            for inner in value:
                if self.items.note(inner):
                    is_new = True
        elif kind is str and not self.sample:
            self.sample = value
        return is_new

    def _new_field(self, key: str) -> Seen | None:
        assert self.node is not None
        node = (self.node.fields or {}).get(key)
        if node is None and key not in (self.node.deselected or ()):
            return None
        self.fields[key] = Seen(node)
        return self.fields[key]
