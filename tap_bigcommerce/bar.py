"""Progress on a terminal: a bar a stream, the quota, and what the tap waits for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tap_bigcommerce.watch import Stage, StreamView, View, Watch, clock_words

REDRAWS_A_SECOND = 4
BAR_WIDTH = 20

WITH_PAGES = 76
"""Columns of a terminal from which on there is room for pages and the rate."""

WITH_BARS = 56
"""Columns from which on there is room for bars."""

BELOW = 5
"""Rows kept free for what stands below the streams."""

STYLES = {
    logging.DEBUG: "dim",
    logging.WARNING: "yellow",
    logging.ERROR: "red",
    logging.CRITICAL: "bold red",
}


class Bar:
    """Shows a run on the terminal `file`, and log lines above it.

    A thread draws it a few times a second. Nothing that befalls the terminal ends the run.
    """

    def __init__(self, watch: Watch, file: TextIO) -> None:
        self._watch = watch
        self._console = Console(file=_Terminal(file), force_terminal=True, highlight=False)  # type: ignore[arg-type]
        self._live = Live(
            console=self._console,
            get_renderable=lambda: draw(
                self._watch.view(), self._console.width, self._console.height
            ),
            refresh_per_second=REDRAWS_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Show it from now on."""
        self._live.start()
        # A process that is killed leaves the terminal as it finds it.
        self._console.show_cursor(True)

    def stop(self) -> None:
        """Leave it as it is now, and write below it from now on."""
        self._live.stop()

    def say(self, line: str, level: int) -> None:
        """Write a log line above the bars."""
        self._console.print(Text(line, STYLES.get(level, "")), soft_wrap=True)


class _Terminal:
    """A terminal that may go away: what is written then is lost, and nothing else."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.encoding = file.encoding
        self.errors = file.errors

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()


def draw(view: View, width: int, height: int) -> RenderableType:
    """A run, in at most `height` rows of at most `width` columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis")
    if width >= WITH_BARS:
        table.add_column(width=BAR_WIDTH)
    table.add_column(justify="right", no_wrap=True)
    if width >= WITH_PAGES:
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    shown = _window(view.streams, max(1, height - BELOW - len(view.waits)))
    for stream in shown:
        table.add_row(*_row(stream, view.took, width))
    rows: list[RenderableType] = [table]
    if len(shown) < len(view.streams):
        rows.append(_line(_others(view.streams, shown), "dim"))
    rows.append(_line(_footer(view), "cyan"))
    rows += [_line(f"waiting: {wait}", "yellow") for wait in view.waits]
    return Group(*rows)


def _line(words: str, style: str) -> Text:
    return Text(words, style, no_wrap=True, overflow="ellipsis")


def _row(stream: StreamView, now: float, width: int) -> list[RenderableType]:
    style = {Stage.TO_COME: "dim", Stage.FAILED: "red", Stage.READING: "bold"}.get(stream.stage, "")
    cells: list[RenderableType] = [Text(stream.name, style)]
    if width >= WITH_BARS:
        cells.append(_bar(stream, now))
    begun = stream.stage is not Stage.TO_COME
    cells.append(Text(f"{stream.records:,} records" if begun else "", style))
    if width >= WITH_PAGES:
        cells.append(Text(f"{stream.pages:,} pages" if begun and stream.pages else "", "dim"))
        cells.append(Text(f"{stream.rate:,.0f}/s" if stream.rate is not None else "", "dim"))
    cells.append(_at_end(stream))
    return cells


def _bar(stream: StreamView, now: float) -> RenderableType:
    if stream.stage is Stage.TO_COME:
        return Text("")
    return ProgressBar(
        total=1.0,
        completed=stream.share or 0.0,
        width=BAR_WIDTH,
        # How far a list is whose end nobody knows, a bar cannot tell.
        pulse=stream.stage is Stage.READING and stream.share is None,
        animation_time=now,
        complete_style="red" if stream.stage is Stage.FAILED else "cyan",
        finished_style="green",
        pulse_style="cyan",
    )


def _at_end(stream: StreamView) -> Text:
    if stream.stage is Stage.FAILED:
        return Text("failed", "red")
    if stream.stage is Stage.DONE:
        return Text(f"done in {clock_words(stream.took)}", "green")
    if stream.left is not None:
        return Text(f"{clock_words(stream.left)} left")
    return Text("" if stream.stage is Stage.TO_COME else clock_words(stream.took), "dim")


def _window(streams: Sequence[StreamView], most: int) -> Sequence[StreamView]:
    """The streams around those that are being read, `most` of them."""
    if len(streams) <= most:
        return streams
    reading = [at for at, stream in enumerate(streams) if stream.stage is not Stage.TO_COME]
    last = reading[-1] if reading else 0
    # Two that are to come below; what has been read, above.
    end = min(len(streams), max(most, last + 3))
    return streams[end - most : end]


def _others(streams: Sequence[StreamView], shown: Sequence[StreamView]) -> str:
    hidden = [stream for stream in streams if stream not in shown]
    counts = {stage: sum(stream.stage is stage for stream in hidden) for stage in Stage}
    return "more: " + ", ".join(
        f"{number} {stage.value}" for stage, number in counts.items() if number
    )


def _footer(view: View) -> str:
    parts = [clock_words(view.took), f"{view.request_rate:.1f} requests/s"]
    if view.quota is not None:
        used = f"quota: {view.quota_used:,} of {view.quota:,} in use"
        if view.window_left:
            used += f", resets in {clock_words(view.window_left)}"
        parts.append(used)
    return "  ".join(parts)
