"""Progress on a terminal: a bar a stream, the quota, and what the tap waits for."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tap_bigcommerce.counts import Stage
from tap_bigcommerce.display import duration
from tap_bigcommerce.tracker import ProgressTracker, Snapshot, StreamProgress

REDRAWS_A_SECOND = 4

WIDEST = 110
"""Columns: on a wider terminal bars grow no more."""

WITH_PAGES = 76
"""Columns of a terminal from which on there is room for pages and the rate."""

WITH_BARS = 56
"""Columns from which on there is room for bars."""

NAME, BAR, RECORDS, PAGES, RATE, END = range(6)
"""The columns."""

BELOW = 5
"""Rows kept free for what stands below the streams."""

LEVELS = {
    logging.DEBUG: "dim",
    logging.WARNING: "yellow",
    logging.ERROR: "red",
    logging.CRITICAL: "bold red",
}

STAGES = {Stage.TO_COME: "dim", Stage.READING: "bold", Stage.DONE: "", Stage.FAILED: "red"}


@contextlib.contextmanager
def bars(tracker: ProgressTracker, file: TextIO) -> Iterator[Callable[[str, int], None]]:
    """Show a run on the terminal `file`; yields what writes a log line of a level above it.

    A thread draws it a few times a second. Nothing that befalls the terminal ends the run.
    """
    console = Console(file=cast(TextIO, _Terminal(file)), force_terminal=True, highlight=False)
    live = Live(
        console=console,
        get_renderable=lambda: draw(tracker.snapshot(), console.width, console.height),
        refresh_per_second=REDRAWS_A_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        # A process that is killed leaves the terminal as it finds it.
        console.show_cursor(True)
        yield lambda line, level: console.print(Text(line, LEVELS.get(level, "")), soft_wrap=True)


class _Terminal:
    """A terminal that may go away: what is written then is lost, and nothing else."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()


def draw(run: Snapshot, width: int, height: int) -> RenderableType:
    """A run, in at most `height` rows of at most `width` columns."""
    fits = {BAR: width >= WITH_BARS, PAGES: width >= WITH_PAGES, RATE: width >= WITH_PAGES}
    columns = [at for at in range(END + 1) if fits.get(at, True)]
    table = Table.grid(padding=(0, 2), expand=fits[BAR])
    table.width = min(width, WIDEST)
    for at in columns:
        table.add_column(
            justify="right" if at in (RECORDS, PAGES, RATE) else "left",
            no_wrap=True,
            # A long name is cut, and bars have what is left: figures stay whole.
            max_width=width // 3 if at == NAME else None,
            ratio=1 if at == BAR else None,
        )
    shown = _window(run.streams, max(1, height - BELOW - len(run.waits)))
    for stream in shown:
        cells = _row(stream)
        table.add_row(*(cells[at] for at in columns))
    stages = Counter(stream.counts.stage for stream in run.streams)
    stages.subtract(stream.counts.stage for stream in shown)
    hidden = [f"{stages[stage]} {stage.value}" for stage in Stage if stages[stage]]
    lines = [("more: " + ", ".join(hidden), "dim")] if hidden else []
    lines.append((_footer(run), "cyan"))
    lines += [(f"waiting: {wait}", "yellow") for wait in run.waits]
    below = [Text(line, style, no_wrap=True, overflow="ellipsis") for line, style in lines]
    return Group(table, *below)


def _row(stream: StreamProgress) -> list[RenderableType]:
    """Its name, bar, records, pages, rate, and how it ends or for how long it has been read."""
    counts, stage = stream.counts, stream.counts.stage
    style = STAGES[stage]
    if stage is Stage.TO_COME:
        return [Text(counts.stream, style), "", "", "", "", ""]
    share = 1.0 if stage is Stage.DONE else counts.share
    bar = ProgressBar(
        total=1.0,
        completed=share or 0.0,
        # How far a list is whose end nobody knows, a bar cannot tell.
        pulse=stage is Stage.READING and share is None,
        complete_style="red" if stage is Stage.FAILED else "cyan",
        finished_style="green",
        pulse_style="cyan",
    )
    if stage is Stage.FAILED:
        end = Text("failed", "red")
    elif stage is Stage.DONE:
        end = Text(f"done in {duration(stream.took)}", "green")
    elif stream.left is not None:
        end = Text(f"{duration(stream.left)} left")
    else:
        end = Text(duration(stream.took), "dim")
    return [
        Text(counts.stream, style),
        bar,
        Text(f"{counts.written:,} records", style),
        Text(f"{counts.pages:,} pages" if counts.pages else "", "dim"),
        Text(f"{stream.rate:,.0f}/s" if stream.rate is not None else "", "dim"),
        end,
    ]


def _window(streams: Sequence[StreamProgress], most: int) -> Sequence[StreamProgress]:
    """The streams around those that are being read, `most` of them."""
    begun = [at for at, one in enumerate(streams) if one.counts.stage is not Stage.TO_COME]
    # Two that are to come below; what has been read, above.
    end = min(len(streams), max(most, begun[-1] + 3 if begun else 0))
    return streams[max(0, end - most) : end]


def _footer(run: Snapshot) -> str:
    parts = [duration(run.took), f"{run.request_rate:.1f} requests/s"]
    if run.quota is not None:
        resets = f", resets in {duration(run.resets_in)}" if run.resets_in else ""
        parts.append(f"quota: {run.quota_used:,} of {run.quota:,} in use{resets}")
    return "  ".join(parts)
