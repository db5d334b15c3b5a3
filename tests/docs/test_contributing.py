"""What CONTRIBUTING shows is true."""

from __future__ import annotations

import re
import subprocess
import textwrap
from typing import Any

import tap_runner
from documents import ROOT, Example, examples

from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import Sandbox

CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def python_examples() -> list[Example]:
    return [example for example in examples(CONTRIBUTING) if example.language == "python"]


def test_the_commands_are_known_to_make() -> None:
    (example,) = (e for e in examples(CONTRIBUTING) if e.language == "sh")
    for line in example.text.splitlines():
        command = line.partition("#")[0].split()
        assert command[0] == "make"
        subprocess.run(
            [*command, "--dry-run"], cwd=ROOT, timeout=60, check=True, capture_output=True
        )


def test_the_declaration_shown_is_one_of_the_taps() -> None:
    declaration, _ = python_examples()
    sources = (ROOT / "tap_bigcommerce" / "streams").glob("*.py")
    shown = textwrap.indent(declaration.text.rstrip(), "    ")
    assert any(shown in source.read_text("utf-8") for source in sources)


def test_the_test_shown_passes(store: Sandbox) -> None:
    _, shown = python_examples()
    names: dict[str, Any] = {"run": tap_runner.run, "settings": tap_runner.settings}
    code = compile(
        f"from tap_bigcommerce_sandbox import Sandbox\n{textwrap.dedent(shown.text)}",
        "shown",
        "exec",
    )
    exec(code, names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(store)


def test_a_stream_has_a_schema_and_a_declaration_and_nothing_else() -> None:
    schemas = ROOT / "tap_bigcommerce" / "records" / "schemas"
    assert {path.stem for path in schemas.glob("*.json")} == set(STREAMS)
    for name in STREAMS:
        assert load_schema(name)["properties"]


def test_the_folders_of_tests_are_all_in_the_table() -> None:
    text = CONTRIBUTING.read_text("utf-8")
    listed = set(re.findall(r"^\| `tests/(\w+)` \|", text, re.MULTILINE))
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert folders <= listed, "CONTRIBUTING.md has a table with a line about each"
    assert all((ROOT / "tests" / folder).is_dir() for folder in listed)
