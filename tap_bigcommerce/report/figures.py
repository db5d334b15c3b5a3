"""The figures of a run and of its streams, as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tap_bigcommerce.counts import Stage, StreamCounts
from tap_bigcommerce.display import duration
from tap_bigcommerce.progress import listed
from tap_bigcommerce.report.markup import Markup, each, html
from tap_bigcommerce.timeline import outcome_of

NOTHING = ("0", "–", "0.0 s")


def tiles(streams: Sequence[StreamCounts], took: float) -> Markup:
    """The figures of the whole run, which took so many seconds."""
    done = sum(counts.stage is Stage.DONE for counts in streams)
    records = sum(counts.written for counts in streams)
    figures = [
        ("streams complete", f"{done} of {len(streams)}"),
        ("records", f"{records:,}"),
        ("records a second", f"{records / max(took, 0.001):,.0f}"),
        ("requests", f"{sum(counts.requests for counts in streams):,}"),
        ("requests that failed", f"{sum(_failures(counts).total() for counts in streams):,}"),
        ("values rescued", f"{sum(counts.rescued.total() for counts in streams):,}"),
    ]
    return each('<div class="tile"><dt>{}</dt><dd>{}</dd></div>', figures)


def table(streams: Sequence[StreamCounts], ended: float) -> Markup:
    """A row a stream, where there are any. `ended`: by `time.monotonic`."""
    if not streams:
        return Markup()
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
        _small("" if stage is Stage.DONE else stage.value, "bad" if counts.failure else ""),
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
            _small(shared and f"with those of {shared}"),
            _small(failures and f"failed: {listed(failures)}", "bad"),
        ),
        "Tried again": f"{counts.retries:,}",
        "Waited": duration(counts.waited, tenths=True),
        "Rescued values": html(
            "{}{}{}",
            f"{rescued.total():,}",
            _small(listed(rescued)),
            _small(counts.unfit and f"lost: {listed(counts.unfit)}", "bad"),
        ),
        "Bookmark": html(moved, _moment(before), _moment(after or before))
        if before or after
        else "–",
        "Took": "–" if counts.began is None else duration(counts.took(ended), tenths=True),
    }


def _small(words: object, style: str = "") -> Markup:
    """Small print, if there is any."""
    return html('<small class="{}">{}</small>', style, words) if words else Markup()


def _moment(bookmark: str | None) -> str:
    """A bookmark to the second, which is what a person compares."""
    return "the start" if bookmark is None else bookmark[:19].replace("T", " ")


def _failures(counts: StreamCounts) -> Counter[str]:
    """By outcome; that there is nothing is an answer."""
    fine = ("good", "absent")
    return Counter({name: n for name, n in counts.statuses.items() if outcome_of(name) not in fine})
