"""The commands that docs/check.md shows work as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tap_runner import clean_environment, discover, settings

from sandbox import Sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "check.md"


def test_the_commands_shown_work(quiet: Sandbox, tmp_path: Path) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    state = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00Z"}}}
    for name, value in (
        ("config", settings(quiet)),
        ("catalog", discover(settings(quiet))),
        ("state", state),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{commands}"],
        cwd=tmp_path,
        env={**clean_environment(), "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Ready: all 4 selected streams can be read.") == 2
    assert json.loads((tmp_path / "check.json").read_text())["ready"] is True
