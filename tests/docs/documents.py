"""The documents that people read; the examples in them, and how they are run."""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tap_runner import clean_environment

from tap_bigcommerce_sandbox import Store

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)

HASH, TOKEN = "abc123", "the token of your API account"
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`(\w[\w.-]*)`[^\n]*:\n\n$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A fenced block. `file` is the file that the line before it names as its place."""

    language: str
    text: str
    file: str | None


def examples(document: Path) -> list[Example]:
    """All fenced blocks of a document, in their order, but for diagrams."""
    text = document.read_text("utf-8")
    found = []
    for match in _FENCED.finditer(text):
        if match[2] != "mermaid":
            body = re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)
            before = text.rfind("\n\n", 0, match.start() - 2) + 2
            named = _FILE.search(text, before, match.start())
            found.append(Example(match[2], body, named[1] if named else None))
    return found


def run_examples(examples: Iterable[Example], store: Store, folder: Path) -> str:
    """Write the files that the examples name, and run the commands as they stand, in one shell.

    Only the store's hash and the token are replaced by the sandbox's, and its address comes from
    the environment. Returns their output.
    """
    # `make test` installs target-jsonl beside the environment of the tests.
    places = [Path(f"{sys.prefix}-target-jsonl/bin"), ROOT / ".venv-target-jsonl" / "bin"]
    targets = [str(place) for place in places if (place / "target-jsonl").exists()]
    if not targets:
        pytest.skip("`make test` installs target-jsonl, which this example needs")
    script = ["set -euo pipefail"]
    for example in examples:
        text = example.text.replace(HASH, store.store_hash).replace(TOKEN, store.access_token)
        to_file = f"cat > {example.file} <<'END'\n{text.rstrip()}\nEND"
        script.append(text if example.file is None else to_file)
    environment = {**clean_environment(), "TAP_BIGCOMMERCE_API_URL": store.api_url}
    environment["PATH"] = f"{sys.prefix}/bin:{targets[0]}:{environment['PATH']}"
    result = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
