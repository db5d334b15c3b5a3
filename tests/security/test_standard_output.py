"""Where standard output is closed, full or left by its reader, every command says so."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_store import config, rows, serving
from tap_runner import COMMAND, clean_environment
from tiers import some_of

COMMANDS = (
    "--discover",
    "--check",
    "--list",
    "--about",
    "--audit",
    "--init",
    "--version",
    "--help",
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(rows()) as url:
        yield url


ENDS = ["exec {} >/dev/full", "exec {} >&-", "{} | true"]


@pytest.mark.parametrize("end", some_of(ENDS, 1, pytest.mark.kills))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_cannot_write_says_so(
    address: str, command: str, end: str, tmp_path: Path
) -> None:
    words = [*COMMAND, command]
    if command == "--init":
        file = tmp_path / "credentials.txt"
        path = "https://api.bigcommerce.com/stores/abc123/v3/"
        file.write_text(f"ACCESS TOKEN: t0ken\nAPI PATH: {path}\n")
        words.append(str(file))
    elif command in ("--discover", "--check", "--list", "--audit"):
        settings = tmp_path / "config.json"
        settings.write_text(json.dumps(config(address)))
        words += ["--config", str(settings)]
    # `true` reads nothing and ends; by the time that the tap writes, it is gone.
    script = f"set -o pipefail; {end.format(' '.join(words))}"
    ended = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=clean_environment(), timeout=60
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert any(words in ended.stderr for words in ("Standard output", "target stopped reading")), (
        ended.stderr
    )
