"""The log without a terminal: progress lines, text or JSON, quiet or not."""

import json
import re
from datetime import datetime, timezone

import pytest
from tap_runner import TIMEOUT, Result, run, settings, start

from tap_bigcommerce.progress.tracker import QuotaStatus
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
    head = re.compile(r"INFO Progress: \d of \d streams done, \d+ records?, \d+ requests?, \d+ s; ")
    assert all(map(head.match, lines))
    stream = r"; (orders|products|customers): \d+ records, \d+ records/s, \d+%"
    assert any(re.search(stream, line) for line in lines)


def test_no_share_is_shown_where_nobody_can_tell(slow: Options) -> None:
    """Orders have no total, and ids say little of how many of them changed since a date."""
    with Sandbox(slow) as store:
        shown = [
            run(settings(store, page_size=5, **more), args=["--progress-every", "0.05"]).stderr
            for more in ({}, {"start_date": "2020-01-01"})
        ]
    assert [bool(re.search(r"; orders: [^;]*\d%", text)) for text in shown] == [True, False]


@pytest.mark.parametrize(
    ("requests", "seconds"), [(4, 0), (5, 12), (44, 12), (45, 42), (84, 42), (85, 72)]
)
def test_the_quota_s_waits_count_as_time_left(requests: int, seconds: float) -> None:
    """The tap may use 40 of 80 requests in 30 s, and has 4 of them left for 12 s."""
    assert QuotaStatus(80, 44, 30.0, 12.0, 40.0).seconds_for(requests) == seconds


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
    failed = run(settings(quiet, access_token="wrong"), args=args)
    entries = [json.loads(line) for line in failed.stderr.splitlines()]
    assert [entry["level"] for entry in entries[-2:]] == ["CRITICAL", "ERROR"]
    assert entries[-1]["message"].startswith("Failed: ")


def test_a_line_of_text_begins_with_time_and_level(quiet: Sandbox) -> None:
    with start(settings(quiet)) as process:
        lines = process.communicate(timeout=TIMEOUT)[1].decode().splitlines()
    assert lines
    for line in lines:
        time, level, _ = line.split(" ", 2)
        written = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z")
        assert abs((datetime.now(timezone.utc) - written).total_seconds()) < TIMEOUT
        assert level in ("INFO", "WARNING")


def is_json(result: Result) -> bool:
    """Whether every line of the log is a JSON object, or else none is."""
    (found,) = {line.startswith("{") for line in result.stderr.splitlines()}
    return found


def test_level_and_format_are_settings_too_and_options_override_them(quiet: Sandbox) -> None:
    own = settings(quiet, log_format="json", log_level="WARNING", page_sise=9)
    (only,) = run(own).stderr.splitlines()
    assert json.loads(only)["level"] == "WARNING"
    overridden = run(own, args=["--log-format", "text", "--log-level", "INFO"])
    assert not is_json(overridden)
    assert "INFO Done: " in overridden.stderr
    variables = {"TAP_BIGCOMMERCE_LOG_FORMAT": "json", "TAP_BIGCOMMERCE_LOG_LEVEL": "DEBUG"}
    for more in ({"page_sise": 9}, {"page_size": "many"}):
        result = run(settings(quiet, **more), env=variables)
        assert is_json(result)
    assert '"level": "DEBUG"' in run(settings(quiet), env=variables).stderr


def test_the_last_line_says_how_the_sync_ended(quiet: Sandbox) -> None:
    records, done = r"[\d,]+ records of 4 streams, [\d,]+ requests, \d+ s", run(settings(quiet))
    assert re.fullmatch(f"INFO Done: {records}", done.logged()[-1])
    written = sum(message["type"] == "RECORD" for message in done.messages)
    assert f" {written:,} records " in done.logged()[-1]
    quiet.fault("coupons", kind="403", times=0)
    failed = run(settings(quiet))
    quiet.clear_faults()
    assert failed.status == 1
    assert re.fullmatch(rf"ERROR Failed: coupons \(see above\); {records}", failed.logged()[-1])
    assert failed.stderr.count("coupons: GET /v2/coupons failed: 403") == 1
    refused = run(settings(quiet, start_date="soon"))
    assert re.fullmatch("ERROR Failed: 0 requests, .*", refused.logged()[-1])


def test_a_message_about_many_requests_is_logged_once_with_a_count(quiet: Sandbox) -> None:
    for number in range(2, 12, 2):
        quiet.fault("products", request=number, kind="503", times=1)
    own = settings(quiet, page_size=5, max_concurrency=1)
    result = run(own, args=["--select", "products"])
    quiet.clear_faults()
    assert result.status == 0, result.stderr
    first, more = result.logged("WARNING")
    assert re.match(
        r"WARNING products: GET \S+: 503: .*; retrying in [\d.]+ s \(attempt 2\)", first
    )
    assert more == f"WARNING products: 4 more like: {first.removeprefix('WARNING ')}"


def test_a_line_names_all_streams_that_lack_the_same_permission(quiet: Sandbox) -> None:
    quiet.set(withheld_scopes=("marketing",))
    result = run(settings(quiet), args=["--select", "banners", "--select", "coupons,store"])
    quiet.set(withheld_scopes=())
    (line,) = result.logged("CRITICAL")
    assert line.count("'Marketing: read-only'") == 1
    assert line.startswith("CRITICAL coupons: GET /v2/coupons failed: 403")
    assert line.endswith("For the same reason these failed: banners.")
    assert result.stderr.count("MissingPermission") == 2


def test_quiet_leaves_warnings_and_errors(quiet: Sandbox) -> None:
    args = ["--quiet", "--progress-every", "0.01"]
    (line,) = run(settings(quiet, page_sise=9), args=args).stderr.splitlines()
    assert line.startswith("WARNING There is no setting 'page_sise'")
    result = run(settings(quiet), args=[*args, "--log-level", "INFO"])
    assert "INFO Summary of orders" in result.stderr
    assert "Progress" not in result.stderr
