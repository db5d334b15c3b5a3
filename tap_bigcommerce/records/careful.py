"""The rules for whole records: any record, any misfit, every path named. `fast` is a shortcut."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from tap_bigcommerce.records.schema_tree import Node, below
from tap_bigcommerce.records.scalars import Misfit, Rules, clean_key

# Where a container stands: None for the record itself, else its parent's place and its own step.
Place = tuple[Any, "str | int"] | None

# The types of values that a kind takes without converting them.
NATIVE: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "json": (str,),
    "date": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (),
    "guarded": (),
    "any": (str, int, float, bool, dict, list),
}


class Stray(NamedTuple):
    """A value that has no place in the schema."""

    place: Place
    step: str | int
    value: Any
    # Why it must not be rescued: something in it is deselected, or may be.
    secret: bool

    def paths(self) -> tuple[str, str]:
        """Its path in this record, and the path under which it is counted."""
        steps = [self.step]
        place = self.place
        while place is not None:
            place, step = place
            steps.append(step)
        exact = general = ""
        for step in reversed(steps):
            if isinstance(step, int):
                exact, general = f"{exact}[{step}]", f"{general}[]"
            else:
                exact, general = below(exact, step), below(general, step)
        return exact, general


class Careful:
    """Converts any record by its schema, and collects what has no place in it."""

    def __init__(self, root: Node, rules: Rules) -> None:
        self._root = root
        self._rules = rules.by_kind

    def convert(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], list[Stray]]:
        """The record as the schema promises it, and every value that did not fit or is new."""
        strays: list[Stray] = []
        return self._object(self._root, record, None, strays), strays

    def _object(
        self, node: Node, value: Mapping[str, Any], place: Place, strays: list[Stray]
    ) -> dict[str, Any]:
        fields = node.fields or {}
        out: dict[str, Any] = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                if node.deselected is not None and key in node.deselected:
                    continue
                if node.leaves_out is not None and node.leaves_out(key):
                    continue
                field = node.extra
                if field is None or node.deselected is None:
                    secret = node.deselected is None
                    strays.append(Stray(place, clean_key(key), item, secret))
                    continue
                key = clean_key(key)
            out[key] = self._placed(field, item, place, key, strays)
        return out

    def _placed(
        self, node: Node, value: Any, place: Place, step: str | int, strays: list[Stray]
    ) -> Any:
        """The value converted, or null where it does not fit; then it is a stray."""
        if value is None:
            return None
        try:
            return self._value(node, value, (place, step), strays)
        except Misfit:
            strays.append(Stray(place, step, value, node.hides))
            return None

    def _value(self, node: Node, value: Any, place: Place, strays: list[Stray]) -> Any:
        kind = node.kind
        if kind == "object":
            if isinstance(value, dict):
                if node.fields is None:
                    return self._rules["any"](value)
                return self._object(node, value, place, strays)
            if value in ([], ""):  # An empty array is how PHP writes an empty object.
                return None
            raise Misfit
        if kind == "array":
            return self._array(node, value, place, strays)
        if kind == "union":
            return self._union(node, value, place, strays)
        if node.guard is not None and node.within is not None:
            within = node.within
            return node.guard(value, lambda given: self._value(within, given, place, strays))
        if kind == "json" and node.hides and isinstance(value, (dict, list)):
            raise Misfit
        return self._rules[kind](value)

    def _array(self, node: Node, value: Any, place: Place, strays: list[Stray]) -> Any:
        if value == "":
            return None
        if isinstance(value, list):
            if node.items is None:
                return self._rules["any"](value)
            return [
                self._placed(node.items, item, place, index, strays)
                for index, item in enumerate(value)
            ]
        if not node.wrap:
            raise Misfit
        if value == {}:
            return []
        if node.items is None:
            return [self._rules["any"](value)]
        return [self._value(node.items, value, (place, 0), strays)]

    def _union(self, node: Node, value: Any, place: Place, strays: list[Stray]) -> Any:
        """The first branch that takes the value as it is, else the first that can convert it."""
        native = [branch for branch in node.branches if type(value) in NATIVE[branch.kind]]
        for branch in native + [b for b in node.branches if b not in native]:
            with suppress(Misfit):  # Raised before any stray is found.
                return self._value(branch, value, place, strays)
        raise Misfit
