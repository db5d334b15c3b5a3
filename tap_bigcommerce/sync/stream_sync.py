"""One stream's part of a run: where it starts, its messages, its bookmark, its books."""

from __future__ import annotations

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
from tap_bigcommerce.progress.metrics import log_records, log_stream_metrics
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.records.schemas import STORE_HASH
from tap_bigcommerce.singer.state import MAX_TO_RETRY, StartPosition
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.sync.deletes.deletion_tracker import DeletionTracker
from tap_bigcommerce.sync.deletes.search import IdSearch
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

MOST_WITHOUT_PERMISSION = 3
"""Parents that are passed over because of a 403 before any has been read, at the most: then a
permission is missing."""


def first_date(selection: Selection, bookmark: str | None, config: Config) -> str | None:
    """What was modified from this moment on is read (`2026-01-05T10:00:00Z`); None: everything.

    `bookmark` is a date as `format_instant` writes it, or None where there is none.
    """
    stream = selection.stream
    if selection.full_table or stream.replication_key is None:
        return None
    own = config.for_stream(stream.name)
    since = None
    if bookmark is None:
        everything = root_of(stream).ignores_start_date
        since = own.start_date or (None if everything else config.start_date)
    else:
        instant = parse_instant(bookmark)
        assert instant is not None  # The state has checked it.
        lookback = own.lookback_seconds
        seconds = config.lookback_seconds if lookback is None else lookback
        with contextlib.suppress(OverflowError):  # Before the calendar's first day: everything.
            since = instant - timedelta(seconds=seconds)
    return format_instant(since)[:19] + "Z" if since is not None else None


def id_of(root: Stream, row: Row) -> Any:
    """The id of a row to which others belong. Raises BadRecord where it cannot be used."""
    id_ = row.get("id")
    if type(id_) is int or (isinstance(id_, str) and id_.isascii() and id_.isdigit()):
        return id_
    raise BadRecord(
        f"{root.name}: a row has no usable id (it is {id_!r:.40}), without which nothing that "
        "belongs to it can be read. The stream stops here, and its bookmark stays where it was, so "
        "that nothing is lost."
    )


class StreamSync:
    """What one stream writes. Its walk may be shared with others."""

    def __init__(self, selection: Selection, run: RunContext) -> None:
        """Raises StateError where the state is damaged."""
        config, stream = run.config, selection.stream
        self._run = run
        self.deletions = DeletionTracker(selection, config, run.state)
        self.selection = selection
        self.stream = stream
        self.root = root_of(stream)
        """The stream whose list is walked."""
        self.has_own_dates = stream.parent is not None and stream.modified_since is not None
        """Its rows are filtered by their own date, not by that of the row that they belong to."""
        self.counts = StreamCounts(stream.name)
        self.context = RequestContext(stream.name, stream.permission, self.counts)
        self.failure: TapError | None = None
        end = config.for_stream(stream.name).end_date
        self.until = format_instant(end) if end is not None else None
        """What was modified behind this date is not written; None: all is."""
        self.read_in_part = end is not None
        """Not all of it is or could be read: nothing of it is reported as deleted."""
        self.passed_over: dict[int, RequestFailed | None] = {}
        """Why records, or what belongs to these parents, could not be read, by ids; None: an
        earlier run could not, and this one has not tried yet."""
        self._doubt: RequestFailed | None = None
        """Why the first of them could not be read, as long as none could: is it that, or all?"""
        self._has_read_any = False
        self._read_first: list[tuple[Any, Any]] = []
        """Ids that this run has read before all others, each with its date of modification then."""
        self.child_rows: dict[Key, tuple[Row, list[Row]]] = {}
        """Rows of the list, by their keys, with the rows of their child lists to be written."""
        parent = PARENTS.get(self.root.name)
        self._noun = parent.singular if parent is not None else "record"
        asked_for = selection.notes.asked_for if "include" in stream.params else ()
        self._asked_for = sorted(filter(selection.wants, asked_for))
        """Fields that the list itself is asked for; none once it is said that some do not come."""
        columns = selection.columns
        if STORE_HASH in columns:
            columns[STORE_HASH] = config.store_hash
        self._converter = Converter(
            selection.schema,
            selection.known_at_all,
            columns=columns,
            keys=stream.automatic_fields,
            json_text=selection.notes.json_text,
            wrap=selection.notes.wrapped,
            protection=selection.protection,
            as_text=selection.as_text,
        )
        self._schema_is_out = False
        self.position = self._start()
        """Where its walk has begun."""
        self.newest = self.position.newest
        """The latest replication key value that has been read."""

    def attempt(self, work: Callable[[], object]) -> None:
        """Do `work` for this stream, if it has not failed; what is raised is its failure."""
        if self.failure is None:
            # Another worker may have found one meanwhile.
            self.failure = failure_of(self.stream.name, work) or self.failure

    def _start(self) -> StartPosition:
        """Where this stream's walk begins. Raises StateError where the state is damaged."""
        name, state, deletions = self.stream.name, self._run.state, self.deletions
        bookmark = None
        if self.stream.replication_key is not None:
            bookmark = state.bookmark(name, self.stream.replication_key)
        self.counts.bookmark_before = bookmark
        self.passed_over = dict.fromkeys(state.to_retry(name))
        accepted = self._run.config.accepted_entries(name)
        fingerprint = self._depends_on(accepted)
        resume = state.resume(name)
        if resume is not None and resume.walk == fingerprint:
            after = resume.after
            place = f"id {after}" if isinstance(after, int) else "the last page that was written"
            LOGGER.info("%s: going on after %s", name, place)
            # The run that was stopped may have met what is accepted.
            self.read_in_part |= bool(accepted)
            return resume
        if resume is not None:
            LOGGER.info(
                "%s: the last run was stopped, but the settings, the catalog or the bookmark have "
                "changed since; starting this stream again from its bookmark",
                name,
            )
        if bookmark is not None and deletions.building_set and not self.selection.full_table:
            LOGGER.info(
                "%s: reading it from its start once: nobody has noted yet which ids were written",
                name,
            )
            bookmark = None
        since = None
        if not deletions.full_read_due:
            since = first_date(self.selection, bookmark, self._run.config)
        version = deletions.begin_pass(since, self.until)
        return StartPosition(0, since, None, None, fingerprint, version=version)

    def was_read(self, id_: int) -> None:
        """A record, or what belongs to a parent, has been read."""
        self._has_read_any, self._doubt = True, None
        if self.passed_over.pop(id_, None) is not None:
            self.counts.skipped -= 1

    def pass_over(self, id_: int, error: RequestFailed) -> None:
        """A record, or what belongs to a parent, cannot be read: go on with the others."""
        if self.failure is not None:
            return
        self.read_in_part = True
        if isinstance(error, IncompleteList):
            # A list that contradicts itself has been answered.
            self.was_read(id_)
            if self._run.config.accepts(self.stream.name, id_):
                LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
                return
        elif not self._has_read_any and id_ not in self.passed_over:
            self._doubt = self._doubt or error
        self.passed_over[id_] = error
        failed = sum(error is not None for error in self.passed_over.values())
        self.counts.skipped = failed
        name, noun = self.stream.name, self._noun
        missing = isinstance(error, MissingPermission) and not self._has_read_any
        if missing and failed > MOST_WITHOUT_PERMISSION:
            self.failure = error
        elif failed > MAX_TO_RETRY:
            self.failure = RequestFailed(
                f"{name}: more than {MAX_TO_RETRY} {noun}s could not be read, which are too many "
                f"to pass over. The last of them: {error.message}"
            )
        else:
            LOGGER.warning(
                "%s: %s %d is passed over, and read first in the next sync: %s",
                *(name, noun, id_, error.message),
            )

    def note_read_first(self, row: Row) -> None:
        """The row, passed over before, has been written ahead of all others."""
        if self.passed_over.get(row["id"]) is None and row.get("date_modified") is not None:
            self._read_first.append((row["id"], row["date_modified"]))

    def has_read(self, row: Row) -> bool:
        """The row was read first, and has not changed since."""
        return (row.get("id"), row.get("date_modified")) in self._read_first

    def remember(self) -> None:
        """Note in the state what was passed over, by this run and by earlier ones."""
        self._run.state.set_to_retry(self.stream.name, self.passed_over)

    @property
    def trouble(self) -> TapError | None:
        """What is to be said of the stream at the end: its failure, or what was passed over."""
        failure = self.failure or self.deletions.failure
        errors = {id_: error for id_, error in self.passed_over.items() if error is not None}
        if failure is not None or not errors:
            return failure
        ids = sorted(errors)
        return RequestFailed(
            f"{self.stream.name}: {self._noun} {', '.join(map(str, ids))} could not be read, while "
            "others could. They stand in the state, and the next sync reads them first. "
            f"About {self._noun} {ids[0]}: {errors[ids[0]].message}"
        )

    def write(self, batch: Batch) -> None:
        """The SCHEMA, once, and RECORDs of what rows of the list hold for the stream.

        Raises BadRecord for a row without a key field.
        """
        self._write_schema()
        rows = self._rows_of(batch)
        name, key = self.stream.name, self.stream.replication_key
        if self.until is not None:
            # Where there is no date, that is said when the row is converted.
            rows = [row for row in rows if (row_date(row, key) or "") <= self.until]
        if self._run.sample:
            rows = rows[: 1 - self.counts.written]
        if not rows:
            return
        self._look_for_what_was_asked_for(rows)
        try:
            records = list(map(self._converter.convert, rows))
        except MissingKey as error:
            raise self._bad_record(error) from error
        if key is not None:
            self.newest = max(self.newest or "", *[record[key] for record in records])
        self.deletions.track(rows, records)
        sent_at, version = batch.page.response.sent_at, self.position.version
        self._run.messages.write_records(name, records, sent_at, version)
        self.counts.written += len(rows)
        log_records(self.counts)

    def _rows_of(self, batch: Batch) -> list[Row]:
        """The rows of the stream in rows of the list."""
        stream = self.stream
        found: Iterable[tuple[Row, Any]]
        if stream.has_child_list:
            found = [self.child_rows.pop(key) for key in batch.keys if key in self.child_rows]
        else:
            rows = batch.rows
            if self._read_first:
                rows = [row for row in rows if not self.has_read(row)]
            if stream.parent is None:
                return rows
            found = ((row, row.get(str(stream.nested))) for row in rows)
        return [own for row, entries in found for own in self._belonging_to(row, entries)]

    def _belonging_to(self, row: Row, entries: Any) -> Iterator[Row]:
        """What belongs to a row of the list, with the row's id and date."""
        parent, post_process = PARENTS[self.root.name], self.stream.post_process
        stamp = {parent.id_field: id_of(self.root, row)}
        if parent.date_field is not None:
            stamp[parent.date_field] = row.get("date_modified")
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                yield {**(post_process(entry) if post_process else entry), **stamp}
            elif entry is not None:
                raise BadRecord(
                    f"{self.stream.name}: a row of {parent.singular} {row['id']} is no object. The "
                    "stream stops here, and its bookmark stays where it was, so that nothing is "
                    "lost."
                )

    def _write_schema(self) -> None:
        if not self._schema_is_out:
            self._run.messages.write_schema(
                self.stream.name,
                self.selection.emitted,
                key_of(self.stream, self.selection.schema),
                self.stream.replication_key,
            )
            self._schema_is_out = True

    def _look_for_what_was_asked_for(self, rows: Sequence[Row]) -> None:
        """Say, once, which fields were asked for and came with none of these rows."""
        missing = [name for name in self._asked_for if not any(name in row for row in rows)]
        if missing:
            self._asked_for = []
            LOGGER.warning(
                "%s: none of %d rows came with %s, although these were asked for; they are left "
                "out of these records.",
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

    def interrupt(self, after: Position, sync_start: str | None, newest: str | None) -> None:
        """Note in the state how far the walk is, and the `newest` date in the list up to there."""
        if not self.has_own_dates:
            self.newest = newest
        if after is None or sync_start is None or self._doubt is not None:
            return
        self.remember()
        resume = replace(
            self.position,
            after_id=after if isinstance(after, int) else 0,
            cursor=after if isinstance(after, str) else None,
            sync_start=sync_start,
            newest=self.newest,
        )
        self._run.state.set_resume(self.stream.name, resume)

    def rewind(self) -> None:
        """Rows may be missing among those written: a stopped run goes on where this one began."""
        resumed = self.position.sync_start is not None
        self._run.state.set_resume(self.stream.name, self.position if resumed else None)

    def complete(self, sync_start: str | None, *, proven: bool) -> None:
        """Set the bookmark: the walk has seen all that changed before it began.

        `proven`: no row can have slipped by. Raises why a record was passed over where no other
        could be read.
        """
        self._write_schema()
        if self._doubt is not None:
            raise self._doubt
        self.remember()
        key, bookmark = self.stream.replication_key, self.counts.bookmark_before
        if key is not None and self.newest is not None and sync_start is not None:
            # What changed while the walk went on may lie behind it: it comes with the next sync.
            reached = min(filter(None, (self.newest, sync_start, self.until)))
            bookmark = max(bookmark or "", reached)
        self.counts.bookmark_after = bookmark
        self.deletions.building_set = False
        self._run.state.complete(self.stream.name, key, bookmark)
        version = self.position.version
        if proven and version is not None and self.position.since is None and not self.read_in_part:
            # The version is the one that holds, unless too little is left. An earlier run may have
            # written some of its rows.
            rows = self.counts.written if self.position.sync_start is None else None
            self.deletions.activate(version, rows)
            self._run.messages.write_activate_version(self.stream.name, version)

    def report_deleted(self, priority: int) -> None:
        """Tell which records are gone from the store, if it is time to look.

        Requests with a lower `priority` are made first.
        """
        if not self.read_in_part:
            search = IdSearch(self.stream, self._run, self.context, priority)
            self.counts.deleted = self.deletions.report_deleted(self.selection, search)

    def close(self) -> None:
        """Close the books."""
        self.counts.rescued = self._converter.rescued
        self.counts.unfit = self._converter.dropped
        log_stream_metrics(self.counts)

    def _depends_on(self, accepted: list[str]) -> str:
        """A fingerprint of what the walk depends on: one with another cannot go on with it."""
        config, bookmark = self._run.config, self.counts.bookmark_before
        own = config.for_stream(self.stream.name)
        start = (own.start_date or config.start_date) if bookmark is None else None
        protection = self.selection.protection
        pseudonyms = protection.basis if protection is not None else []
        basis = {
            "store": config.store_hash,
            "path": self.root.path,
            "since": [bookmark, start.isoformat() if start else None, self.root.modified_since],
            "full": self.selection.full_table,
            "channels": config.channel_ids,
            "coupons": config.order_coupons,
            "fields": sorted(self.selection.paths),
            **({"until": self.until} if self.until is not None else {}),
            **({"pseudonyms": pseudonyms} if pseudonyms else {}),
            **({"accepted": accepted} if accepted else {}),
            **self.deletions.fingerprint_parts(self.selection),
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:16]
