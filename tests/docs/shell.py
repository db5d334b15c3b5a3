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


def run_examples(examples: Iterable[Example], store: Sandbox, folder: Path) -> str:
    """Write the files that the examples name, and run the commands; returns their output."""
    # `make test` installs it beside the environment of the tests.
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
