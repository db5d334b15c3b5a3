"""Nothing that a catalog or a row holds becomes code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hostile_store import config, coupons, rows, serving
from tap_runner import run

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ("tap_bigcommerce", "tap_bigcommerce_dagster")
    for path in (ROOT / package).rglob("*.py")
)

RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
MAKES_OBJECTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy", "code", "yaml"}
SHELLS = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput")}


def dangers(tree: ast.AST) -> Iterator[str]:
    """What runs text or bytes as a program, and is called or imported here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MAKES_OBJECTS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in (
            MAKES_OBJECTS
        ):
            yield str(node.module)
        elif isinstance(node, ast.Name) and node.id in RUNS_TEXT:
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in SHELLS:
                yield node.attr
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            yield "shell"


def test_nothing_runs_text_as_a_program() -> None:
    found = {
        str(path.relative_to(ROOT)): sorted(dangers(ast.parse(path.read_text("utf-8"))))
        for path in MODULES
    }
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    ["eval(text)", "import pickle", "from yaml import load", "run(x, shell=True)", "os.system(x)"],
)
def test_the_search_would_find_it(line: str) -> None:
    assert list(dangers(ast.parse(line)))


def hostile_names(file: Path) -> list[str]:
    """Names of fields that would run, or break, if they stood in source as they are."""
    # Without quotes, points and brackets, which might have it quoted.
    run_it = f"exec(bytes(({','.join(map(str, f'open({str(file)!r}, {chr(119)!r})'.encode()))})))"
    return [
        *(f"x{end}{indent}{run_it}{end}{indent}#" for end in "\n\r\f" for indent in ("", "    ")),
        *(f"{quote}+{run_it}+{quote}" for quote in ("'", '"', "'''", '"""')),
        "\\",
        "{}",
        "{0.__class__}",
        "%s",
        "\u2028pass",
        "",
        "class",
        "None",
        "__class__",
        "__slots__",
        "f0",
        "record",
        "n" * 1_000_000,
    ]


def object_of(*texts: str) -> dict[str, Any]:
    """The schema of an object with a price and these texts."""
    fields: dict[str, Any] = {name: {"type": ["null", "string"]} for name in texts}
    return {
        "type": ["null", "object"],
        "properties": {"price": {"type": ["null", "number"]}, **fields},
    }


def test_no_name_of_a_field_becomes_code(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    names = hostile_names(ran)
    value = {"price": "1.50", "text": "t"}
    schemas = {name: object_of("text", f"other{at}") for at, name in enumerate(names)}
    inner = {name: object_of("text", f"inner{at}") for at, name in enumerate(names)}
    content: list[dict[str, Any]] = [
        {"id": id_, **dict.fromkeys(names, value), "deep": dict.fromkeys(names, value)}
        for id_ in range(1, 13)
    ]
    catalog = coupons({**schemas, "deep": {"type": ["null", "object"], "properties": inner}})
    with serving(rows(*content)) as url:
        result = run(config(url, page_size=6), catalog)
    assert not ran.exists()
    assert result.status == 0, result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    records = result.records("coupons")
    expected = {"price": Decimal("1.50"), "text": "t"}
    assert len(records) == len(content)
    for record in records:
        for fields in (record, record["deep"]):
            assert all(fields[name].items() >= expected.items() for name in names)
