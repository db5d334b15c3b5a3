"""Bookmarks, resume points and currently_syncing: what one run leaves to the next.

{"store_hash": "abc123",
 "bookmarks": {"orders": {"date_modified": "2026-01-05T10:00:00.000000Z",
                          "resume": {"after_id": 8120, "since": "...", "sync_start": "...",
                                     "newest": "...", "walk": "1f0c..."},
                          "retry": [8075]}},
 "currently_syncing": "orders"}
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tap_bigcommerce.config import may_be_secret
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.files import read_input_file
from tap_bigcommerce.text import quoted

RESUME = "resume"
DELETES = "deletes"
RETRY = "retry"

MOST_TO_RETRY = 100
"""Records of a stream that a state remembers because they could not be read, at the most."""


ToRetry = Annotated[list[int], Meta(max_length=MOST_TO_RETRY)]


class StartPosition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a stream's walk begins or, as the state keeps it, goes on.

    Rows up to `after_id`, or before `cursor`, have been written; the walk reads what was modified
    from `since` on (None: everything), began at `sync_start` (None: it has not yet), and the newest
    date it has written is `newest`. `walk` is the fingerprint of what the walk depends on.
    `version` is that of the table which the walk makes, where the stream has versions. Dates are
    texts as `format_instant` writes them.
    """

    after_id: int
    since: str | None
    sync_start: str | None
    newest: str | None
    walk: str
    cursor: str | None = None
    version: int | None = None

    @property
    def after(self) -> int | str | None:
        """The id or cursor behind which it begins; None: at the start of the list."""
        return self.cursor or self.after_id or None


class State:
    """The state of one store's extraction."""

    def __init__(self, given: Any, store_hash: str) -> None:
        """Take over the state `given` (a JSON value; None: no state).

        Raises StateError when it belongs to another store or is no state.
        """
        if isinstance(given, dict) and given.get("type") == "STATE" and "value" in given:
            given = given["value"]  # A whole STATE message, as some targets hand them on.
        if not isinstance(given, (dict, type(None))):
            raise StateError('The state should be a JSON object such as {"bookmarks": {...}}.')
        self._value: dict[str, Any] = copy.deepcopy(given or {})
        other = self._value.get("store_hash")
        if other not in (None, store_hash):
            name = "another store" if may_be_secret(other) else f"the store {quoted(other)}"
            raise StateError(
                f"The state belongs to {name}, but the settings name {store_hash!r}. Use the state "
                "of this store, or none to read it from the start."
            )
        self._value["store_hash"] = store_hash
        bookmarks = self._value.get("bookmarks", {})
        if not isinstance(bookmarks, dict) or not all(
            isinstance(entry, (dict, type(None))) for entry in bookmarks.values()
        ):
            raise StateError(
                'The state\'s "bookmarks" should hold one JSON object for each stream.'
            )
        self._bookmarks: dict[str, dict[str, Any]] = {
            n: e for n, e in bookmarks.items() if e is not None
        }
        self._value["bookmarks"] = self._bookmarks
        self._makers: dict[str, Callable[[], Mapping[str, Any]]] = {}

    def bookmark(self, stream: str, key: str) -> str | None:
        """The date up to which the stream has been read.

        Takes ISO 8601 and RFC 2822, as older taps write them. Raises StateError for anything else.
        """
        value = self._get(stream, key)
        if value in (None, ""):
            return None
        instant = parse_instant(value) if isinstance(value, str) else None
        if instant is None:
            raise StateError(
                f"The state's bookmark of {stream} is {quoted(value)}, which is not a date. "
                f"Correct it in the state file, or remove it to read {stream} from the start."
            )
        return format_instant(instant)

    def resume(self, stream: str) -> StartPosition | None:
        """Where an unfinished walk of the stream goes on; None where there is none to go on with.

        Raises StateError where it is damaged.
        """
        value = self._get(stream, RESUME)
        if value is None:
            return None
        try:
            resume = msgspec.convert(value, StartPosition)
            dates = [resume.sync_start or "", resume.since, resume.newest]
            sound = all(parse_instant(date) for date in dates if date is not None)
        except msgspec.ValidationError:
            sound = False
        if not sound:
            raise StateError(
                f"The state's resume point of {stream} is damaged. Remove it from the state file "
                f'("bookmarks", "{stream}", "resume"); {stream} is then read from its bookmark.'
            )
        return resume

    def to_retry(self, stream: str) -> list[int]:
        """The ids of the records, or of the parents, that the last run could not read.

        Raises StateError where they are damaged.
        """
        value = self._get(stream, RETRY)
        try:
            return msgspec.convert([] if value is None else value, ToRetry)
        except msgspec.ValidationError as error:
            raise StateError(
                f'The state\'s "retry" of {stream} is damaged: it should be a list of at most '
                f"{MOST_TO_RETRY} ids. Remove it from the state file, and remove the bookmark of "
                f"{stream} as well, for what it named has not been read."
            ) from error

    def retry(self, stream: str, ids: Iterable[int]) -> None:
        """The next run of the stream reads the records with these `ids` first."""
        self._set(stream, RETRY, sorted(ids))

    def interrupt(self, stream: str, resume: StartPosition | None) -> None:
        """A walk of the stream is under way, as far as `resume` says; None: it begins anew."""
        self._set(stream, RESUME, msgspec.to_builtins(resume))

    def complete(self, stream: str, key: str | None, bookmark: str | None) -> None:
        """A walk of the stream is complete, and its bookmark `bookmark` (None: as it was)."""
        self._set(stream, RESUME, None)
        if key is not None and bookmark is not None:
            self._set(stream, key, bookmark)

    def forget(self, stream: str, key: str | None) -> None:
        """Read the stream as if it had never been read: no bookmark, and no walk to go on with."""
        for name in (RESUME, key):
            if name is not None:
                self._set(stream, name, None)

    def begin(self, stream: str | None) -> None:
        """`stream` is being read now; None: the run is over."""
        if stream is None:
            self._value.pop("currently_syncing", None)
        else:
            self._value["currently_syncing"] = stream

    def in_order(self, streams: Iterable[str]) -> list[str]:
        """`streams` with the one that a run was stopped in first, then those behind it."""
        names = list(streams)
        current = self._value.get("currently_syncing")
        begin = names.index(current) if current in names else 0
        return names[begin:] + names[:begin]

    def deletes(self, stream: str) -> Mapping[str, Any]:
        """What the state says of the stream's deletions, as it was given; nothing: {}.

        Raises StateError where it is damaged.
        """
        entry = self._get(stream, DELETES)
        if not isinstance(entry, (Mapping, type(None))):
            raise StateError(
                f'The state\'s "deletes" of {stream} is damaged. Remove it from the state file; '
                f"{stream} is then read from its start."
            )
        return entry or {}

    def keep(self, stream: str, entry: Callable[[], Mapping[str, Any]]) -> None:
        """Ask `entry` with each state what it says of the stream, by name (empty: nothing)."""
        self._makers[stream] = entry

    @property
    def names_files(self) -> bool:
        """Sets of ids lie in files, of which a new one may be written for each state."""
        return any("file" in self.deletes(stream) for stream in self._makers)

    def value(self) -> Mapping[str, Any]:
        """The state as it goes out, until it changes."""
        for stream, make in self._makers.items():
            for name, value in make().items():
                self._set(stream, name, value)
        return self._value

    def _get(self, stream: str, name: str) -> Any:
        return self._bookmarks.get(stream, {}).get(name)

    def _set(self, stream: str, name: str, value: Any) -> None:
        """Say this of the stream; what is nothing or empty is left out."""
        entry = self._bookmarks.setdefault(stream, {})
        entry[name] = value
        if not value:
            del entry[name]
        if not entry:
            del self._bookmarks[stream]


def read_state(name: str | None) -> Any:
    """The JSON value in the state file `name`; None where the file is empty, or none is named.

    Raises StateError when it cannot be read.
    """
    return read_input_file("state", name, StateError) if name else None
