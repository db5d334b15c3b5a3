"""What a person sees who runs the tap in a terminal."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tap_runner
from all_streams import NAMES
from tap_runner import discover, select, settings
from terminal import records, watched

from tap_bigcommerce_sandbox import Options, Sandbox

STREAMS = ("coupons", "customers", "orders", "products")


def small(**more: Any) -> Options:
    sizes: dict[str, Any] = {"orders": 60, "customers": 60, "products": 60, "coupons": 12}
    return Options(**{**sizes, **more})


def test_each_stream_has_a_bar_and_its_figures(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store)) as tap:
        assert tap.end() == 0
        text = "\n".join(tap.rows())
        counts = {stream: len(store.records(stream)) for stream in STREAMS}
        plain = tap_runner.run(settings(store))
    for stream, count in counts.items():
        assert re.search(rf"\n{stream} +━+ +{count} records +\d+ pages .*done in", text)
    total = sum(counts.values())
    assert re.search(rf"\n4 of 4 streams done, {total} records, \d+ req", text)
    written = [m["record"]["id"] for m in plain.messages if m["type"] == "RECORD"]
    assert records(tmp_path) == written, "the same as without bars"


PRODUCTS = ("--select", "products")


def test_the_time_left_is_shown(tmp_path: Path) -> None:
    with (
        Sandbox(small(products=400, latency_ms=150.0)) as store,
        watched(tmp_path, settings(store, page_size=10, max_concurrency=2), *PRODUCTS) as tap,
    ):
        shown = r"\nproducts +[━╸╺]+ +\d+ records +\d+ pages +\d+/s +\d+ s left"
        assert re.search(shown, tap.wait_for(" left"))
        assert tap.end(signal.SIGTERM) == 143


def test_a_stream_does_not_end_before_its_wait_does(tmp_path: Path) -> None:
    with (
        Sandbox(small(products=100, quota=10, window_seconds=20.0)) as store,
        watched(tmp_path, settings(store, page_size=5, max_concurrency=1), *PRODUCTS) as tap,
    ):
        text = tap.wait_for("waiting: quota")
        assert re.search(r"\nquota: 9 of 10 requests in use, resets in \d+ s\n", text)
        (waits,) = re.findall(r"\nwaiting: quota: (\d+) s until the window resets", text)
        (left,) = re.findall(r"products .*?(\d+) s left", text)
        assert int(left) >= int(waits)


@pytest.mark.real_time
def test_a_request_that_is_tried_again_is_named(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store)) as tap:
        store.fault("customers", kind="503", times=0)
        tap.wait_for("waiting: customers: 503, attempt 4 to come, in ")
        assert tap.end(signal.SIGINT) == 130


def test_log_lines_stand_above_the_bars_whole_and_once(tmp_path: Path) -> None:
    with (
        Sandbox(small(latency_ms=20.0, fault_rate=0.2)) as store,
        watched(tmp_path, settings(store, page_size=10), size=(400, 40)) as tap,
    ):
        assert tap.end() == 0
        rows = [row for row in tap.all_rows() if row]
    log = [row for row in rows if re.match(r"\S+Z (INFO|WARNING) ", row)]
    assert rows[: len(log) - 1] == log[:-1]
    assert rows[-1] == log[-1], "below the bars: how the sync ended"
    assert len([row for row in rows if "━" in row]) == 4
    assert sum("retrying in" in row for row in log) > 3
    summaries = [row for row in log if " INFO Summary of " in row]
    assert len(set(summaries)) == len(summaries) == 4
    assert not any("METRIC" in row for row in rows)


def test_log_lines_break_between_words(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store), size=(60, 40)) as tap:
        assert tap.end() == 0
        words = {word for row in tap.all_rows() for word in row.split()}
        logged = tap_runner.run(settings(store)).logged("INFO")
    summaries = [line for line in logged if "Summary of" in line]
    assert len(summaries) == 4
    assert all(len(line) > 60 for line in summaries)
    assert words.issuperset(word for line in summaries for word in line.split())


SIZES = [(60, 16), pytest.param((80, 24), marks=pytest.mark.every_stream)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_more_streams_than_rows_are_summed_up(tmp_path: Path, size: tuple[int, int]) -> None:
    catalog = select(discover(), *NAMES[:24])
    with (
        Sandbox(small()) as store,
        watched(tmp_path, settings(store), catalog=catalog, size=size) as tap,
    ):
        tap.wait_for("more: ")
        assert tap.end() == 0
        rows = tap.rows()
    assert any(re.fullmatch(r"more: \d+ done", row) for row in rows)
    figures = [row[size[0] // 3 :] for row in rows if "━" in row]
    assert len(figures) >= 5, "the last log line takes the first rows"
    assert not [row for row in figures if "…" in row], "names may be cut, figures are whole"


@pytest.mark.parametrize(
    ("args", "own", "environment", "words"),
    [
        (["--quiet"], {}, {}, ""),
        (["--discover"], {}, {}, f"The token can read {len(NAMES)} of {len(NAMES)} streams."),
        ([], {"access_token": "refused"}, {}, "CRITICAL"),
        ([], {}, {"TERM": "dumb"}, " INFO Summary of orders"),
    ],
)
def test_other_runs_show_neither_bars_nor_what_is_for_programs(
    tmp_path: Path, args: list[str], own: dict[str, Any], environment: dict[str, Any], words: str
) -> None:
    with (
        Sandbox(small()) as store,
        watched(tmp_path, {**settings(store), **own}, *args, **environment) as tap,
    ):
        assert tap.end() == bool(own)
        text = "\n".join(tap.all_rows()).strip()
    assert words in text if words else not text
    assert "METRIC" not in text
    assert "━" not in text or own


def test_a_terminal_that_goes_away_does_not_end_the_sync(tmp_path: Path) -> None:
    with (
        Sandbox(small(latency_ms=50.0)) as store,
        watched(tmp_path, settings(store, page_size=10)) as tap,
    ):
        tap.wait_for("orders")
        # Both ends: writing to such a terminal is an error from now on.
        os.dup2(os.open(os.devnull, os.O_RDWR), tap.process.child_fd)
        assert tap.end() == 0
        assert set(records(tmp_path, "orders")) == {row["id"] for row in store.records("orders")}


def test_bars_are_imported_on_a_terminal_only(quiet: Sandbox) -> None:
    script = (
        "import sys, tap_bigcommerce.cli.main as cli; status = cli.main(['--config', 'ENV']);"
        "print('rich' in sys.modules, status, file=sys.stderr)"
    )
    own = {tap_runner.PREFIX + name.upper(): str(v) for name, v in settings(quiet).items()}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**tap_runner.clean_environment(), **own},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr.splitlines()[-1] == "False 0"
