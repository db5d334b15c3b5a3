"""What converting and writing costs, beside the least that it can cost.

Floor: the pages' bytes through `orjson.loads`, and each raw record through `orjson.dumps`. Tap:
the same bytes read a part at a time and converted as the tap does it (rows like those before them
straight into typed records; orders are completed first; with rescue, counting and exact decimals),
and RECORD messages written to /dev/null. Pages of 250 as the sandbox gives them to the tap; what
single orders were asked for is kept from a round before, and the parts of a page are written one
after the other, as the tap does where no lookup is waited for. That each page was looked through
for its ids, in the workers, is in the bar `process`. Processor time; floor and tap alternate in one
process, and the figure is the median of the rounds' floor / tap. The allocator and the collector
are set for both as the tap sets them. That suits parts of a page: for whole pages the floor gets
new memory from the system each time, so the last column says what it costs in a process of its own,
where nobody sets anything.
"""

from __future__ import annotations

import gc
import logging
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import stores
from bench.chart import BarChart, Bars
from bench.floor import alone, read_and_write
from bench.program import settings
from bench.results import Check, Result, Table
from tap_bigcommerce import discover, selection
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config, parse_config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.memory import collect_seldom, set_allocator
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.pages.details import Details
from tap_bigcommerce.pages.page import ListRequest, Page, PageReader, Row
from tap_bigcommerce.pages.parts import Part, parts
from tap_bigcommerce.pages.sizes import PageSize
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.record_writer import RecordWriter
from tap_bigcommerce.schemas import load_schema
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Plan, Wish

BARS = {"coupons": 0.55, "customers": 0.55, "orders": 0.45, "products": 0.45}  # As the tap runs.
SIZE = 250
PAGES = 8
ROUNDS = 9


@dataclass
class Conversion:
    """One stream's pages, and all that turns them into messages as the tap does."""

    stream: str
    config: Config
    pages: list[Page] = field(default_factory=list)
    found: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    """What the lookups for a record brought, by its id and the number of the step."""

    def __post_init__(self) -> None:
        stream = STREAMS[self.stream]
        own = load_schema(stream.name)
        metadata = discover.own_metadata(stream, own, None)
        chosen = selection.by_default(stream, own, metadata, self.config, selection.Choice())
        assert chosen is not None
        self.selection = chosen
        stop = Stop()
        client = Client(self.config, Quota(share=1.0, concurrency=8, stop=stop), stop)
        self.purpose = Purpose(stream.name, "", StreamCounts(stream.name))
        wish = Wish(chosen.wants, True, chosen.unselected, self.config, client, self.purpose)
        self.plan: Plan = stream.plan(wish)
        self._client = client
        self._records: RecordWriter | None = None

    def fetch(self, pages: int) -> None:
        """Read pages from the store, and whatever single records need beside them."""
        stream = STREAMS[self.stream]
        request = ListRequest(stream.path, self.plan.params, self.plan.details)
        reader = PageReader(self._client, request, self.purpose, PageSize(SIZE))
        after = 0
        for _ in range(pages):
            [ask] = stream.walk.begin(stream.name, after, parallel=1).asks(1, 1)
            page = reader.page(stream.walk.place(ask))
            after = page.ids[-1]
            for row in page.answer.read():
                self.complete(row)
            self.pages.append(page)

    def complete(self, row: Row) -> Row:
        """The record made whole, with what was looked up for it the first time."""
        details: Details | None = self.plan.completion
        if details is None:
            return row
        completion, step, results = details.complete(row, bare=False), 0, None
        while completion is not None:
            try:
                lookups = completion.send(results)  # type: ignore[arg-type]  # None starts it.
            except StopIteration as stop:
                whole: Row = stop.value
                return whole
            results = self.found.get((row["id"], step))
            if results is None:
                results = self.found[row["id"], step] = [lookup() for lookup in lookups]
            step += 1
        return row

    @property
    def bodies(self) -> list[bytes]:
        """The pages as they came."""
        return [page.answer.body for page in self.pages]

    def tap(self, messages: Messages) -> None:
        """What the tap does with the same bytes."""
        for page in self.pages:
            answer = page.answer
            # Found out once for each answer that comes, so here once a round.
            vars(answer).pop("_body_is_clean", None)
            for part in parts(page, page.ids):
                self._write(part, messages)
                messages.flush()

    def _write(self, part: Part, messages: Messages) -> None:
        """One part's rows, as records right away where nothing is to be completed."""
        writer, answer, details = self.records(messages), part.page.answer, self.plan.completion
        as_they_come = details is None or details.as_they_come(bare=False)
        rows, are_records = part.read(writer.typed if as_they_come else None)
        if are_records:
            writer.write_typed(rows, sent_at=answer.sent_at)
        else:
            rows = [self.complete(row) for row in rows]
            writer.write(rows, clean=answer.clean, sent_at=answer.sent_at, ours=True)

    def records(self, messages: Messages) -> RecordWriter:
        """One for all rounds: its converter generates its code when records come."""
        if self._records is None:
            self._records = RecordWriter(self.selection, messages, store="")
        return self._records


@dataclass(frozen=True)
class Rounds:
    """Seconds a record of every round: floor and tap; and of the floor in a process of its own."""

    floor: Sequence[float]
    tap: Sequence[float]
    floor_alone: float

    @property
    def ratios(self) -> list[float]:
        return [floor / tap for floor, tap in zip(self.floor, self.tap, strict=True)]


def measure(quick: bool) -> Result:
    """Let floor and tap alternate, for every stream."""
    logging.disable(logging.INFO)
    set_allocator()  # Floor and tap with the settings that the tap makes.
    collect_seldom()
    found = {stream: rounds(stream, 3 if quick else ROUNDS) for stream in BARS}
    ratios = {stream: found[stream].ratios for stream in BARS}
    spreads = {
        stream: (round(min(values), 3), round(max(values), 3)) for stream, values in ratios.items()
    }
    medians = {stream: round(statistics.median(values), 3) for stream, values in ratios.items()}
    return Result(
        checks=[
            Check(f"{stream}: floor / tap", medians[stream], "at least", bar, "", spreads[stream])
            for stream, bar in BARS.items()
        ],
        tables=[
            Table(
                ["stream", "floor µs a record", "tap µs a record", "floor alone µs a record"],
                [
                    [stream, _micro(one.floor), _micro(one.tap), _micro([one.floor_alone])]
                    for stream, one in found.items()
                ],
            )
        ],
        charts=[
            BarChart(
                name="convert",
                title="Converting and writing, beside reading and writing JSON alone",
                y_axis="floor / tap (1 would be free)",
                groups=list(BARS),
                bars=[
                    Bars(
                        f"median of {ROUNDS} rounds, with their spread",
                        list(medians.values()),
                        list(spreads.values()),
                        list(BARS.values()),
                    )
                ],
                decimals=2,
            )
        ],
    )


def rounds(stream: str, number: int) -> Rounds:
    """One stream's rounds."""
    conversion = read_pages(stream)
    records = PAGES * SIZE
    sink = os.open(os.devnull, os.O_WRONLY)
    messages = Messages(sink)
    floors, taps = [], []
    conversion.tap(messages)  # The converter generates its code when records come.
    bodies = conversion.bodies
    for _ in range(number):
        floors.append(read_and_write(bodies) / records)
        gc.collect()
        start = time.process_time()
        conversion.tap(messages)
        taps.append((time.process_time() - start) / records)
    os.close(sink)
    return Rounds(floors, taps, alone(bodies) / records)


def read_pages(stream: str) -> Conversion:
    """A stream's pages from a store of its own."""
    with stores.store(**stores.sizes_for(stream, PAGES * SIZE), variants_per_product=8) as running:
        config, _ = parse_config(settings(running.store))
        conversion = Conversion(stream, config)
        conversion.fetch(PAGES)
    return conversion


def _micro(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e6:.1f}"
