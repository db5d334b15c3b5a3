"""Runs a document's examples as they stand, in their order, in one shell.

Only the store's hash and the token are replaced by the sandbox's, and its address comes from the
environment.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from documents import ROOT, Example
from tap_runner import clean_environment

from tap_bigcommerce_sandbox import Sandbox

HASH, TOKEN = "abc123", "the token of your API account"


def target_jsonl() -> Path:
    """Where `make test` has installed it: beside the virtual environment of the tests."""
    for venv in (Path(sys.prefix + "-target-jsonl"), ROOT / ".venv-target-jsonl"):
        if (venv / "bin" / "target-jsonl").exists():
            return venv
    pytest.skip("`make test` installs target-jsonl, which this example needs")


def run_examples(examples: Iterable[Example], store: Sandbox, folder: Path) -> str:
    """Write the files that the examples name, and run the commands; fails with their words.

    Returns what they wrote to standard output.
    """
    script = ["set -euo pipefail"]
    for example in examples:
        text = example.text.replace(HASH, store.store_hash).replace(TOKEN, store.access_token)
        if example.file is not None:
            script.append(f"cat > {example.file} <<'END'\n{text.rstrip()}\nEND")
        else:
            script.append(text)
    tools = f"{sys.prefix}/bin:{target_jsonl()}/bin"
    environment = clean_environment()
    result = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={
            **environment,
            "PATH": f"{tools}:{environment['PATH']}",
            "TAP_BIGCOMMERCE_API_URL": store.api_url,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
