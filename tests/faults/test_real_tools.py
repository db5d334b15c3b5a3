"""Singer's own checker takes all that the tap writes; real targets are in tests/targets."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import tap_runner
from installed_tools import installed
from tap_runner import Result

from tap_bigcommerce_sandbox import Options, Sandbox


def checked(result: Result, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed("singer-tools", "singer-check-tap")],
        input=result.stdout,
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.tools
def test_singer_check_tap_accepts_a_whole_sync_of_all_streams_and_an_incremental_one(
    tmp_path: Path,
) -> None:
    # Orders of every kind, the huge ones too.
    with Sandbox(Options(orders=300, customers=150, products=120, coupons=40)) as store:
        settings = tap_runner.settings(store, page_size=50)
        full = tap_runner.succeed(settings, args=["--select", "*"])
        changes = tap_runner.succeed(settings, state=full.state)
    for result in (full, changes):
        done = checked(result, tmp_path)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-2000:]
        assert f"{sum(map(len, result.by_stream.values()))} record messages" in said
    line = next(line for line in full.stdout.splitlines() if '"type":"RECORD"' in line)
    message = json.loads(line)
    message["record"]["id"] = "not a number"
    odd = Result(0, full.stdout.replace(line, json.dumps(message), 1), "")
    assert checked(odd, tmp_path).returncode != 0, "it would notice a record that does not fit"
