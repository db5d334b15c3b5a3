"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.display import shown
from tap_bigcommerce.report.drawing import draw
from tap_bigcommerce.report.markup import Markup, element, join
from tap_bigcommerce.report.timeline import Outcome, Timeline
from tap_bigcommerce.version import VERSION
from tap_bigcommerce.watch import clock_words

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser lets the page do: nothing but to look like something."""

MOST_PATHS = 8
"""Paths of rescued values that a row names."""


@dataclass(frozen=True)
class Facts:
    """What the page says. `began` and `ended` are by `time.monotonic`, `began_at` is the same
    moment by the clock on the wall; `store` is empty where the run did not get that far."""

    store: str
    outcome: str
    good: bool
    began_at: datetime
    began: float
    ended: float
    streams: Sequence[StreamCounts]
    timeline: Timeline
    errors: Sequence[str]
    warnings: Sequence[tuple[datetime, str]]
    more_warnings: int


def page(facts: Facts) -> str:
    """The page's text."""
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
    name = f"Sync of {facts.store}" if facts.store else "Sync"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("title", f"{name}, {facts.began_at:%Y-%m-%d %H:%M} UTC: {facts.outcome}"),
        element("link", rel="icon", href="data:,"),
        Markup(f"<style>\n{style}</style>"),
    )
    body = element(
        "body",
        element(
            "main",
            _header(facts, name),
            _errors(facts),
            _figures(facts),
            _streams(facts),
            _timeline(facts),
            _warnings(facts),
            element("footer", f"Written by tap-bigcommerce {VERSION}. Times are UTC."),
        ),
    )
    html = element("html", head, body, lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def _header(facts: Facts, name: str) -> Markup:
    badge = element("span", facts.outcome, class_=f"badge {'good' if facts.good else 'bad'}")
    took = clock_words(facts.ended - facts.began)
    when = f"{facts.began_at:%Y-%m-%d %H:%M:%S} UTC, {took}"
    return element("header", element("h1", name, " ", badge), element("p", when, class_="note"))


def _errors(facts: Facts) -> Markup | None:
    if not facts.errors:
        return None
    lines = [element("p", words) for words in facts.errors]
    return element("section", element("h2", "What went wrong"), *lines, class_="errors")


def _figures(facts: Facts) -> Markup:
    records = sum(counts.written for counts in facts.streams)
    requests = sum(counts.requests for counts in facts.streams)
    failed = sum(_failures(counts).total() for counts in facts.streams)
    seconds = max(facts.ended - facts.began, 0.001)
    done = sum(_stage(counts) == "done" for counts in facts.streams)
    tiles = [
        ("streams complete", f"{done} of {len(facts.streams)}"),
        ("records", f"{records:,}"),
        ("records a second", f"{records / seconds:,.0f}"),
        ("requests", f"{requests:,}"),
        ("requests that failed", f"{failed:,}"),
        ("values rescued", f"{sum(c.rescued.total() for c in facts.streams):,}"),
    ]
    return element(
        "dl",
        *(
            element("div", element("dt", label), element("dd", figure), class_="tile")
            for label, figure in tiles
        ),
        class_="tiles",
    )


COLUMNS = (
    "Stream",
    "Records",
    "Pages",
    "Requests",
    "Tried again",
    "Waited",
    "Rescued values",
    "Bookmark",
    "Took",
)

NOTHING = ("0", "–", "0.0 s")


def _streams(facts: Facts) -> Markup | None:
    if not facts.streams:
        return None
    head = element("tr", *(element("th", column, scope="col") for column in COLUMNS))
    rows = [_row(counts, facts.ended) for counts in facts.streams]
    notes = ["Waited: all requests' waits added up, also those at the same time."]
    if any(counts.read_with for counts in facts.streams):
        notes.append("Streams that come with another one cost no pages and requests of their own.")
    return element(
        "section",
        element("h2", "Streams"),
        element("table", element("thead", head), element("tbody", *rows)),
        element("p", " ".join(notes), class_="note"),
    )


def _row(counts: StreamCounts, ended: float) -> Markup:
    stage = _stage(counts)
    shared = counts.read_with is not None
    failures, rescued = _failures(counts), counts.rescued
    took = "–" if counts.began is None else _seconds((counts.ended or ended) - counts.began)
    name = join(element("span", class_=f"dot {stage}"), counts.stream)
    cells = [
        join(name, _small(stage if stage != "done" else None, "bad" if stage == "failed" else "")),
        f"{counts.written:,}",
        "–" if shared else f"{counts.pages:,}",
        join(
            f"{counts.requests:,}" if counts.requests or not shared else "–",
            _small(f"with those of {counts.read_with}" if shared else None),
            _small(f"failed: {_listed(failures)}" if failures else None, "bad"),
        ),
        f"{counts.retries:,}",
        _seconds(counts.waited),
        join(
            f"{rescued.total():,}",
            _small(_listed(rescued) if rescued else None),
            _small(f"lost: {_listed(counts.unfit)}" if counts.unfit else None, "bad"),
        ),
        _bookmark(counts),
        took,
    ]
    filled = [
        element("td", cell, data_label=label, class_="none" if cell in NOTHING else None)
        for label, cell in zip(COLUMNS[1:], cells[1:], strict=True)
    ]
    return element("tr", element("th", cells[0], scope="row"), *filled)


def _bookmark(counts: StreamCounts) -> Markup:
    before, after = counts.bookmark_before, counts.bookmark_after
    if before is None and after is None:
        return join("–")
    return join(
        element("span", f"from {_moment(before)}", class_="nowrap"),
        " ",
        element("span", f"to {_moment(after or before)}", class_="nowrap"),
    )


def _moment(bookmark: str | None) -> str:
    """A bookmark to the second, which is what a person compares."""
    return "the start" if bookmark is None else bookmark[:19].replace("T", " ")


def _timeline(facts: Facts) -> Markup | None:
    if not facts.timeline.streams():
        return None
    return element(
        "section", element("h2", "Requests over time"), draw(facts.timeline, facts.began_at)
    )


def _warnings(facts: Facts) -> Markup | None:
    if not facts.warnings:
        return None
    items = [
        element("li", element("time", f"{moment:%H:%M:%S}"), " ", words)
        for moment, words in facts.warnings
    ]
    total = len(facts.warnings) + facts.more_warnings
    more = element("p", f"{facts.more_warnings:,} more are in the log.", class_="note")
    return element(
        "section",
        element("h2", f"Warnings ({total:,})"),
        element("ol", *items, class_="warnings"),
        more if facts.more_warnings else None,
    )


def _seconds(seconds: float) -> str:
    """Short times with a decimal: most streams take less than a second."""
    return f"{seconds:.1f} s" if seconds < 9.95 else clock_words(seconds)


def _stage(counts: StreamCounts) -> str:
    if counts.failure is not None:
        return "failed"
    if counts.ended is not None:
        return "done"
    return "not begun" if counts.began is None else "not ended"


def _failures(counts: StreamCounts) -> Counter[str]:
    good = (Outcome.GOOD, Outcome.ABSENT)
    return Counter({o: n for o, n in counts.statuses.items() if Outcome.of(o) not in good})


def _listed(counter: Counter[str]) -> str:
    named = [
        f"{number:,}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{shown(name)}"
        for name, number in counter.most_common(MOST_PATHS)
    ]
    return ", ".join(_with_more(named, len(counter) - len(named)))


def _with_more(named: list[str], more: int) -> Iterable[str]:
    return [*named, f"and {more} more"] if more > 0 else named


def _small(words: str | None, kind: str = "") -> Markup | None:
    return element("small", words, class_=kind or None) if words else None
