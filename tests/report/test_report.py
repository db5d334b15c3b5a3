"""The report is written, and its figures are those of the run."""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pages import Page, read, seen
from tap_runner import Json, Result, discover, refused, run, select, settings, start

from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.report.report import Report
from tap_bigcommerce.progress.tracker import (
    ALL,
    MAX_INTERVALS,
    ProgressTracker,
    QuotaStatus,
    Timeline,
    WaitReason,
)
from tap_bigcommerce.text import Secrets
from tap_bigcommerce_sandbox import Options, Sandbox

WHISPER = "whisper-me-not"
MARKUP = "<script>alert(1)</script>"


def small(**more: Any) -> Options:
    sizes: dict[str, Any] = {"orders": 40, "customers": 30, "products": 25, "coupons": 8}
    return Options(**{**sizes, "huge_order_share": 0.0, **more})


def run_with_report(config: Json, file: Path, **more: Any) -> Result:
    return run(config, args=["--report", str(file)], **more)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


@dataclass
class Eventful:
    """A run that has everything that a report can show."""

    file: Path
    page: Page
    hidden: set[str]


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Eventful:
    file = tmp_path_factory.mktemp("eventful") / "report.html"
    names = ("coupons", "customers", "orders", "order_shipping_addresses", "products")
    catalog = select(discover(), *names, "product_channel_assignments")
    with Sandbox(small(quota=25, window_seconds=2.0, withheld_scopes=("marketing",))) as store:
        # Warnings about the catalog are in the report.
        for name in (store.access_token, MARKUP, '"><img src=x>'):
            catalog["streams"].append({"stream": name, "tap_stream_id": name, "metadata": []})
        store.fault("orders", request=2, kind="503", times=2)
        store.fault("products", request=2, kind="429", times=1)
        ids = [row["id"] for row in store.records("customers")][:3]
        store.change("customers", ids=ids, fields={"accepts_marketing": WHISPER, "x" * 120: 1})
        store.change("customers", ids=ids[:1], fields={"<b>new": WHISPER})
        orders = [row["id"] for row in store.records("orders")][:5]
        store.change("orders", ids=orders, fields={"staff_notes": WHISPER})
        emails = {row["email"] for row in store.records("customers")}
        hidden = {WHISPER, store.access_token, *emails}
        assert run_with_report(settings(store, page_size=10), file, catalog=catalog).status == 1
    return Eventful(file, read(file), hidden)


def test_each_stream_has_a_row_with_its_figures(file: Path) -> None:
    with Sandbox(small()) as store:
        store.fault("customers", request=1, kind="503")
        result = run_with_report(settings(store), file)
        asked = [request for request in store.requests() if request["list"] != "store"]
        assert len(store.requests()) == len(asked) + 1, "one for the store's name"
        page, name = read(file), store.records("store")[0]["name"]
        store.change("orders", count=2)
        run_with_report(settings(store), file, state=result.state)
    assert f"Sync of {name} (" in page.text
    assert list(page.rows) == ["coupons", "customers", "orders", "products"]
    for stream, row in page.rows.items():
        assert int(row["Records"].replace(",", "")) == len(result.records(stream))
        known = result.state["bookmarks"].get(stream, {}).get("date_modified", "")
        assert not known or row["Bookmark"] == f"from the start to {shown(known)}"
    assert page.rows["customers"]["Requests"].endswith("failed: 1 × 503")
    assert page.rows["customers"]["Retries"] == "1"
    assert page.rows["customers"]["Waited"] != "0.0 s"
    assert sum(int(row["Requests"].split()[0]) for row in page.rows.values()) == len(asked)
    assert "complete" in page.text
    assert page.text.count("retrying in") == 1
    before = shown(str(result.bookmark("orders")))
    match = re.fullmatch(rf"from {before} to (\S+ \S+)", read(file).rows["orders"]["Bookmark"])
    assert match is not None
    assert match[1] > before


def shown(date: str) -> str:
    return date[:19].replace("T", " ")


def test_the_bookmark_begins_with_the_start_date_where_it_counts(file: Path) -> None:
    with Sandbox(small(withheld_scopes=("information",))) as store:
        run_with_report(settings(store, start_date="2026-01-05T10:00:00Z"), file)
    page = read(file)
    assert page.rows["orders"]["Bookmark"].startswith("from 2026-01-05 10:00:00 to ")
    # Without a bookmark, all products are read.
    assert page.rows["products"]["Bookmark"].startswith("from the start to ")
    assert f"Sync of {store.store_hash} complete" in page.text, "its name may not be read"


def test_what_failed_was_rescued_or_comes_with_another_stream_is_shown(eventful: Eventful) -> None:
    page = eventful.page
    assert "What went wrong" in page.text
    assert page.text.count("most likely lacks the permission 'Marketing: read-only'") == 1
    assert "5 of 6" in page.text
    assert "failed" in page.rows["coupons"]["Stream"]
    assert page.rows["customers"]["Records"] == "30"
    rescued = page.rows["customers"]["Rescued values"]
    assert rescued.startswith("7 3 × accepts_marketing")
    assert "<b>new" in rescued
    row = page.rows["order_shipping_addresses"]
    assert row["Requests"] == "– with those of orders"
    assert int(row["Records"]) > 0


def test_the_timeline_has_requests_failures_waits_and_the_quota(eventful: Eventful) -> None:
    page = eventful.page
    for class_ in ("good", "failed", "refused", "for-quota", "for-retry"):
        assert page.of(class_) > 1, f"in the legend, and drawn: {class_}"
    lines = [dict(at) for tag, at in page.tags if tag == "path"]
    assert [line["class"] for line in lines] == ["quota"]
    assert re.search(r"quota left \d+ of 25", page.text)
    assert re.search(r"[\d.]+ s waiting for the quota", page.text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"access_token": "not the token"}, "Check that access_token is complete"),
        ({"access_token": None}, "access_token is missing"),
    ],
)
def test_a_run_that_cannot_begin_has_one_too(
    file: Path, quiet: Sandbox, change: Json, text: str
) -> None:
    assert run_with_report(settings(quiet, **change), file).status == 1
    assert text in read(file).text
    assert "not the token" not in file.read_text("utf-8")


def test_a_request_that_ends_while_the_report_is_written_does_not_break_it(file: Path) -> None:
    tracker, finished, late = ProgressTracker(), StreamCounts("orders"), StreamCounts("coupons")
    tracker.streams = [finished, late]
    tracker.request_ended(finished, 0.1, "200", retry=False, quota=None)
    late.requests += 1
    Report(str(file), tracker).write(143, Secrets())
    assert "coupons" in file.read_text()


@pytest.mark.kills
@pytest.mark.parametrize("reads", [True, False], ids=["target reads", "target sleeps"])
def test_a_stopped_run_has_a_report(file: Path, reads: bool) -> None:
    with Sandbox(small(orders=300, latency_ms=20.0)) as store:
        args = ["--report", str(file)]
        with start(settings(store, page_size=20 if reads else 250), args=args) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if b"orders: reading" in line:
                    break
            time.sleep(0.1 if reads else 1.0)
            process.terminate()
            if reads:
                process.communicate(timeout=10)
            assert process.wait(6) == 143
    page = read(file)
    assert "stopped by SIGTERM" in page.text
    assert page.rows["customers"]["Records"] == "30"
    assert "running" in page.rows["orders"]["Stream"]


def test_it_contains_no_secrets_no_records_and_nothing_from_elsewhere(eventful: Eventful) -> None:
    text, page = eventful.file.read_text("utf-8"), eventful.page
    assert not [hidden for hidden in eventful.hidden if hidden in text]
    assert "(hidden)" in page.text
    assert MARKUP in page.text
    assert not re.search(r"url\(|@import|https?:", text)
    for tag, attributes in page.tags:
        assert tag not in ("script", "img", "iframe", "object")
        assert not {"src", "srcset", "action", "background"} & set(attributes)
        assert attributes.get("href") in (None, "data:,")
        assert not [name for name in attributes if name.startswith("on")]


def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_read(
    quiet: Sandbox, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "missing" / "report.html"):
        text = refused(settings(quiet), args=["--report", str(path)])
        assert "--report needs the name of a file" in text
    assert quiet.requests() == []


@pytest.mark.parametrize("width", [320, 390, 820, 1200])
def test_a_browser_shows_it_at_any_width(eventful: Eventful, width: int) -> None:
    found = seen(eventful.file, width=width)
    assert found["width"] == found["window"] == width, "nothing to scroll sideways"
    assert found["outside"] == []
    for words in ("Streams", "Requests over time", "Warnings", "What went wrong", "quota left"):
        assert words in found["text"]
    assert min(found["pictures"]) > width * 0.5
    assert found["scripts"] == 0


def test_a_browser_shows_it_dark_if_the_user_prefers_that(eventful: Eventful) -> None:
    light, dark = seen(eventful.file), seen(eventful.file, dark=True)
    assert brightness(light["background"]) > 230 > 60 > brightness(light["ink"])
    assert brightness(dark["background"]) < 40 < 200 < brightness(dark["ink"])
    assert set(dark["asked"]) - {"/favicon.ico"} == {"/frame.html", "/report.html"}


def brightness(colour: str) -> float:
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3


BEGAN = 1000.0


def waited(timeline: Timeline, stream: str, kind: str) -> float:
    return sum(interval[stream, kind] for interval in timeline.intervals) / 1_000_000


@pytest.mark.parametrize("seconds", [1, 17.9, 18, 100, 3600, 100_000])
def test_no_request_is_lost_however_long_the_run_is(seconds: float) -> None:
    timeline = Timeline(BEGAN)
    for number in range(1000):
        status = {0: "503", 1: "429", 2: "404", 3: "timeout"}.get(number % 10, "200")
        quota = QuotaStatus(1000, number, 30.0, 10.0, 1000.0)
        timeline.add_request(BEGAN + seconds * number / 1000, "orders", status, quota)
    timeline.extend_to(BEGAN + seconds)
    assert len(timeline.intervals) <= MAX_INTERVALS
    assert (len(timeline.intervals) - 1) * timeline.width <= seconds
    for stream in ("orders", ALL):
        for outcome, number in {"good": 600, "failed": 200, "refused": 100, "absent": 100}.items():
            assert sum(interval[stream, outcome] for interval in timeline.intervals) == number
    left = [timeline.quota[at].left for at in sorted(timeline.quota)]
    assert left == sorted(left)
    assert left[-1] == 999


def test_simultaneous_waits_count_once_and_later_ones_add_up() -> None:
    now = BEGAN
    tracker = ProgressTracker(lambda: now)
    with ExitStack() as stack:
        waits = [
            stack.enter_context(tracker.waiting(StreamCounts(stream)))
            for stream in ("orders", "orders", "products", "orders")
        ]
        for seconds, wait, reason in (
            (1, 0, WaitReason.QUOTA),
            (2, 1, WaitReason.RATE_LIMITED),
            (3, 2, WaitReason.RESERVED),
            (4, 1, None),
            (5, 0, None),
            (60, 2, None),  # the intervals become wider meanwhile
            (70, 3, WaitReason.RETRY),
        ):
            now = BEGAN + seconds
            waits[wait](reason, BEGAN + 80)
        now = BEGAN + 75
        timeline = tracker.timeline()
    assert waited(timeline, "orders", "for-quota") == pytest.approx(4)
    assert waited(timeline, "products", "for-quota") == pytest.approx(57)
    assert waited(timeline, ALL, "for-quota") == pytest.approx(59)
    assert waited(timeline, "orders", "for-retry") == pytest.approx(5)
    # No request was under way in this time.
    assert tracker.idle == {"orders": 9_000_000, "products": 57_000_000, ALL: 64_000_000}
    widest = max(interval[ALL, "for-quota"] for interval in timeline.intervals)
    assert widest <= timeline.width * 1_000_000


def test_a_wait_counts_as_idle_only_while_no_request_is_under_way() -> None:
    now = BEGAN
    tracker = ProgressTracker(lambda: now)
    orders, products = StreamCounts("orders"), StreamCounts("products")
    with tracker.waiting(orders) as first, tracker.waiting(orders) as second:
        first(WaitReason.QUOTA, BEGAN + 20)
        second(WaitReason.QUOTA, BEGAN + 20)
        now = BEGAN + 1
        tracker.request_began(products)
        now = BEGAN + 3
        tracker.request_began(orders)
        now = BEGAN + 7
        tracker.request_ended(products, 6.0, "200", retry=False, quota=None)
        now = BEGAN + 10
        tracker.request_ended(orders, 7.0, "503", retry=False, quota=None)
        now = BEGAN + 12
    assert tracker.idle == {"orders": 5_000_000, ALL: 3_000_000}
    assert orders.waited == 24, "the sum over both requests"
