"""The timeline, drawn: all requests with waits and quota, and below it a lane for each stream.

The pictures are SVG that is stretched to the width there is; their words are HTML beside them, so
that they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tap_bigcommerce.report.markup import Markup, element
from tap_bigcommerce.report.timeline import ALL, Bin, Outcome, Pause, Timeline
from tap_bigcommerce.watch import clock_words

HEIGHT = 100.0
"""Units of the upper picture's height. Across, a unit is a bin."""

STRIP = 7.0
"""Units of its height that show waits for another attempt."""

LANE = 10.0
"""Units of a lane's height."""

MOST_LANES = 40

KINDS = {
    Outcome.GOOD: "good",
    Outcome.ABSENT: "absent",
    Outcome.REFUSED: "refused",
    Outcome.FAILED: "failed",
}
PAUSES = {Pause.QUOTA: "for-quota", Pause.RETRY: "for-retry"}

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds between two marks of the time axis."""

MOST_MARKS = 5


def draw(timeline: Timeline, began_at: datetime) -> Markup:
    """The whole picture. `began_at`: by the clock on the wall, when the timeline begins."""
    return element(
        "div",
        _legend(timeline),
        _overview(timeline, began_at),
        element("h3", "Requests of each stream"),
        *_lanes(timeline),
        class_="timeline",
    )


def _legend(timeline: Timeline) -> Markup:
    seen = {outcome for bin_ in timeline.bins for _, outcome in bin_.requests}
    paused = {pause for bin_ in timeline.bins for _, pause in bin_.waited}
    entries = [
        (f"swatch {KINDS[outcome]}", outcome.value) for outcome in Outcome if outcome in seen
    ]
    entries += [
        (f"swatch {PAUSES[pause]}", f"waiting for {pause.value}")
        for pause in Pause
        if pause in paused
    ]
    if any(bin_.quota for bin_ in timeline.bins):
        entries.append(("swatch quota", "quota left"))
    items = [element("li", element("span", class_=style), words) for style, words in entries]
    return element("ul", *items, class_="legend")


def _overview(timeline: Timeline, began_at: datetime) -> Markup:
    bins, width = timeline.bins, timeline.width
    most = max((bin_.requests.total() for bin_ in bins), default=0) or 1
    quota = max((bin_.quota.size for bin_ in bins if bin_.quota), default=0)
    picture = element(
        "svg",
        *_pauses(bins, width, ALL, Pause.QUOTA, (0.0, HEIGHT)),
        # One request of several waits, mostly: others go on meanwhile.
        *_pauses(bins, width, ALL, Pause.RETRY, (0.0, STRIP)),
        *(column for at, bin_ in enumerate(bins) for column in _columns(at, bin_, most)),
        _quota_line(bins, quota) if quota else None,
        *(_told(at, bin_, timeline, began_at) for at, bin_ in enumerate(bins)),
        viewBox=f"0 0 {len(bins)} {HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label="Requests a second over time, by what became of them, with the quota left and "
        "the waits. The table above has the figures.",
    )
    return element(
        "div",
        element("div", _rate(most / width), class_="scale left"),
        element("div", picture, *_marks(len(bins) * width), class_="plot"),
        element("div", f"{quota:,} left" if quota else None, class_="scale right"),
        class_="overview",
    )


def _rate(a_second: float) -> str:
    return f"{a_second:,.0f} requests/s" if a_second >= 10 else f"{a_second:.2g} requests/s"


def _columns(at: int, bin_: Bin, most: int) -> Iterable[Markup]:
    """One bin's requests, stacked: the good ones below."""
    foot = HEIGHT
    for outcome, kind in KINDS.items():
        number = sum(n for (_, became), n in bin_.requests.items() if became is outcome)
        if number:
            # A failure among thousands is still to be seen.
            height = max(HEIGHT * number / most, 0.0 if outcome is Outcome.GOOD else 2.0)
            foot -= height
            yield _rect(at + 0.06, foot, 0.88, height, kind)


def _pauses(
    bins: list[Bin], width: float, stream: str, pause: Pause, place: tuple[float, float]
) -> Iterable[Markup]:
    """The times in which the stream waited for this, at `place`: its top and its height."""
    begin: float | None = None
    for at, bin_ in enumerate([*bins, Bin()]):
        share = min(1.0, bin_.waited.get((stream, pause), 0.0) / width)
        if share >= 0.999:
            begin = at if begin is None else begin
            continue
        if begin is not None or share:
            first = at if begin is None else begin
            yield _rect(first, place[0], at + share - first, place[1], PAUSES[pause])
        begin = None


def _quota_line(bins: list[Bin], size: int) -> Markup:
    points: list[str] = []
    height = 0.0
    for at, bin_ in enumerate(bins):
        if bin_.quota is not None:
            before, height = height, HEIGHT * (1 - bin_.quota.left / size)
            # It stays as it was last told: a slope would show what nobody knows.
            points += [f"{at + 0.5:g},{before:.1f}"] * bool(points) + [f"{at + 0.5:g},{height:.1f}"]
    points.append(f"{len(bins)},{height:.1f}")
    return element("polyline", points=" ".join(points), class_="quota")


def _told(at: int, bin_: Bin, timeline: Timeline, began_at: datetime) -> Markup | None:
    """What a pointer that rests on the bin is told."""
    if not bin_.requests and not bin_.waited:
        return None
    begin = began_at + timedelta(seconds=at * timeline.width)
    end = begin + timedelta(seconds=timeline.width)
    words = [f"{begin:%H:%M:%S} to {end:%H:%M:%S} UTC"]
    for outcome in Outcome:
        number = sum(n for (_, became), n in bin_.requests.items() if became is outcome)
        if number:
            words.append(f"{number} {outcome.value}")
    if bin_.quota is not None:
        words.append(f"quota left {bin_.quota.left} of {bin_.quota.size}")
    for pause in Pause:
        seconds = min(timeline.width, bin_.waited.get((ALL, pause), 0.0))
        if seconds:
            words.append(f"{seconds:.1f} s waiting for {pause.value}")
    title = element("title", "\n".join(words))
    return Markup(f'<rect class="told" x="{at}" y="0" width="1" height="{HEIGHT:g}">{title}</rect>')


def _marks(seconds: float) -> Iterable[Markup]:
    """The time axis: how long the run had taken by then."""
    step = next((step for step in STEPS if seconds / step <= MOST_MARKS), STEPS[-1])
    if seconds < 1:
        return
    for number in range(int(seconds / step) + 1):
        place = 100 * number * step / seconds
        if place <= 94:
            yield element(
                "span", clock_words(number * step), class_="mark", style=f"left:{place:.2f}%"
            )


def _lanes(timeline: Timeline) -> Iterable[Markup]:
    totals = {
        stream: sum(
            n for bin_ in timeline.bins for (name, _), n in bin_.requests.items() if name == stream
        )
        for stream in timeline.streams()
    }
    busiest = sorted(totals, key=lambda stream: -totals[stream])[:MOST_LANES]
    for stream in totals:
        if stream in busiest:
            yield _lane(timeline, stream, totals[stream])
    if len(totals) > len(busiest):
        rest = len(totals) - len(busiest)
        yield element("p", f"{rest} more streams made fewer requests than these.", class_="note")


def _lane(timeline: Timeline, stream: str, total: int) -> Markup:
    bins = timeline.bins
    numbers = [sum(n for (name, _), n in bin_.requests.items() if name == stream) for bin_ in bins]
    most = max(numbers) or 1
    cells: list[Markup] = []
    for at, (bin_, number) in enumerate(zip(bins, numbers, strict=True)):
        if number:
            depth = 0.3 + 0.7 * number / most
            cells.append(_rect(at, 0.0, 1.02, LANE, "good", f"{depth:.2f}"))
        for outcome, kind in list(KINDS.items())[1:]:
            if bin_.requests[stream, outcome]:
                cells.append(_rect(at, 0.0, 1.02, LANE, kind))
    picture = element(
        "svg",
        *(
            bar
            for pause in Pause
            for bar in _pauses(bins, timeline.width, stream, pause, (LANE * 0.35, LANE * 0.3))
        ),
        *cells,
        viewBox=f"0 0 {len(bins)} {LANE:g}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return element(
        "div",
        element("span", stream, class_="name"),
        element("div", picture, class_="plot"),
        element("span", f"{total:,}", class_="total"),
        class_="lane",
    )


def _rect(x: float, y: float, width: float, height: float, kind: str, depth: str = "") -> Markup:
    shade = f' fill-opacity="{depth}"' if depth else ""
    return Markup(
        f'<rect class="{kind}" x="{x:.4g}" y="{y:.4g}" width="{width:.3g}" '
        f'height="{height:.4g}"{shade}/>'
    )
