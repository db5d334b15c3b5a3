"""The walls of the house: imports run one way, and what style promises holds in every file."""

from __future__ import annotations

import ast
import collections
import functools
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tap_bigcommerce"
FLEET = ROOT / "tap_bigcommerce_dagster"

# Floors from the top of the house to its ground. A module imports from floors below its own only;
# a folder is one module here, whose files may import one another, without circles.
FLOORS = (
    ("__main__",),
    ("cli",),
    ("run",),
    ("audience", "about", "check", "init"),
    ("bar", "report", "costs"),
    ("audit", "sync"),
    ("walk_sync",),
    ("output",),
    ("deletes",),
    ("reading",),
    ("tools",),
    ("catalog",),
    ("selection", "probe"),
    ("streams",),
    ("pages",),
    ("client", "messages"),
    (
        "answer",
        "transport",
        "workers",
        "quota",
        "patience",
        "state",
    ),
    ("tracker",),
    ("progress",),
    ("records", "statuses", "counts", "stop", "config", "log"),
    ("dates", "rules", "schemas"),
    ("exceptions", "files", "version", "memory", "options"),
    ("display",),
)

# Where everything may be caught, and what becomes of it there.
CATCHES_ALL = {
    "audience.py": "a report that cannot be made is no reason for another exit status",
    "run.py": "turns what nobody foresaw into an exit status, with its traceback",
    "exceptions.py": "turns what nobody foresaw into a stream's failure, with its traceback",
    "workers.py": "hands a job's error to the stream that waits for it",
}

# Methods that change the value they belong to.
MUTATORS = frozenset(
    name
    for kind in (list, dict, set, collections.deque)
    for name in vars(kind)
    if name in {"add", "discard", "put", "reverse", "sort", "update"}
    or name.startswith(("append", "clear", "extend", "insert", "pop", "remove", "setdefault"))
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """As in `tap_bigcommerce.pagination.page`, without the package's own name; "" for itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports_of(path: Path) -> set[str]:
    """The modules of the package that a file imports, anywhere in it."""
    names = {name_of(other) for other in modules()}
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            candidates = [[alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            # `from package import name`: the name may be a module of its own.
            candidates = [[f"{node.module}.{a.name}", f"{node.module}"] for a in node.names]
        else:
            continue
        for choices in candidates:
            own = [c.removeprefix("tap_bigcommerce").lstrip(".") for c in choices]
            if choices[-1].split(".")[0] == "tap_bigcommerce":
                found.add(next(choice for choice in own if choice in names))
    return found - {""}


def packages_imported_by(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def floor_of(name: str) -> int:
    home = name.split(".")[0]
    return next(number for number, floor in enumerate(FLOORS) if home in floor)


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT if path.is_relative_to(FLEET) else PACKAGE))


every_module = pytest.mark.parametrize("path", modules(), ids=ids)


def test_every_module_has_its_floor_and_every_floor_its_modules() -> None:
    homes = {name_of(path).split(".")[0] for path in modules()} - {""}
    assert homes == {name for floor in FLOORS for name in floor}


@every_module
def test_a_module_imports_from_floors_below_its_own_only(path: Path) -> None:
    name = name_of(path)
    for imported in imports_of(path):
        if imported.split(".")[0] != name.split(".")[0]:
            assert floor_of(imported) > floor_of(name), f"{name} imports {imported}"


def test_no_imports_run_in_circles() -> None:
    graph = {name_of(path): imports_of(path) - {name_of(path)} for path in modules()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the circle


@pytest.mark.parametrize(("package", "other"), [(PACKAGE, FLEET), (FLEET, PACKAGE)], ids=str)
def test_the_tap_and_the_fleet_do_not_import_each_other(package: Path, other: Path) -> None:
    files = list(package.rglob("*.py"))
    assert files
    assert [path for path in files if other.name in packages_imported_by(path)] == []


@pytest.mark.parametrize("path", [*modules(), *sorted(FLEET.rglob("*.py"))], ids=ids)
def test_a_module_says_what_it_is_for_in_its_first_line(path: Path) -> None:
    first = (ast.get_docstring(tree_of(path)) or "").split("\n")[0]
    assert first, "the first line is a docstring"


@every_module
def test_everything_is_caught_only_where_it_is_known_what_for(path: Path) -> None:
    caught = {
        name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        for name in exception_names(node.type)
    }
    if caught & {"", "Exception", "BaseException"}:
        assert ids(path) in CATCHES_ALL


@every_module
def test_nothing_at_module_level_changes(path: Path) -> None:
    tree = tree_of(path)
    own = {name for statement in tree.body for name in bound_names(statement)}
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Global), f"line {node.lineno}: global"
    for function in outermost_functions(tree):
        local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and is_stored(n)}
        arguments = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
        for name, line in changed_names(function):
            assert name not in own - local - arguments, f"line {line}: {name} is changed"


def test_the_map_in_contributing_names_every_module() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    block = text.partition("<!-- map -->")[2].partition("<!-- end of map -->")[0]
    named = set(re.findall(r"^\s*([\w/]+(?:\.py|\.json|/))  +\S", block, re.MULTILINE))
    homes = {
        f"{entry.name}/" if entry.is_dir() else entry.name
        for entry in PACKAGE.iterdir()
        if entry.name not in ("__init__.py", "__pycache__", "py.typed")
    }
    assert named == homes


def test_a_wheel_has_every_package_and_every_file_beside_the_modules() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = set(re.findall(r'^  "(tap_bigcommerce\b[.\w]*)",$', project, re.MULTILINE))
    folders = {path.parent.relative_to(ROOT) for path in modules() if path.name == "__init__.py"}
    assert packages == {".".join(folder.parts) for folder in folders}
    data = project.partition("[tool.setuptools.package-data]\n")[2].partition("\n\n")[0]
    packed = {
        file
        for package, patterns in re.findall(r'^"?([\w.]+)"? = \[(.+)\]$', data, re.MULTILINE)
        for pattern in re.findall(r'"(.+?)"', patterns)
        for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    beside = {file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix[:3] != ".py"}
    assert {file for file in packed if file.is_relative_to(PACKAGE)} == {
        *beside,
        PACKAGE / "py.typed",
    }


def test_a_test_of_the_house_would_see_a_broken_wall() -> None:
    tree = ast.parse("MEMO = {}\ndef learn(key):\n    MEMO[key] = 1\n    MEMO.update({})")
    assert [name for name, _ in changed_names(outermost_functions(tree)[0])] == ["MEMO", "MEMO"]
    assert floor_of("streams.orders") < floor_of("client")


def exception_names(node: ast.expr | None) -> Iterator[str]:
    """What an `except` names; "" where it names nothing."""
    if node is None:
        yield ""
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Name):
            yield part.id


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at module level binds to a value."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and is_stored(node):
                yield node.id


def outermost_functions(tree: ast.Module) -> list[ast.AST]:
    """The functions at module level, and the methods of classes there."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found: list[ast.AST] = []
    for statement in tree.body:
        inside = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        found += [node for node in inside if isinstance(node, kinds)]
    return found


def changed_names(function: ast.AST) -> Iterator[tuple[str, int]]:
    """The names of which a function changes the value's content: X[..] = .., X.append(..)."""
    for node in ast.walk(function):
        target: ast.expr | None = None
        if isinstance(node, (ast.Subscript, ast.Attribute)) and is_stored(node):
            target = node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in MUTATORS
        ):
            target = node.func.value
        if isinstance(target, ast.Name) and isinstance(node, ast.expr):
            yield target.id, node.lineno


def is_stored(node: ast.Name | ast.Subscript | ast.Attribute) -> bool:
    return isinstance(node.ctx, (ast.Store, ast.Del))
