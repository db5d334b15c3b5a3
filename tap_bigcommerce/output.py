"""One stream's part of a run: where it starts, its messages, its bookmark, its books."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.config import Config, of_stream
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.dates import NotADate, format_instant, normal_date, parse_instant
from tap_bigcommerce.deletes.ledger import Ledger
from tap_bigcommerce.deletes.search import Search
from tap_bigcommerce.exceptions import IncompleteList, RequestFailed, ScopeMissing, TapError
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.pages.walk import Position
from tap_bigcommerce.progress import log_figures, log_records
from tap_bigcommerce.record_writer import RecordWriter
from tap_bigcommerce.selection import Selection, key_of
from tap_bigcommerce.state import MOST_TO_RETRY, Resume
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.tools import Tools

LOGGER = logging.getLogger(__name__)

MOST_WITHOUT_PERMISSION = 3
"""Parents that are passed over because of a 403 before any has been read, at the most: then a
permission is missing."""


@dataclass(frozen=True)
class Start:
    """Where a walk begins, and ends. Streams for which that is the same can share it.

    Behind `after`, with what was modified from `since` on (None: everything). A walk that goes on
    has the `sync_start` of its first attempt, and the `newest` date written so far. What was
    modified behind `until` is not wanted (None: all is).
    """

    after: Position = None
    since: str | None = None
    sync_start: str | None = None
    newest: str | None = None
    until: str | None = None


def first_date(selection: Selection, bookmark: str | None, config: Config) -> str | None:
    """What was modified from this moment on is read (`2026-01-05T10:00:00Z`); None: everything.

    `bookmark` is a date as `format_instant` writes it, or None where there is none.
    """
    stream = selection.stream
    if selection.full_table or stream.replication_key is None:
        return None
    own = of_stream(config, stream.name)
    if bookmark is None:
        everything = root_of(stream).everything_first
        since = own.start_date or (None if everything else config.start_date)
    else:
        instant = parse_instant(bookmark)
        assert instant is not None  # The state has checked it.
        try:
            lookback = own.lookback_seconds
            seconds = config.lookback_seconds if lookback is None else lookback
            since = instant - timedelta(seconds=seconds)
        except OverflowError:
            since = None  # Before the first day of the calendar: everything.
    return format_instant(since)[:19] + "Z" if since is not None else None


class Output:
    """What one stream writes. Its walk may be shared with others."""

    def __init__(self, selection: Selection, tools: Tools) -> None:
        """Raises StateError where the state is damaged."""
        config, stream = tools.config, selection.stream
        self.ledger = Ledger(selection, config, tools.state)
        self.selection = selection
        self.stream = stream
        self.counts = StreamCounts(stream.name)
        self.purpose = Purpose(stream.name, stream.permission, self.counts)
        self.failure: TapError | None = None
        end = of_stream(config, stream.name).end_date
        self.until = format_instant(end) if end is not None else None
        """What was modified behind this date is not written; None: all is."""
        self.read_in_part = end is not None
        """Not all of it is or could be read: nothing of it is reported as deleted."""
        self.passed_over: dict[int, RequestFailed] = {}
        """Why records, or what belongs to these parents, could not be read, by ids."""
        self.to_retry: list[int] = []
        """Ids that earlier runs have passed over: they are read first."""
        self.read_first: dict[int, Any] = {}
        """Those that this run has read first, and their dates of modification then."""
        self.last_read: int | None = None
        """A parent of whom something has been read."""
        self.has_read_any = False
        self._doubtful: set[int] = set()
        asked_for = selection.notes.asked_for if "include" in stream.params else ()
        self._asked_for = sorted(filter(selection.wants, asked_for))
        """Fields that the list itself is asked for; none once it is said that some do not come."""
        self._tools = tools
        self._records = RecordWriter(selection, self.ledger, tools)
        self._schema_is_out = False
        self._fingerprint = ""
        self.since: str | None = None
        """What the stream's own lists are filtered by, where they are."""

    @property
    def newest(self) -> str | None:
        """The latest replication key value that it has written."""
        return self._records.newest

    @property
    def has_own_dates(self) -> bool:
        """Its rows are filtered by their own date, not by that of the row that they belong to."""
        return self.stream.parent is not None and self.stream.modified_since is not None

    @property
    def root(self) -> Stream:
        """The stream whose list is walked."""
        return root_of(self.stream)

    def attempt(self, work: Callable[[], object]) -> None:
        """Do `work` for this stream, if it has not failed; what is raised is its failure."""
        if self.failure is None:
            # Another worker may have found one meanwhile.
            self.failure = failure_of(self.stream.name, work) or self.failure

    def start(self) -> Start:
        """Where this stream's walk begins. Raises StateError where the state is damaged."""
        stream, name = self.stream, self.stream.name
        if stream.replication_key is not None:
            self.counts.bookmark_before = self._tools.state.bookmark(name, stream.replication_key)
        self.to_retry = self._tools.state.to_retry(name)
        accepted = self._tools.config.accepted_of(stream.name)
        self._fingerprint = self._depends_on(accepted)
        resume = self._tools.state.resume(name)
        if resume is not None and resume.walk == self._fingerprint:
            after = resume.cursor if resume.cursor is not None else resume.after_id
            place = f"id {after}" if isinstance(after, int) else "the last page that was written"
            LOGGER.info("%s: going on after %s", name, place)
            self._records.newest = resume.newest
            self.since = resume.since
            self._records.version = resume.version
            # The run that was stopped may have met what is accepted.
            self.read_in_part = self.read_in_part or bool(accepted)
            return Start(after, resume.since, resume.sync_start, resume.newest, self.until)
        if resume is not None:
            LOGGER.info(
                "%s: the last run was stopped, but the settings, the catalog or the bookmark have "
                "changed since; starting this stream again from its bookmark",
                name,
            )
        self.since = self._first_date()
        self._records.version = self.ledger.begin(self.since, self.until)
        return Start(since=self.since, until=self.until)

    def was_read(self, id_: int | None = None, *, empty: bool = False) -> None:
        """A record, or what belongs to a parent, has been read (None: several have been).

        That a list is `empty` is known without it: it tells little of whether others can be read.
        """
        self.has_read_any = True
        if id_ is not None:
            self.forget(id_)
        if not empty:
            self._doubtful.clear()
            self.last_read = id_ if id_ is not None else self.last_read

    @property
    def in_doubt(self) -> bool:
        """Whether it is single records that cannot be read, or none any more: nobody can tell."""
        return bool(self._doubtful) and (self.stream.has_own_list or not self.has_read_any)

    def forget(self, id_: int) -> None:
        """It need not be read again: it has been read, or is gone."""
        if id_ in self.passed_over or id_ in self.to_retry:
            self.passed_over.pop(id_, None)
            self.to_retry = [other for other in self.to_retry if other != id_]
            self.counts.passed_over = len(self.passed_over)

    def pass_over(self, id_: int, error: RequestFailed) -> None:
        """A record, or what belongs to a parent, cannot be read: go on with the others."""
        if self.failure is not None:
            return
        self.read_in_part = True
        if isinstance(error, IncompleteList) and self._tools.config.accepts(self.stream.name, id_):
            LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
            self.forget(id_)
            return
        self.passed_over[id_] = error
        self.counts.passed_over = len(self.passed_over)
        # A list that contradicts itself has been answered.
        if id_ not in self.to_retry and not isinstance(error, IncompleteList):
            self._doubtful.add(id_)
        missing = isinstance(error, ScopeMissing) and not self.has_read_any
        if len(self.passed_over) > (MOST_WITHOUT_PERMISSION if missing else MOST_TO_RETRY):
            self.failure = error if missing else self._too_many(error)
            return
        LOGGER.warning(
            "%s: %s %d is passed over, and read first in the next sync: %s",
            self.stream.name,
            self._noun,
            id_,
            error.words,
        )

    def has_read(self, row: Row) -> bool:
        """The row was read first, and has not changed since."""
        if not self.read_first or row.get("date_modified") is None:
            return False
        id_ = row.get("id")
        return isinstance(id_, int) and self.read_first.get(id_) == row["date_modified"]

    def remember(self) -> None:
        """Note in the state what was passed over, and what earlier runs had."""
        self._tools.state.retry(self.stream.name, {*self.to_retry, *self.passed_over})

    @property
    def trouble(self) -> TapError | None:
        """What is to be said of the stream at the end: its failure, or what was passed over."""
        failure = self.failure or self.ledger.failure
        if failure is not None or not self.passed_over:
            return failure
        ids = sorted(self.passed_over)
        error = self.passed_over[ids[0]]
        noun = f"{self._noun} {ids[0]}"
        if len(ids) > 1:
            noun = f"{len(ids)} of them ({self._noun} {', '.join(map(str, ids))})"
        return RequestFailed(
            f"{self.stream.name}: {noun} could not be read, while others could. They stand in the "
            f"state, and the next sync reads them first. About {self._noun} {ids[0]}: {error.words}"
        )

    def write_schema(self) -> None:
        """The SCHEMA, once."""
        if not self._schema_is_out:
            self._tools.messages.schema(
                self.stream.name,
                self.selection.emitted,
                key_of(self.stream, self.selection.schema),
                self.stream.replication_key,
            )
            self._schema_is_out = True

    def write(self, rows: Sequence[Row], *, sent_at: datetime) -> None:
        """RECORDs of these rows. Raises BadRecord where one lacks what it cannot do without."""
        if self.until is not None:
            rows = [row for row in rows if not self._is_beyond(row)]
        if self._tools.sample:
            rows = rows[: 1 - self.counts.written]
        if not rows:
            return
        self._look_for_what_was_asked_for(rows)
        self._records.write(rows, sent_at=sent_at)
        self.counts.written += len(rows)
        log_records(self.counts)

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

    def _is_beyond(self, row: Row) -> bool:
        """The row was modified behind the end of what is wanted."""
        try:
            date = normal_date(row[str(self.stream.replication_key)])
        except (KeyError, TypeError, NotADate):
            return False  # That is said when it is written.
        return date is not None and self.until is not None and date > self.until

    def interrupt(self, after: Position, start: Start) -> None:
        """Note in the state how far the walk is; `start` as it is by now."""
        if after is None or start.sync_start is None or self.in_doubt:
            return
        self.remember()
        resume = Resume(
            after_id=after if isinstance(after, int) else 0,
            since=start.since,
            sync_start=start.sync_start,
            newest=self.newest if self.has_own_dates else start.newest,
            walk=self._fingerprint,
            cursor=after if isinstance(after, str) else None,
            version=self._records.version,
        )
        self._tools.state.interrupt(self.stream.name, resume)

    def complete(self, start: Start) -> None:
        """Set the bookmark: the walk has seen all that changed before it began.

        Raises why records were passed over where no others have been read since.
        """
        if self.in_doubt:
            raise self.passed_over[min(self._doubtful)]
        self.remember()
        key, bookmark = self.stream.replication_key, self.counts.bookmark_before
        newest = self.newest if self.has_own_dates else start.newest
        if key is not None and newest is not None and start.sync_start is not None:
            # What changed while the walk went on may lie behind it: it comes with the next sync.
            reached = min(filter(None, (newest, start.sync_start, self.until)))
            bookmark = max(bookmark, reached) if bookmark is not None else reached
        self.counts.bookmark_after = bookmark
        self.ledger.building = False
        self._tools.state.complete(self.stream.name, key, bookmark)

    def activate(self, start: Start, *, resumed: bool) -> None:
        """The walk was whole: its version is the one that holds, unless too little is left.

        `resumed`: an earlier run has written some of its rows. Raises RequestFailed.
        """
        version = self._records.version
        if version is None or start.since is not None or self.read_in_part:
            return
        rows = None if resumed else self.counts.written
        self.ledger.activate(version, rows)
        self._tools.messages.activate_version(self.stream.name, version)

    def report_gone(self, turn: int) -> None:
        """Tell which records are gone from the store, if it is time to look."""
        if not self.read_in_part:
            search = Search(self.stream, self._tools, self.purpose, turn)
            self.counts.deleted = self.ledger.report_gone(self.selection, search)

    def close(self) -> None:
        """Close the books."""
        converter = self._records.converter
        self.counts.rescued, self.counts.unfit = converter.rescued, converter.dropped
        log_figures(self.counts)

    @property
    def _noun(self) -> str:
        """What a person calls a record whose list is walked."""
        return PARENTS[self.root.name].noun if self.root.name in PARENTS else "record"

    def _too_many(self, error: RequestFailed) -> RequestFailed:
        return RequestFailed(
            f"{self.stream.name}: more than {MOST_TO_RETRY} {self._noun}s could not be read, which "
            f"are too many to pass over. The last of them: {error.words}"
        )

    def _first_date(self) -> str | None:
        """What was modified from this moment on is read; None: everything."""
        bookmark = self.counts.bookmark_before
        if self.ledger.reads_all:
            return None
        if bookmark is not None and self.ledger.building and not self.selection.full_table:
            LOGGER.info(
                "%s: reading it from its start once: nobody has noted yet which ids were written",
                self.stream.name,
            )
            bookmark = None
        return first_date(self.selection, bookmark, self._tools.config)

    def _depends_on(self, accepted: list[str]) -> str:
        """A fingerprint of what the walk depends on: one with another cannot go on with it."""
        config, bookmark = self._tools.config, self.counts.bookmark_before
        own = of_stream(config, self.stream.name)
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
            **self.ledger.basis(self.selection),
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:16]
