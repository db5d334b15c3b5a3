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
from dataclasses import dataclass
from typing import Any

import singer.state

from tap_bigcommerce.config import may_be_secret
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.files import Unusable, read_json

RESUME = "resume"
DELETES = "deletes"
RETRY = "retry"

MOST_TO_RETRY = 100
"""Records of a stream that a state remembers because they could not be read, at the most."""


@dataclass(frozen=True)
class Resume:
    """Where an unfinished walk goes on. Dates are texts as `format_instant` writes them.

    Rows up to `after_id`, or before `cursor`, have been written; the walk reads what was modified
    from `since` on (None: everything), began at `sync_start`, and the newest date it has written
    is `newest`. `walk` is the fingerprint of what the walk depends on. `version` is that of the
    table which the walk makes, where the stream has versions.
    """

    after_id: int
    since: str | None
    sync_start: str
    newest: str | None
    walk: str
    cursor: str | None = None
    version: int | None = None


class State:
    """The state of one store's extraction."""

    def __init__(self, given: Any, store_hash: str) -> None:
        """Take over the state `given` (a JSON value; None: no state).

        Raises StateError when it belongs to another store or is no state.
        """
        self._value = _checked(given, store_hash)
        self._value["store_hash"] = store_hash
        self._resumes = {
            stream: copy.deepcopy(entry[RESUME])
            for stream, entry in self._value["bookmarks"].items()
            if RESUME in entry
        }
        self._kept: dict[str, tuple[Callable[[], Mapping[str, Any]], Callable[[], int]]] = {}

    def bookmark(self, stream: str, key: str) -> str | None:
        """The date up to which the stream has been read.

        Takes ISO 8601 and RFC 2822, as older taps write them. Raises StateError for anything else.
        """
        value = singer.state.get_bookmark(self._value, stream, key)
        if value in (None, ""):
            return None
        instant = parse_instant(value) if isinstance(value, str) else None
        if instant is None:
            raise StateError(
                f"The state's bookmark of {stream} is {quoted(value)}, which is not a date. "
                f"Correct it in the state file, or remove it to read {stream} from the start."
            )
        return format_instant(instant)

    def resume(self, stream: str) -> Resume | None:
        """Where an unfinished walk of the stream goes on; None where there is none to go on with.

        Raises StateError where it is damaged.
        """
        value = singer.state.get_bookmark(self._value, stream, RESUME)
        if value is None:
            return None
        try:
            resume = Resume(**value)
            sound = (
                type(resume.after_id) is int
                and isinstance(resume.cursor, (str, type(None)))
                and (resume.version is None or type(resume.version) is int)
                and parse_instant(resume.sync_start) is not None
                and all(
                    date is None or parse_instant(date) is not None
                    for date in (resume.since, resume.newest)
                )
            )
        except TypeError:
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
        value = singer.state.get_bookmark(self._value, stream, RETRY)
        if value is None:
            return []
        if (
            not isinstance(value, list)
            or len(value) > MOST_TO_RETRY
            or not all(type(id_) is int for id_ in value)
        ):
            raise StateError(
                f'The state\'s "retry" of {stream} is damaged: it should be a list of at most '
                f"{MOST_TO_RETRY} ids. Remove it from the state file, and remove the bookmark of "
                f"{stream} as well, for what it named has not been read."
            )
        return list(dict.fromkeys(value))

    def retry(self, stream: str, ids: Iterable[int]) -> None:
        """The next run of the stream reads the records with these `ids` first."""
        listed = sorted(ids)
        if listed:
            singer.state.set_bookmark(self._value, stream, RETRY, listed)
        elif stream in self._value["bookmarks"]:
            self._value["bookmarks"][stream].pop(RETRY, None)

    def interrupt(self, stream: str, resume: Resume) -> None:
        """A walk of the stream is under way, as far as `resume` says."""
        # Not `asdict`, which copies deeply: this is done with every part of a page.
        value = dict(vars(resume))
        for name in ("cursor", "version"):
            if value[name] is None:
                del value[name]
        singer.state.set_bookmark(self._value, stream, RESUME, value)

    def rewind(self, stream: str) -> None:
        """The stream's resume point as it was given: this run may have left out rows before its
        own."""
        singer.state.clear_bookmark(self._value, stream, RESUME)
        if stream in self._resumes:
            singer.state.set_bookmark(self._value, stream, RESUME, self._resumes[stream])
        elif not self._value["bookmarks"][stream]:
            del self._value["bookmarks"][stream]

    def complete(self, stream: str, key: str | None, bookmark: str | None) -> None:
        """A walk of the stream is complete, and its bookmark `bookmark` (None: as it was)."""
        singer.state.clear_bookmark(self._value, stream, RESUME)
        if key is not None and bookmark is not None:
            singer.state.set_bookmark(self._value, stream, key, bookmark)
        if not self._value["bookmarks"].get(stream):
            self._value["bookmarks"].pop(stream, None)

    def forget(self, stream: str, key: str | None) -> None:
        """Read the stream as if it had never been read: no bookmark, and no walk to go on with."""
        for name in (RESUME, key):
            if name is not None:
                singer.state.clear_bookmark(self._value, stream, name)

    def begin(self, stream: str | None) -> None:
        """`stream` is being read now; None: the run is over."""
        if stream is None:
            self._value.pop("currently_syncing", None)
        else:
            singer.state.set_currently_syncing(self._value, stream)

    def in_order(self, streams: Iterable[str]) -> list[str]:
        """`streams` with the one that a run was stopped in first, then those behind it."""
        names = list(streams)
        current = singer.state.get_currently_syncing(self._value)
        begin = names.index(current) if current in names else 0
        return names[begin:] + names[:begin]

    def deletes(self, stream: str) -> Mapping[str, Any]:
        """What the state says of the stream's deletions, as it was given; nothing: {}.

        Raises StateError where it is damaged.
        """
        entry = singer.state.get_bookmark(self._value, stream, DELETES)
        if not isinstance(entry, (Mapping, type(None))):
            raise StateError(
                f'The state\'s "deletes" of {stream} is damaged. Remove it from the state file; '
                f"{stream} is then read from its start."
            )
        return entry or {}

    def keep(
        self,
        stream: str,
        entry: Callable[[], Mapping[str, Any]],
        beside: Callable[[], int],
    ) -> None:
        """Ask `entry` from now on what to say of the stream's deletions (nothing: {}).

        `beside` tells how many bytes `entry` would write elsewhere.
        """
        self._kept[stream] = entry, beside

    @property
    def beside(self) -> int:
        """How many bytes would be written elsewhere for the state as it is now."""
        return sum(beside() for _, beside in self._kept.values())

    def value(self) -> dict[str, Any]:
        """The state as it goes out."""
        value = copy.deepcopy(self._value)
        for stream, (make, _) in self._kept.items():
            entry = make()
            if entry:
                singer.state.set_bookmark(value, stream, DELETES, dict(entry))
            elif stream in value["bookmarks"]:
                value["bookmarks"][stream].pop(DELETES, None)
                if not value["bookmarks"][stream]:
                    del value["bookmarks"][stream]
        return value


def read_state(name: str) -> Any:
    """The JSON value in the state file `name`; None where the file is empty.

    Raises StateError when it cannot be read.
    """
    try:
        return read_json(name)
    except Unusable as error:
        raise StateError(f"The state file {name} cannot be read: {error}.") from error


def _checked(given: Any, store_hash: str) -> dict[str, Any]:
    if given is None:
        given = {}
    if isinstance(given, dict) and given.get("type") == "STATE" and "value" in given:
        given = given["value"]  # A whole STATE message, as some targets hand them on.
    if not isinstance(given, dict):
        raise StateError('The state should be a JSON object such as {"bookmarks": {...}}.')
    state = copy.deepcopy(given)
    other = state.get("store_hash")
    if other not in (None, store_hash):
        name = "another store" if may_be_secret(other) else f"the store {quoted(other)}"
        raise StateError(
            f"The state belongs to {name}, but the settings name {store_hash!r}. Use the state of "
            "this store, or none to read it from the start."
        )
    bookmarks = state.setdefault("bookmarks", {})
    if not isinstance(bookmarks, Mapping) or not all(
        entry is None or isinstance(entry, Mapping) for entry in bookmarks.values()
    ):
        raise StateError('The state\'s "bookmarks" should hold one JSON object for each stream.')
    state["bookmarks"] = {stream: entry for stream, entry in bookmarks.items() if entry is not None}
    return state
