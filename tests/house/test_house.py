"""What style promises, beyond ruff and import-linter; mutations and golden runs find changes."""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.golden import main

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tap_bigcommerce"
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}

# A function that changes the value of a module's constant.
CHANGES = re.compile(
    r"^ +.*?(?<![\w.])_?[A-Z][A-Z0-9_]+(?:(?:\[[^\]\n]*\]|\.\w+) *[-+|&]?= "
    r"|\.(?:add|append|clear|discard|extend|insert|pop|put|remove|reverse|setdefault|sort|update)"
    r"\w*\()",
    re.MULTILINE,
)


def test_a_subpackage_has_at_most_twelve_entries() -> None:
    for name in MODULES:
        folder = (PACKAGE / name).parent
        # The schemas are a file for each stream.
        if name.endswith("/__init__.py") and folder.name != "schemas":
            assert len({*folder.iterdir()} - {folder / "__pycache__"}) <= 12, folder


def test_a_module_says_what_it_is_for_in_its_first_line() -> None:
    """These lines are the list of modules in CONTRIBUTING."""
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tap_bigcommerce_dagster").rglob("*.py")]:
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert 0 < len(docstring.split("\n")[0]) <= 72, path


def test_a_declaration_of_a_stream_has_at_most_ten_lines() -> None:
    for path in (PACKAGE / "streams").rglob("*.py"):
        text = re.sub(r"^ *#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
        found = re.findall(r"^( *)(Stream\(\n.*?^\1\))", text, re.DOTALL | re.MULTILINE)
        assert [one for _, one in found if one.count("\n") >= 10] == []


def test_everything_is_caught_only_where_it_is_known_what_for() -> None:
    """CONTRIBUTING says what becomes of it in these modules."""
    catching = r"^ *except(:| .*\b(Base)?Exception\b)"
    found = {name for name, text in MODULES.items() if re.search(catching, text, re.MULTILINE)}
    expected = {"progress/run_reporting.py", "cli/run.py", "exceptions.py", "api/workers.py"}
    assert found == expected


def test_nothing_at_module_level_changes() -> None:
    """But for `global`, which ruff finds. All values at module level have names in capitals."""
    bound = re.compile(r"^(?!__)_?[a-z]\w*(?:: [^=\n]+)? = ", re.MULTILINE)
    for name, text in MODULES.items():
        assert bound.findall(text) == [], name
        assert CHANGES.findall(text) == [], name
    changing = "MEMO = {}\ndef f():\n    MEMO[1] = 2\n    x = MEMO.pop(1)\n    MEMO.x |= 1"
    assert len(CHANGES.findall(changing)) == 3


NAME = "tap-bigcommerce"  # which on PyPI is another tap
_BARE = rf"(?<![\w/.@-]){NAME.replace('-', '[-_.]')}(?![\w/-]|\.\w)"
BARE_NAME = re.compile(
    rf"\b(?:pip[\d.]*|pipx|uv)[\"',\s]+(?:[\w-]+[\"',\s]+)*?(?:install|inject|run|add|download)\b"
    rf"[^\n`|;&#]*?{_BARE}"
    rf"|(?:\buvx\b|\bmeltano[\"',\s]+add\b(?![^\n]*--from-ref))[^\n`|;&#]*?{_BARE}"
    rf"|pip_url[\"']?\s*[:=]?\s*[^\n`#]*?{_BARE}"
    rf"|{_BARE}(?:\[\w|\s*[=~<>!]=)"
    rf"|^{_BARE}$",
    re.MULTILINE,
)
INSTALLING = (
    f"pip3.12 install -q --upgrade '{NAME}[deletes]'",
    f'["pip", "install", "{NAME.replace("-", "_")}"]',
    f"uv tool install {NAME}",
    f"uvx {NAME} --help",
    f'"pip_url": "{NAME}"',
    f"meltano add extractor {NAME}",
    f"requests>=2\n{NAME}\norjson",
    f"{NAME} >= 2",
)


def test_no_file_installs_the_bare_name() -> None:
    assert [text for text in INSTALLING if not BARE_NAME.search(text)] == []
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for path in (ROOT / name for name in listed.split("\0")[:-1]):
        if path.suffix not in {".png", ".woff2"} and path.is_file():
            text = path.read_text("utf-8", "replace").replace("\\\n", " ")
            assert not (found := BARE_NAME.search(text)), f"{path}: {found}"


def test_the_places_of_the_mutations_are_there() -> None:
    for mutation in json.loads((ROOT / "tests" / "mutations.json").read_text("utf-8")):
        text = (ROOT / mutation["file"]).read_text("utf-8")
        assert text.count(mutation["old"]) == 1, mutation["name"]
        assert mutation["new"] != mutation["old"]
        assert all((ROOT / folder).exists() for folder in mutation["tests"])


@pytest.mark.tools
def test_a_value_that_another_version_writes_otherwise_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path), "--only", "odd"]
    package = shutil.copytree(ROOT / "tap_bigcommerce", tmp_path / "tap_bigcommerce")
    assert main(words) == 0
    [file] = package.rglob("coupons.json")
    schema = json.loads(file.read_text("utf-8"))
    schema["properties"]["name"]["type"] = ["null", "integer"]
    file.write_text(json.dumps(schema), "utf-8")
    assert main(words) == 1
    shown = capsys.readouterr().out
    assert "coupons, message 1: " in shown
    assert "brands" not in shown
