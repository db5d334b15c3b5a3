"""What style promises holds in every file, as far as ruff and import-linter do not see it."""

from __future__ import annotations

import ast
import collections
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tap_bigcommerce"
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(text) for name, text in MODULES.items()}

# Where everything may be caught, and what becomes of it there.
CATCHES_ALL = {
    "progress/run_reporting.py": "a missing report does not change the exit status",
    "cli/run.py": "turns unexpected errors into an exit status, with its traceback",
    "exceptions.py": "turns unexpected errors into a stream's failure, with its traceback",
    "api/workers.py": "hands a job's error to the stream that waits for it",
}

# Methods that change the value they belong to.
MUTATORS = frozenset(
    name
    for kind in (list, dict, set, collections.deque)
    for name in vars(kind)
    if name in {"add", "discard", "put", "reverse", "sort", "update"}
    or name.startswith(("append", "clear", "extend", "insert", "pop", "remove", "setdefault"))
)


def test_a_subpackage_has_at_most_twelve_entries() -> None:
    for name in MODULES:
        folder = (PACKAGE / name).parent
        # The schemas are a file for each stream.
        if name.endswith("/__init__.py") and folder.name != "schemas":
            assert len({*folder.iterdir()} - {folder / "__pycache__"}) <= 12, folder


def test_a_module_says_what_it_is_for_in_its_first_line() -> None:
    """These lines are the list of modules in CONTRIBUTING."""
    of_fleet = {
        str(path): ast.parse(path.read_text("utf-8"))
        for path in (ROOT / "tap_bigcommerce_dagster").rglob("*.py")
    }
    for name, tree in (TREES | of_fleet).items():
        assert 0 < len((ast.get_docstring(tree) or "").split("\n")[0]) <= 72, name


def test_a_declaration_of_a_stream_has_at_most_ten_lines() -> None:
    """With its brackets; comments between its lines do not count."""
    for name, text in MODULES.items():
        for declaration in re.findall(r"^( *)(Stream\(\n.*?^\1\))", text, re.DOTALL | re.MULTILINE):
            lines = [line for line in declaration[1].split("\n") if line.strip()[:1] != "#"]
            assert len(lines) <= 10 or not name.startswith("streams/"), declaration


def test_everything_is_caught_only_where_it_is_known_what_for() -> None:
    catching = r"^ *except(:| .*\b(Base)?Exception\b)"
    found = {name for name, text in MODULES.items() if re.search(catching, text, re.MULTILINE)}
    assert found == set(CATCHES_ALL)


def test_nothing_at_module_level_changes() -> None:
    """But for `global`, which ruff finds."""
    for name, tree in TREES.items():
        assert not [*changed_at_module_level(tree)], name
    changing = ast.parse("MEMO = {}\ndef learn(key):\n    MEMO[key] = 1\n    MEMO.update({})")
    assert [*changed_at_module_level(changing)] == [("MEMO", 3), ("MEMO", 4)]


def changed_at_module_level(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names of values at module level that a function changes, and the lines."""
    own = {name for statement in tree.body for name in bound_names(statement)}
    for function in outermost_functions(tree):
        local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and is_stored(n)}
        arguments = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
        for name, line in changed_names(function):
            if name in own - local - arguments:
                yield name, line


def test_a_wheel_has_every_package_and_every_file_beside_the_modules() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = set(re.findall(r'^  "(tap_bigcommerce\b[.\w]*)",$', project, re.MULTILINE))
    folders = [(PACKAGE / name).parent for name in MODULES if name.endswith("__init__.py")]
    assert packages == {".".join(folder.relative_to(ROOT).parts) for folder in folders}
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


NAME = "tap-bigcommerce"  # which on PyPI is another tap
_BARE = rf"(?<![\w/.@-]){NAME.replace('-', '[-_.]')}(?![\w/-]|\.\w)"
BARE_NAME = re.compile(
    rf"\b(?:pip[\d.]*|pipx|uv)[\"',\s]+(?:[\w-]+[\"',\s]+)*?(?:install|inject|run|add|download)\b"
    rf"[^\n`|;&#]*?{_BARE}"
    rf"|\buvx\b[^\n`|;&#]*?{_BARE}"
    rf"|pip_url[\"']?\s*[:=]?\s*[^\n`#]*?{_BARE}"
    rf"|\bmeltano[\"',\s]+add\b(?![^\n]*--from-ref)[^\n`|;&#]*?{_BARE}"
    rf"|{_BARE}(?:\[\w|\s*[=~<>!]=)"
    rf"|^{_BARE}$",
    re.MULTILINE,
)


INSTALLING = [
    f"pip install {NAME}",
    f"pip3.12 install -q --upgrade '{NAME}[deletes]'",
    f"/opt/tap/bin/pip install     --no-cache-dir {NAME}",
    f'["pip", "install", "{NAME}"]',
    f"python -m pip install {NAME.replace('-', '_')}",
    f"pipx install {NAME}",
    f"uv tool install {NAME}",
    f"uvx {NAME} --help",
    f"    pip_url: {NAME}",
    f'"pip_url": "{NAME}==1.1.3"',
    f"meltano add extractor {NAME}",
    f"requests>=2\n{NAME}\norjson",
    f'  "{NAME}[deletes]",',
    f"{NAME} >= 2",
]


def test_no_file_installs_the_bare_name() -> None:
    """A package of the same name on PyPI is another tap."""
    assert [text for text in INSTALLING if not BARE_NAME.search(text)] == []
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in listed.stdout.split("\0")[:-1]:
        path = ROOT / name
        if path.suffix not in {".png", ".woff2"} and path.is_file():
            text = path.read_text("utf-8", "replace").replace("\\\n", " ")
            found += [f"{name}: {match[0]}" for match in BARE_NAME.finditer(text)]
    assert not found


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at module level binds to a value."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
        yield from (node.id for node in stored if is_stored(node))


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


def test_the_places_of_the_mutations_are_there() -> None:
    """So that `make mutations` breaks something."""
    mutations = json.loads((ROOT / "tests" / "mutations.json").read_text("utf-8"))
    assert len(mutations) >= 30
    for mutation in mutations:
        text = (ROOT / mutation["file"]).read_text("utf-8")
        assert text.count(mutation["old"]) == 1, mutation["name"]
        assert mutation["new"] != mutation["old"]
        assert all((ROOT / folder).exists() for folder in mutation["tests"])
