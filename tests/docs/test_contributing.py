"""What CONTRIBUTING shows is true."""

from __future__ import annotations

import re
import runpy
import subprocess
import textwrap
from pathlib import Path

from documents import ROOT, examples

from tap_bigcommerce_sandbox import Sandbox

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DECLARATION, TEST = (e.text for e in examples(CONTRIBUTING) if e.language == "python")


def test_the_commands_are_known_to_make() -> None:
    (example,) = (e for e in examples(CONTRIBUTING) if e.language == "sh")
    for line in example.text.splitlines():
        command = line.partition("#")[0].split()
        assert command[0] == "make"
        subprocess.run([*command, "--dry-run"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_the_declaration_shown_is_one_of_the_taps() -> None:
    sources = (ROOT / "tap_bigcommerce" / "streams").glob("*.py")
    shown = textwrap.indent(DECLARATION.rstrip(), "    ")
    assert any(shown in source.read_text("utf-8") for source in sources)


def test_the_test_shown_passes(store: Sandbox, tmp_path: Path) -> None:
    imports = (
        "from tap_bigcommerce_sandbox import Sandbox\nfrom tap_runner import settings, succeed"
    )
    (tmp_path / "shown.py").write_text(f"{imports}\n{textwrap.dedent(TEST)}")
    names = runpy.run_path(str(tmp_path / "shown.py"))
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(store)


def test_the_folders_of_tests_are_those_in_the_table() -> None:
    text = CONTRIBUTING.read_text("utf-8")
    listed = set(re.findall(r"^\| `tests/(\w+)` \|", text, re.MULTILINE))
    assert listed == {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
