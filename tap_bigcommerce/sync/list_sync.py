"""Reads one list, and writes the streams whose rows come from it."""

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
from tap_bigcommerce.progress.metrics import log_first
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest, warn_of_fallback
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.stream_sync import StreamSync, id_of
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)


SAMPLE_ROWS = 10
"""Rows to read at most for a sample. A stream whose rows belong to these may have none in them."""


class ChildListEnricher(Enricher):
    """Adds child-list rows to parent rows, after the list's own enricher.

    The child rows are stored in `StreamSync.child_rows`. Rows of other channels are dropped.
    """

    def __init__(
        self, syncs: Sequence[StreamSync], enricher: Enricher | None, run: RunContext
    ) -> None:
        """`enricher` is the list's own."""
        self._counts = syncs[0].counts  # of the stream that requests the list
        self._root = root = syncs[0].root
        self.ignore_since = False
        """The child lists are read without their date filter."""
        self._enricher = enricher or Enricher()
        self.all_rows_at_once = self._enricher.all_rows_at_once
        self._channels = run.config.channel_ids if root.channels.field is not None else ()
        self._from_rows = [sync for sync in syncs if not sync.stream.has_child_list]
        self._child_lists = {
            sync: ChildLists(run.client, sync.context, sync.stream.primary_keys)
            for sync in syncs
            if sync.stream.has_child_list
        }
        self._needs_ids = bool(enricher or self._child_lists)
        self.is_needed = self._needs_ids or bool(self._channels)
        """Whether any row may be changed or dropped."""

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """Check the ids of the rows, and return the job of the list's own enricher."""
        for row in rows if self._needs_ids else ():
            id_of(self._root, row)
        return self._enricher.enrich_page(rows)

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        """Return the row, None to drop it, or a job that reads what is missing from it."""
        if not self._is_in_channels(row):
            return None
        if not self._needs_ids:
            return row
        own = self._enricher.enrich(row, without_includes=without_includes)
        child_syncs = [
            sync for sync in self._child_lists if sync.failure is None and not sync.was_retried(row)
        ]
        if callable(own) or (own is not None and child_syncs):
            return functools.partial(self._read, row, own, child_syncs)
        return self.finish(Enriched(own))

    def finish(self, enriched: Enriched) -> Row | None:
        """Store the child rows, skip what could not be read, and return the row if it was read."""
        row, error = enriched.row, enriched.error
        if row is None:
            return None
        found = {**dict.fromkeys(self._from_rows, error), **(enriched.lists or {})}
        for sync, rows in found.items():
            # An error in a child list affects neither the parent nor its other child lists.
            if isinstance(rows, RequestFailed):
                sync.skip(int(row["id"]), rows)
                # An incomplete list is written as far as it was read.
                rows = rows.rows if isinstance(rows, IncompleteList) else []
            else:
                sync.mark_read(int(row["id"]))
            if sync in self._child_lists:
                sync.child_rows[row["id"]] = (row, rows)
        return row if error is None or isinstance(error, IncompleteList) else None

    def _is_in_channels(self, row: Row) -> bool:
        """Whether the row belongs to a channel of the setting `channel_ids`, or to none."""
        value = row.get(self._root.channels.field or "") if self._channels else None
        if value is None:
            return True
        found = value if isinstance(value, list) else [value]
        return not found or any(channel in self._channels for channel in found)

    def _read(self, row: Row, own: Row | Job | None, child_syncs: Sequence[StreamSync]) -> Enriched:
        """Run the job of the list's own enricher, and read the child lists. Runs in a worker."""
        enriched = Enriched(row)
        if callable(own):
            try:
                enriched = own()
            except RequestFailed as error:
                enriched = Enriched(row, error)
            if enriched.error is not None:
                # The API did answer with an incomplete list, so retries may wait as usual.
                self._counts.short_retries |= not isinstance(enriched.error, IncompleteList)
        lists: dict[StreamSync, Any] = {}
        for sync in child_syncs if enriched.row is not None else ():
            lists[sync] = self._read_child_list(sync, enriched.row or row)
            if lists[sync] is None:
                return Enriched(None)
        return enriched._replace(lists=lists)

    def _read_child_list(self, sync: StreamSync, row: Row) -> list[Row] | RequestFailed | None:
        """Return the rows of the child list, its error, or None if the parent was deleted."""
        stream, since = sync.stream, sync.start.since
        params = dict(stream.params)
        if stream.modified_since is not None and since is not None and not self.ignore_since:
            params[stream.modified_since] = since
        found: list[Row] | RequestFailed | None = []

        def read() -> None:
            nonlocal found
            try:
                found = self._child_lists[sync].read(
                    f"{self._root.path}/{row['id']}",
                    stream.path.format(id=row["id"]),
                    params=params,
                    empty_is_404=stream.empty_is_404,
                    pagination=stream.pagination,
                )
            except RequestFailed as error:
                sync.counts.short_retries |= not isinstance(error, IncompleteList)
                found = error

        sync.capture_failure(read)
        return found


class ListSync:
    """Reads one list and writes the messages of one or several streams."""

    def __init__(self, stream_syncs: Sequence[StreamSync], run: RunContext, priority: int) -> None:
        """All streams start at the same position. Lists with a lower `priority` are read first."""
        self.stream_syncs = stream_syncs
        self.name = stream_syncs[0].stream.name
        self.names = ", ".join(sync.stream.name for sync in stream_syncs)
        self._run = run
        self._priority = priority
        self._begin()

    def _begin(self) -> None:
        """Take over from the streams which list is read, and where it starts."""
        self._root = self.stream_syncs[0].root
        self._start = self.stream_syncs[0].start
        self._newest = self._start.newest
        """The latest date of modification among the rows that have been written."""
        self._list_reader: ListReader | None = None

    def send_requests(self) -> None:
        """Send the first requests, while an earlier list is still being written."""
        if self._active():
            self._capture_failure(lambda: self._get_list_reader().send_requests(ahead=True))

    def run(self, when_ending: Callable[[], None]) -> None:
        """Read the list to its end. `when_ending` is called when workers are free for the next one.

        An error of a stream is stored in its StreamSync. Raises RunFailed, and Interrupted on a
        signal; the state then holds where to resume.
        """
        try:
            if self._active():
                self._capture_failure(lambda: self._read(self._choose_list(), when_ending))
        finally:
            self._close()

    def _capture_failure(self, work: Callable[[], object]) -> None:
        """Call `work`. An exception becomes the failure of all streams that have not failed yet."""
        error = failure_of(self.names, work)
        for sync in self._active() if error is not None else ():
            sync.failure = error

    def _choose_list(self) -> ListReader:
        """Return the reader of the list; that of its fallback if the store lacks the list."""
        list_reader = self._get_list_reader()
        error = list_reader.missing() if self._root.fallback is not None else None
        if error is not None:
            self._for_each(StreamSync.use_fallback)
            self._begin()
            list_reader = self._get_list_reader()
            if list_reader.missing() is not None:
                raise error
        declared = STREAMS[self._root.name]
        if self._root is declared.fallback:
            warn_of_fallback(declared)
        return list_reader

    def _read(self, list_reader: ListReader, when_ending: Callable[[], None]) -> None:
        self._for_each(self._retry_skipped)
        for batch in list_reader.batches(
            when_ending, lambda: self._for_each(StreamSync.reset_resume)
        ):
            self._write(batch, list_reader)
            if not self._active() or self._has_sample(list_reader):
                return
        self._check_complete(list_reader)
        sync_start, proven = self._sync_start(list_reader), list_reader.paginator.proven
        self._for_each(lambda sync: sync.complete(sync_start, proven=proven))
        self._for_each(lambda sync: sync.report_deleted(self._priority))

    def _has_sample(self, list_reader: ListReader) -> bool:
        """Whether the run needs a sample only, and enough has been read for it."""
        return self._run.sample and (
            list_reader.rows_read >= SAMPLE_ROWS
            or all(sync.counts.written for sync in self._active())
        )

    def _close(self) -> None:
        """Stop reading, and store the final counts. Called after an error, too."""
        list_reader = self._list_reader
        if list_reader is not None:
            list_reader.close()
            # Requests and rows of the list are counted for its first stream.
            counts = self.stream_syncs[0].counts
            counts.read, counts.duplicates = list_reader.rows_read, list_reader.duplicates
            counts.pages = list_reader.pages
        for sync in self.stream_syncs:
            sync.close()

    def _active(self) -> list[StreamSync]:
        """The streams that have not failed."""
        return [sync for sync in self.stream_syncs if sync.failure is None]

    def _for_each(self, work: Callable[[StreamSync], object]) -> None:
        """Call `work` for each stream that has not failed. An error fails that stream only."""
        for sync in self.stream_syncs:
            sync.capture_failure(functools.partial(work, sync))

    def _get_list_reader(self) -> ListReader:
        """Return the reader of the list, which the first call creates."""
        if self._list_reader is None:
            root, start, first = self._root, self._start, self.stream_syncs[0]
            params: dict[str, str] = {}
            if root.modified_since is not None and not first.has_own_dates:
                if start.since is not None:
                    params[root.modified_since] = start.since
                if first.until is not None:
                    params.update(root.modified_until(first.until))
            params.update(root.channel_filter(self._run.config.channel_ids))
            self._list_reader = self._new_list_reader(self.stream_syncs, params, start.after)
        return self._list_reader

    def _new_list_reader(
        self, syncs: Sequence[StreamSync], params: Mapping[str, str] | None, after: Position = None
    ) -> ListReader:
        """Return a reader of the list, filtered by `params`, for these streams.

        With None for `params`, child lists are not filtered by date either.
        """
        root, run = self._root, self._run
        # Requests are counted for the first stream. A 403 is about the permission of the list.
        context = syncs[0].context._replace(permission=root.permission)
        own = root.enricher(self._read_request(syncs, context))
        base = own or Enricher()
        request = root.request({**root.params, **base.params, **(params or {})}, base.includes)
        enricher = ChildListEnricher(syncs, own, run)
        enricher.ignore_since = params is None
        return ListReader(
            root.name,
            root.pagination,
            PageReader(run.client, request, context, run.config.page_size),
            run.workers,
            run.budget,
            self._priority,
            enricher=enricher if enricher.is_needed else None,
            after=after,
        )

    def _read_request(self, syncs: Sequence[StreamSync], context: RequestContext) -> ReadRequest:
        """Return which fields of the list these streams need."""
        needed: set[str] = set()
        for sync in syncs:
            stream, paths = sync.stream, sync.selection.paths
            if stream.parent is None:
                needed |= paths
            elif stream.nested is not None:
                needed |= {stream.nested, *(f"{stream.nested}.{path}" for path in paths)}
        return ReadRequest(needed.__contains__, self._run.config, self._run.client, context)

    def _retry_skipped(self, sync: StreamSync) -> None:
        """Read the records of a stream that earlier runs have skipped."""
        if not sync.to_retry:
            return
        run, counts = self._run, sync.counts
        counts.short_retries = True
        list_reader = self._new_list_reader([sync], None)
        for id_, found in list_reader.read_by_ids([*sync.to_retry]):
            if isinstance(found, RequestFailed):
                sync.skip(id_, found)
            elif found is not None:
                sync.write(found)
                for row in found.rows:
                    sync.add_retried(row)
            if sync.to_retry.get(id_) is None:
                sync.to_retry.pop(id_, None)
                if not (isinstance(found, Batch) and found.rows):
                    log_first(
                        counts,
                        "%s: record %d, skipped by an earlier run, is no longer in the store",
                        *(self._root.name, id_),
                        level=logging.INFO,
                    )
            sync.save_to_retry()
        counts.short_retries = counts.skipped > 0
        run.messages.end_page()

    def _write(self, batch: Batch, list_reader: ListReader) -> None:
        """Write the RECORDs of one batch, and a STATE that covers them if one is due."""
        self._for_each(lambda sync: sync.write(batch))
        active = self._active()
        if active:
            self._update_newest(batch.rows)
        for sync in active:
            sync.counts.share = list_reader.share(by_id=self._start.since is None)
            sync.set_resume(batch.position, self._sync_start(list_reader), self._newest)
        self.stream_syncs[0].counts.pages = list_reader.pages
        if batch.ends_page:
            self._run.messages.end_page()
        else:
            self._run.messages.flush()

    def _sync_start(self, list_reader: ListReader) -> str | None:
        """When the pass started, by the store's clock; None before the first response.

        A resumed pass started in an earlier run.
        """
        if self._start.sync_start is None and list_reader.started_at is not None:
            return format_instant(list_reader.started_at)
        return self._start.sync_start

    def _update_newest(self, rows: Sequence[Row]) -> None:
        """Update the latest date of modification with the dates of these rows."""
        key = self._root.replication_key
        for sync in self._active():
            if sync.stream is self._root:
                self._newest = sync.newest
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

    def _check_complete(self, list_reader: ListReader) -> None:
        """Raise IncompleteList if rows are missing, unless `accept_incomplete` names the list."""
        name = self._root.name
        if list_reader.lacks_rows(self._run.config):
            for sync in self._active():
                sync.is_partial = True
        elif list_reader.reread_reason is not None:
            LOGGER.warning(
                "%s: %s. The list was read again by page number, and is complete.",
                name,
                list_reader.reread_reason,
            )
        elif not list_reader.paginator.proven:
            LOGGER.warning(
                "%s: the list changed each time it was read, so records may have moved from a page "
                "not yet read to one already read. The next sync reads it again.",
                name,
            )
