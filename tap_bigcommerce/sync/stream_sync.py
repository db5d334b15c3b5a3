"""Writes the messages of one stream, and keeps its bookmark and counts."""

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from tap_bigcommerce.api.client import RequestContext
from tap_bigcommerce.api.response import Key
from tap_bigcommerce.catalog.selection import Selection, key_of
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant, parse_instant, row_date
from tap_bigcommerce.exceptions import (
    BadRecord,
    IncompleteList,
    MissingPermission,
    RequestFailed,
    TapError,
    failure_of,
)
from tap_bigcommerce.pagination.ordered_rows import Batch
from tap_bigcommerce.pagination.page import Position, Row
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.metrics import log_first, log_records, log_stream_metrics
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.records.schemas import STORE_HASH, load_notes
from tap_bigcommerce.singer.state import MAX_TO_RETRY, StartPosition
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.sync.deletes.deletion_tracker import DeletionTracker
from tap_bigcommerce.sync.deletes.search import IdSearch
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

MAX_WITHOUT_PERMISSION = 3
"""After more 403s before any record has been read, the API account lacks the permission."""


def first_date(selection: Selection, bookmark: str | None, config: Config) -> str | None:
    """Return the earliest date of modification to read (`2026-01-05T10:00:00Z`); None: all rows.

    `bookmark` is a date as `format_instant` writes it; None if the stream has none.
    """
    stream = selection.stream
    if selection.full_table or stream.replication_key is None:
        return None
    own = config.for_stream(stream.name)
    since = None
    if bookmark is None:
        reads_all = load_notes(root_of(stream).name).ignores_start_date
        since = own.start_date or (None if reads_all else config.start_date)
    else:
        instant = parse_instant(bookmark)
        assert instant is not None  # `State.bookmark` has checked it.
        lookback = own.lookback_seconds
        seconds = config.lookback_seconds if lookback is None else lookback
        with contextlib.suppress(OverflowError):  # Before year 1: all rows.
            since = instant - timedelta(seconds=seconds)
    return format_instant(since)[:19] + "Z" if since is not None else None


def id_of(root: Stream, row: Row) -> Any:
    """Return the id of a parent row. Raises BadRecord if it is neither an integer nor digits."""
    id_ = row.get("id")
    if type(id_) is int or (isinstance(id_, str) and id_.isascii() and id_.isdigit()):
        return id_
    raise BadRecord(
        f"{root.name}: a row has no usable id (it is {id_!r:.40}), so the rows that belong to it "
        "cannot be read. The stream stops here, and its bookmark stays where it was, so that "
        "nothing is lost."
    )


class StreamSync:
    """Writes one stream's messages and updates its state.

    A `ListSync` reads the list, and calls the StreamSync of each stream that is written from it.
    """

    def __init__(self, selection: Selection, run: RunContext) -> None:
        """Raises StateError if the stream's part of the state is damaged."""
        config, stream = run.config, selection.stream
        self._run = run
        self.deletions = DeletionTracker(selection, config, run.state)
        self.selection = selection
        self.stream = stream
        self.root = root_of(stream)
        """The stream whose list is read: this one, or its parent."""
        self.has_own_dates = stream.parent is not None and stream.modified_since is not None
        """The rows are filtered by their own date, not by the date of their parent row."""
        self.counts = StreamCounts(stream.name)
        self.context = RequestContext(stream.name, stream.permission, self.counts)
        self.failure: TapError | None = None
        end = config.for_stream(stream.name).end_date
        self.until = format_instant(end) if end is not None else None
        """Rows modified after this date are not written; None: all are."""
        self.is_partial = end is not None
        """Some rows are not read, or could not be: no record is reported as deleted."""
        self.to_retry: dict[int, RequestFailed | None] = {}
        """Ids of unreadable records or parents, with the error; None: not tried in this run yet."""
        self._first_error: RequestFailed | None = None
        """Error of the first unreadable record, until one is read; else the stream's error."""
        self._has_read_any = False
        self._retried: list[tuple[Any, Any]] = []
        """Ids from `to_retry` that this run has written, each with its date of modification."""
        self.child_rows: dict[Key, tuple[Row, list[Row]]] = {}
        """Rows of the parent list by key, each with the rows of its child list to be written."""
        is_parent = any(other.parent == self.root.name for other in STREAMS.values())
        self._record_name = PARENTS[self.root.name].singular if is_parent else "record"
        requested = selection.notes.on_request if "include" in stream.params else ()
        self._requested_fields = sorted(filter(selection.selects, requested))
        """Selected fields that the API sends on request only; empty after a warning about them."""
        self._converter = self._make_converter()
        self._schema_written = False
        self.start = self._find_start()
        """Where this run starts to read the list."""
        since = self.start.since
        self.counts.read_from = since and (self.counts.bookmark_before or since)
        self.newest = self.start.newest
        """The latest replication key value that has been read."""

    def _make_converter(self) -> Converter:
        selection, columns = self.selection, self.selection.columns
        if self.stream is not STREAMS[self.stream.name]:
            absent = selection.notes.absent_in_fallback
            columns = {name: value for name, value in columns.items() if name not in absent}
        if STORE_HASH in columns:
            columns[STORE_HASH] = self._run.config.store_hash
        return Converter(
            selection.schema,
            selection.known_schema,
            columns=columns,
            keys=self.stream.automatic_fields,
            json_text=selection.notes.json_text,
            value_or_array=selection.notes.value_or_array,
            protection=selection.protection,
            text_schemas=selection.text_schemas,
        )

    def capture_failure(self, work: Callable[[], object]) -> None:
        """Call `work`, unless the stream has failed. An exception becomes the stream's failure."""
        if self.failure is None:
            # Another worker may have set a failure in the meantime.
            self.failure = failure_of(self.stream.name, work) or self.failure

    def _find_start(self) -> StartPosition:
        """Return where to start: at the resume point, if it is still valid, or at the bookmark.

        Raises StateError if the stream's part of the state is damaged.
        """
        name, state = self.stream.name, self._run.state
        bookmark = None
        if self.stream.replication_key is not None:
            bookmark = state.bookmark(name, self.stream.replication_key)
        self.counts.bookmark_before = bookmark
        self.to_retry = dict.fromkeys(state.to_retry(name))
        accepted = self._run.config.accepted_entries(name)
        resume = state.resume(name)
        # A pass is resumed in the list in which it was stopped.
        roots = {self._fingerprint(root): root for root in (self.root, self.root.fallback) if root}
        if resume is not None and resume.walk in roots:
            self._read_from(roots[resume.walk])
            after = resume.after
            last = f"id {after}" if isinstance(after, int) else "the last page that was written"
            LOGGER.info("%s: resuming after %s", name, last)
            # The interrupted run may have accepted an incomplete list.
            self.is_partial |= bool(accepted)
            return resume
        if resume is not None:
            LOGGER.info(
                "%s: the last run was interrupted, but the settings, the catalog or the bookmark "
                "have changed since; reading this stream again from its bookmark",
                name,
            )
        return self._start_from_bookmark()

    def _start_from_bookmark(self) -> StartPosition:
        """Return the start of a new pass."""
        name, deletions, bookmark = self.stream.name, self.deletions, self.counts.bookmark_before
        if bookmark is not None and deletions.building_set and not self.selection.full_table:
            LOGGER.info(
                "%s: reading all of it once, because the ids of earlier records were not stored",
                name,
            )
            bookmark = None
        since = None
        if not deletions.full_read_due:
            since = first_date(self.selection, bookmark, self._run.config)
        version = deletions.begin_pass(since, self.until)
        walk = self._fingerprint(self.root)
        return StartPosition(0, since, None, None, walk, version=version)

    def use_fallback(self) -> None:
        """Read the list's fallback from now on: from the bookmark, as it has other positions."""
        assert self.root.fallback is not None
        if self.start.sync_start is not None:
            LOGGER.info(
                "%s: the last run was interrupted in the list %s, which can no longer be read; "
                "reading this stream again from its bookmark",
                *(self.stream.name, self.root.path),
            )
        self._read_from(self.root.fallback)
        self.start = self._start_from_bookmark()
        self.newest = self.start.newest

    def _read_from(self, root: Stream) -> None:
        """Read the rows from the list of `root`, another declaration of the stream or parent."""
        if self.stream is self.root:
            self.stream = root
            self._converter = self._make_converter()
        self.root = root

    def mark_read(self, id_: int) -> None:
        """Note that a record, or the child rows of a parent, have been read."""
        self._has_read_any, self._first_error = True, None
        if self.to_retry.pop(id_, None) is not None:
            self.counts.skipped -= 1

    def skip(self, id_: int, error: RequestFailed) -> None:
        """Skip a record, or the child rows of a parent, that cannot be read.

        The next run reads it first. If too many cannot be read, the stream fails.
        """
        if self.failure is not None:
            return
        self.is_partial = True
        if isinstance(error, IncompleteList):
            # The API did answer: this is no sign that the whole list cannot be read.
            self.mark_read(id_)
            if self._run.config.accepts(self.stream.name, id_):
                log_first(self.counts, "%s That is accepted (accept_incomplete).", error.difference)
                return
        elif not self._has_read_any and id_ not in self.to_retry:
            self._first_error = self._first_error or error
        self.to_retry[id_] = error
        failed = sum(error is not None for error in self.to_retry.values())
        self.counts.skipped = failed
        name, record_name = self.stream.name, self._record_name
        is_forbidden = isinstance(error, MissingPermission) and not self._has_read_any
        if is_forbidden and failed > MAX_WITHOUT_PERMISSION:
            self.failure = error
        elif failed > MAX_TO_RETRY:
            self.failure = RequestFailed(
                f"{name}: more than {MAX_TO_RETRY} {record_name}s could not be read, which is too "
                f"many to skip. The last error: {error.message}"
            )
        else:
            log_first(
                self.counts,
                "%s: %s %d is skipped, and the next sync reads it first: %s",
                *(name, record_name, id_, error.message),
            )

    def add_retried(self, row: Row) -> None:
        """Note that a row, skipped by an earlier run, has been written."""
        if self.to_retry.get(row["id"]) is None and row.get("date_modified") is not None:
            self._retried.append((row["id"], row["date_modified"]))

    def was_retried(self, row: Row) -> bool:
        """Return whether this run has already written the row, and it has not changed since."""
        return (row.get("id"), row.get("date_modified")) in self._retried

    def save_to_retry(self) -> None:
        """Save in the state the ids that this run and earlier ones have skipped."""
        self._run.state.set_to_retry(self.stream.name, self.to_retry)

    @property
    def error(self) -> TapError | None:
        """The error to report at the end: the failure, or one that names the skipped records."""
        failure = self.failure or self.deletions.failure
        errors = {id_: error for id_, error in self.to_retry.items() if error is not None}
        if failure is not None or not errors:
            return failure
        ids = sorted(errors)
        return RequestFailed(
            f"{self.stream.name}: {self._record_name} {', '.join(map(str, ids))} could not be "
            "read, while others could. The ids are in the state, and the next sync reads them "
            f"first. Error of {self._record_name} {ids[0]}: {errors[ids[0]].message}"
        )

    def write(self, batch: Batch) -> None:
        """Write the RECORDs of the stream that `batch` holds, and the SCHEMA before the first.

        Raises BadRecord if a row has no key field.
        """
        self._write_schema()
        rows = self._rows_of(batch)
        name, key = self.stream.name, self.stream.replication_key
        if self.until is not None:
            # A row without a date is kept: the converter raises MissingKey for it.
            rows = [row for row in rows if (row_date(row, key) or "") <= self.until]
        if self._run.sample:
            rows = rows[: 1 - self.counts.written]
        if not rows:
            return
        self._warn_of_missing_fields(rows)
        try:
            records = list(map(self._converter.convert, rows))
        except MissingKey as error:
            raise self._bad_record(error) from error
        if key is not None:
            self.newest = max(self.newest or "", *[record[key] for record in records])
        self.deletions.track(rows, records)
        sent_at, version = batch.page.response.sent_at, self.start.version
        self._run.messages.write_records(name, records, sent_at, version)
        self.counts.written += len(rows)
        log_records(self.counts)

    def _rows_of(self, batch: Batch) -> list[Row]:
        """Return the rows of this stream: those of the list, or those that belong to them."""
        stream = self.stream
        found: Iterable[tuple[Row, Any]]
        if stream.has_child_list:
            found = [self.child_rows.pop(key) for key in batch.keys if key in self.child_rows]
        else:
            rows = batch.rows
            if self._retried:
                rows = [row for row in rows if not self.was_retried(row)]
            if stream.parent is None:
                return rows
            found = ((row, row.get(str(stream.nested))) for row in rows)
        return [child for row, children in found for child in self._with_parent(row, children)]

    def _with_parent(self, row: Row, children: Any) -> Iterator[Row]:
        """Yield the child rows of `row`, each with the id and the date of `row` added."""
        parent, post_process = PARENTS[self.root.name], self.stream.post_process
        added = {parent.id_field: id_of(self.root, row)}
        if parent.date_field is not None:
            added[parent.date_field] = row.get("date_modified")
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child, dict):
                yield {**(post_process(child) if post_process else child), **added}
            elif child is not None:
                raise BadRecord(
                    f"{self.stream.name}: a row of {parent.singular} {row['id']} is not an object. "
                    "The stream stops here, and its bookmark stays where it was, so that nothing "
                    "is lost."
                )

    def _write_schema(self) -> None:
        if not self._schema_written:
            self._run.messages.write_schema(
                self.stream.name,
                self.selection.output_schema,
                key_of(self.stream, self.selection.schema),
                self.stream.replication_key,
            )
            self._schema_written = True

    def _warn_of_missing_fields(self, rows: Sequence[Row]) -> None:
        """Warn once about fields that were requested and that none of these rows has."""
        missing = [name for name in self._requested_fields if not any(name in row for row in rows)]
        if missing:
            self._requested_fields = []
            LOGGER.warning(
                "%s: none of %d rows has %s, although the tap requested these fields; the records "
                "are written without them.",
                self.stream.name,
                len(rows),
                ", ".join(missing),
            )

    def _bad_record(self, error: MissingKey) -> BadRecord:
        keys = {name: error.record.get(name) for name in self.stream.primary_keys}
        record = quoted(keys["id"] if list(keys) == ["id"] else keys)
        if self.stream.parent is not None:
            parent = PARENTS[self.stream.parent]
            record += f" of {parent.singular} {quoted(error.record.get(parent.id_field))}"
        return BadRecord(
            f"{self.stream.name}: record {record} cannot be written: {error}. The stream stops "
            "here, and its bookmark stays where it was, so that nothing is lost."
        )

    def set_resume(self, after: Position, sync_start: str | None, newest: str | None) -> None:
        """Save in the state that all rows up to `after` have been written.

        `newest` is the latest replication key value of the list among them.
        """
        if not self.has_own_dates:
            self.newest = newest
        if after is None or sync_start is None or self._first_error is not None:
            return
        self.save_to_retry()
        resume = replace(
            self.start,
            after_id=after if isinstance(after, int) else 0,
            cursor=after if isinstance(after, str) else None,
            sync_start=sync_start,
            newest=self.newest,
        )
        self._run.state.set_resume(self.stream.name, resume)

    def reset_resume(self) -> None:
        """Set the resume point back to where this run started, because rows may be missing."""
        resumed = self.start.sync_start is not None
        self._run.state.set_resume(self.stream.name, self.start if resumed else None)

    def complete(self, sync_start: str | None, *, proven: bool) -> None:
        """Set the bookmark: all rows that changed before `sync_start` have been read.

        `proven`: no row can have been missed. Raises the error of the first record that could not
        be read, if no record could; RequestFailed if a new version has too few rows.
        """
        self._write_schema()
        if self._first_error is not None:
            raise self._first_error
        self.save_to_retry()
        key, bookmark = self.stream.replication_key, self.counts.bookmark_before
        if key is not None and self.newest is not None and sync_start is not None:
            # A row that changed during the pass may have been missed: the next sync reads it.
            reached = min(filter(None, (self.newest, sync_start, self.until)))
            bookmark = max(bookmark or "", reached)
        self.counts.bookmark_after = bookmark
        self.deletions.building_set = False
        self._run.state.complete(self.stream.name, key, bookmark)
        version = self.start.version
        if proven and version is not None and self.start.since is None and not self.is_partial:
            # After a resume the number of rows is unknown: an earlier run has written some.
            rows = self.counts.written if self.start.sync_start is None else None
            self.deletions.activate(version, rows)
            self._run.messages.write_activate_version(self.stream.name, version)

    def report_deleted(self, priority: int) -> None:
        """Write a tombstone for each deleted record, if a check is due.

        Requests with a lower `priority` are made first. Raises TapError if the check fails, or if
        more records are deleted than `deletes_limit` allows.
        """
        if not self.is_partial:
            search = IdSearch(self.stream, self._run, self.context, priority)
            self.counts.deleted = self.deletions.report_deleted(search)

    def close(self) -> None:
        """Take over the converter's counts, and log the last metrics."""
        self.counts.rescued = self._converter.rescued
        self.counts.unfit = self._converter.dropped
        log_stream_metrics(self.counts)

    def _fingerprint(self, root: Stream) -> str:
        """Return a hash of the selection, the bookmark and the settings that select rows of `root`.

        A pass is resumed only with the hash that it started with.
        """
        config, bookmark = self._run.config, self.counts.bookmark_before
        own = config.for_stream(self.stream.name)
        start = (own.start_date or config.start_date) if bookmark is None else None
        accepted = config.accepted_entries(self.stream.name)
        protection = self.selection.protection
        pseudonyms = protection.fingerprint if protection is not None else []
        parts = {
            "store": config.store_hash,
            "path": root.path,
            "since": [bookmark, start.isoformat() if start else None, root.modified_since],
            "full": self.selection.full_table,
            "channels": config.channel_ids,
            "coupons": config.order_coupons,
            "fields": sorted(self.selection.paths),
            **({"until": self.until} if self.until is not None else {}),
            **({"pseudonyms": pseudonyms} if pseudonyms else {}),
            **({"accepted": accepted} if accepted else {}),
            **self.deletions.fingerprint_parts(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
