"""Progress bars on a terminal, with the quota and what the tap waits for."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from tap_bigcommerce.progress.counters import Stage, StreamCounts
from tap_bigcommerce.progress.logging_setup import LogHandler
from tap_bigcommerce.progress.metrics import run_every
from tap_bigcommerce.progress.tracker import ProgressTracker, Snapshot
from tap_bigcommerce.text import duration

MIN_WIDTH_FOR_PAGES = 76
"""Columns that a terminal needs to show pages and the rate."""

MIN_WIDTH_FOR_BARS = 56
"""Columns that a terminal needs to show bars."""

LEVELS = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}

STAGES: dict[Stage, str] = {"not started": "dim", "running": "bold", "done": "", "failed": "red"}


@contextlib.contextmanager
def bars(tracker: ProgressTracker, log: LogHandler) -> Iterator[None]:
    """Show progress bars on the terminal of the log until the context ends.

    Log lines are written above the bars. A thread redraws the bars four times a second. Errors of
    the terminal do not stop the run.
    """
    terminal = cast(TextIO, _Terminal(log.stream))
    console = Console(file=terminal, force_terminal=True, highlight=False)
    live = Live(
        console=console,
        get_renderable=lambda: render(tracker.snapshot(), console.width, console.height),
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    log.write_line = lambda line, level: console.print(Text(line, LEVELS.get(level, "")))

    def redraw() -> None:
        # Redrawing moves the cursor up by the height of the bars: not while a line is written.
        assert log.lock is not None
        with log.lock:
            live.refresh()

    with live, run_every(0.25, redraw):
        # rich hides the cursor. A killed process could not show it again.
        console.show_cursor(True)
        yield


class _Terminal:
    """A terminal that may be closed: what is written afterwards is dropped, without an error."""

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


def render(run: Snapshot, width: int, height: int) -> RenderableType:
    """The bars and the lines below them, in at most `height` rows of at most `width` columns."""
    # Long names are truncated, figures are not. Bars take the remaining width.
    name, bar = Column(max_width=width // 3, no_wrap=True), Column(ratio=1)
    figures = [Column(justify="right", no_wrap=True) for _ in range(3)]
    end = Column(no_wrap=True)
    has_bars, has_pages = width >= MIN_WIDTH_FOR_BARS, width >= MIN_WIDTH_FOR_PAGES
    fits = [True, has_bars, True, has_pages, has_pages, True]
    table = Table.grid(*compress([name, bar, *figures, end], fits), padding=(0, 2), expand=has_bars)
    table.width = min(width, 110)  # bars of wider terminals are not longer
    # Five rows and those of the waits are kept for the lines below the streams.
    shown = _window(run.streams, max(1, height - 5 - len(run.waits)))
    for counts in shown:
        table.add_row(*compress(_row(counts, *run.rates[counts.stream]), fits))
    stages = Counter(counts.stage for counts in run.streams)
    stages.subtract(counts.stage for counts in shown)
    hidden = [f"{stages[stage]} {stage}" for stage in STAGES if stages[stage]]
    lines = [("more: " + ", ".join(hidden), "dim")] if hidden else []
    lines.append((run.totals, "cyan"))
    if run.quota is not None:
        used = run.quota.quota - run.quota.left
        quota = f"quota: {used:,} of {run.quota.quota:,} requests in use"
        resets = f", resets in {duration(run.quota.resets_in)}" if run.quota.resets_in else ""
        lines.append((quota + resets, "cyan"))
    lines += [(f"waiting: {wait}", "yellow") for wait in run.waits]
    below = [Text(line, style, no_wrap=True, overflow="ellipsis") for line, style in lines]
    return Group(table, *below)


def _row(counts: StreamCounts, rate: float | None, left: float | None) -> list[RenderableType]:
    """A stream's name, bar, records, pages, rate, and time left or result."""
    stage, style = counts.stage, STAGES[counts.stage]
    if stage == "not started":
        return [Text(counts.stream, style), "", "", "", "", ""]
    share = 1.0 if stage == "done" else counts.share
    bar = ProgressBar(
        total=1.0,
        completed=share or 0.0,
        # The length of the list is unknown.
        pulse=stage == "running" and share is None,
        complete_style="red" if stage == "failed" else "cyan",
        finished_style="green",
        pulse_style="cyan",
    )
    end = Text(duration(counts.took), "dim")
    if stage == "failed":
        end = Text("failed", "red")
    elif stage == "done":
        end = Text(f"done in {duration(counts.took)}", "green")
    elif left is not None:
        end = Text(f"{duration(left)} left")
    return [
        Text(counts.stream, style),
        bar,
        Text(f"{counts.written:,} records", style),
        Text(f"{counts.pages:,} pages" if counts.pages else "", "dim"),
        Text(f"{rate:,.0f}/s" if rate is not None else "", "dim"),
        end,
    ]


def _window(streams: Sequence[StreamCounts], most: int) -> Sequence[StreamCounts]:
    """`most` of the streams: those that are being read, and their neighbours."""
    started = [at for at, counts in enumerate(streams) if counts.stage != "not started"]
    # Up to the second one that is not started. Finished streams are above.
    end = min(len(streams), max(most, started[-1] + 3 if started else 0))
    return streams[max(0, end - most) : end]
