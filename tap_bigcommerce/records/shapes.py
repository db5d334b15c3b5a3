"""Generates the function for objects with one certain set of keys.

What it looks like, for an object with a price, a date, a name and a deselected key:

    def shape(record):
        v0, v1, v2, v3 = take(record)          # KeyError: other keys
        out = record.copy()
        del out[k3]
        out[k0] = numbers[v0]
        if type(v2) is not str and v2 is not None: out[k2] = convert_v2(v2)
        ...
        return out

The keys are the sample's own, not constants of the code: orjson makes most keys only once, and to
find the very same object takes half the time.

A null goes out as it is, everywhere; so does every type that the field's kind takes unchanged. The
sample, the first object of its kind, only decides what is tested first.

The record itself has a second function, for records that nobody else needs: it changes them. It
does so at its end, when nothing can fail any more, and leaves what is seldom to the first one:

    def change(record):
        v0, v1, v2, v3 = take(record)
        v0 = numbers[v0]
        if type(v2) is not str and v2 is not None: return shape(record)
        ...
        record[k0] = v0
        ...
        del record[k3]
        return record
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from tap_bigcommerce.dates import MINUTES, SECONDS
from tap_bigcommerce.records.careful import NATIVE
from tap_bigcommerce.records.schema_tree import Node
from tap_bigcommerce.records.scalars import Misfit, Rules


class Generated(NamedTuple):
    """Functions for objects with one set of keys, and their source."""

    source: str
    shape: Callable[[Any], Any]
    # For the record itself: changes it instead of copying it.
    change: Callable[[Any], Any] | None


class Child(NamedTuple):
    """How the values of a field are converted."""

    # Any value but null; raises Misfit.
    convert: Callable[[Any], Any]
    # For objects and the items of arrays: by the number of keys; raise KeyError for other keys.
    shapes: dict[int, Callable[[Any], Any]] | None


FEW = 4
"""So many values, or fewer, are taken one by one, which is faster."""

_MEMOS = {"number": "numbers", "integer": "integers"}
_NULL = type(None)


def generate(
    fields: Mapping[str, Node | None],
    sample: Mapping[str, Any],
    children: Mapping[str, Child],
    rules: Rules,
    *,
    keys: Sequence[str] | None,
    done: dict[int, Any] | None,
) -> Generated:
    """The source and the functions.

    fields: what each key of the sample becomes; None: it is left out.
    keys: for the record itself, fields that may not be null in the end; None for the objects in it,
        which may then go out uncopied if nothing had to be converted.
    done: to be emptied before the record is converted.
    """
    scope: dict[str, Any] = {
        "Misfit": Misfit,
        "numbers": rules.numbers,
        "integers": rules.integers,
        "dates": rules.dates,
        "days": rules.dates.days,
        "minutes": MINUTES,
        "seconds": SECONDS,
        "done": done,
    }
    names = {key: f"v{number}" for number, key in enumerate(sample)}
    own = {key: f"k{number}" for number, key in enumerate(sample)}
    scope |= {name: key for key, name in own.items()}
    kept = {key: field for key, field in fields.items() if field is not None}
    for key in kept:
        scope[f"convert_{names[key]}"] = children[key].convert
        scope[f"shapes_{names[key]}"] = children[key].shapes
    begin: list[str] = []
    if len(sample) > FEW:
        scope["take"] = itemgetter(*sample)
        begin.append(f"{', '.join(names.values())} = take(record)")
    elif sample:
        begin += [f"{name} = record[{own[key]}]" for key, name in names.items()]
    else:
        begin.append("if type(record) is not dict: raise Misfit")
    if done is not None:
        begin.append("done.clear()")

    gone = [key for key, field in fields.items() if field is None]
    late = keys is None and not gone and not _changes(fields, sample)
    few = 2 * len(gone) > len(sample)
    body = [*begin]
    if late:
        body.append("out = record")
    elif not few:
        body.append("out = record.copy()")
        body += [f"del out[{own[key]}]" for key in gone]
    else:
        body.append(f"out = {{{', '.join(f'{own[key]}: {names[key]}' for key in kept)}}}")
    for key, field in kept.items():
        name = names[key]
        target = f"out = {{**out, {own[key]}: %s}}" if late else f"out[{own[key]}] = %s"
        convert = target % f"convert_{name}({name})"
        has_shapes = children[key].shapes is not None
        body += _statement(field, name, sample[key], target, convert, has_shapes)
    for key in keys or ():
        body.append(f"if out[{own[key]}] is None: raise Misfit" if key in kept else "raise Misfit")
    body.append("return out")
    functions = [("shape", body)]

    if keys is not None and not few:
        body, changed = [*begin], []
        for key, field in kept.items():
            name, has_shapes = names[key], children[key].shapes is not None
            seldom = not _changes({key: field}, sample) and _goes_untouched(field)
            convert = "return shape(record)" if seldom else f"{name} = convert_{name}({name})"
            lines = _statement(field, name, sample[key], f"{name} = %s", convert, has_shapes)
            if any(f"{name} = " in line for line in lines):
                changed.append(key)
            body += lines
        for key in keys:
            body.append(f"if {names[key]} is None: raise Misfit" if key in kept else "raise Misfit")
        body += [f"record[{own[key]}] = {names[key]}" for key in changed]
        body += [f"del record[{own[key]}]" for key in gone]
        body.append("return record")
        functions.append(("change", body))

    source = "".join(
        f"def {name}(record):\n" + "".join(f"    {line}\n" for line in lines)
        for name, lines in functions
    )
    # Nothing of a catalog or a row is in it: keys and values are in the scope, by number.
    exec(compile(source, "<shape>", "exec"), scope)
    return Generated(source, scope["shape"], scope.get("change"))


def untouched(node: Node) -> frozenset[type]:
    """The types of clean values that go out from this place as they are."""
    if node.kind in ("string", "json", "number", "integer", "boolean"):
        return frozenset(NATIVE[node.kind])
    if node.kind == "any":
        return frozenset([str, int, float, bool])
    first: dict[type, Node] = {}
    for branch in node.branches:
        for one in NATIVE[branch.kind]:
            first.setdefault(one, branch)
    return frozenset(one for one, branch in first.items() if one in untouched(branch))


def _goes_untouched(node: Node) -> bool:
    """Some values go out from this place as they are."""
    return bool(untouched(node)) or (node.items is not None and bool(untouched(node.items)))


def _changes(fields: Mapping[str, Node | None], sample: Mapping[str, Any]) -> bool:
    """Whether objects like the sample will mostly have to be converted."""
    for key, field in fields.items():
        value = sample[key]
        if field is None or value is None or value == "" or value == []:
            continue
        if field.kind == "array" and field.items is not None and type(value) is list:
            if not {type(item) for item in value} <= untouched(field.items) | {_NULL}:
                return True
        elif type(value) not in untouched(field):
            return True
    return False


def _statement(
    node: Node, name: str, sample: Any, target: str, convert: str, has_shapes: bool
) -> list[str]:
    """The lines that look at one value, and convert it where it does not go out as it is.

    `target` assigns what is seen at once; `convert` is a statement for whatever else comes.
    """
    if node.kind == "date":
        return [
            f"if {name}:",
            f"    try: {target % date_of_parts(name, sample)}",
            f"    except (KeyError, TypeError): {convert}",
            f"elif {name} is not None: {target % f'dates[{name}]'}",
        ]
    if node.kind == "object" and has_shapes:
        return [
            f"if type({name}) is dict:",
            f"    try: {target % f'shapes_{name}[len({name})]({name})'}",
            f"    except KeyError: {convert}",
            f"elif {name} is not None: {convert}",
        ]
    if node.kind == "array":
        types = untouched(node.items) if node.items is not None else frozenset()
        if has_shapes:
            only = f"[shapes_{name}[len({name})]({name})]"
            wrapped = [
                f"elif type({name}) is dict and {name}:",
                f"    try: {target % only}",
                f"    except KeyError: {convert}",
            ]
            return [
                f"if type({name}) is list:",
                f"    if {name}:",
                "        try:",
                # Not a comprehension: before Python 3.12 that is a call of its own.
                "            items = []",
                f"            for item in {name}: items.append(shapes_{name}[len(item)](item))",
                f"            {target % 'items'}",
                f"        except (KeyError, TypeError): {convert}",
                *(wrapped if node.wrap else []),
                f"elif {name} is not None: {convert}",
            ]
        if not types:
            return [
                f"if {name} or ({name} is not None and type({name}) is not list): {convert}",
            ]
        return [
            f"if type({name}) is list:",
            f"    for item in {name}:",
            f"        if {_is_other('item', types, '')}:",
            f"            {convert}",
            "            break",
            f"elif {name} is not None: {convert}",
        ]
    otherwise = f"if {_is_other(name, untouched(node), sample)}: {convert}"
    if node.kind in _MEMOS and isinstance(sample, str):
        memo = f"{_MEMOS[node.kind]}[{name}]"
        if sample:
            return [target % memo]
        return [f"if type({name}) is str: {target % memo}", f"el{otherwise}"]
    return [otherwise]


def _is_other(name: str, types: frozenset[type], sample: Any) -> str:
    """A condition: neither null nor of these types; what the sample is comes first."""
    ordered = sorted(types, key=lambda one: (one is not type(sample), one.__name__))
    tests = [f"type({name}) is not {one.__name__}" for one in ordered]
    tests.insert(0 if sample is None else len(tests), f"{name} is not None")
    return " and ".join(tests)


def date_of_parts(name: str, sample: Any) -> str:
    """An expression for the date of three look-ups in a text laid out like the sample.

    The day takes 17 characters in `Mon, 05 Jan 2026 10:00:00 +0000`, 11 in `2026-01-05T...`.
    """
    start = 11 if isinstance(sample, str) and sample[:1].isdigit() else 17
    parts = f"days[{name}[:{start}]]", f"minutes[{name}[{start}:{start + 6}]]"
    return f'f"{{{parts[0]}}}{{{parts[1]}}}{{seconds[{name}[{start + 6}:]]}}"'
