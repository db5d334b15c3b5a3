"""One walk of a run, what completes its rows, and the streams that are written from it."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tap_bigcommerce.api.client import RequestContext
from tap_bigcommerce.dates import format_instant, row_date
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed, failure_of
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pagination.list_reader import ListReader
from tap_bigcommerce.pagination.ordered_rows import Batch
from tap_bigcommerce.pagination.page import PageReader, Position, Row
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.stream_sync import StreamSync, id_of
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)


SAMPLE_OF = 10
"""Rows of a list in which a sample is looked for of what belongs to them."""


class ChildListEnricher(Enricher):
    """Completes the rows of a list for its own stream and for those of what belongs to it."""

    def __init__(
        self,
        stream_syncs: Sequence[StreamSync],
        enricher: Enricher | None,
        run: RunContext,
        counts: StreamCounts,
        *,
        since_ever: bool = False,
    ) -> None:
        """`enricher` is that of the list, and `counts` those of the requests for it.

        `since_ever`: all that belongs to a row is read, whatever its date.
        """
        self._counts = counts
        self._root = root = stream_syncs[0].root
        self._since_ever = since_ever
        self._enricher = enricher or Enricher()
        self.all_rows_at_once = self._enricher.all_rows_at_once
        self._channels = run.config.channel_ids if root.channels.field is not None else ()
        self._from_rows = [
            stream_sync for stream_sync in stream_syncs if not stream_sync.stream.has_child_list
        ]
        self._child_lists = {
            stream_sync: ChildLists(
                run.client, stream_sync.context, stream_sync.stream.primary_keys
            )
            for stream_sync in stream_syncs
            if stream_sync.stream.has_child_list
        }
        self._needs_ids = bool(enricher or self._child_lists)
        self.has_work = self._needs_ids or bool(self._channels)
        """Rows are not simply written as they come."""

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """What completes the rows together."""
        for row in rows if self._needs_ids else ():
            id_of(self._root, row)
        return self._enricher.enrich_page(rows)

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        """The row, once the lists of its own that are wanted are there as well."""
        if not self._is_wanted(row):
            return None
        if not self._needs_ids:
            return row
        own = self._enricher.enrich(row, without_includes=without_includes)
        wanted = [
            stream_sync
            for stream_sync in self._child_lists
            if stream_sync.failure is None and not stream_sync.has_read(row)
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
        for stream_sync, rows in found.items():
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(rows, RequestFailed):
                stream_sync.pass_over(int(row["id"]), rows)
                # What came is written, although it is not all.
                rows = rows.rows if isinstance(rows, IncompleteList) else []
            else:
                stream_sync.was_read(int(row["id"]))
            if stream_sync in self._child_lists:
                stream_sync.child_rows[row["id"]] = (row, rows)
        return row if error is None or isinstance(error, IncompleteList) else None

    def _is_wanted(self, row: Row) -> bool:
        """The row is of a channel that is read, or of none."""
        value = row.get(self._root.channels.field or "") if self._channels else None
        if value is None:
            return True
        found = value if isinstance(value, list) else [value]
        return not found or any(channel in self._channels for channel in found)

    def _read(self, row: Row, own: Row | Job | None, wanted: Sequence[StreamSync]) -> Enriched:
        """All that is wanted of a row, by requests, in a worker."""
        enriched = Enriched(row)
        if callable(own):
            try:
                enriched = own()
            except RequestFailed as error:
                enriched = Enriched(row, error)
            if enriched.error is not None:
                # A list that contradicts itself has been answered.
                self._counts.short_retries |= not isinstance(enriched.error, IncompleteList)
        lists: dict[StreamSync, Any] = {}
        for stream_sync in wanted if enriched.row is not None else ():
            lists[stream_sync] = self._read_child_list(stream_sync, enriched.row or row)
            if lists[stream_sync] is None:
                return Enriched(None)
        return enriched._replace(lists=lists)

    def _read_child_list(
        self, stream_sync: StreamSync, row: Row
    ) -> list[Row] | RequestFailed | None:
        """The rows of a row's child list, or why they cannot be read; None: the row is gone."""
        stream, since = stream_sync.stream, stream_sync.position.since
        params = dict(stream.params)
        if stream.modified_since is not None and since is not None and not self._since_ever:
            params[stream.modified_since] = since
        found: list[Row] | RequestFailed | None = []

        def read() -> None:
            nonlocal found
            try:
                found = self._child_lists[stream_sync].read(
                    f"{self._root.path}/{row['id']}",
                    stream.path.format(id=row["id"]),
                    params=params,
                    empty_is_404=stream.empty_is_404,
                    pagination=stream.pagination,
                )
            except RequestFailed as error:
                stream_sync.counts.short_retries |= not isinstance(error, IncompleteList)
                found = error

        stream_sync.attempt(read)
        return found


class ListSync:
    """Reads one list and writes the messages of one or several streams."""

    def __init__(self, stream_syncs: Sequence[StreamSync], run: RunContext, priority: int) -> None:
        """The streams begin at the same position. Lists with a lower `priority` are read first."""
        self.stream_syncs = stream_syncs
        self.name = stream_syncs[0].stream.name
        self.names = ", ".join(stream_sync.stream.name for stream_sync in stream_syncs)
        self._run = run
        self._priority = priority
        self._root = stream_syncs[0].root
        self._start = stream_syncs[0].position
        self._newest = self._start.newest
        """The newest date of modification in the list, as far as it has been written."""
        self._list_reader: ListReader | None = None

    def send_requests(self) -> None:
        """Let the first requests go, while an earlier walk is still being written."""
        self._attempt(lambda: self._alive() and self._begun().send_requests(ahead=True))

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
        for stream_sync in self._alive() if error is not None else ():
            stream_sync.failure = error

    def _read(self, list_reader: ListReader, when_ending: Callable[[], None]) -> None:
        self._for_each(self._read_again)
        for batch in list_reader.batches(when_ending, lambda: self._for_each(StreamSync.rewind)):
            self._write(batch, list_reader)
            if not self._alive() or self._has_sample(list_reader):
                return
        self._judge(list_reader)
        sync_start = self._sync_start(list_reader)
        self._for_each(
            lambda stream_sync: stream_sync.complete(
                sync_start, proven=list_reader.paginator.proven
            )
        )
        self._for_each(lambda stream_sync: stream_sync.report_deleted(self._priority))

    def _has_sample(self, list_reader: ListReader) -> bool:
        """A sample is all that is wanted, and each stream has its record, or seems to have none."""
        return self._run.sample and (
            list_reader.rows_read >= SAMPLE_OF
            or all(stream_sync.counts.written for stream_sync in self._alive())
        )

    def _close(self) -> None:
        """Close the books, however the walk has ended."""
        list_reader = self._list_reader
        if list_reader is not None:
            list_reader.close()
            # Requests and rows of a walk are counted for its first stream.
            counts = self.stream_syncs[0].counts
            counts.read, counts.duplicates = list_reader.rows_read, list_reader.duplicates
            counts.pages = list_reader.pages
        for stream_sync in self.stream_syncs:
            stream_sync.close()

    def _alive(self) -> list[StreamSync]:
        return [stream_sync for stream_sync in self.stream_syncs if stream_sync.failure is None]

    def _for_each(self, work: Callable[[StreamSync], object]) -> None:
        """Do `work` for each stream that has not failed; what fails then is it alone."""
        for stream_sync in self.stream_syncs:
            stream_sync.attempt(functools.partial(work, stream_sync))

    def _begun(self) -> ListReader:
        """The reading of the list, begun by now."""
        if self._list_reader is None:
            root, start, first = self._root, self._start, self.stream_syncs[0]
            params: dict[str, str] = {}
            if root.modified_since is not None and not first.has_own_dates:
                if start.since is not None:
                    params[root.modified_since] = start.since
                if first.until is not None:
                    params.update(root.modified_until(first.until))
            params.update(root.channel_filter(self._run.config.channel_ids))
            self._list_reader = self._new_list_reader(self.stream_syncs, params, after=start.after)
        return self._list_reader

    def _new_list_reader(
        self,
        stream_syncs: Sequence[StreamSync],
        params: Mapping[str, str],
        *,
        after: Position = None,
        since_ever: bool = False,
    ) -> ListReader:
        """A reading of the list on behalf of these outputs; `params`: of what part of it."""
        root, run = self._root, self._run
        # Requests are counted for the first stream; what may be missing is the list's permission.
        context = dataclasses.replace(stream_syncs[0].context, permission=root.permission)
        own = root.enricher(self._read_request(stream_syncs, context))
        base = own or Enricher()
        request = root.request({**root.params, **base.params, **params}, base.includes)
        enricher = ChildListEnricher(stream_syncs, own, run, context.counts, since_ever=since_ever)
        return ListReader(
            root.name,
            root.pagination,
            PageReader(run.client, request, context, run.config.page_size),
            run.workers,
            run.budget,
            self._priority,
            enricher=enricher if enricher.has_work else None,
            after=after,
        )

    def _read_request(
        self, stream_syncs: Sequence[StreamSync], context: RequestContext
    ) -> ReadRequest:
        """What these outputs together want of the list."""
        needed: set[str] = set()
        rows_needed, unselected = False, tuple[str, ...]()
        for stream_sync in stream_syncs:
            stream = stream_sync.stream
            if stream.parent is None:
                rows_needed, unselected = True, stream_sync.selection.unselected
                needed |= stream_sync.selection.paths
            elif stream.nested is not None:
                within = {f"{stream.nested}.{path}" for path in stream_sync.selection.paths}
                needed |= {stream.nested, *within}
        return ReadRequest(
            is_needed=needed.__contains__,
            rows_needed=rows_needed,
            unselected=tuple(name for name in unselected if name not in needed),
            config=self._run.config,
            client=self._run.client,
            context=context,
        )

    def _read_again(self, stream_sync: StreamSync) -> None:
        """Read what earlier runs have passed over of a stream, before anything else."""
        if not stream_sync.passed_over:
            return
        run, counts = self._run, stream_sync.counts
        counts.short_retries = True
        list_reader = self._new_list_reader([stream_sync], {}, since_ever=True)
        for id_, found in list_reader.read_by_ids([*stream_sync.passed_over]):
            if isinstance(found, RequestFailed):
                stream_sync.pass_over(id_, found)
            elif found is not None:
                stream_sync.write(found)
                for row in found.rows:
                    stream_sync.note_read_first(row)
            if stream_sync.passed_over.get(id_) is None:
                stream_sync.passed_over.pop(id_, None)
                if not (isinstance(found, Batch) and found.rows):
                    LOGGER.info("%s: record %d, passed over before, is gone", self._root.name, id_)
            stream_sync.remember()
        counts.short_retries = counts.skipped > 0
        run.messages.end_page()

    def _write(self, batch: Batch, list_reader: ListReader) -> None:
        """One batch's RECORDs, and the STATE that covers them."""
        self._for_each(lambda stream_sync: stream_sync.write(batch))
        alive = self._alive()
        if alive:
            self._note_newest(batch.rows)
        for stream_sync in alive:
            stream_sync.counts.share = list_reader.share
            stream_sync.interrupt(batch.position, self._sync_start(list_reader), self._newest)
        self.stream_syncs[0].counts.pages = list_reader.pages
        if batch.ends_page:
            self._run.messages.end_page()
        else:
            self._run.messages.flush()

    def _sync_start(self, list_reader: ListReader) -> str | None:
        """When the walk's first attempt began, by the store's clock; None before any answer."""
        if self._start.sync_start is None and list_reader.started_at is not None:
            return format_instant(list_reader.started_at)
        return self._start.sync_start

    def _note_newest(self, rows: Sequence[Row]) -> None:
        """Take in the dates of modification of these rows."""
        key = self._root.replication_key
        for stream_sync in self._alive():
            if stream_sync.stream is self._root:
                self._newest = stream_sync.newest
                return
        for row in rows if key is not None else ():
            date = row_date(row, key)
            if date is None:
                raise BadRecord(
                    f"{self.name}: record {quoted(row.get('id'))} of {self._root.name} has no "
                    f"usable {key}. The stream stops here, and its bookmark stays where it was, so "
                    "that nothing is lost."
                )
            self._newest = max(self._newest or "", date)

    def _judge(self, list_reader: ListReader) -> None:
        """Whether the list was read whole. Raises IncompleteList where that is not accepted."""
        name = self._root.name
        if list_reader.paginator.contradiction is not None:
            error = IncompleteList(name, list_reader.paginator.contradiction, name)
            if not self._run.config.accepts(name):
                raise error
            LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
            for stream_sync in self._alive():
                stream_sync.read_in_part = True
        elif list_reader.reread_reason is not None:
            LOGGER.warning(
                "%s: %s. Read again by page number, it showed all of them.",
                name,
                list_reader.reread_reason,
            )
        elif not list_reader.paginator.proven:
            LOGGER.warning(
                "%s: the list changed whenever it was read, so that records may have moved from a "
                "page not yet read to one read already. The next sync reads it again.",
                name,
            )
