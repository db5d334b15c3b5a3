"""The timeline, drawn: all requests with waits and quota, and below it a lane for each stream.

The pictures are SVG that is stretched to the width there is; their words are HTML beside them, so
that they keep their size on a phone. Across, a unit is a bin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tap_bigcommerce.display import duration
from tap_bigcommerce.report.markup import Markup, each, html
from tap_bigcommerce.timeline import ALL, OUTCOMES, WAITS, Timeline

HEIGHT = 100.0
"""Units of the upper picture's height."""

STRIP = 7.0
"""Units of its height that show waits for another attempt."""

LANE = 10.0
"""Units of a lane's height."""

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds between two marks of the time axis."""

MOST_MARKS = 5

SVG = '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" {}>{}</svg>'

OVERVIEW = """
<div class="overview"><div class="scale left">{}</div>
<div class="plot">{}{}</div>
<div class="scale right">{}</div></div>
"""

LANE_ROW = """
<div class="lane"><span class="name">{}</span>
<div class="plot">{}</div>
<span class="total">{}</span></div>
"""

LABEL = Markup(
    'role="img" aria-label="Requests a second over time, by what became of them, with the quota '
    'left and the waits. The table above has the figures."'
)


def draw(timeline: Timeline, began_at: datetime) -> Markup:
    """The whole picture, if there is any. `began_at`: by the clock on the wall, when it begins."""
    streams = dict.fromkeys(stream for _, stream, _ in timeline.requests if stream != ALL)
    if not streams:
        return Markup()
    return html(
        '<div class="timeline">{}{}<h3>Requests of each stream</h3>{}</div>',
        _legend(timeline),
        _overview(timeline, began_at),
        each(LANE_ROW, (_lane(timeline, stream) for stream in streams)),
    )


def _numbers(timeline: Timeline, stream: str) -> list[int]:
    """How many requests ended in each bin."""
    requests = timeline.requests
    return [sum(requests[at, stream, kind] for kind in OUTCOMES) for at in range(timeline.bins)]


def _legend(timeline: Timeline) -> Markup:
    seen = {kind for _, _, kind in (*timeline.requests, *timeline.waited)}
    seen |= {"quota"} if timeline.quota else set()
    words = {**OUTCOMES, **WAITS, "quota": "quota left"}
    items = [(kind, said) for kind, said in words.items() if kind in seen]
    swatches = each('<li><span class="swatch {}"></span>{}</li>', items)
    return html('<ul class="legend">{}</ul>', swatches)


def _overview(timeline: Timeline, began_at: datetime) -> Markup:
    bins = range(timeline.bins)
    most = max(_numbers(timeline, ALL))
    quota = max((standing.size for standing in timeline.quota.values()), default=0)
    picture = [
        *_waits(timeline, ALL, "for-quota", 0.0, HEIGHT),
        # One request of several waits, mostly: others go on meanwhile.
        *_waits(timeline, ALL, "for-retry", 0.0, STRIP),
        *(column for at in bins for column in _columns(timeline, at, most)),
        _quota_line(timeline, quota) if quota else "",
        *(_told(timeline, at, began_at) for at in bins),
    ]
    a_second = most / timeline.width
    rate = f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.2g}"
    return html(
        OVERVIEW,
        f"{rate} requests/s",
        html(SVG, timeline.bins, HEIGHT, LABEL, Markup("".join(picture))),
        each('<span class="mark" style="left:{}%">{}</span>', _marks(timeline)),
        f"{quota:,} left" if quota else "",
    )


def _columns(timeline: Timeline, at: int, most: int) -> Iterator[str]:
    """One bin's requests, stacked: the good ones below."""
    foot = HEIGHT
    for kind in OUTCOMES:
        number = timeline.requests[at, ALL, kind]
        if number:
            # A failure among thousands is still to be seen.
            height = max(HEIGHT * number / most, 0.0 if kind == "good" else 2.0)
            foot -= height
            yield _rect(kind, at + 0.06, foot, 0.88, height)


def _waits(timeline: Timeline, stream: str, kind: str, top: float, height: float) -> Iterator[str]:
    """How much of each bin the stream has waited for this."""
    for at in range(timeline.bins):
        share = timeline.waited[at, stream, kind] / timeline.width / 1000
        if share:
            # A little more than whole, so that no seam shows where one meets the next.
            yield _rect(kind, at, top, min(1.0, share) * 1.02, height)


def _quota_line(timeline: Timeline, size: int) -> str:
    points: list[str] = []
    height = 0.0
    for at, standing in timeline.quota.items():
        before, height = height, HEIGHT * (1 - standing.left / size)
        # It stays as it was last told: a slope would show what nobody knows.
        points += [f"{at + 0.5:g},{before:.1f}"] * bool(points) + [f"{at + 0.5:g},{height:.1f}"]
    points.append(f"{timeline.bins},{height:.1f}")
    return f'<polyline class="quota" points="{" ".join(points)}"/>'


def _told(timeline: Timeline, at: int, began_at: datetime) -> str:
    """What a pointer that rests on the bin is told."""
    numbers = {kind: timeline.requests[at, ALL, kind] for kind in OUTCOMES}
    waits = {kind: timeline.waited[at, ALL, kind] / 1000 for kind in WAITS}
    if not any((*numbers.values(), *waits.values())):
        return ""
    begin = began_at + timedelta(seconds=at * timeline.width)
    end = begin + timedelta(seconds=timeline.width)
    words = [f"{begin:%H:%M:%S} to {end:%H:%M:%S} UTC"]
    words += [f"{number} {OUTCOMES[kind]}" for kind, number in numbers.items() if number]
    if at in timeline.quota:
        words.append(f"quota left {timeline.quota[at].left} of {timeline.quota[at].size}")
    words += [f"{seconds:.1f} s {WAITS[kind]}" for kind, seconds in waits.items() if seconds]
    shape = f'class="told" x="{at}" y="0" width="1" height="{HEIGHT:g}"'
    return html("<rect {}><title>{}</title></rect>", Markup(shape), "; ".join(words))


def _marks(timeline: Timeline) -> Iterator[tuple[str, str]]:
    """The time axis: places in percent, and how long the run had taken by then."""
    seconds = timeline.bins * timeline.width
    step = next((step for step in STEPS if seconds / step <= MOST_MARKS), STEPS[-1])
    for passed in range(0, int(seconds) + 1, step):
        if seconds >= 1 and passed / seconds <= 0.94:
            yield f"{100 * passed / seconds:.2f}", duration(passed)


def _lane(timeline: Timeline, stream: str) -> tuple[str, Markup, str]:
    """A stream's name, its picture, and how many requests it made."""
    numbers = _numbers(timeline, stream)
    cells = [shape for kind in WAITS for shape in _waits(timeline, stream, kind, 3.5, 3.0)]
    for at, number in enumerate(numbers):
        depth = 0.3 + 0.7 * number / max(numbers)
        kinds = [kind for kind in OUTCOMES if timeline.requests[at, stream, kind]]
        # What went wrong covers the rest.
        cells += [_rect(k, at, 0.0, 1.02, LANE, depth if k == "good" else 1.0) for k in kinds]
    picture = html(SVG, timeline.bins, LANE, Markup('aria-hidden="true"'), Markup("".join(cells)))
    return stream, picture, f"{sum(numbers):,}"


def _rect(kind: str, x: float, y: float, width: float, height: float, opacity: float = 1.0) -> str:
    return (
        f'<rect class="{kind}" x="{x:.4g}" y="{y:.4g}" width="{width:.3g}" '
        f'height="{height:.4g}" fill-opacity="{opacity:.2f}"/>'
    )
