"""States of stores, in a folder or a database table, and their locks."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
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
# Seconds until a lock expires if it is not renewed. Clocks may differ by less than this.
TERM = 120.0


@dataclass(frozen=True)
class SavedState:
    """A state that a target has acknowledged.

    `value` is the state for the tap's --state. Dates are UTC; `completed_at` is when all streams
    of the store were last read completely (None: never), `streams_completed_at` when single ones
    were after that.
    """

    value: dict[str, Any]
    saved_at: datetime
    completed_at: datetime | None
    streams_completed_at: Mapping[str, datetime] = field(default_factory=dict)

    def completed(self, stream: str) -> datetime | None:
        """When the stream was last read completely; None: never."""
        return self.streams_completed_at.get(stream, self.completed_at)

    def text(self) -> str:
        """The state as a STATE message, which the tap accepts as a state file."""
        message = {"type": "STATE", **vars(self)}
        return json.dumps(message, default=datetime.isoformat)

    @staticmethod
    def from_text(text: str | bytes, where: str) -> SavedState:
        """Parse what `text` returned, or a plain state, such as one written before the fleet.

        Raises FleetError if the text is not a state; its message begins with `where`.
        """
        try:
            message = parse_json(text)
            value = message["value"] if message.get("type") == "STATE" else message
            saved_at, completed = message.get("saved_at"), message.get("completed_at")
            streams = message.get("streams_completed_at") or {}
            if not isinstance(value, dict):
                raise TypeError
            return SavedState(
                value,
                _utc(saved_at) if saved_at else datetime.now(timezone.utc),
                _utc(completed) if completed else None,
                {stream: _utc(at) for stream, at in streams.items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FleetError(
                f"{where} is not a state. Replace it with a state, or remove it to read the store "
                "from the start."
            ) from error


def _utc(text: str) -> datetime:
    """Parse a date in ISO 8601. Without a time zone it is UTC."""
    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)


class StateLock(Protocol):
    """The lock on one store's state, while it is held."""

    inherited: tuple[int, ...] = ()
    """File descriptors that the tap and the target inherit, so that they hold the lock, too."""

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

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""

    def lock(self, store: str) -> AbstractContextManager[StateLock]:
        """Hold the store's lock for a block. Raises StoreBusy, without waiting, if it is taken."""


def _store_busy(store: str) -> StoreBusy:
    return StoreBusy(
        f"Another run is reading {store}, so this run does not read it. Wait until the other run "
        "has ended."
    )


class FolderStates(StateStore):
    """`FolderStates("states")` keeps `states/shoes.json` for the store `shoes`.

    The lock is one of the operating system, which releases it once all processes that hold it
    have ended, in whatever way.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""
        found: dict[str, SavedState | FleetError | None] = {}
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
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _store_busy(store) from error
            yield _FileLock(path, descriptor)
        finally:
            os.close(descriptor)

    def _path(self, store: str) -> Path:
        return self._folder / f"{valid_name(store)}.json"


class _FileLock(StateLock):
    """A lock of the operating system, which cannot be lost."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.inherited = (descriptor,)

    def save(self, saved: SavedState) -> None:
        """Write a new file, then replace the old one with it."""
        folder, prefix = self._path.parent, f".{self._path.name}."
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=prefix, delete=False) as new:
            try:
                new.write(saved.text())
                new.flush()
                os.fsync(new.fileno())
                os.replace(new.name, self._path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(new.name)
                raise


class SqlStates(StateStore):
    """`SqlStates("postgresql://...")` keeps a row per store in the table `bigcommerce_states`.

    A lock that is not renewed expires after `term` seconds. `options` are passed to SQLAlchemy's
    create_engine. Raises FleetError if SQLAlchemy cannot use the URL.
    """

    def __init__(
        self, url: str, *, table: str = "bigcommerce_states", term: float = TERM, **options: Any
    ) -> None:
        self._term = term
        self._secrets = Secrets({"url": url}, options)
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

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""
        names, table = list(stores), self._table
        found: dict[str, SavedState | FleetError | None] = dict.fromkeys(names)
        for first in range(0, len(names), QUERY_SIZE):
            wanted = table.c.store.in_(names[first : first + QUERY_SIZE])
            for row in self._rows(wanted, table.c.state.is_not(None)):
                where = f"The state in the table {table.name}, store {row.store},"
                try:
                    found[row.store] = SavedState.from_text(row.state, where)
                except FleetError as error:
                    found[row.store] = error
        return found

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[StateLock]:
        """Hold the store's lock, two columns of its row, for a block.

        Raises StoreBusy if it is taken.
        """
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
        """Update the row if its version is still `seen`, so nobody has taken the lock since.

        It is a single statement, hence atomic. Returns whether the row was updated.
        """
        table = self._table
        row = table.update().where(table.c.store == store, table.c.version == seen, *conditions)
        with self._transaction() as connection:
            return bool(connection.execute(row.values(values)).rowcount == 1)

    def _take(self, store: str) -> int:
        """Take the lock. Returns the row's new version. Raises StoreBusy if the lock is taken."""
        table, until = self._table, time.time() + self._term
        rows = self._rows(table.c.store == store)
        if rows:
            version: int = rows[0].version + 1
            free = sql.or_(table.c.locked_until.is_(None), table.c.locked_until < time.time())
            if self.update(store, version - 1, free, version=version, locked_until=until):
                return version
            raise _store_busy(store)
        try:
            with self._transaction() as connection:
                row = {"store": store, "version": 1, "locked_until": until}
                connection.execute(table.insert().values(row))
        except sql.exc.IntegrityError:
            # Another run has just inserted the row, and holds the lock.
            raise _store_busy(store) from None
        return 1

    def _rows(self, *conditions: Any) -> list[Any]:
        with self._transaction() as connection:
            return list(connection.execute(self._table.select().where(*conditions)))

    @functools.cached_property
    def _table(self) -> Any:
        """The table, which is created or upgraded if necessary."""
        table = self._named
        try:
            with self._transaction() as connection:
                table.create(connection, checkfirst=True)
        except (StorageUnavailable, sql.exc.IntegrityError):
            # Another run may have created it in the meantime.
            with self._transaction() as connection:
                if not sql.inspect(connection).has_table(table.name):
                    raise
        with self._transaction() as connection:
            columns = sql.inspect(connection).get_columns(table.name)
            if "version" not in {column["name"] for column in columns}:
                # An earlier release, which had another kind of lock, has created the table.
                name = connection.dialect.identifier_preparer.quote(table.name)
                statement = f"ALTER TABLE {name} ADD COLUMN version INTEGER DEFAULT 0 NOT NULL"
                connection.execute(sql.text(statement))
        return table

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
            message = f"The database for states cannot be used: {reason}"
            raise StorageUnavailable(self._secrets.redact(message)) from None


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
                "time, or another run has taken it. This run stops reading the store."
            )

    def renew(self) -> None:
        """Renew the lock, so that it does not expire, until another run has taken it."""
        ours = True
        while ours and not self.over.wait(self._term / 3):
            began, until = time.monotonic(), time.time() + self._term
            try:
                ours = self.update(locked_until=until)
                self._until = began + self._term if ours else 0.0
            except StorageUnavailable as error:
                LOGGER.warning("Renewing a lock failed; retrying. %s", error.message)
