"""What a person sees who runs the tap in a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tap_runner
from all_streams import NAMES
from tap_runner import discover, select, settings
from terminal import watched

from tap_bigcommerce_sandbox import Options, Sandbox


def small(**more: object) -> Options:
    sizes: dict[str, object] = {"orders": 60, "customers": 60, "products": 60, "coupons": 12}
    return Options(**{**sizes, **more})  # type: ignore[arg-type]


def bars(rows: list[str]) -> dict[str, str]:
    """The row of each stream, below the log."""
    found = {}
    for row in rows:
        name = row.split(" ", 1)[0]
        if name in ("coupons", "customers", "orders", "products"):
            found[name] = row
    return found


def test_each_stream_has_a_bar_and_its_figures(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store)) as tap:
        assert tap.end() == 0
        rows = tap.terminal.rows()
        shown = bars(rows)
        for stream in ("coupons", "customers", "orders", "products"):
            count = len(store.records(stream))
            assert re.search(rf"{stream} +━+ +{count} records +\d+ pages .*done in", shown[stream])
        records = sum(len(store.records(stream)) for stream in shown)
        assert any(re.search(rf"^4 of 4 streams done, {records} records, \d+ req", r) for r in rows)


def test_a_list_whose_end_is_known_shows_the_time_left(tmp_path: Path) -> None:
    with (
        Sandbox(small(products=400, latency_ms=150.0)) as store,
        watched(
            tmp_path,
            settings(store, page_size=10, max_concurrency=2),
            catalog=select(discover(), "products"),
        ) as tap,
    ):
        rows = tap.terminal.wait_for(" left")
        assert re.search(r"products +[━╸╺]+ +\d+ records +\d+ pages +\d+/s +\d+ s left", rows[1])
        assert tap.stop() == 143


def test_it_says_what_it_waits_for(tmp_path: Path) -> None:
    with (
        Sandbox(small(quota=10, window_seconds=45.0)) as store,
        watched(tmp_path, settings(store, page_size=5)) as tap,
    ):
        rows = tap.terminal.wait_for("waiting: quota")
        text = "\n".join(rows)
        assert re.search(r"waiting: quota: \d+ s until the window resets", text)
        assert re.search(r"quota: 9 of 10 requests in use, resets in \d+ s", text)
        assert tap.stop() == 143


@pytest.mark.real_time
def test_a_stream_does_not_end_before_its_wait_does(tmp_path: Path) -> None:
    with (
        Sandbox(small(products=100, quota=20, window_seconds=60.0)) as store,
        watched(
            tmp_path,
            settings(store, page_size=5, max_concurrency=2),
            catalog=select(discover(), "products"),
        ) as tap,
    ):
        rows = tap.terminal.wait_for("waiting: quota")
        (waits,) = re.findall(r"waiting: quota: (\d+) s", "\n".join(rows))
        (left,) = re.findall(r"products .*?(\d+) s left", "\n".join(rows))
        assert int(left) >= int(waits)
        assert tap.stop() == 143


def test_what_is_for_programs_is_not_shown_to_a_person(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store), "--discover") as tap:
        assert tap.end() == 0
        rows = tap.terminal.all_rows()
        assert not any("METRIC" in row for row in rows)
        assert any(
            f"The token can read {len(NAMES)} of {len(NAMES)} streams." in row for row in rows
        )
    with Sandbox(small()) as store:
        config = {**settings(store), "access_token": "refused"}
        with watched(tmp_path, config) as tap:
            assert tap.end() == 1
            assert not any("METRIC" in row for row in tap.terminal.all_rows())


@pytest.mark.real_time
def test_a_request_that_is_tried_again_is_named(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store)) as tap:
        store.fault("customers", kind="503", times=0)
        tap.terminal.wait_for("waiting: customers: 503, attempt 4 to come, in ")
        assert tap.stop(signal.SIGINT) == 130


def test_log_lines_stand_above_the_bars_whole_and_once(tmp_path: Path) -> None:
    with (
        Sandbox(small(latency_ms=20.0, fault_rate=0.2)) as store,
        watched(tmp_path, settings(store, page_size=10), size=(400, 40)) as tap,
    ):
        assert tap.end() == 0
        rows = [row for row in tap.terminal.all_rows() if row]
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
        words = {word for row in tap.terminal.all_rows() for word in row.split()}
        logged = tap_runner.run(settings(store)).logged("INFO")
    summaries = [line for line in logged if "Summary of" in line]
    assert len(summaries) == 4
    assert all(len(line) > 60 for line in summaries)
    assert words.issuperset(word for line in summaries for word in line.split())


SIZES = [(60, 16), pytest.param((80, 24), marks=pytest.mark.every_stream)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_more_streams_than_rows_are_summed_up(tmp_path: Path, size: tuple[int, int]) -> None:
    everything = discover()
    names = [entry["tap_stream_id"] for entry in everything["streams"]][:24]
    with (
        Sandbox(small()) as store,
        watched(tmp_path, settings(store), catalog=select(everything, *names), size=size) as tap,
    ):
        tap.terminal.wait_for("more: ")
        assert tap.end() == 0
        rows = tap.terminal.rows()
    assert any(re.fullmatch(r"more: \d+ done", row) for row in rows)
    figures = [row[size[0] // 3 :] for row in rows if "━" in row]
    assert len(figures) >= 5, "the last log line takes the first rows"
    assert not [row for row in figures if "…" in row], "names may be cut, figures are whole"


def test_what_is_written_is_the_same_with_bars(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store)) as tap:
        assert tap.end() == 0
        records = [m["record"]["id"] for m in tap.out if m["type"] == "RECORD"]
        plain = tap_runner.run(settings(store))
        assert records == [m["record"]["id"] for m in plain.messages if m["type"] == "RECORD"]


def test_quiet_shows_nothing(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store), "--quiet") as tap:
        assert tap.end() == 0
        assert not any(tap.terminal.all_rows())


def test_a_terminal_that_can_only_write_on_gets_no_bars(tmp_path: Path) -> None:
    with Sandbox(small()) as store, watched(tmp_path, settings(store), TERM="dumb") as tap:
        assert tap.end() == 0
        rows = tap.terminal.all_rows()
    assert not any("━" in row for row in rows)
    assert any(" INFO Summary of orders" in row for row in rows)


def test_a_terminal_that_goes_away_does_not_end_the_sync(tmp_path: Path) -> None:
    with (
        Sandbox(small(latency_ms=50.0)) as store,
        watched(tmp_path, settings(store, page_size=10)) as tap,
    ):
        tap.terminal.wait_for("orders")
        # Both ends: writing to such a terminal is an error from now on.
        os.dup2(os.open(os.devnull, os.O_RDWR), tap.terminal.main)
        assert tap.end() == 0
        orders = {
            m["record"]["id"] for m in tap.out if m.get("stream") == "orders" and "record" in m
        }
        assert orders == {row["id"] for row in store.records("orders")}


def test_bars_are_imported_on_a_terminal_only() -> None:
    with Sandbox(small()) as store:
        script = (
            "import sys, tap_bigcommerce.cli.main as cli; status = cli.main(['--config', 'ENV']);"
            "print('rich' in sys.modules, status, file=sys.stderr)"
        )
        variables = {
            tap_runner.PREFIX + name.upper(): str(value) for name, value in settings(store).items()
        }
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env={**tap_runner.clean_environment(), **variables},
            capture_output=True,
            text=True,
            timeout=40,
            check=True,
        )
    assert ended.stderr.splitlines()[-1] == "False 0"
    assert json.loads(ended.stdout.splitlines()[-1])["type"] == "STATE"
