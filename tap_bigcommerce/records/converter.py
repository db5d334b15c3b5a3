"""One stream's converter: the fast way for records as expected, the careful way for the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from tap_bigcommerce.records.careful import Careful, Stray
from tap_bigcommerce.records.fast import Fast
from tap_bigcommerce.records.schema_tree import RESCUED_DATA, compile_schema
from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.records.typed import TypedReader
from tap_bigcommerce.records.scalars import Misfit, Rules, json_text

# A counter names at most this many paths; new ones beyond are counted together.
MAX_PATHS = 1000
OTHER_PATHS = "(other paths)"


class MissingKey(ValueError):  # the name that callers know
    """A record without one of its key fields: it cannot be written."""

    def __init__(self, field: str, record: Mapping[str, Any]) -> None:
        state = "absent"
        if field in record:
            state = "null" if record[field] is None else "not usable"
        super().__init__(f"the key field {field!r} is {state}")
        self.field = field
        self.record = record


# Twice as fast as `in` on a body with many backslashes.
_NUL = re.compile(rb"\\u0000")


def is_clean(body: bytes) -> bool:
    """Whether `loads` makes only clean values of this body; may say no without need.

    What `loads` reads has no lone surrogates and no NaN, and numbers that orjson cannot write are
    of types of their own; what may still be in it is the character NUL, which targets refuse and
    which can only be written as this escape.
    """
    return b"\\" not in body or _NUL.search(body) is None


class Converter:
    """One stream's records, from what the API sent to what the SCHEMA promises.

    schema: the JSON schema that is emitted, already cut to the selection.
    known: the tap's own whole schema of the stream, to tell new keys from deselected ones. Where
        the catalog came from elsewhere, `{"anyOf": [own schema, whole catalog schema]}`.
    keys: fields that may not be missing or null.
    rescue: whether `_rescued_data` takes what has no place; it must be in the schema, too.
    json_text: paths (`form_fields[].value`) of strings in which any other value becomes its JSON
        text.
    wrap: paths (`restricted_to`) of arrays of which a value that is no array becomes the only item.
    as_text: by path: the schemas of objects and arrays that go out as their JSON text.
    protection: what rules keep from going out as it is, at any depth.

    What fits nowhere is null in its place. Counted by path, array items as []:
    rescued: the values that went to `_rescued_data`.
    dropped: the values that could not, because it is not selected, or because they may contain
        something that is deselected.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        known: Mapping[str, Any],
        *,
        keys: Sequence[str] = (),
        rescue: bool = True,
        json_text: Container[str] = (),
        wrap: Container[str] = (),
        protection: Protection | None = None,
        as_text: Mapping[str, Any] | None = None,
    ) -> None:
        self.rescued: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._keys = tuple(keys)
        self._rescue = rescue and RESCUED_DATA in (schema.get("properties") or {})
        self._protection = protection
        root = compile_schema(schema, known, json_text, wrap, protection, as_text)
        rules = Rules()
        self._careful = Careful(root, rules)
        self._fast = Fast(root, rules, self._keys)

    def typed(
        self, column: tuple[str, str] | None = None, nulls: Sequence[str] = ()
    ) -> TypedReader | None:
        """A reader of whole portions, which agrees with this; None: not for such records.

        column: name and value of a text with which every record begins.
        nulls: fields that go out as null where a row has none, before all others.
        """
        fast = self._fast
        # What stands in a record twice is converted once, and has to be known by what it is.
        if fast.comes_again():
            return None
        return TypedReader(fast.root, fast.rules, fast.conversion, self._keys, column, nulls)

    @property
    def source(self) -> str:
        """The code that was generated so far, to look at."""
        return "\n".join(self._fast.sources)

    def convert_all(
        self, records: Iterable[Mapping[str, Any]], clean: bool = False, ours: bool = False
    ) -> list[dict[str, Any]]:
        """Several records, as by `convert`; `ours`: nobody else needs them, so they may change."""
        if not clean:
            return [self.convert(record) for record in records]
        shapes = self._fast.changes if ours else self._fast.shapes
        converted = []
        for record in records:
            try:
                converted.append(shapes[len(record)](record))
            except (KeyError, TypeError, Misfit):  # Not as the last record with as many keys.
                converted.append(self.convert(record, clean=True))
        return converted

    def convert(self, record: Mapping[str, Any], clean: bool = False) -> dict[str, Any]:
        """The record as it goes out: for `orjson.dumps` with `orjson.Fragment`s in it.

        clean: the record was read by `loads` from a body for which `is_clean` holds; else
        that is found out here, for about the time that the record took to parse.
        Never changes its input, with which the output may share arrays. Raises MissingKey where a
        key is absent, null or does not fit.
        """
        if type(record) is dict and (clean or _proves_clean(record)):
            # TypeError: an array or object where the shapes look up a number's text.
            with suppress(Misfit, TypeError):
                return self._fast.convert(record)
        out = self._convert_carefully(record)
        for key in self._keys:
            if out.get(key) is None:
                raise MissingKey(key, record)
        return out

    def forget(self) -> None:
        """Give back the memory of what values have been seen."""
        self._fast.rules.forget()

    def _convert_carefully(self, record: Mapping[str, Any]) -> dict[str, Any]:
        out, strays = self._careful.convert(record)
        if strays:
            rescued = self._sort_out(strays)
            if rescued:
                text = orjson.dumps(rescued)
                out[RESCUED_DATA] = text.decode()
        return out

    def _sort_out(self, strays: list[Stray]) -> dict[str, orjson.Fragment]:
        """Counts the strays, and returns those that may go out, as JSON text by path."""
        rescued: dict[str, orjson.Fragment] = {}
        for stray in strays:
            exact, general = stray.paths()
            try:
                value = self._rescuable(stray, general)
            except Misfit:
                _count(self.dropped, general)
                continue
            _count(self.rescued, general)
            while exact in rescued:  # Two keys that only differ in what was cleaned from them.
                exact += "\ufffd"
            rescued[exact] = orjson.Fragment(json_text(value)[0])
        return rescued

    def _rescuable(self, stray: Stray, path: str) -> Any:
        """What of a stray value may go out. Raises Misfit where none of it may."""
        if stray.secret or not self._rescue:
            raise Misfit
        protection = self._protection
        if protection is None:
            return stray.value
        if protection.hashes(protection.place(RESCUED_DATA)):
            return protection.pseudonym(stray.value)
        return protection.cleaned(stray.value, protection.place(path))


def _count(counter: Counter[str], path: str) -> None:
    counter[path if path in counter or len(counter) < MAX_PATHS else OTHER_PATHS] += 1


def _proves_clean(record: Mapping[str, Any]) -> bool:
    """Whether orjson writes and reads the record without a change, and no NUL is in it."""
    try:
        text = orjson.dumps(record)
        return is_clean(text) and orjson.loads(text) == record
    except (TypeError, ValueError, RecursionError):
        return False
