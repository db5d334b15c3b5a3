"""States of stores, in a folder or a database table, and their locks."""

import contextlib
import fcntl
import functools
import json
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sql

from tap_bigcommerce_dagster.errors import (
    FleetError,
    LockLost,
    StorageUnavailable,
    StoreBusy,
    parse_json,
    read_bytes,
    valid_name,
)
from tap_bigcommerce_dagster.secrets import Secrets

LOGGER = logging.getLogger(__name__)

MAX_STATE_BYTES = 64_000_000  # With deletions, a state holds the ids of all rows.
QUERY_SIZE = 500  # Stores per query: some databases have a low limit of parameters.
TERM = 120.0  # Seconds until a lock expires that is not renewed. Clocks may differ by less.


@dataclass(frozen=True)
class SavedState:
    """A state that a target has acknowledged: `value` is for the tap's --state. Dates are UTC.

    `completed_at` is when all streams of the store were last read completely (None: never),
    `streams_completed_at` when single ones were after that.
    """

    value: dict[str, Any]
    saved_at: datetime
    completed_at: datetime | None
    streams_completed_at: Mapping[str, datetime] = field(default_factory=dict)

    def text(self) -> str:
        """The state as a STATE message, which the tap accepts as a state file."""
        return json.dumps({"type": "STATE", **vars(self)}, default=datetime.isoformat)

    @staticmethod
    def from_text(text: str | bytes, where: str) -> "SavedState | FleetError":
        """Parse what `text` returned, or a plain state. An error's message begins with `where`."""
        try:
            message = parse_json(text)
            value = message["value"] if message.get("type") == "STATE" else message
            if not isinstance(value, dict):
                raise TypeError
            saved_at = _utc(message.get("saved_at")) or datetime.now(timezone.utc)
            streams = (message.get("streams_completed_at") or {}).items()
            completed = {stream: at for stream, date in streams if (at := _utc(date))}
            return SavedState(value, saved_at, _utc(message.get("completed_at")), completed)
        except (ValueError, TypeError, KeyError, AttributeError):
            return FleetError(
                f"{where} is not a state. Replace it with a state, or remove it to read the store "
                "from the start."
            )


Found = SavedState | FleetError | None  # A store's state, an error if it is invalid, or nothing.


def _utc(text: str | None) -> datetime | None:
    """Parse a date in ISO 8601, if there is one. Without a time zone it is UTC."""
    if not text:
        return None
    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)


class StateLock(Protocol):
    """The lock on one store's state, while it is held."""

    inherited: tuple[int, ...] = ()  # File descriptors that hold it: for the tap and the target.

    def save(self, saved: SavedState) -> None:
        """Save the state atomically. Raises LockLost if another run has the lock."""

    def check(self) -> None:
        """Raises LockLost if the lock is lost. By default, it cannot be lost."""
        return


class StateStore(Protocol):
    """A storage for the states of all stores."""

    def read(self, store: str) -> SavedState | None:
        """The state of a store; None if there is none. Raises FleetError if it is invalid."""
        found = self.read_all([valid_name(store)])[store]
        if isinstance(found, FleetError):
            raise found
        return found

    def read_all(self, stores: Iterable[str]) -> dict[str, Found]:
        """The states of the stores; an error for each that is invalid."""

    def lock(self, store: str) -> contextlib.AbstractContextManager[StateLock]:
        """Hold the store's lock for a block. Raises StoreBusy, without waiting, if it is taken."""


class FolderStates(StateStore):
    """`FolderStates("states")` keeps `states/shoes.json` for the store `shoes`.

    The operating system releases the lock once all processes that hold it have ended.
    """

    def __init__(self, folder: str | Path) -> None:
        if "://" in str(folder):
            raise FleetError(
                "States at a URL need SqlStates(...), for a database. Buckets are not supported."
            )
        self._folder = Path(folder)

    def read_all(self, stores: Iterable[str]) -> dict[str, Found]:
        """The states of the stores; an error for each that is invalid."""
        found = dict[str, Found]()
        for store in stores:
            path = self._path(store)
            try:
                content = read_bytes(path, "The state file", MAX_STATE_BYTES)
                found[store] = SavedState.from_text(content, f"The state file {path}")
            except FleetError as error:
                found[store] = error if os.path.lexists(path) else None
        return found

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[StateLock]:
        """Hold the store's lock for a block. Raises StoreBusy if it is taken."""
        path = self._path(store)
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "ab", opener=_open_private) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusy(store) from None
            yield _FileLock(path, file.fileno())

    def _path(self, store: str) -> Path:
        return self._folder / f"{valid_name(store)}.json"


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _FileLock(StateLock):
    """A lock of the operating system, which cannot be lost."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.inherited = (descriptor,)

    def save(self, saved: SavedState) -> None:
        """Write a new file, then replace the old one with it."""
        # Nobody else writes it, as this run has the lock; one of a killed run is overwritten.
        new = self._path.with_name(f".{self._path.name}.new")
        try:
            with open(new, "w", encoding="utf-8", opener=_open_private) as file:
                file.write(saved.text())
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self._path)
        finally:
            new.unlink(missing_ok=True)


class SqlStates(StateStore):
    """`SqlStates("postgresql://...")` keeps a row per store in the table `bigcommerce_states`.

    A lock that is not renewed expires after `term` seconds; `options` are those of SQLAlchemy's
    create_engine. Raises FleetError if SQLAlchemy cannot use the URL.
    """

    def __init__(
        self, url: str, *, table: str = "bigcommerce_states", term: float = TERM, **options: Any
    ) -> None:
        self._term = term
        self._secrets = Secrets({"url": url, **options})
        try:
            self._engine = sql.create_engine(url, **{"pool_pre_ping": True, **options})
        except (sql.exc.SQLAlchemyError, ImportError) as error:
            message = f"The database for states cannot be opened: {error}"
            raise FleetError(self._secrets.redact(message)) from None
        self._named = sql.Table(
            table,
            sql.MetaData(),
            sql.Column("store", sql.String(100), primary_key=True),
            sql.Column("state", sql.Text),
            # The number of times that the lock was taken. A run that held it before notices.
            sql.Column("version", sql.Integer, nullable=False, server_default="0"),
            sql.Column("locked_until", sql.Float(53)),
        )

    def read_all(self, stores: Iterable[str]) -> dict[str, Found]:
        """The states of the stores; an error for each that is invalid."""
        names, table = list(stores), self._table
        found: dict[str, Found] = dict.fromkeys(names)
        for first in range(0, len(names), QUERY_SIZE):
            wanted = table.c.store.in_(names[first : first + QUERY_SIZE])
            for row in self._rows(wanted, table.c.state.is_not(None)):
                where = f"The state in the table {table.name}, store {row.store},"
                found[row.store] = SavedState.from_text(row.state, where)
        return found

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[StateLock]:
        """Hold the store's lock, two columns of its row. Raises StoreBusy if it is taken."""
        held = _RowLock(self, store, self._take(valid_name(store)), self._term)
        renewing = threading.Thread(target=held.renew, daemon=True)
        renewing.start()
        try:
            yield held
        finally:
            held.over.set()
            renewing.join()
            # If the database cannot be reached, the lock expires.
            with contextlib.suppress(StorageUnavailable):
                held.update(locked_until=None)

    def update(self, store: str, seen: int, *conditions: Any, **values: Any) -> bool:
        """Update the row, in one statement, and only if nobody has taken the lock since `seen`."""
        table = self._table
        row = table.update().where(table.c.store == store, table.c.version == seen, *conditions)
        with self._transaction() as connection:
            return bool(connection.execute(row.values(values)).rowcount == 1)

    def _take(self, store: str) -> int:
        """Take the lock. Returns the row's new version. Raises StoreBusy if the lock is taken."""
        table = self._table
        if not self._rows(table.c.store == store):
            # Another run may insert it at the same time.
            with contextlib.suppress(sql.exc.IntegrityError), self._transaction() as connection:
                connection.execute(table.insert().values(store=store))
        seen: int = self._rows(table.c.store == store)[0].version
        now = time.time()
        free = sql.or_(table.c.locked_until.is_(None), table.c.locked_until < now)
        if not self.update(store, seen, free, version=seen + 1, locked_until=now + self._term):
            raise StoreBusy(store)
        return seen + 1

    def _rows(self, *conditions: Any) -> list[Any]:
        with self._transaction() as connection:
            return list(connection.execute(self._table.select().where(*conditions)))

    @functools.cached_property
    def _table(self) -> Any:
        """The table, which is created or upgraded if necessary."""
        try:
            self._create_table()
        except (StorageUnavailable, sql.exc.IntegrityError):
            self._create_table()  # Another run may have created it at the same time.
        return self._named

    def _create_table(self) -> None:
        with self._transaction() as connection:
            self._named.create(connection, checkfirst=True)
            columns = sql.inspect(connection).get_columns(self._named.name)
            if "version" not in {column["name"] for column in columns}:
                # An earlier release, which had another kind of lock, has created the table.
                name = connection.dialect.identifier_preparer.quote(self._named.name)
                statement = f"ALTER TABLE {name} ADD COLUMN version INTEGER DEFAULT 0 NOT NULL"
                connection.execute(sql.text(statement))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A connection in a transaction. Raises StorageUnavailable if that fails."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sql.exc.IntegrityError:
            raise  # The database works; a row with this key exists.
        except sql.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            message = self._secrets.redact(f"The database for states cannot be used: {reason}")
            raise StorageUnavailable(message, worth_retrying=True) from None


class _RowLock(StateLock):
    """A lock on a row of a table. `renew` runs in a thread, until `over` is set."""

    def __init__(self, states: SqlStates, store: str, version: int, term: float) -> None:
        self.update = functools.partial(states.update, store, version)
        self.over = threading.Event()
        self._store = store
        self._term = term
        self._until = time.monotonic() + term

    def save(self, saved: SavedState) -> None:
        """Write the state, unless another run has taken the lock."""
        self.check()
        if not self.update(state=saved.text()):
            self._until = 0.0
            self.check()

    def check(self) -> None:
        """Raises LockLost if another run has the lock, or it has expired."""
        if time.monotonic() > self._until:
            raise LockLost(
                f"The lock on the state of {self._store} was lost: it could not be renewed in "
                "time, or another run has taken it. This run stops reading the store.",
                worth_retrying=True,
            )

    def renew(self) -> None:
        """Renew the lock before it expires, until another run has taken it."""
        ours = True
        while ours and not self.over.wait(self._term / 3):
            began, until = time.monotonic(), time.time() + self._term
            try:
                ours = self.update(locked_until=until)
                self._until = began + self._term if ours else 0.0
            except StorageUnavailable as error:
                LOGGER.warning("Renewing a lock failed; retrying. %s", error.message)
