"""The measurements: a module for each, with a description and the function `measure`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from bench.results import Result


@dataclass(frozen=True)
class Bar:
    """A measurement: its name on the command line, its title, and its module."""

    name: str
    title: str
    module: str

    @property
    def about(self) -> str:
        """The description of the measurement: the module's docstring."""
        text = importlib.import_module(self.module).__doc__ or ""
        return text.partition("\n\n")[2].strip() or text.strip()

    def measure(self, *, quick: bool) -> Result:
        """Run the measurement. `quick`: with smaller stores and fewer rounds, as a test."""
        run = importlib.import_module(self.module).measure
        return cast(Callable[[bool], Result], run)(quick)


# A module is imported when it is used, so that its imports do not influence other measurements.
BARS = {
    bar.name: bar
    for bar in (
        Bar("requests", "Requests of a full sync", "bench.bars.full_sync"),
        Bar("ids", "Requests by the pattern of ids", "bench.bars.id_patterns"),
        Bar("memory", "Memory", "bench.bars.memory"),
        Bar("process", "Limited by the processor", "bench.bars.process"),
        Bar("delay", "Limited by delay", "bench.bars.delay"),
        Bar("quota", "Limited by quota", "bench.bars.quota"),
        Bar("plain", "Comparison with a plain extractor", "bench.bars.plain_comparison"),
        Bar("deletes", "Deleted records", "bench.bars.deletes"),
        Bar("fleet", "A fleet on Dagster", "bench.bars.fleet"),
        Bar("startup", "Start-up", "bench.bars.startup"),
    )
}
