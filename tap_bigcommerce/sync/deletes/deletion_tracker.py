"""What is known of one stream's ids, and which way its deletions go."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from tap_bigcommerce.catalog.selection import Selection, key_of
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.exceptions import (
    BadRecord,
    ConfigError,
    IncompleteList,
    RequestFailed,
    StateError,
    TapError,
)
from tap_bigcommerce.records.schemas import DELETED_AT, STORE_HASH
from tap_bigcommerce.singer.messages import MessageWriter
from tap_bigcommerce.singer.state import DELETES, RESUME, State
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.sync.deletes.id_sets import IdSet, IdSetStore, id_set
from tap_bigcommerce.sync.deletes.search import DeletedIds, IdSearch, archived_at
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

NEARLY = 0.9
"""This share of `deletes_every` is enough: runs of the same hour are not to the second a day apart,
and a daily run would sweep every other day."""


UNLIKELY = (
    "This is more likely a permission that the API account has lost, or a filter, than a deletion. "
    "See in the store's control panel whether they are there. If they have been deleted, run the "
    "sync once with a larger deletes_limit (1 allows all)."
)


def check_installed(needed_by: str) -> None:
    """Raises ConfigError where sets of ids cannot be made, for what `needed_by` says."""
    if importlib.util.find_spec("pyroaring") is None:
        raise ConfigError(
            f"{needed_by} needs the package pyroaring, which is not installed. Install it with "
            "pip install 'tap-bigcommerce[deletes]', or go without."
        )


class DeletionTracker:
    """One stream's ids in one run: those written by this state's syncs, those seen in this walk.

    Its deletions are told in one of two ways, or in none. "set": ids that are gone from the list
    and were in the set become tombstones. "versions": the stream is read whole, and
    ACTIVATE_VERSION ends what was not in it.

    building: a set does not exist yet: the stream is read from its start.
    reads_all: the stream is to be read whole now, although it is incremental, for a new version.
    failure: why the set cannot be kept.
    """

    def __init__(self, selection: Selection, config: Config, state: State) -> None:
        """Take over what the state says, and have it ask for what it is to say from now on.

        Raises StateError where that is damaged, ConfigError where no file can be written.
        """
        self.stream = selection.stream
        self._config = config
        self._id_sets = IdSetStore(config, self.stream.name)
        self._saved = state.deletes(self.stream.name)
        for name in ("version", "rows", "too_large"):
            value = self._saved.get(name)
            if value is not None and type(value) is not int:
                raise StateError(
                    f'{name} in the state\'s "deletes" of {self.stream.name} should be a whole '
                    f"number, not {quoted(value)}. Remove it from the state file."
                )
        # The version that holds, and how many rows it had when it began to.
        self._version: int | None = self._saved.get("version")
        self._rows: int | None = self._saved.get("rows")
        self._filters_channels = bool(config.channel_ids) and any(root_of(self.stream).channels)
        # The field of rows that are as good as gone.
        self._archived_by = self.stream.id_lookup.archived if self.stream.id_lookup else None
        self._method: Literal["set", "versions"] | None = None
        if config.detect_deletes and self.stream.id_lookup is not None:
            self._method = "set"
        elif config.activate_version and (selection.full_table or config.detect_deletes):
            if self._filters_channels:
                LOGGER.warning(
                    "%s: no ACTIVATE_VERSION is sent, for it would end the rows of other channels, "
                    "too. Its deletions are not told.",
                    self.stream.name,
                )
            else:
                self._method = "versions"
        # A sweep is due by when runs begin, or each would come a little later than the one before.
        self._started_at = datetime.now(timezone.utc)
        self._scanned_at = parse_instant(str(self._saved.get("swept", "")))
        since = self._started_at - (self._scanned_at or datetime.min.replace(tzinfo=timezone.utc))
        every = timedelta(hours=config.deletes_every)
        self._is_scan_due = not timedelta(0) <= since < NEARLY * every
        self.full_read_due = self._method == "versions" and self._is_scan_due
        self.building_set = False
        # Ids whose RECORDs have been written, and that have not been reported gone since; None
        # where no set is kept.
        self._written: IdSet | None = None
        # Ids that were written and are archived now, since when; nobody has been told yet.
        self._archived: dict[int, str] = {}
        # Ids of a walk that sees all that can be in the set; None in any other walk.
        self._seen: IdSet | None = None
        # What the state says of `written` as it is now; None: that is to be found out.
        self._set_entry: Mapping[str, Any] | None = None
        self.failure: TapError | None = None
        self._entry_without_set: Mapping[str, Any] = {}  # What the state says then.
        if self._method == "set":
            self._load_ids(state)
        state.add_provider(self.stream.name, self._state_entry)

    def _load_ids(self, state: State) -> None:
        try:
            self._id_sets.check(self._saved.get("too_large") or 0)
        except ConfigError as error:
            self.failure, self._entry_without_set = error, {DELETES: self._saved}
            return
        self._written = self._id_sets.get(self._saved)
        self._id_sets.prepare()
        self.building_set = self._written is None or bool(self._saved.get("partial"))
        if self._written is None:
            self._written, self._seen = id_set(), id_set()
            # What an unfinished walk has written, nobody knows.
            state.reset(self.stream.name, None)

    def fingerprint_parts(self, selection: Selection) -> dict[str, Any]:
        """What a walk depends on because of deletions."""
        whole = selection.full_table or self.full_read_due
        return (
            {"deletes": [self._method, self.building_set, whole]}
            if self._method is not None
            else {}
        )

    def begin_pass(self, since: str | None, until: str | None) -> int | None:
        """A walk begins, of what was modified between these dates; the version of its records."""
        if since is None and self._written is not None and not self._filters_channels:
            self._seen = id_set()
        if self._method != "versions":
            return None
        if since is not None or (until is not None and self._version is not None):
            return self._version
        # Milliseconds since 1970.
        return max(int(time.time() * 1000), (self._version or 0) + 1)

    def track(self, rows: Sequence[Mapping[str, Any]], records: Sequence[dict[str, Any]]) -> None:
        """These records, of these rows, are being written: mark those that are archived.

        Those that have been written as not archived are told at the end of the walk, once it is
        known how many they are. Raises BadRecord where an id is out of reach.
        """
        if self._written is None:
            return
        (key,), flag = self.stream.keys, self._archived_by
        try:
            portion = id_set(record[key] for record in records)
        except OverflowError as error:
            raise BadRecord(
                f"{self.stream.name}: an id is not between 0 and 2^64 - 1, so that deletions "
                "cannot be detected. Switch detect_deletes off to read the stream."
            ) from error
        if self._seen is not None:
            self._seen |= portion
        for row, record in zip(rows, records, strict=True):
            if flag is None or row.get(flag) is not True:
                continue
            if record[key] in self._written:
                self._archived[record[key]] = archived_at(row)
            else:
                record[DELETED_AT] = archived_at(row)
                portion.discard(record[key])
        self._written |= portion
        self._set_entry = None

    def report_deleted(self, selection: Selection, search: IdSearch) -> int:
        """Write the tombstones of records that are gone, if it is time to look; how many they are.

        Raises TapError when they cannot be found out, or are more than `deletes_limit` allows: then
        none is reported, and the next sync looks again.
        """
        if self._written is None:
            return 0
        gone = self._find_deleted(search, self._written)
        if gone:
            self._write_tombstones(selection, search.run.messages, gone)
            self._archived.clear()
            self._written -= id_set(gone)
            self._set_entry = None
        return len(gone)

    def _find_deleted(self, search: IdSearch, written: IdSet) -> DeletedIds:
        """The ids that were written and are gone, since when."""
        name, config, there = self.stream.name, self._config, self._seen
        if there is None and self._is_scan_due:
            # What has been written is safe, whatever becomes of the sweep.
            search.run.messages.write_state()
            LOGGER.info("%s: reading its ids, to see what has been deleted", name)
            listed, there, _ = search.scan()
            if listed.paginator.contradiction is not None:
                error = IncompleteList(name, listed.paginator.contradiction, name)
                if not config.accepts(name):
                    raise error
                LOGGER.warning(
                    "%s That is accepted (accept_incomplete), so nothing is reported as deleted.",
                    error.difference,
                )
                return {}
        gone = dict(self._archived)
        most = self._deletion_limit(len(written))
        missing = id_set() if there is None else written - there - id_set(gone)
        doubtful = len(missing) + len(gone)
        gone |= search.confirm(missing, most - len(gone))
        if len(gone) > most:
            raise RequestFailed(
                f"{name}: {doubtful} of its {len(written)} records are missing from the list or "
                "archived, and more of them are gone than deletes_limit allows "
                f"({config.deletes_limit:g} of all), so none is reported. {UNLIKELY}"
            )
        if len(gone) < doubtful:
            found = doubtful - len(gone)
            LOGGER.info("%s: %d records were missing from the list, and yet are there", name, found)
        if there is not None:
            self._scanned_at = self._started_at
        return gone

    def _write_tombstones(
        self, selection: Selection, messages: MessageWriter, gone: DeletedIds
    ) -> None:
        """A SCHEMA of the fields that a tombstone has, and a RECORD for each id with its date.

        A target that writes the columns of its SCHEMA leaves what the other columns held last.
        """
        schema, hidden, flag = selection.emitted, selection.protection, self._archived_by
        fields, (key,) = schema["properties"], self.stream.keys
        always: dict[str, Any] = {}
        if STORE_HASH in fields:
            always[STORE_HASH] = self._config.store_hash
        if flag is not None and flag in fields:
            # Still listed, an archived record would say so itself.
            always[flag] = True
            if hidden is not None:
                always[flag] = hidden.cleaned(True, hidden.place((None, flag)))
        names = (key, *always, DELETED_AT)
        schema = {**schema, "properties": {name: fields[name] for name in names}}
        messages.write_schema(self.stream.name, schema, key_of(self.stream, schema), None)
        rows = [{key: id_, **always, DELETED_AT: since} for id_, since in sorted(gone.items())]
        messages.write_records(self.stream.name, rows, datetime.now(timezone.utc))

    def _deletion_limit(self, records: int) -> int:
        """How many of so many records may be gone at once."""
        # Rounded first, for 0.29 * 100 is a little less than 29.
        return int(round(self._config.deletes_limit * records, 6))

    def activate(self, version: int, rows: int | None) -> None:
        """A walk was whole: its version of so many rows (None: nobody knows) is to hold.

        Raises RequestFailed where it has so much less than the one before that it cannot be meant.
        """
        before = self._rows
        if rows is not None and before is not None and before - rows > self._deletion_limit(before):
            raise RequestFailed(
                f"{self.stream.name}: {rows} of {before} records are left, and more are missing "
                f"than deletes_limit allows ({self._config.deletes_limit:g} of all), so this "
                f"version is not activated. {UNLIKELY}"
            )
        self._version, self._rows, self._scanned_at = version, rows, self._started_at

    def _state_entry(self) -> Mapping[str, Any]:
        """What the state says of the stream because of deletions, by its names there."""
        if self._written is not None and self.failure is None and self._set_entry is None:
            try:
                self._set_entry = self._id_sets.put(self._written)
            except TapError as error:
                self._give_up_set(error)
        if self.failure is not None:
            return self._entry_without_set
        # Without a way what is written now is noted nowhere, so an old set would be wrong.
        # Whoever has not been told yet of what is archived is told by the next sweep.
        said: dict[str, Any] = {}
        if self._method is not None and self._scanned_at is not None and not self._archived:
            said["swept"] = format_instant(self._scanned_at)
        if self._method == "versions" and self._version is not None:
            said |= {"version": self._version, "rows": self._rows}
        said |= {**(self._set_entry or {}), "partial": self.building_set or None}
        return {DELETES: {name: value for name, value in said.items() if value is not None}}

    def _give_up_set(self, error: TapError) -> None:
        """The set cannot be kept. The one that was given is a part of it from now on.

        A walk cannot be gone on with, for nobody knows then what it has written.
        """
        part: dict[str, Any] = {"partial": True, "too_large": self._id_sets.size}
        with contextlib.suppress(StateError):  # Its file may be gone.
            self._id_sets.get(self._saved)
            part = {k: v for k, v in self._saved.items() if k != "swept"} | part
        self.failure, self._entry_without_set = error, {DELETES: part, RESUME: None}
