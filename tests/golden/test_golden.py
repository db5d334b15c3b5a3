"""A golden run finds what differs between two versions of the tap, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import tap_bigcommerce
from scripts.golden.__main__ import main


@pytest.mark.tools
def test_a_value_that_another_version_writes_otherwise_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path), "--only", "usual", "--streams", "coupons,brands"]
    package = tmp_path / "tap_bigcommerce"
    shutil.copytree(Path(tap_bigcommerce.__file__).parent, package)
    assert main(words) == 0, capsys.readouterr().out
    assert "same: 2 streams" in capsys.readouterr().out
    [file] = package.rglob("coupons.json")
    schema = json.loads(file.read_text("utf-8"))
    schema["properties"]["name"]["type"] = ["null", "integer"]
    file.write_text(json.dumps(schema), "utf-8")
    assert main(words) == 1
    shown = capsys.readouterr().out
    assert "coupons, message 1: RECORD.record._rescued_data: " in shown
    assert "brands, message" not in shown
