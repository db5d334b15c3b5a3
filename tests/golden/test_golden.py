"""A golden run finds what differs between two versions of the tap, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.golden import ROOT, main


@pytest.mark.tools
def test_a_value_that_another_version_writes_otherwise_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path), "--only", "odd"]
    package = shutil.copytree(ROOT / "tap_bigcommerce", tmp_path / "tap_bigcommerce")
    assert main(words) == 0
    [file] = package.rglob("coupons.json")
    schema = json.loads(file.read_text("utf-8"))
    schema["properties"]["name"]["type"] = ["null", "integer"]
    file.write_text(json.dumps(schema), "utf-8")
    assert main(words) == 1
    shown = capsys.readouterr().out
    assert "coupons, message 1: " in shown
    assert "brands" not in shown
