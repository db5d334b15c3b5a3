"""python -m scripts.locks UV: updates the locked versions of the images, with hashes.

`requirements/NAME.txt` locks the requirements in `NAME.in`: an extra of pyproject.toml
(`# extra: dagster`) and further requirements. Its first line has these requirements, so that a test
can detect an outdated lock. It needs https://pypi.org and uv, which `make locks` installs.
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
PYTHON = "3.11"  # the oldest one that the locks support; the images have later ones
# With --no-strip-extras: older versions of pip would look for another version without the extra.
OPTIONS = (
    "--no-config --universal --generate-hashes --no-header --no-annotate --no-strip-extras --quiet "
    f"--python-version {PYTHON} --default-index https://pypi.org/simple"
).split()


def asked_for(name: str) -> list[str]:
    """The requirements of a lock: its own and, with an extra, those of the tap."""
    tomllib: Any = importlib.import_module("tomllib")  # Python 3.10 has no tomllib.
    text = (FOLDER / f"{name}.in").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = re.findall("^[^#\n].*", text, re.MULTILINE)
    for extra in re.findall("^# extra: (.+)", text, re.MULTILINE):
        found += project["dependencies"] + project["optional-dependencies"][extra]
    return sorted(found)


def head(name: str) -> str:
    """The first line of a lock."""
    return f"# {PYTHON}: {' '.join(asked_for(name))}\n"


if __name__ == "__main__":
    for path in FOLDER.glob("*.in"):
        command = [sys.argv[1], "pip", "compile", *OPTIONS, "-"]
        asked = "\n".join(asked_for(path.stem))
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
        path.with_suffix(".txt").write_text(head(path.stem) + done.stdout, "utf-8")
