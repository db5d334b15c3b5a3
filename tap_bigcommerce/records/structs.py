"""Types for the rows of a stream as they have come, and what is left to do with such rows.

msgspec reads a row straight into an object of its type, and checks the types of all values on the
way. What is still to be done is generated:

    def finish_3(rows):
        for r in rows:
            v = r.f2                                      # a price that came as text
            if type(v) is str: r.f2 = numbers[v]
            r.f5 = UNSET                                  # what is not selected
            v = r.f7                                      # what is out of the ordinary
            if v: r.f7 = texts_4[bytes(v)]

What has no line goes out as it came.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from tap_bigcommerce.dates import MINUTES, SECONDS
from tap_bigcommerce.records.exact import loads
from tap_bigcommerce.records.schema_tree import Node
from tap_bigcommerce.records.seen import Seen
from tap_bigcommerce.records.shapes import date_of_parts
from tap_bigcommerce.records.scalars import MEMO_SIZE, MEMO_TEXT, Misfit, Rules

# Beyond 64 bits orjson reads another number, so those rows are left to it. This is as far as
# msgspec's bounds go.
_INTEGER = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TYPES: dict[str, Any] = {
    "string": str,
    "json": str,
    "date": str,
    "boolean": bool,
    "integer": _INTEGER,
    "number": _INTEGER | float,
}

NOTHING = "nothing"
"""What finishes objects that go out as they came."""


class Structs(NamedTuple):
    """read: the rows in a text, a list of them or an object with it as `data`. Raises what msgspec
        raises for rows that are not of the type.
    finish: makes these rows what goes out. Raises Misfit, ValueError or TypeError for a row that
        must be read otherwise, and leaves the rows half done then.
    names: by key of a row: its attribute. Fields that come later have later ones, so that those of
        rows that were read before stay right.
    memos: what `finish` remembers of values.
    """

    read: Callable[[bytes], list[Any]]
    finish: Callable[[Sequence[Any]], None]
    names: dict[str, str]
    memos: Sequence[dict[Any, Any]]

    def forget(self) -> None:
        """Give back the memory of the memos: types and functions refer to each other, and stay
        until the collector comes by."""
        for memo in self.memos:
            memo.clear()


def build(
    root: Seen,
    rules: Rules,
    convert: Callable[[Node], Callable[[Any], Any]],
    keys: Sequence[str],
    column: tuple[str, str] | None,
    nulls: Collection[str],
) -> Structs:
    """The types for rows as they have been seen. Raises ValueError for a name that msgspec does not
    take.

    convert: how the values of a node that are not null are converted.
    keys: fields of a row that may not be null.
    column: name and value of a text with which every record begins.
    nulls: fields that go out as null where a row has none.
    """
    return _Builder(rules, convert).build(root, keys, column, nulls)


class _Builder:
    def __init__(self, rules: Rules, convert: Callable[[Node], Callable[[Any], Any]]) -> None:
        self._convert = convert
        self._numbers = itertools.count()
        self._scope: dict[str, Any] = {
            NOTHING: lambda _: None,
            "UNSET": UNSET,
            "Misfit": Misfit,
            "numbers": _of_numbers(rules.numbers),
            "integers": _of_numbers(rules.integers),
            "dates": rules.dates,
            "days": rules.dates.days,
            "minutes": MINUTES,
            "seconds": SECONDS,
        }

    def build(
        self,
        root: Seen,
        keys: Sequence[str],
        column: tuple[str, str] | None,
        nulls: Collection[str],
    ) -> Structs:
        """Raises ValueError for a name that msgspec does not take."""
        record, finish = self._object(root, keys, column, nulls)
        names = {key: _attribute(place) for place, key in enumerate(root.fields)}
        memos = [one for one in self._scope.values() if isinstance(one, _EncodedMemo)]
        return Structs(_reader(record), self._scope[finish], names, memos)

    def _object(
        self,
        place: Seen,
        keys: Sequence[str] = (),
        column: tuple[str, str] | None = None,
        nulls: Collection[str] = (),
    ) -> tuple[Any, str]:
        """The type of the objects of a place, and the name of what finishes a list of them."""
        fields: list[tuple[Any, ...]] = []
        lines: list[str] = []
        for position, (key, seen) in enumerate(place.fields.items()):
            name = _attribute(position)
            if key in nulls and key not in keys and (seen.node is None or not seen.types):
                fields.append((name, None, None))  # Any value of it is news.
                continue
            kind, todo = self._field(seen, f"r.{name}")
            lines += todo
            if key in keys:
                fields.append((name, kind))
                lines += [f"if r.{name} is None: raise Misfit"] if todo else []
            else:
                default = None if key in nulls else UNSET
                fields.append((name, _or_null(kind) | UnsetType, default))
        number = next(self._numbers)
        struct = msgspec.defstruct(
            f"Row{number}",
            fields,
            rename={_attribute(position): key for position, key in enumerate(place.fields)},
            tag_field=column[0] if column else None,
            tag=column[1] if column else None,
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        return struct, self._define(f"finish_{number}", lines) if lines else NOTHING

    def _define(self, name: str, lines: Sequence[str]) -> str:
        body = ["    for r in rows:", *[f"        {line}" for line in lines]]
        source = "\n".join([f"def {name}(rows):", *body])
        exec(compile(source, f"<{name}>", "exec"), self._scope)
        return name

    def _field(self, seen: Seen, target: str) -> tuple[Any, list[str]]:
        """The type of the values of a field that are not null, and lines that finish one."""
        if seen.node is None:
            return msgspec.Raw, [f"{target} = UNSET"]
        if not seen.is_plain:
            memo = f"texts_{next(self._numbers)}"
            self._scope[memo] = _of_texts(self._convert(seen.node))
            return msgspec.Raw, [f"v = {target}", f"if v: {target} = {memo}[bytes(v)]"]
        if seen.kind == "object":
            struct, finish = self._object(seen)
            lines = [f"v = {target}", f"if v: {finish}((v,))"]
            return struct, [] if finish is NOTHING else lines
        if seen.kind == "array":
            assert seen.items is not None
            return self._array(seen.items, target)
        return self._scalar(seen, target)

    def _array(self, items: Seen, target: str) -> tuple[Any, list[str]]:
        kind, finish = _TYPES.get(items.kind), NOTHING
        if items.kind == "object":
            kind, finish = self._object(items)
        objects = "[item for item in v if item]" if items.has_null else "v"
        lines = [f"v = {target}", f"if v: {finish}({objects})"]
        item = _or_null(kind) if items.has_null else kind
        return list[item], [] if finish is NOTHING else lines  # type: ignore[valid-type]

    @staticmethod
    def _scalar(seen: Seen, target: str) -> tuple[Any, list[str]]:
        kind = _TYPES[seen.kind]
        if seen.kind == "date":
            return kind, [
                f"v = {target}",
                "if v:",
                f"    try: {target} = {date_of_parts('v', seen.sample)}",
                f"    except KeyError: {target} = dates[v]",
                f"elif v == '': {target} = None",
            ]
        if seen.is_final:
            return kind, []
        return kind | str, [f"v = {target}", f"if type(v) is str: {target} = {seen.kind}s[v]"]


def _reader(record: Any) -> Callable[[bytes], list[Any]]:
    rows = list[record]
    of_list = msgspec.json.Decoder(rows).decode
    page = msgspec.defstruct("Page", [("data", rows)])
    of_page: Callable[[bytes], Any] = msgspec.json.Decoder(page).decode

    def read(text: bytes) -> list[Any]:
        found: list[Any] = of_list(text) if text.lstrip().startswith(b"[") else of_page(text).data
        return found

    return read


def _attribute(position: int) -> str:
    return f"f{position}"


def _or_null(kind: Any) -> Any:
    """msgspec counts null among what any raw text can be."""
    return kind if kind is msgspec.Raw else kind | None


class _EncodedMemo(dict[Any, Any]):
    """Text to what msgspec writes of it. Starts again when full."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: Any) -> Any:
        value = self._convert(text)
        if len(text) <= MEMO_TEXT:
            if len(self) >= MEMO_SIZE:
                self.clear()
            self[text] = value
        return value


def _of_numbers(numbers: Mapping[str, Any]) -> _EncodedMemo:
    """By a number's text: the number, digit for digit."""

    def encode(text: str) -> Any:
        value = numbers[text]
        return _encoded(value) if type(value) is orjson.Fragment else value

    return _EncodedMemo(encode)


def _of_texts(convert: Callable[[Any], Any]) -> _EncodedMemo:
    """By any value's JSON text: that of what it becomes."""

    def encode(text: bytes) -> msgspec.Raw:
        value = loads(text)
        return _encoded(None if value is None else convert(value))

    return _EncodedMemo(encode)


def _encoded(value: Any) -> msgspec.Raw:
    """A value's JSON, in memory of its own size: orjson's began with a kilobyte, and what stays of
    that lies scattered over the heap and leaves holes."""
    return msgspec.Raw(bytes(memoryview(orjson.dumps(value))))
