"""Programs of others that tests need, each in a virtual environment that the Makefile makes.

They want other versions of the same packages, hence an environment each. It lies beside the one
that the tests run in, is made once and kept.
"""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def installed(target: str, program: str) -> Path:
    """The program of the environment that `make TARGET` makes. Skips where that fails."""
    folder, reason = _made(target)
    if reason:
        pytest.skip(f"`make {target}` does not work here: {reason}")
    return folder / "bin" / program


@functools.cache
def _made(target: str) -> tuple[Path, str]:
    """The environment's folder, and why it cannot be made: nothing if all is well."""
    own = sys.prefix if sys.prefix != sys.base_prefix else ROOT / ".venv"
    command = ["make", "--no-print-directory", f"VENV={own}", target]
    try:
        made = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
        )
    except FileNotFoundError:
        return Path(), "make is not installed"
    reason = made.stderr.strip()[-1000:] if made.returncode else ""
    return Path(f"{own}-{target}"), reason
