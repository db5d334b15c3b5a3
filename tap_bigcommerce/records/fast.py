"""Records as expected, by generated code: straight lines instead of a walk through the schema.

The objects of one place mostly have the same keys. For such a set of keys a *shape* is generated
(see `shapes`) and kept; an object finds its shape by the number of its keys, and the shape itself
notices if they are others. Only where several shapes have as many keys are the keys compared.

Everything in here takes clean values only (see `converter.is_clean`), and raises `Misfit` for
whatever is out of the ordinary: then the record is left to `careful`, with which this must agree
wherever it gives a result.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson

from tap_bigcommerce.records.careful import NATIVE
from tap_bigcommerce.records.exact import ExactFloat, ExactInt
from tap_bigcommerce.records.schema_tree import Node
from tap_bigcommerce.records.shapes import Child, generate
from tap_bigcommerce.records.scalars import Misfit, Rules

Convert = Callable[[Any], Any]
# By the number of keys: the shape, or where several have as many a function that picks one of them.
Shapes = dict[int, Convert]

# A shape is generated, in some milliseconds, when its keys come for the second time. A place has at
# most so many, and remembers so many sets of keys without one.
MAX_SHAPES = 64
MAX_WITHOUT = 256

# Objects with so many fields are converted once where the same one stands twice in a record.
LARGE = 12


class Fast:
    """Compiles a schema as its records come. keys: fields of the record that may not be null."""

    def __init__(self, root: Node, rules: Rules, keys: Sequence[str]) -> None:
        self.rules = rules
        self.root = root
        self.keys = keys
        self.sources: list[str] = []
        # By the id of an object: what became of it. Emptied before each record.
        self.done: dict[int, Any] = {}
        self._places: dict[Hashable, _Place] = {}
        self._alike: Counter[Hashable] = Counter()
        _count_objects(root, self._alike)
        place = self._place(root)
        self.shapes: dict[int, Callable[[Any], dict[str, Any]]] = place.shapes
        # The same for records that may be changed.
        self.changes: dict[int, Callable[[Any], dict[str, Any]]] = place.changes
        self.convert: Callable[[Any], dict[str, Any]] = place.convert

    def child(self, node: Node) -> Child:
        """How a shape converts the values of this field."""
        item = node.items if node.kind == "array" else node
        shapes = None
        if item is not None and self._has_shapes(item) and not self._comes_again(item):
            shapes = self._place(item).shapes
        return Child(self.conversion(node), shapes)

    @staticmethod
    def _has_shapes(node: Node) -> bool:
        return node.kind == "object" and node.fields is not None

    def comes_again(self) -> bool:
        """Whether there is an object that may stand in a record twice."""
        return any(count > 1 for count in self._alike.values())

    def _comes_again(self, node: Node) -> bool:
        return self._alike[node.signature] > 1

    def _place(self, node: Node) -> _Place:
        """Places that are alike in every respect share their shapes."""
        place = self._places.get(node.signature)
        if place is None:
            place = self._places[node.signature] = _Place(self, node)
        return place

    def conversion(self, node: Node) -> Convert:
        """The function for the values of a place that are not null; it raises Misfit."""
        if node.kind == "object":
            if node.fields is None:
                return _free(dict)
            convert = self._place(node).convert
            return self._once(convert) if self._comes_again(node) else convert
        if node.kind == "array":
            return self._array(node)
        if node.kind == "union":
            return self._union(node)
        if node.kind == "any":
            return _whole
        if node.guard is not None and node.within is not None:
            guard, within = node.guard, self.conversion(node.within)
            return lambda value: guard(value, within)
        if node.kind == "json" and node.hides:
            return self.rules.by_kind["string"]
        return self.rules.by_kind[node.kind]

    def _once(self, convert: Convert) -> Convert:
        done = self.done

        def convert_once(value: Any) -> Any:
            out = done.get(id(value))
            if out is None:
                out = done[id(value)] = convert(value)
            return out

        return convert_once

    def _array(self, node: Node) -> Convert:
        if node.items is None:
            return _free(list)
        wrap = node.wrap
        convert = self.conversion(node.items)

        def convert_array(value: Any) -> Any:
            if type(value) is list:
                return [None if item is None else convert(item) for item in value]
            if value == "":
                return None
            if wrap and type(value) is dict:
                return [convert(value)] if value else []
            raise Misfit

        return convert_array

    def _union(self, node: Node) -> Convert:
        """By the value's type; only what the first branch of that type takes."""
        by_type: dict[type, Convert] = {}
        for branch in node.branches:
            convert = self.conversion(branch)
            for native in NATIVE[branch.kind]:
                by_type.setdefault(native, convert)

        def convert_union(value: Any) -> Any:
            convert = by_type.get(type(value))
            if convert is None:
                raise Misfit
            return convert(value)

        return convert_union


class _Place:
    """The objects of one place in the schema, or of several that are alike."""

    def __init__(self, fast: Fast, node: Node) -> None:
        self._fast = fast
        self._node = node
        self.shapes: Shapes = {}
        self.changes: Shapes = {}
        # By a shape: what does the same to objects that may be changed.
        self._change_of: dict[Convert, Convert] = {}
        self._by_keys: dict[frozenset[str], Convert] = {}
        # By the number of keys: shapes by their keys, in the orders in which these have come.
        self._alike: defaultdict[int, dict[tuple[str, ...], Convert]] = defaultdict(dict)
        # Sets of keys without a shape: seen once (False), or never to have one (True).
        self._without: dict[frozenset[str], bool] = {}
        self._children: dict[str, Child] = {}

    def convert(self, value: Any) -> Any:
        """An object by its shape; raises Misfit where there is none."""
        if type(value) is dict:
            shape = self.shapes.get(len(value))
            if shape is not None:
                try:
                    return shape(value)
                except KeyError:
                    pass  # Other keys, as many.
            return self._find(value)(value)
        if value == "" or value == []:
            return None
        raise Misfit

    def _find(self, value: dict[str, Any]) -> Convert:
        keys = frozenset(value)
        shape = self._by_keys.get(keys)
        if shape is None:
            shape = self._by_keys[keys] = self._make(keys, value)
        alike = self._alike[len(keys)]
        if len(alike) < MAX_SHAPES:
            alike[tuple(value)] = shape
            self.shapes[len(keys)] = _one_of(alike)
            changes = {order: self._change_of[one] for order, one in alike.items()}
            self.changes[len(keys)] = _one_of(changes)
        return shape

    def _make(self, keys: frozenset[str], value: dict[str, Any]) -> Convert:
        if len(self._by_keys) >= MAX_SHAPES:
            raise Misfit
        never = self._without.get(keys)
        if never is False:
            fields = self._fields(value)
            if fields is not None:
                del self._without[keys]
                return self._generate(fields, value)
        if len(self._without) >= MAX_WITHOUT:
            self._without.clear()
        self._without[keys] = never is not None
        raise Misfit

    def _fields(self, value: dict[str, Any]) -> dict[str, Node | None] | None:
        """What becomes of each key, None for what is left out; no answer if one of them is new."""
        node = self._node
        extra = None if node.deselected is None else node.extra
        found: dict[str, Node | None] = {}
        for key in value:
            field = (node.fields or {}).get(key)
            if field is None and not self._is_left_out(key):
                if extra is None:
                    return None
                field = extra
            found[key] = field
        return found

    def _is_left_out(self, key: str) -> bool:
        node = self._node
        if key in (node.deselected or ()):
            return True
        return node.leaves_out is not None and node.leaves_out(key)

    def _generate(self, fields: dict[str, Node | None], sample: dict[str, Any]) -> Convert:
        for key, field in fields.items():
            if field is not None and key not in self._children:
                self._children[key] = self._fast.child(field)
        fast = self._fast
        is_root = self._node is fast.root
        source, shape, change = generate(
            fields,
            sample,
            self._children,
            fast.rules,
            keys=fast.keys if is_root else None,
            done=fast.done if is_root and fast.comes_again() else None,
        )
        fast.sources.append(source)
        self._change_of[shape] = change or shape
        return shape


def _one_of(alike: dict[tuple[str, ...], Convert]) -> Convert:
    """One function for objects with as many keys."""
    return next(iter(alike.values())) if len(set(alike.values())) == 1 else _pick(alike)


def _pick(shapes: dict[tuple[str, ...], Convert]) -> Convert:
    """The shapes of objects with as many keys; KeyError for keys that are new, or ordered anew."""
    if all(len(keys) == 1 for keys in shapes):
        by_key = {key: shape for (key,), shape in shapes.items()}

        def convert_one(value: Any) -> Any:
            (key,) = value
            return by_key[key](value)

        return convert_one

    def convert(value: Any) -> Any:
        return shapes[tuple(value)](value)

    return convert


def _count_objects(node: Node, counter: Counter[Hashable]) -> None:
    if node.kind == "object" and len(node.fields or ()) >= LARGE:
        counter[node.signature] += 1
    for inner in node.inner():
        _count_objects(inner, counter)


def _free(kind: type) -> Convert:
    """Objects or arrays that go out whole."""

    def whole(value: Any) -> Any:
        if type(value) is kind:
            return _whole(value)
        if value == "" or (kind is dict and value == []):
            return None
        raise Misfit

    return whole


def _whole(value: Any) -> Any:
    """As it is; what is nested is written here and now, which shows whether orjson can write it."""
    if value and isinstance(value, (dict, list)):
        try:
            return orjson.Fragment(orjson.dumps(value))
        except TypeError:  # Too deep, or with a number that orjson does not write.
            raise Misfit from None
    if isinstance(value, (ExactInt, ExactFloat)):
        raise Misfit
    return value
