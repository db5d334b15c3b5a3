"""python -m scripts.locks: updates the locked versions of the images, with hashes.

`requirements/NAME.txt` locks the requirements in `NAME.in`: an extra of pyproject.toml
(`# extra: dagster`) and further requirements. Its first line has these requirements, so that a test
can detect an outdated lock. It needs https://pypi.org and uv, which `make locks` installs.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
PYTHON = "3.11"
"""The oldest Python version that the locks support. The images have later versions."""

EXTRA = "# extra: "
# With --no-strip-extras: older versions of pip would look for another version without the extra.
OPTIONS = (
    "--no-config --universal --generate-hashes --no-header --no-annotate --no-strip-extras --quiet "
    f"--python-version {PYTHON} --default-index https://pypi.org/simple"
).split()


def asked_for(name: str) -> list[str]:
    """The requirements of a lock: its own and, with an extra, those of the tap."""
    tomllib: Any = importlib.import_module("tomllib")  # Python 3.10 has no tomllib.

    lines = (FOLDER / f"{name}.in").read_text("utf-8").splitlines()
    found = [line for line in lines if line and line[0] != "#"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extra in (line.removeprefix(EXTRA) for line in lines if line.startswith(EXTRA)):
        found += project["dependencies"] + project["optional-dependencies"][extra]
    return sorted(found)


def head(name: str) -> str:
    """The first line of a lock."""
    return f"# {PYTHON}: {' '.join(asked_for(name))}\n"


def main() -> None:
    """Update all locks."""
    uv = str(Path(sys.argv[1] if len(sys.argv) > 1 else "uv"))
    for path in sorted(FOLDER.glob("*.in")):
        name = path.stem
        done = subprocess.run(
            [uv, "pip", "compile", *OPTIONS, "-"],
            input="\n".join(asked_for(name)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        path.with_suffix(".txt").write_text(head(name) + done.stdout, "utf-8")


if __name__ == "__main__":
    main()
