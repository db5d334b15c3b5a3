"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources

from tap_bigcommerce.counts import Stage, StreamCounts
from tap_bigcommerce.display import duration
from tap_bigcommerce.progress import listed
from tap_bigcommerce.report.drawing import draw
from tap_bigcommerce.report.markup import Markup, each, html
from tap_bigcommerce.timeline import outcome_of
from tap_bigcommerce.tracker import ProgressTracker
from tap_bigcommerce.version import VERSION

NOTHING = ("0", "–", "0.0 s")

EMPTY = Markup()


def page(
    tracker: ProgressTracker,
    store: str,
    outcome: str,
    errors: Sequence[str],
    warnings: Sequence[tuple[str, str]],
    more_warnings: int,
) -> str:
    """The page's text.

    `store` is empty where the run did not get that far; `outcome` is "complete", "failed" or says
    what stopped it; `warnings` have their times before them.
    """
    files = resources.files(__package__)
    streams, ended = tracker.streams, time.monotonic()
    took = ended - tracker.began
    more = [("", f"{more_warnings:,} more are in the log.")] if more_warnings else []
    lines = each("<li><time>{}</time> {}</li>", [*warnings, *more])
    return html(
        files.joinpath("page.html").read_text("utf-8"),
        style=Markup(files.joinpath("style.css").read_text("utf-8")),
        title=f"Sync of {store}" if store else "Sync",
        when=f"{tracker.began_at:%Y-%m-%d %H:%M:%S}",
        took=duration(took),
        outcome=outcome,
        verdict="good" if outcome == "complete" else "bad",
        errors=_section("What went wrong", each("<p>{}</p>", zip(errors)), "errors"),
        tiles=each('<div class="tile"><dt>{}</dt><dd>{}</dd></div>', _figures(streams, took)),
        streams=_section("Streams", _table(streams, ended)),
        timeline=_section("Requests over time", draw(tracker.timeline(), tracker.began_at)),
        warnings=_section(
            f"Warnings ({len(warnings) + more_warnings:,})",
            html('<ol class="warnings">{}</ol>', lines) if lines else EMPTY,
        ),
        version=VERSION,
    )


def _section(title: str, content: Markup, style: str = "") -> Markup:
    """A part of the page, if there is any content."""
    template = '<section class="{}"><h2>{}</h2>{}</section>'
    return html(template, style, title, content) if content else EMPTY


def _figures(streams: Sequence[StreamCounts], took: float) -> Iterator[tuple[str, str]]:
    done = sum(counts.stage is Stage.DONE for counts in streams)
    records = sum(counts.written for counts in streams)
    yield "streams complete", f"{done} of {len(streams)}"
    yield "records", f"{records:,}"
    yield "records a second", f"{records / max(took, 0.001):,.0f}"
    yield "requests", f"{sum(counts.requests for counts in streams):,}"
    yield "requests that failed", f"{sum(_failures(counts).total() for counts in streams):,}"
    yield "values rescued", f"{sum(counts.rescued.total() for counts in streams):,}"


def _table(streams: Sequence[StreamCounts], ended: float) -> Markup:
    if not streams:
        return EMPTY
    note = "Waited: all requests' waits added up, also those at the same time."
    if any(counts.read_with for counts in streams):
        note += " Streams that come with another one cost no pages and requests of their own."
    return html(
        '<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table><p class="note">{}</p>',
        each('<th scope="col">{}</th>', zip(("Stream", *_cells(streams[0], ended)))),
        each("{}", zip(_row(counts, ended) for counts in streams)),
        note,
    )


def _row(counts: StreamCounts, ended: float) -> Markup:
    stage = counts.stage
    cells = [
        (label, "none" if text in NOTHING else "", text)
        for label, text in _cells(counts, ended).items()
    ]
    return html(
        '<tr><th scope="row"><span class="dot {}"></span>{}{}</th>{}</tr>',
        stage.value,
        counts.stream,
        EMPTY if stage is Stage.DONE else _small(stage.value, "bad" if counts.failure else ""),
        each('<td data-label="{}" class="{}">{}</td>', cells),
    )


def _cells(counts: StreamCounts, ended: float) -> dict[str, str]:
    """What stands in a row, by the heads of the columns."""
    shared, failures, rescued = counts.read_with, _failures(counts), counts.rescued
    before, after = counts.bookmark_before, counts.bookmark_after
    moved = '<span class="nowrap">from {}</span> <span class="nowrap">to {}</span>'
    return {
        "Records": f"{counts.written:,}",
        "Pages": "–" if shared else f"{counts.pages:,}",
        "Requests": html(
            "{}{}{}",
            f"{counts.requests:,}" if counts.requests or not shared else "–",
            _small(f"with those of {shared}") if shared else EMPTY,
            _small(f"failed: {listed(failures)}", "bad") if failures else EMPTY,
        ),
        "Tried again": f"{counts.retries:,}",
        "Waited": duration(counts.waited, tenths=True),
        "Rescued values": html(
            "{}{}{}",
            f"{rescued.total():,}",
            _small(listed(rescued)) if rescued else EMPTY,
            _small(f"lost: {listed(counts.unfit)}", "bad") if counts.unfit else EMPTY,
        ),
        "Bookmark": html(moved, _moment(before), _moment(after or before))
        if before or after
        else "–",
        "Took": "–" if counts.began is None else duration(counts.took(ended), tenths=True),
    }


def _small(words: str, style: str = "") -> Markup:
    return html('<small class="{}">{}</small>', style, words)


def _moment(bookmark: str | None) -> str:
    """A bookmark to the second, which is what a person compares."""
    return "the start" if bookmark is None else bookmark[:19].replace("T", " ")


def _failures(counts: StreamCounts) -> Counter[str]:
    """By outcome; that there is nothing is an answer."""
    fine = ("good", "absent")
    return Counter({name: n for name, n in counts.statuses.items() if outcome_of(name) not in fine})
