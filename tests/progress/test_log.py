"""The log without a terminal: progress lines, text or JSON, quiet or not."""

from __future__ import annotations

import json
import re

import pytest
from tap_runner import run, settings

from tap_bigcommerce_sandbox import Options, Sandbox


@pytest.fixture
def slow() -> Options:
    return Options(orders=40, customers=40, products=40, coupons=8, latency_ms=40.0)


def test_a_line_reports_the_progress_at_intervals(slow: Options) -> None:
    with Sandbox(slow) as store:
        result = run(settings(store, page_size=5), args=["--progress-every", "0.1"])
    assert result.status == 0
    lines = [line for line in result.stderr.splitlines() if line.startswith("INFO Progress: ")]
    assert len(lines) >= 3
    head = re.compile(r"INFO Progress: \d of 4 streams done after (\d+ min )?\d+ s; ")
    assert all(map(head.match, lines))
    assert any(
        re.search(r"; (orders|products|customers): \d+ records, \d+ pages, \d+ records/s", line)
        for line in lines
    )
    assert all(re.search(r"; \d+\.\d requests/s", line) for line in lines)


def test_a_short_sync_has_no_such_line(quiet: Sandbox) -> None:
    assert "Progress: " not in run(settings(quiet)).stderr


@pytest.mark.real_time
def test_the_line_says_what_the_tap_waits_for(slow: Options) -> None:
    with Sandbox(slow) as store:
        store.set(quota=10, window_seconds=1.0)
        result = run(settings(store, page_size=10), args=["--progress-every", "0.2"])
    assert "; 9 of 10 requests of the quota in use; waiting: quota: " in result.stderr


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_as_json_every_line_is_an_object(quiet: Sandbox, level: str) -> None:
    args = ["--log-format", "json", "--log-level", level]
    result = run(settings(quiet, page_sise=9), args=args)
    assert result.status == 0
    entries = [json.loads(line) for line in result.stderr.splitlines()]
    for entry in entries:
        assert {"time", "level", "logger", "message"} <= set(entry)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
    metrics = [entry["metric"] for entry in entries if "metric" in entry]
    names = {metric["metric"] for metric in metrics}
    assert "record_count" in names
    assert ("http_request_duration" in names) == (level == "DEBUG")
    (warning,) = [entry for entry in entries if entry["level"] == "WARNING"]
    assert "page_size" in warning["message"]


def test_as_json_an_error_is_an_object_too(quiet: Sandbox) -> None:
    result = run(settings(quiet, access_token="wrong"), args=["--log-format", "json"])
    assert result.status == 1
    entries = [json.loads(line) for line in result.stderr.splitlines()]
    assert entries[-1]["level"] == "CRITICAL"


def test_quiet_leaves_warnings_and_errors(quiet: Sandbox) -> None:
    result = run(settings(quiet, page_sise=9), args=["--quiet", "--progress-every", "0.01"])
    assert result.status == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("WARNING There is no setting 'page_sise'")


def test_quiet_and_a_level_work_together(quiet: Sandbox) -> None:
    args = ["--quiet", "--log-level", "INFO", "--progress-every", "0.01"]
    result = run(settings(quiet), args=args)
    assert "INFO Summary of orders" in result.stderr
    assert "Progress" not in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--progress-every", "0"],
        ["--progress-every", "soon"],
        ["--progress-every", "nan"],
        ["--log-format", "xml"],
        ["--discover", "--report", "report.html"],
    ],
    ids=" ".join,
)
def test_invalid_options_are_rejected(args: list[str]) -> None:
    result = run(args=args)
    assert result.status == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
