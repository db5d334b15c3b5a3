"""One walk of a run, what completes its rows, and the streams that are written from it."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tap_bigcommerce.api.client import Purpose
from tap_bigcommerce.dates import date_of, format_instant
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed, failure_of
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pagination.list_reader import Reading
from tap_bigcommerce.pagination.ordered_rows import Batch
from tap_bigcommerce.pagination.page import PageReader, Position, Row
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.streams.enrichment.child_lists import OwnLists
from tap_bigcommerce.streams.stream import Wish
from tap_bigcommerce.sync.run_context import Tools
from tap_bigcommerce.sync.stream_sync import Output, id_of
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)


SAMPLE_OF = 10
"""Rows of a list in which a sample is looked for of what belongs to them."""


class WalkEnricher(Enricher):
    """Completes the rows of a list for its own stream and for those of what belongs to it."""

    def __init__(
        self,
        outputs: Sequence[Output],
        enricher: Enricher | None,
        tools: Tools,
        counts: StreamCounts,
        *,
        since_ever: bool = False,
    ) -> None:
        """`enricher` is that of the list, and `counts` those of the requests for it.

        `since_ever`: all that belongs to a row is read, whatever its date.
        """
        self._counts = counts
        self._root = root = outputs[0].root
        self._since_ever = since_ever
        self._enricher = enricher or Enricher()
        self.whole_pages = self._enricher.whole_pages
        self._channels = tools.config.channel_ids if root.channels.field is not None else ()
        self._from_rows = [output for output in outputs if not output.stream.has_own_list]
        self._own_lists = {
            output: OwnLists(tools.client, output.purpose, output.stream.keys)
            for output in outputs
            if output.stream.has_own_list
        }
        self._needs_ids = bool(enricher or self._own_lists)
        self.has_work = self._needs_ids or bool(self._channels)
        """Rows are not simply written as they come."""

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """What completes the rows together."""
        for row in rows if self._needs_ids else ():
            id_of(self._root, row)
        return self._enricher.enrich_page(rows)

    def enrich(self, row: Row, *, bare: bool) -> Row | Job | None:
        """The row, once the lists of its own that are wanted are there as well."""
        if not self._is_wanted(row):
            return None
        if not self._needs_ids:
            return row
        own = self._enricher.enrich(row, bare=bare)
        wanted = [
            output
            for output in self._own_lists
            if output.failure is None and not output.has_read(row)
        ]
        if callable(own) or (own is not None and wanted):
            return functools.partial(self._read, row, own, wanted)
        return self.finish(Enriched(own))

    def finish(self, enriched: Enriched) -> Row | None:
        """The row, where it is whole; noted is what could not be read, and for which stream."""
        row, error = enriched.row, enriched.error
        if row is None:
            return None
        found = {**dict.fromkeys(self._from_rows, error), **(enriched.lists or {})}
        for output, rows in found.items():
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(rows, RequestFailed):
                output.pass_over(int(row["id"]), rows)
                # What came is written, although it is not all.
                rows = rows.rows if isinstance(rows, IncompleteList) else []
            else:
                output.was_read(int(row["id"]))
            if output in self._own_lists:
                output.own_rows[row["id"]] = (row, rows)
        return row if error is None or isinstance(error, IncompleteList) else None

    def _is_wanted(self, row: Row) -> bool:
        """The row is of a channel that is read, or of none."""
        value = row.get(self._root.channels.field or "") if self._channels else None
        if value is None:
            return True
        found = value if isinstance(value, list) else [value]
        return not found or any(channel in self._channels for channel in found)

    def _read(self, row: Row, own: Row | Job | None, wanted: Sequence[Output]) -> Enriched:
        """All that is wanted of a row, by requests, in a worker."""
        enriched = Enriched(row)
        if callable(own):
            try:
                enriched = own()
            except RequestFailed as error:
                enriched = Enriched(row, error)
            if enriched.error is not None:
                # A list that contradicts itself has been answered.
                self._counts.in_trouble |= not isinstance(enriched.error, IncompleteList)
        lists: dict[Output, Any] = {}
        for output in wanted if enriched.row is not None else ():
            lists[output] = self._read_own(output, enriched.row or row)
            if lists[output] is None:
                return Enriched(None)
        return enriched._replace(lists=lists)

    def _read_own(self, output: Output, row: Row) -> list[Row] | RequestFailed | None:
        """The rows of a row's own list, or why they cannot be read; None: the row is gone."""
        stream, since = output.stream, output.position.since
        params = dict(stream.params)
        if stream.modified_since is not None and since is not None and not self._since_ever:
            params[stream.modified_since] = since
        found: list[Row] | RequestFailed | None = []

        def read() -> None:
            nonlocal found
            try:
                found = self._own_lists[output].rows(
                    f"{self._root.path}/{row['id']}",
                    stream.path.format(id=row["id"]),
                    params=params,
                    none_is_404=stream.none_is_404,
                    paging=stream.walk,
                )
            except RequestFailed as error:
                output.counts.in_trouble |= not isinstance(error, IncompleteList)
                found = error

        output.attempt(read)
        return found


class WalkSync:
    """Reads one list and writes the messages of one or several streams."""

    def __init__(self, outputs: Sequence[Output], tools: Tools, turn: int) -> None:
        """`turn` is the walk's place in the run. The outputs' streams begin at the same place."""
        self.outputs = outputs
        self.name = outputs[0].stream.name
        self.names = ", ".join(output.stream.name for output in outputs)
        self._tools = tools
        self._turn = turn
        self._root = outputs[0].root
        self._start = outputs[0].position
        self._newest = self._start.newest
        """The newest date of modification in the list, as far as it has been written."""
        self._reading: Reading | None = None

    def ask(self) -> None:
        """Let the first requests go, while an earlier walk is still being written."""
        self._attempt(lambda: self._alive() and self._begun().ask(ahead=True))

    def run(self, when_ending: Callable[[], None]) -> None:
        """Read the list to its end. `when_ending`: workers are free for the next walk.

        What fails stands in the outputs then. Raises what ends the whole run, and Interrupted on a
        signal; the state then holds where to go on.
        """
        try:
            if self._alive():
                self._attempt(lambda: self._read(self._begun(), when_ending))
        finally:
            self._close()

    def _attempt(self, work: Callable[[], object]) -> None:
        """Do `work`; what it raises is the failure of all of the streams that have none."""
        error = failure_of(self.names, work)
        for output in self._alive() if error is not None else ():
            output.failure = error

    def _read(self, reading: Reading, when_ending: Callable[[], None]) -> None:
        self._for_each(self._read_again)
        for batch in reading.batches(when_ending, lambda: self._for_each(Output.rewind)):
            self._write(batch, reading)
            if not self._alive() or self._has_sample(reading):
                return
        self._judge(reading)
        sync_start = self._sync_start(reading)
        self._for_each(lambda output: output.complete(sync_start, proven=reading.walk.proven))
        self._for_each(lambda output: output.report_gone(self._turn))

    def _has_sample(self, reading: Reading) -> bool:
        """A sample is all that is wanted, and each stream has its record, or seems to have none."""
        return self._tools.sample and (
            reading.rows_read >= SAMPLE_OF or all(output.counts.written for output in self._alive())
        )

    def _close(self) -> None:
        """Close the books, however the walk has ended."""
        reading = self._reading
        if reading is not None:
            reading.close()
            # Requests and rows of a walk are counted for its first stream.
            counts = self.outputs[0].counts
            counts.read, counts.duplicates = reading.rows_read, reading.duplicates
            counts.pages = reading.pages
        for output in self.outputs:
            output.close()

    def _alive(self) -> list[Output]:
        return [output for output in self.outputs if output.failure is None]

    def _for_each(self, work: Callable[[Output], object]) -> None:
        """Do `work` for each stream that has not failed; what fails then is it alone."""
        for output in self.outputs:
            output.attempt(functools.partial(work, output))

    def _begun(self) -> Reading:
        """The reading of the list, begun by now."""
        if self._reading is None:
            root, start, first = self._root, self._start, self.outputs[0]
            params: dict[str, str] = {}
            if root.modified_since is not None and not first.has_own_dates:
                if start.since is not None:
                    params[root.modified_since] = start.since
                if first.until is not None:
                    params.update(root.modified_until(first.until))
            params.update(root.channel_filter(self._tools.config.channel_ids))
            self._reading = self._reading_for(self.outputs, params, after=start.after)
        return self._reading

    def _reading_for(
        self,
        outputs: Sequence[Output],
        params: Mapping[str, str],
        *,
        after: Position = None,
        since_ever: bool = False,
    ) -> Reading:
        """A reading of the list on behalf of these outputs; `params`: of what part of it."""
        root, tools = self._root, self._tools
        # Requests are counted for the first stream; what may be missing is the list's permission.
        purpose = dataclasses.replace(outputs[0].purpose, permission=root.permission)
        own = root.enricher(self._wish(outputs, purpose))
        details = own or Enricher()
        request = root.request({**root.params, **details.params, **params}, details.details)
        enricher = WalkEnricher(outputs, own, tools, purpose.counts, since_ever=since_ever)
        return Reading(
            root.name,
            root.walk,
            PageReader(tools.client, request, purpose, tools.config.page_size),
            tools.workers,
            tools.budget,
            self._turn,
            enricher=enricher if enricher.has_work else None,
            after=after,
        )

    def _wish(self, outputs: Sequence[Output], purpose: Purpose) -> Wish:
        """What these outputs together want of the list."""
        needed: set[str] = set()
        whole_rows, unselected = False, tuple[str, ...]()
        for output in outputs:
            stream = output.stream
            if stream.parent is None:
                whole_rows, unselected = True, output.selection.unselected
                needed |= output.selection.paths
            elif stream.nested is not None:
                within = {f"{stream.nested}.{path}" for path in output.selection.paths}
                needed |= {stream.nested, *within}
        return Wish(
            wants=needed.__contains__,
            whole_rows=whole_rows,
            unselected=tuple(name for name in unselected if name not in needed),
            config=self._tools.config,
            client=self._tools.client,
            purpose=purpose,
        )

    def _read_again(self, output: Output) -> None:
        """Read what earlier runs have passed over of a stream, before anything else."""
        if not output.passed_over:
            return
        tools, counts = self._tools, output.counts
        counts.in_trouble = True
        reading = self._reading_for([output], {}, since_ever=True)
        for id_, found in reading.by_ids([*output.passed_over]):
            if isinstance(found, RequestFailed):
                output.pass_over(id_, found)
            elif found is not None:
                output.write(found)
                for row in found.rows:
                    output.note_read_first(row)
            if output.passed_over.get(id_) is None:
                output.passed_over.pop(id_, None)
                if not (isinstance(found, Batch) and found.rows):
                    LOGGER.info("%s: record %d, passed over before, is gone", self._root.name, id_)
            output.remember()
        counts.in_trouble = counts.passed_over > 0
        tools.messages.page_ends()

    def _write(self, batch: Batch, reading: Reading) -> None:
        """One batch's RECORDs, and the STATE that covers them."""
        self._for_each(lambda output: output.write(batch))
        alive = self._alive()
        if alive:
            self._note_newest(batch.rows)
        for output in alive:
            output.counts.share = reading.share
            output.interrupt(batch.position, self._sync_start(reading), self._newest)
        self.outputs[0].counts.pages = reading.pages
        if batch.ends_page:
            self._tools.messages.page_ends()
        else:
            self._tools.messages.flush()

    def _sync_start(self, reading: Reading) -> str | None:
        """When the walk's first attempt began, by the store's clock; None before any answer."""
        if self._start.sync_start is None and reading.began is not None:
            return format_instant(reading.began)
        return self._start.sync_start

    def _note_newest(self, rows: Sequence[Row]) -> None:
        """Take in the dates of modification of these rows."""
        key = self._root.replication_key
        for output in self._alive():
            if output.stream is self._root:
                self._newest = output.newest
                return
        for row in rows if key is not None else ():
            date = date_of(row, key)
            if date is None:
                raise BadRecord(
                    f"{self.name}: record {quoted(row.get('id'))} of {self._root.name} has no "
                    f"usable {key}. The stream stops here, and its bookmark stays where it was, so "
                    "that nothing is lost."
                )
            self._newest = max(self._newest or "", date)

    def _judge(self, reading: Reading) -> None:
        """Whether the list was read whole. Raises IncompleteList where that is not accepted."""
        name = self._root.name
        if reading.walk.contradiction is not None:
            error = IncompleteList(name, reading.walk.contradiction, name)
            if not self._tools.config.accepts(name):
                raise error
            LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
            for output in self._alive():
                output.read_in_part = True
        elif reading.read_again is not None:
            LOGGER.warning(
                "%s: %s. Read again by page number, it showed all of them.",
                name,
                reading.read_again,
            )
        elif not reading.walk.proven:
            LOGGER.warning(
                "%s: the list changed whenever it was read, so that records may have moved from a "
                "page not yet read to one read already. The next sync reads it again.",
                name,
            )
