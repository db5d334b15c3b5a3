"""python -m scripts.locks: the versions in the images anew, each with the hashes of its files.

`requirements/NAME.txt` has what `NAME.in` beside it asks for: an extra of pyproject.toml
(`# extra: dagster`) and further requirements. The first line tells from what it was made, so that
a test sees when it is stale. It asks https://pypi.org; `make locks` installs uv, which it needs.
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
"""The oldest that the versions are for: that on which the tests try them. The images have later
ones."""

EXTRA = "# extra: "
# Extras are named: older pips would look for another version of what is asked for with one.
OPTIONS = (
    "--no-config --universal --generate-hashes --no-header --no-annotate --no-strip-extras --quiet "
    f"--python-version {PYTHON} --default-index https://pypi.org/simple"
).split()


def asked_for(name: str) -> list[str]:
    """What a lock is made from: its requirements and, with an extra, those of the tap."""
    tomllib: Any = importlib.import_module("tomllib")  # Python 3.10 has none.

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
    """Write all locks."""
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
