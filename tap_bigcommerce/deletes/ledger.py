"""What is known of one stream's ids, and which way its deletions go."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib.util
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import NotADate, format_instant, normal_date, parse_instant
from tap_bigcommerce.deletes.ids import id_set
from tap_bigcommerce.deletes.shelf import SET_KEYS, Shelf
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import (
    BadRecord,
    ConfigError,
    RequestFailed,
    StateError,
    TapError,
)
from tap_bigcommerce.schemas import DELETED_AT, DELETED_AT_SCHEMA
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import DELETES, RESUME, State
from tap_bigcommerce.streams import root_of

if TYPE_CHECKING:
    from pyroaring import BitMap64

LOGGER = logging.getLogger(__name__)

NEARLY = 0.9
"""This share of `deletes_every` is enough: runs of the same hour are not to the second a day apart,
and a daily run would sweep every other day."""


UNLIKELY = (
    "This is more likely a permission that the API account has lost, or a filter, than a deletion. "
    "See in the store's control panel whether they are there. If they have been deleted, run the "
    "sync once with a larger deletes_limit (1 allows all)."
)


class Way(Enum):
    """How a stream's deletions are told."""

    NONE = "none"
    SET = "set"
    """Ids that are gone from the list and were in the set become tombstones."""
    VERSIONS = "versions"
    """The stream is read whole, and ACTIVATE_VERSION ends what was not in it."""


def check_installed(needed_by: str) -> None:
    """Raises ConfigError where sets of ids cannot be made, for what `needed_by` says."""
    if importlib.util.find_spec("pyroaring") is None:
        raise ConfigError(
            f"{needed_by} needs the package pyroaring, which is not installed. Install it with "
            "pip install 'tap-bigcommerce[deletes]', or go without."
        )


class Ledger:
    """One stream's ids in one run: those written by this state's syncs, those seen in this walk.

    `way` is how its deletions are told. Of a set:

    written: ids whose RECORDs have been written, and that have not been reported gone since; None
        where no set is kept.
    building: the set does not exist yet: the stream is read from its start.
    archived: ids that were written and are archived now, since when; nobody has been told yet.
    seen: ids of a walk that reads everything, from its start; None in any other walk.
    failure: why the set cannot be kept.

    Of versions: `version` is that which holds.
    """

    def __init__(self, selection: Selection, config: Config, state: State) -> None:
        """Raises StateError where the state's entry is damaged."""
        self.stream = selection.stream
        self._config = config
        self._state = state
        self._shelf = Shelf(config, self.stream.name)
        self._given = state.deletes(self.stream.name)
        self.version = self._number("version")
        self._rows = self._number("rows")  # How many that version had when it began to hold.
        self._swept = parse_instant(str(self._given.get("swept", "")))
        # Only rows of some channels are read.
        self._limited = root_of(self.stream).channels.limit(config.channel_ids)
        self.way = self._way(selection)
        presence = self.stream.presence if self.way is Way.SET else None
        # The field by which rows say that they are archived, where that matters.
        self._flag = presence.archived if presence is not None else None
        self.building = False
        self.written: BitMap64 | None = None
        self.archived: dict[int, str] = {}
        self.seen: BitMap64 | None = None
        self._is_new = False  # Nothing had been written before this run.
        # What the state says of `written` as it is now; None: that is to be found out.
        self._kept: Mapping[str, Any] | None = None
        self.failure: TapError | None = None
        self._without_set: Mapping[str, Any] = {}  # What the state says then.
        # A run is due by when it began, or each would come a little later than the one before.
        self._opened_at = datetime.now(timezone.utc)

    def selection(self, selection: Selection) -> Selection:
        """What is selected, with the field for deletions where they are told by tombstones."""
        if self.way is not Way.SET:
            return selection
        schema = copy.copy(selection.schema)
        schema["properties"] = {**schema["properties"], DELETED_AT: dict(DELETED_AT_SCHEMA)}
        return dataclasses.replace(selection, schema=schema)

    def open(self) -> None:
        """Take the set over from the state, and have the state ask for it from now on.

        Raises StateError where it is damaged, ConfigError where no file can be written.
        """
        if self.way is Way.SET:
            try:
                self._shelf.check(self._number("too_large") or 0)
            except ConfigError as error:
                self.failure, self._without_set = error, {DELETES: self._given}
            else:
                self._take_over()
        self._state.keep(self.stream.name, self.entry)

    def _take_over(self) -> None:
        given = self._shelf.get(self._given)
        self._shelf.prepare(self._given)
        self._is_new = given is None
        self.building = given is None or bool(self._given.get("partial"))
        self.written = given if given is not None else id_set()
        if given is None:
            # What an unfinished walk has written, nobody knows.
            self._state.forget(self.stream.name, None)

    @property
    def due(self) -> bool:
        """It is time for another sweep."""
        if self._swept is None:
            return True
        since = self._opened_at - self._swept
        return not timedelta(0) <= since < NEARLY * timedelta(hours=self._config.deletes_every)

    @property
    def reads_all(self) -> bool:
        """The stream is to be read whole now, although it is incremental, for a new version."""
        return self.way is Way.VERSIONS and self.due

    def sees_all(self) -> None:
        """A walk begins without a filter by date: unless channels limit it, it is a sweep."""
        if self.written is not None and not self._limited:
            self.seen = id_set()

    def basis(self, selection: Selection) -> dict[str, Any]:
        """What a walk depends on because of deletions."""
        if self.way is Way.NONE:
            return {}
        whole = selection.full_table or self.reads_all
        return {"deletes": [self.way.value, self.building, whole]}

    @property
    def needs_sweep(self) -> bool:
        """The list has to be read for its ids, now that the walk is complete."""
        is_old = self.written is not None and not self._is_new
        return is_old and self.seen is None and self.due

    def new_version(self) -> int:
        """A version for a walk that begins: milliseconds since 1970, and above the last one."""
        return max(int(time.time() * 1000), (self.version or 0) + 1)

    @property
    def marks(self) -> bool:
        """Rows get a mark if they are archived."""
        return self._flag is not None

    def deleted_at(self, row: Mapping[str, Any]) -> str | None:
        """Since when a row that is still listed is deleted: archived; None: it is not.

        Of rows that have been written as not archived that is told at the end of the walk, once it
        is known how many they are.
        """
        if self.written is None or self._flag is None or row.get(self._flag) is not True:
            return None
        id_, since = row.get(self.stream.keys[0]), archived_at(row)
        if type(id_) is not int or id_ not in self.written:
            return since
        self.archived[id_] = since
        return None

    def note(self, ids: Sequence[int], deleted: Iterable[int]) -> None:
        """RECORDs with these ids are being written; some of them say that they are deleted.

        Raises BadRecord where an id is out of reach.
        """
        if self.written is None:
            return
        try:
            portion = id_set(ids)
        except OverflowError as error:
            raise BadRecord(
                f"{self.stream.name}: an id is not between 0 and 2^64 - 1, so that deletions "
                "cannot be detected. Switch detect_deletes off to read the stream."
            ) from error
        self.written |= portion
        self.written -= id_set(deleted)
        if self.seen is not None:
            self.seen |= portion
        self._kept = None

    def complete(self) -> None:
        """The walk is complete: the set knows all that has been written."""
        self.building = False
        if self._is_new:
            self.compared()  # With nothing: all of it has just been there.

    def compared(self) -> None:
        """The list and the set have been compared."""
        self._swept = self._opened_at

    def reported(self, gone: Iterable[int]) -> None:
        """The tombstones of `gone` have been written."""
        self.archived.clear()
        if self.written is not None:
            self.written -= id_set(gone)
            self._kept = None

    def most_gone(self, records: int) -> int:
        """How many of so many records may be gone at once."""
        # Rounded first, for 0.29 * 100 is a little less than 29.
        return int(round(self._config.deletes_limit * records, 6))

    def doubt(self, rows: int | None) -> TapError | None:
        """Why a version of so many rows (None: nobody knows) cannot be meant; None: it can."""
        before = self._rows
        if rows is None or before is None or before - rows <= self.most_gone(before):
            return None
        return RequestFailed(
            f"{self.stream.name}: {rows} of {before} records are left, and more are missing than "
            f"deletes_limit allows ({self._config.deletes_limit:g} of all), so this version is not "
            f"activated. {UNLIKELY}"
        )

    def activated(self, version: int, rows: int | None) -> None:
        """A walk was whole, and its version of so many rows holds. `rows` None: nobody knows."""
        self.version, self._rows, self._swept = version, rows, self._opened_at

    def entry(self) -> Mapping[str, Any]:
        """What the state says of the stream because of deletions, by its names there."""
        if self.written is not None and self.failure is None and self._kept is None:
            try:
                self._kept = self._shelf.put(self.written)
            except TapError as error:
                self._go_without(error)
        if self.failure is not None:
            return self._without_set
        found: dict[str, Any] = {}
        # Without a way what is written now is noted nowhere, so an old set would be wrong.
        # Whoever has not been told yet of what is archived is told by the next sweep.
        if self.way is not Way.NONE and self._swept is not None and not self.archived:
            found["swept"] = format_instant(self._swept)
        if self.way is Way.VERSIONS and self.version is not None:
            found["version"] = self.version
            if self._rows is not None:
                found["rows"] = self._rows
        found.update(self._kept or {})
        if self.building:
            found["partial"] = True
        return {DELETES: found}

    def _go_without(self, error: TapError) -> None:
        """The set cannot be kept. The one that was given is a part of it from now on.

        A walk cannot be gone on with, for nobody knows then what it has written.
        """
        part: dict[str, Any] = {"partial": True, "too_large": self._shelf.size}
        with contextlib.suppress(StateError):  # Its file may be gone.
            self._shelf.get(self._given)
            part.update((key, self._given[key]) for key in SET_KEYS if key in self._given)
        self.failure, self._without_set = error, {DELETES: part, RESUME: None}

    def _number(self, name: str) -> int | None:
        value = self._given.get(name)
        if value is None or type(value) is int:
            return value
        raise StateError(
            f'{name} in the state\'s "deletes" of {self.stream.name} should be a whole number, not '
            f"{quoted(value)}. Remove it from the state file."
        )

    def _way(self, selection: Selection) -> Way:
        config = self._config
        if config.detect_deletes and self.stream.presence is not None:
            return Way.SET
        if not (config.activate_version and (selection.full_table or config.detect_deletes)):
            return Way.NONE
        if self._limited:
            LOGGER.warning(
                "%s: no ACTIVATE_VERSION is sent, for it would end the rows of other channels, "
                "too. Its deletions are not told.",
                self.stream.name,
            )
            return Way.NONE
        return Way.VERSIONS


def archived_at(row: Mapping[str, Any]) -> str:
    """Since when an archived row is: its last change, which is the same however it is read."""
    try:
        date = normal_date(row["date_modified"])
    except (KeyError, TypeError, NotADate):
        date = None
    return date or format_instant(datetime.now(timezone.utc))
