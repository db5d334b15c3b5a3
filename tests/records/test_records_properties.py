"""What holds for every record, schema and selection."""

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_schema import fits

from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads

Json = dict[str, Any]
Case = tuple[Json, Json, list[tuple[Json, list[str]]]]

NAMES = st.sampled_from(["a", "b", "c", "d", "e.f"])
STRING = {"type": ["null", "string"]}
SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    [
        *({"type": ["null", name]} for name in ("string", "number", "integer", "boolean")),
        *({"type": ["integer", "string"]}, {"type": ["number", "boolean"]}),
        *({"type": ["null", "string"], "format": "date-time"}, {}),
    ]
)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3) -> Json:
    """A tap's schema: objects and arrays of scalars, some of them free-form or of several types."""
    kinds = ["scalar", "scalar", "object", "array", "objects", "free", "union"]
    kind = draw(st.sampled_from(kinds))
    if kind == "scalar" or not depth:
        return draw(SCALARS)
    if kind == "free":
        return draw(st.sampled_from([{"type": "object"}, {"type": "array"}]))
    if kind == "array":
        return {"type": ["null", "array"], "items": draw(schemas(depth=depth - 1))}
    fields = draw(st.dictionaries(NAMES, schemas(depth=depth - 1), max_size=4))
    inner: Json = {"type": ["null", "object"], "properties": fields}
    if draw(st.integers(0, 5)) == 0:
        inner["additionalProperties"] = True
    if kind == "objects":
        return {"type": ["null", "array"], "items": inner}
    if kind == "union":
        return {"anyOf": [inner, {"type": draw(st.sampled_from(["string", "integer", "null"]))}]}
    return inner


@st.composite
def selections(draw: st.DrawFn, schema: Json) -> Json:
    """The schema without some fields, at any depth."""
    cut = dict(schema)
    if "properties" in cut:
        cut["properties"] = {
            name: draw(selections(field))
            for name, field in cut["properties"].items()
            if name == "_rescued_data" or draw(st.integers(0, 3))
        }
    if "items" in cut:
        cut["items"] = draw(selections(cut["items"]))
    if "anyOf" in cut:
        cut["anyOf"] = [draw(selections(branch)) for branch in cut["anyOf"]]
    return cut


TEXTS = ["", None, True, "{}", "\0\ud800x{}\0", 'é\\{}"', "{}.0000", "0{}", " {}", "-{}e3"]
NUMBERS = [int, float, lambda digits: float(digits + ".5"), lambda digits: int(digits + "0" * 30)]
DATES = ["Mon, 05 Jan 2026 10:00:00 +0000", "2026-01-05T10:00:00Z", "", None]


class Values:
    """Draws values in which each text and number has a unique mark."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.marks: list[str] = []

    def mark(self, secret: bool) -> str:
        if secret:
            return "secret"
        self.marks.append(str(7_000_000 + len(self.marks)))
        return self.marks[-1]

    def any(self, secret: bool, depth: int = 2) -> Any:
        """Any value that a JSON parser returns; if it is secret, without numbers."""
        if depth and self.draw(st.booleans()):
            items = [self.any(secret, depth - 1) for _ in range(self.draw(st.integers(0, 2)))]
            keys = self.draw(st.permutations(["a", "e.f", "\ud800\0"]))
            return items if self.draw(st.booleans()) else dict(zip(keys, items, strict=False))
        form = self.draw(st.sampled_from(TEXTS if secret else [*TEXTS, *NUMBERS]))
        if callable(form):
            return form(self.mark(secret))
        return form.format(self.mark(secret)) if isinstance(form, str) and form else form

    def of(self, cut: Any, known: Json, secret: bool) -> Any:
        """A value that mostly fits the schema; secret: it is deselected."""
        if not self.draw(st.integers(0, 9)):
            return self.wrong(known, secret or cut != known)  # Then a field of it is deselected.
        if "anyOf" in known:
            if self.draw(st.booleans()):
                return self.object(cut["anyOf"][0], known["anyOf"][0], secret)
            return None if known["anyOf"][1]["type"] == "null" else self.mark(secret)
        if "properties" in known:
            return self.object(cut, known, secret)
        if "items" in known:
            size = self.draw(st.integers(0, 3))
            return [self.of(cut["items"], known["items"], secret) for _ in range(size)]
        types = known.get("type", [])
        if known.get("format") or "boolean" in types:
            return self.draw(st.sampled_from(DATES if known.get("format") else [True, False, None]))
        if not secret and ("number" in types or "integer" in types):
            return self.draw(st.sampled_from(["{}", "{}.0000", "{}.25"])).format(self.mark(False))
        return self.any(secret, depth=1)

    def wrong(self, known: Json, secret: bool) -> Any:
        """A value of another type; if it is not secret, it may also fit."""
        if not secret:
            return self.any(secret)
        if "anyOf" in known or "properties" in known or known.get("type") == "object":
            return [self.any(secret)]
        return {"a": self.any(secret)}

    def object(self, cut: Any, known: Json, secret: bool) -> Json:
        made: Json = {}
        for name, field in known["properties"].items():
            if name != "_rescued_data" and self.draw(st.integers(0, 4)):
                chosen = cut["properties"].get(name)
                hidden = secret or chosen is None
                made[name] = self.of(field if chosen is None else chosen, field, hidden)
        for name in self.draw(st.lists(st.sampled_from(["new", "x.y", "n\0"]) | NAMES, max_size=1)):
            if name not in known["properties"]:
                made[name] = self.any(secret)
        return made


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """The emitted schema, the known one, and records with their marks."""
    fields = draw(st.dictionaries(NAMES, schemas(), min_size=1, max_size=5))
    known: Json = {"type": "object", "properties": {**fields, "_rescued_data": STRING}}
    cut = draw(selections(known))
    values = [Values(draw) for _ in range(draw(st.integers(1, 3)))]
    return cut, known, [(each.object(cut, known, False), each.marks) for each in values]


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=4 * settings().max_examples, deadline=None, suppress_health_check=SLOW)
@given(cases())
def test_nothing_is_lost_nothing_leaks_and_all_is_valid(case: Case) -> None:
    cut, known, records = case
    made = Converter(cut, known)
    lines: dict[str, bytes] = {}
    for row, marks in records * 2:
        record = loads(json_text(row))
        before = repr(record)
        total = sum(made.rescued.values())
        line = orjson.dumps(made.convert(record))
        assert repr(record) == before
        assert lines.setdefault(before, line) == line
        out = json.loads(line)
        assert b"secret" not in line
        assert b"\\u0000" not in line
        assert fits(out, cut)
        inner = json.loads(out.get("_rescued_data") or "{}")
        assert sum(made.rescued.values()) - total == len(inner)
        for mark in marks:
            assert mark.encode() in line


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=9,
)
ANY_SCHEMA = schemas() | st.sampled_from(
    [{}, True, {"type": "string"}, {"type": ["null"]}, {"properties": {}}]
)


@settings(max_examples=2 * settings().max_examples, deadline=None, suppress_health_check=SLOW)
@given(
    st.dictionaries(NAMES, ANY_SCHEMA, max_size=3),
    st.dictionaries(NAMES, ANY_SCHEMA, max_size=3),
    st.dictionaries(NAMES, JSON, max_size=4),
)
def test_any_record_can_be_written(emitted: Json, known: Json, record: Json) -> None:
    schema = {"type": "object", "properties": {**emitted, "_rescued_data": STRING}}
    paths = {f"{name}[]" for name in emitted} | set(emitted)
    for options in ({}, {"json_text": paths, "value_or_array": paths}):
        made = Converter(schema, {"type": "object", "properties": known}, **options)  # type: ignore[arg-type]
        for _ in range(3):
            out = json.loads(orjson.dumps(made.convert(loads(json_text(record)))))
            assert fits(out, schema)
