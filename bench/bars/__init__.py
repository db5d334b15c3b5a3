"""The bars, one file each. A bar's file says what is measured, and has `measure`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from bench.results import Result


@dataclass(frozen=True)
class Bar:
    """A measurement: its name on the command line, its title, and its file in this folder."""

    name: str
    title: str
    module: str

    @property
    def about(self) -> str:
        """What is measured, and how: the file's own words."""
        words = importlib.import_module(self.module).__doc__ or ""
        return words.partition("\n\n")[2].strip() or words.strip()

    def measure(self, *, quick: bool) -> Result:
        """Measure. `quick`: smaller stores and fewer rounds, to see that all works."""
        run = importlib.import_module(self.module).measure
        return cast(Callable[[bool], Result], run)(quick)


# A bar is imported when it is asked for: what it needs must not weigh on what others measure.
BARS = {
    bar.name: bar
    for bar in (
        Bar("requests", "Requests of a full sync", "bench.bars.full_sync"),
        Bar("ids", "Requests by the pattern of ids", "bench.bars.id_patterns"),
        Bar("memory", "Memory", "bench.bars.memory"),
        Bar("process", "Limited by the processor: the whole process", "bench.bars.process"),
        Bar("delay", "Limited by delay", "bench.bars.delay"),
        Bar("quota", "Limited by quota", "bench.bars.quota"),
        Bar("plain", "Beside a plain extractor", "bench.bars.beside_plain"),
        Bar("deletes", "What is deleted", "bench.bars.deletes"),
        Bar("fleet", "A fleet on Dagster", "bench.bars.fleet"),
        Bar("startup", "Start-up", "bench.bars.startup"),
    )
}
