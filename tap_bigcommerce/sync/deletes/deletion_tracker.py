"""Finds and writes the deletions of one stream: tombstones or versions."""

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
from tap_bigcommerce.exceptions import BadRecord, ConfigError, RequestFailed, StateError, TapError
from tap_bigcommerce.records.schemas import DELETED_AT, STORE_HASH
from tap_bigcommerce.singer.messages import MessageWriter
from tap_bigcommerce.singer.state import DELETES, RESUME, State
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.sync.deletes.id_sets import IdSet, IdSetStore, id_set
from tap_bigcommerce.sync.deletes.search import DeletedIds, IdSearch, archived_at
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

MIN_SHARE_OF_INTERVAL = 0.9
"""An id scan is due once this share of `deletes_every` has passed. Daily runs are not exactly 24
hours apart, and without this tolerance a daily run would scan only every other day."""

PROBABLE_CAUSE = (
    "A lost permission of the API account, or a filter, is a more likely cause than a deletion. "
    "Check in the store's control panel whether the records exist. If they were deleted, run the "
    "sync once with a larger deletes_limit (1 allows all)."
)


def check_installed(needed_by: str) -> None:
    """Raises ConfigError when pyroaring is missing.

    `needed_by` names the setting or option that needs it: it begins the error message.
    """
    if importlib.util.find_spec("pyroaring") is None:
        raise ConfigError(
            f"{needed_by} needs the package pyroaring, which is not installed. Install it with "
            f"pip install pyroaring, or do not use {needed_by}."
        )


class DeletionTracker:
    """Detects the deletions of one stream in one run.

    A stream uses one of two methods, or none. "set": the ids of all written records are
    kept, and a tombstone is written for each of them that the store no longer has. "versions":
    the complete stream is read, and ACTIVATE_VERSION removes the rows that were not in it.

    Attributes:
        building_set: There is no complete set yet, so the stream is read from its start.
        full_read_due: The complete stream is read now, although it is incremental, for a new
            version.
        failure: Why the set of ids cannot be kept; None while it can.
    """

    def __init__(self, selection: Selection, config: Config, state: State) -> None:
        """Read the stream's part of the state, and provide that part from now on.

        Raises StateError when it is damaged, ConfigError when deletes_path is not writable.
        """
        self._selection, self.stream = selection, selection.stream
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
        # The active version, and the number of its rows when it was activated.
        self._version: int | None = self._saved.get("version")
        self._rows: int | None = self._saved.get("rows")
        self._filters_channels = bool(config.channel_ids) and any(root_of(self.stream).channels)
        # The field that marks archived rows, which count as deleted.
        self._archived_field = self.stream.id_lookup.archived if self.stream.id_lookup else None
        self._method: Literal["set", "versions"] | None = None
        if config.detect_deletes and self.stream.id_lookup is not None:
            self._method = "set"
        elif config.activate_version and (selection.full_table or config.detect_deletes):
            if self._filters_channels:
                LOGGER.warning(
                    "%s: no ACTIVATE_VERSION is sent, because it would also remove the rows of "
                    "other channels. Its deletions are not reported.",
                    self.stream.name,
                )
            else:
                self._method = "versions"
        # Measured from start to start of runs. Otherwise each scan would come a little later than
        # the one before.
        self._started_at = datetime.now(timezone.utc)
        # "swept" is the older name of an id scan, which states have.
        self._scanned_at = parse_instant(str(self._saved.get("swept", "")))
        since = self._started_at - (self._scanned_at or datetime.min.replace(tzinfo=timezone.utc))
        every = timedelta(hours=config.deletes_every)
        self._is_scan_due = not timedelta(0) <= since < MIN_SHARE_OF_INTERVAL * every
        self.full_read_due = self._method == "versions" and self._is_scan_due
        self.building_set = False
        # Ids of written records, without those reported as deleted. None: no set is kept.
        self._written: IdSet | None = None
        # Ids that were written before and are archived now, with the date. Not reported yet.
        self._newly_archived: dict[int, str] = {}
        # Ids read in a pass that covers everything the set can hold. None in other passes.
        self._seen: IdSet | None = None
        # The state's entry for `_written`. None: `_written` has changed since.
        self._set_entry: Mapping[str, Any] | None = None
        self.failure: TapError | None = None
        self._entry_on_failure: Mapping[str, Any] = {}  # The state's entry after a failure.
        if self._method == "set":
            self._load_ids(state)
        state.add_provider(self.stream.name, self._state_entry)

    def _load_ids(self, state: State) -> None:
        """Load the set of ids that earlier runs have kept, if there is room for one."""
        try:
            self._id_sets.check(self._saved.get("too_large") or 0)
        except ConfigError as error:
            self.failure, self._entry_on_failure = error, {DELETES: self._saved}
            return
        self._written = self._id_sets.get(self._saved)
        self._id_sets.prepare()
        self.building_set = self._written is None or bool(self._saved.get("partial"))
        if self._written is None:
            self._written, self._seen = id_set(), id_set()
            # It is unknown which ids a stopped pass has written, so it is not resumed.
            state.reset(self.stream.name, None)

    def fingerprint_parts(self) -> dict[str, Any]:
        """What a resumed pass must have in common with the stopped one, because of deletions."""
        is_full = self._selection.full_table or self.full_read_due
        parts = [self._method, self.building_set, is_full]
        return {"deletes": parts} if self._method is not None else {}

    def begin_pass(self, since: str | None, until: str | None) -> int | None:
        """Begin a pass over what was modified between `since` and `until`, None for no bound.

        Returns the version of its records in milliseconds since 1970, or None without versions.
        """
        if since is None and self._written is not None and not self._filters_channels:
            self._seen = id_set()
        if self._method != "versions":
            return None
        if since is not None or (until is not None and self._version is not None):
            return self._version
        return max(int(time.time() * 1000), (self._version or 0) + 1)

    def track(self, rows: Sequence[Mapping[str, Any]], records: Sequence[dict[str, Any]]) -> None:
        """Add the ids of `records`, which are about to be written, and mark archived records.

        `rows` are the API's rows that the records were made from, in the same order. A record that
        was written before it was archived gets its tombstone at the end of the pass, when the
        number of such records is known. Raises BadRecord when an id does not fit into 64 bits.
        """
        if self._written is None:
            return
        (key,), archived = self.stream.primary_keys, self._archived_field
        try:
            ids = id_set(record[key] for record in records)
        except OverflowError as error:
            raise BadRecord(
                f"{self.stream.name}: an id is not between 0 and 2^64 - 1, so that deletions "
                "cannot be detected. Switch detect_deletes off to read the stream."
            ) from error
        if self._seen is not None:
            self._seen |= ids
        for row, record in zip(rows, records, strict=True):
            if archived is None or row.get(archived) is not True:
                continue
            if record[key] in self._written:
                self._newly_archived[record[key]] = archived_at(row)
            else:
                record[DELETED_AT] = archived_at(row)
                ids.discard(record[key])
        self._written |= ids
        self._set_entry = None

    def report_deleted(self, search: IdSearch) -> int:
        """Write a tombstone for each deleted record, if a comparison is due; return their number.

        Raises TapError when the comparison fails, or when more records are deleted than
        `deletes_limit` allows. None is reported then, and the next sync compares again.
        """
        if self._written is None:
            return 0
        deleted = self._find_deleted(search, self._written)
        if deleted:
            self._write_tombstones(search.run.messages, deleted)
            self._newly_archived.clear()
            self._written -= id_set(deleted)
            self._set_entry = None
        return len(deleted)

    def _find_deleted(self, search: IdSearch, written: IdSet) -> DeletedIds:
        """The ids in `written` whose records are deleted, each with its date."""
        name, config, present = self.stream.name, self._config, self._seen
        if present is None and self._is_scan_due:
            # The records are written: keep that, even if the scan fails.
            search.run.messages.write_state()
            LOGGER.info("%s: reading its ids to find deleted records", name)
            scanned, present, _ = search.scan()
            if scanned.lacks_rows(config):
                return {}
        deleted = dict(self._newly_archived)
        limit = self._deletion_limit(len(written))
        missing = id_set() if present is None else written - present - id_set(deleted)
        candidates = len(missing) + len(deleted)
        deleted |= search.confirm_deleted(missing, limit - len(deleted))
        if len(deleted) > limit:
            raise RequestFailed(
                f"{name}: {candidates} of its {len(written)} records are missing from the list or "
                "archived, and more of them are deleted than deletes_limit allows "
                f"({config.deletes_limit:g} of all), so none is reported. {PROBABLE_CAUSE}"
            )
        if len(deleted) < candidates:
            found = candidates - len(deleted)
            LOGGER.info("%s: %d records were missing from the list, but still exist", name, found)
        if present is not None:
            self._scanned_at = self._started_at
        return deleted

    def _write_tombstones(self, messages: MessageWriter, deleted: DeletedIds) -> None:
        """Write a SCHEMA with the fields of a tombstone only, and one RECORD for each id.

        A target that writes only the columns of the SCHEMA keeps the last values of the others.
        """
        schema, protection = self._selection.output_schema, self._selection.protection
        archived = self._archived_field
        fields, (key,) = schema["properties"], self.stream.primary_keys
        constants: dict[str, Any] = {}
        if STORE_HASH in fields:
            constants[STORE_HASH] = self._config.store_hash
        if archived is not None and archived in fields:
            # An archived record that the list still has looks like this.
            constants[archived] = True
            if protection is not None:
                constants[archived] = protection.apply(True, protection.rule_path((None, archived)))
        names = (key, *constants, DELETED_AT)
        schema = {**schema, "properties": {name: fields[name] for name in names}}
        messages.write_schema(self.stream.name, schema, key_of(self.stream, schema), None)
        rows = [{key: id_, **constants, DELETED_AT: date} for id_, date in sorted(deleted.items())]
        messages.write_records(self.stream.name, rows, datetime.now(timezone.utc))

    def _deletion_limit(self, records: int) -> int:
        """The most deletions of so many records that one sync may report."""
        # Rounded first, because 0.29 * 100 is a little less than 29.
        return int(round(self._config.deletes_limit * records, 6))

    def activate(self, version: int, rows: int | None) -> None:
        """Make `version` the active one, after a complete pass.

        `rows` is how many records it has, None when that is unknown. Raises RequestFailed when it
        has fewer than the version before, by more than `deletes_limit` allows.
        """
        before = self._rows
        if rows is not None and before is not None and before - rows > self._deletion_limit(before):
            raise RequestFailed(
                f"{self.stream.name}: {rows} of {before} records are left, and more are missing "
                f"than deletes_limit allows ({self._config.deletes_limit:g} of all), so this "
                f"version is not activated. {PROBABLE_CAUSE}"
            )
        self._version, self._rows, self._scanned_at = version, rows, self._started_at

    def _state_entry(self) -> Mapping[str, Any]:
        """The keys that the state has for this stream because of deletions, with their values."""
        if self._written is not None and self.failure is None and self._set_entry is None:
            try:
                self._set_entry = self._id_sets.put(self._written)
            except TapError as error:
                self._give_up_set(error)
        if self.failure is not None:
            return self._entry_on_failure
        # Without a method no ids are added to an old set: it would be wrong, and is left out.
        # "swept" is left out while archived records are unreported, so that the next sync scans.
        entry: dict[str, Any] = {}
        if self._method is not None and self._scanned_at is not None and not self._newly_archived:
            entry["swept"] = format_instant(self._scanned_at)
        if self._method == "versions" and self._version is not None:
            entry |= {"version": self._version, "rows": self._rows}
        entry |= {**(self._set_entry or {}), "partial": self.building_set or None}
        return {DELETES: {name: value for name, value in entry.items() if value is not None}}

    def _give_up_set(self, error: TapError) -> None:
        """Note why the set cannot be kept. The state's older set is marked as partial.

        A stopped pass cannot be resumed then, because it is unknown which ids it has written.
        """
        part: dict[str, Any] = {"partial": True, "too_large": self._id_sets.size}
        with contextlib.suppress(StateError):  # Its file may be missing.
            self._id_sets.get(self._saved)
            part = {k: v for k, v in self._saved.items() if k != "swept"} | part
        self.failure, self._entry_on_failure = error, {DELETES: part, RESUME: None}
