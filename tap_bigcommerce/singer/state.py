"""The Singer state: bookmarks, resume points and currently_syncing.

An example of the value of a STATE message:

{"store_hash": "abc123",
 "bookmarks": {"orders": {"date_modified": "2026-01-05T10:00:00.000000Z",
                          "resume": {"after_id": 8120, "since": "...", "sync_start": "...",
                                     "newest": "...", "walk": "1f0c..."},
                          "retry": [8075]}},
 "currently_syncing": "orders"}
"""

import copy
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tap_bigcommerce.config import may_be_secret
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.files import read_input_file
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

RESUME = "resume"
DELETES = "deletes"
RETRY = "retry"

MAX_TO_RETRY = 100
"""Maximum number of ids that `retry` holds for one stream."""


ToRetry = Annotated[list[int], Meta(max_length=MAX_TO_RETRY)]


class StartPosition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a pass over a stream's list starts. In the state (`resume`): where it resumes.

    Dates are texts as `format_instant` writes them.

    Attributes:
        after_id: All rows up to this id have been written; 0 at the start of the list.
        since: Rows modified at this date or later are read; None: all rows.
        sync_start: When the pass started, by the store's clock; None: it has not started.
        newest: The latest replication key value that has been written; None: no value.
        walk: Fingerprint of the settings, the selection and the bookmark. A pass is resumed only if
            it is equal. (States have this older name for a pass.)
        cursor: For lists that are read by cursor: all rows before it have been written.
        version: The version that RECORD messages carry; None if the stream has no versions.
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
        """The id or the cursor after which the pass starts; None: at the start of the list."""
        return self.cursor or self.after_id or None


def _unwrapped(given: Any) -> Any:
    """The state itself, where it is in a wrapper in which a target or Meltano stores it."""
    if not isinstance(given, dict):
        return given
    if given.get("type") == "STATE" and "value" in given:
        wrapper, inner = "a STATE message", given["value"]
    elif "singer_state" in given:
        wrapper, inner = '{"singer_state": ...}', given["singer_state"]
    elif given and given.keys() <= {"completed", "partial"}:
        # Meltano's own form. The runs in `partial` came after the one in `completed`.
        wrapper = '{"completed": ..., "partial": ...}'
        inner = _merged(given.get("completed") or {}, given.get("partial") or {})
    else:
        return given
    LOGGER.info("The state is the one in %s.", wrapper)
    return _unwrapped(inner)


def _merged(old: Any, new: Any) -> Any:
    """`new`; where both are objects, the members of both, as Meltano merges them."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new or old
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}


class State:
    """The state of one store: read at the start of a run, updated during it."""

    def __init__(self, given: Any, store_hash: str) -> None:
        """Copy the state `given` (a JSON value; None: no state).

        Raises StateError if it belongs to another store or is not a state.
        """
        given = _unwrapped(given)
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
        if self._value and not {"bookmarks", "store_hash"} & self._value.keys():
            raise StateError(
                'The state has no "bookmarks", so it is none of this tap. Use the state that the '
                "last run wrote, or none to read everything."
            )
        self._value["store_hash"] = store_hash
        bookmarks = self._value.get("bookmarks", {})
        if not isinstance(bookmarks, dict) or not all(
            isinstance(entry, (dict, type(None))) for entry in bookmarks.values()
        ):
            raise StateError(
                'The state\'s "bookmarks" should hold one JSON object for each stream.'
            )
        self._bookmarks = {n: entry for n, entry in bookmarks.items() if entry is not None}
        self._value["bookmarks"] = self._bookmarks
        self._providers: dict[str, Callable[[], Mapping[str, Any]]] = {}

    def streams(self) -> set[str]:
        """The names of the streams that have an entry."""
        return set(self._bookmarks)

    def is_known(self, stream: str, key: str) -> bool:
        """Whether the stream's entry is empty or has anything that this tap reads."""
        entry = self._bookmarks[stream]
        return not entry or not entry.keys().isdisjoint({key, RESUME, RETRY, DELETES})

    def bookmark(self, stream: str, key: str) -> str | None:
        """Return the stream's bookmark as `format_instant` writes it; None if there is none.

        `key` is the replication key. ISO 8601 and RFC 2822 are read, because older taps wrote
        both. Warns of one in the future. Raises StateError if the value is not a date.
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
        text = format_instant(instant)
        if instant > datetime.now(timezone.utc):
            LOGGER.warning(
                "%s: the bookmark %s is in the future, so nothing new is read until then. To read "
                "everything again, use --full-refresh %s.",
                *(stream, text, stream),
            )
        return text

    def resume(self, stream: str) -> StartPosition | None:
        """Return where an unfinished pass of the stream resumes; None if there is none.

        Raises StateError if the resume point is damaged.
        """
        value = self._get(stream, RESUME)
        if value is None:
            return None
        try:
            resume = msgspec.convert(value, StartPosition)
            dates = [resume.sync_start or "", resume.since, resume.newest]
            is_valid = all(parse_instant(date) for date in dates if date is not None)
        except msgspec.ValidationError:
            is_valid = False
        if not is_valid:
            raise StateError(
                f"The state's resume point of {stream} is damaged. Remove it from the state file "
                f'("bookmarks", "{stream}", "resume"); {stream} is then read from its bookmark.'
            )
        return resume

    def to_retry(self, stream: str) -> list[int]:
        """Return the ids of the records, or of the parents, that earlier runs could not read.

        Raises StateError if the list of ids is damaged.
        """
        value = self._get(stream, RETRY)
        try:
            return msgspec.convert([] if value is None else value, ToRetry)
        except msgspec.ValidationError as error:
            raise StateError(
                f'The state\'s "retry" of {stream} is damaged: it should be a list of at most '
                f"{MAX_TO_RETRY} ids. Remove it from the state file, and remove the bookmark of "
                f"{stream} as well, because the records it listed have not been read."
            ) from error

    def set_to_retry(self, stream: str, ids: Iterable[int]) -> None:
        """Set the ids that the next run of the stream reads first."""
        self._set(stream, RETRY, sorted(ids))

    def set_resume(self, stream: str, resume: StartPosition | None) -> None:
        """Set where an interrupted pass of the stream resumes; None: it starts again."""
        self._set(stream, RESUME, msgspec.to_builtins(resume))

    def complete(self, stream: str, key: str | None, bookmark: str | None) -> None:
        """Remove the resume point and set the bookmark (None: leave it unchanged)."""
        self._set(stream, RESUME, None)
        if key is not None and bookmark is not None:
            self._set(stream, key, bookmark)

    def reset(self, stream: str, key: str | None) -> None:
        """Remove the stream's resume point, and its bookmark if its replication `key` is given."""
        for name in (RESUME, key):
            if name is not None:
                self._set(stream, name, None)

    def set_currently_syncing(self, stream: str | None) -> None:
        """Set the stream that is being read now; None: no stream is."""
        if stream is None:
            self._value.pop("currently_syncing", None)
        else:
            self._value["currently_syncing"] = stream

    def in_order(self, streams: Iterable[str]) -> list[str]:
        """Return `streams`, rotated so that the one in `currently_syncing` comes first."""
        names = list(streams)
        current = self._value.get("currently_syncing")
        first = names.index(current) if current in names else 0
        return names[first:] + names[:first]

    def deletes(self, stream: str) -> Mapping[str, Any]:
        """Return the stream's `deletes` entry; {} if there is none.

        Raises StateError if the entry is damaged.
        """
        entry = self._get(stream, DELETES)
        if not isinstance(entry, (Mapping, type(None))):
            raise StateError(
                f'The state\'s "deletes" of {stream} is damaged. Remove it from the state file; '
                f"{stream} is then read from its start."
            )
        return entry or {}

    def add_provider(self, stream: str, provider: Callable[[], Mapping[str, Any]]) -> None:
        """Call `provider` before each STATE for entries of the stream.

        It returns values by key ("deletes"). An empty value removes the key.
        """
        self._providers[stream] = provider

    @property
    def uses_files(self) -> bool:
        """Whether sets of ids are stored in files; each STATE may then write a new file."""
        return any("file" in self.deletes(stream) for stream in self._providers)

    def value(self) -> Mapping[str, Any]:
        """Return the value of a STATE message. Later changes of the state change it, too."""
        for stream, provider in self._providers.items():
            for name, value in provider().items():
                self._set(stream, name, value)
        return self._value

    def _get(self, stream: str, name: str) -> Any:
        return self._bookmarks.get(stream, {}).get(name)

    def _set(self, stream: str, name: str, value: Any) -> None:
        """Set a value of the stream, or remove it if it is empty."""
        entry = self._bookmarks.setdefault(stream, {})
        entry[name] = value
        if not value:
            del entry[name]
        if not entry:
            del self._bookmarks[stream]


def read_state(name: str | None) -> Any:
    """Return the JSON value in the state file `name`; None if the file is empty or `name` is None.

    Raises StateError if the file cannot be read.
    """
    return read_input_file("state", name, StateError) if name else None
