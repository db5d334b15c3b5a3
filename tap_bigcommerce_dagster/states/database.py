"""State storage in a database table, through SQLAlchemy."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError, LockLost, StorageUnavailable
from tap_bigcommerce_dagster.names import valid_name
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states.state import SavedState, StateLock, store_busy

LOGGER = logging.getLogger(__name__)

QUERY_SIZE = 500
"""Stores per query: some databases have a low limit of parameters."""

TERM = 120.0
"""Seconds until a lock expires if it is not renewed. Clocks may differ by less than this."""


class SqlStates:
    """`SqlStates("postgresql://...")` keeps a row per store in the table `bigcommerce_states`.

    The table is created if it does not exist. `term` is the number of seconds until a lock expires
    if it is not renewed. `options` are passed to SQLAlchemy's create_engine.
    """

    def __init__(
        self, url: str, *, table: str = "bigcommerce_states", term: float = TERM, **options: Any
    ) -> None:
        self._url = url
        self._name = table
        self._term = term
        self._options = options
        self._secrets = Secrets({"url": url}, options)

    def read(self, store: str) -> SavedState | None:
        """The state of a store; None if there is none. Raises FleetError if it is invalid."""
        found = self._read([valid_name(store)]).get(store)
        if isinstance(found, FleetError):
            raise found
        return found

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[StateLock]:
        """Hold the store's lock, two columns of its row, for a block.

        Raises StoreBusy if it is taken.
        """
        version = self._take(valid_name(store))
        if version is None:
            raise store_busy(store)
        with _RowLock(self, store, version, self._term) as held:
            yield held

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""
        names, found = list(stores), dict[str, SavedState | FleetError]()
        for first in range(0, len(names), QUERY_SIZE):
            found.update(self._read(names[first : first + QUERY_SIZE]))
        return {name: found.get(name) for name in names}

    def update(self, store: str, seen: int, *conditions: Any, **values: Any) -> bool:
        """Update the row if its version is still `seen`, so nobody has taken the lock since.

        It is a single statement, hence atomic. Returns whether the row was updated.
        """
        _, table = self._opened
        row = table.update().where(table.c.store == store, table.c.version == seen, *conditions)
        with self._transaction() as connection:
            return bool(connection.execute(row.values(values)).rowcount == 1)

    def _take(self, store: str) -> int | None:
        """Take the lock. Returns the row's new version, or None if the lock is taken."""
        import sqlalchemy as sql

        _, table = self._opened
        with self._transaction() as connection:
            row = connection.execute(table.select().where(table.c.store == store)).first()
        until = time.time() + self._term
        if row is None:
            first = {"store": store, "version": 1, "locked_until": until}
            try:
                with self._transaction() as connection:
                    connection.execute(table.insert().values(first))
            except sql.exc.IntegrityError:
                return None  # Another run has just inserted the row, and holds the lock.
            return 1
        free = sql.or_(table.c.locked_until.is_(None), table.c.locked_until < time.time())
        version = row.version + 1
        taken = self.update(store, row.version, free, version=version, locked_until=until)
        return version if taken else None

    def _read(self, stores: list[str]) -> dict[str, SavedState | FleetError]:
        _, table = self._opened
        query = table.select().where(table.c.store.in_(stores), table.c.state.is_not(None))
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        found: dict[str, SavedState | FleetError] = {}
        for row in rows:
            where = f"The state in the table {self._name}, store {row.store},"
            try:
                found[row.store] = SavedState.from_text(row.state, where)
            except FleetError as error:
                found[row.store] = error
        return found

    @functools.cached_property
    def _opened(self) -> tuple[Any, Any]:
        import sqlalchemy as sql  # Imported only where needed: it slows down the start.

        table = sql.Table(
            self._name,
            sql.MetaData(),
            sql.Column("store", sql.String(100), primary_key=True),
            sql.Column("state", sql.Text),
            # The number of times that the lock was taken. A run that held it before notices.
            sql.Column("version", sql.Integer, nullable=False, server_default="0"),
            sql.Column("locked_until", sql.Float(53)),
        )
        try:
            engine = sql.create_engine(self._url, **{"pool_pre_ping": True, **self._options})
        except (sql.exc.SQLAlchemyError, ImportError) as error:
            message = f"The database for states cannot be opened: {error}"
            raise FleetError(self._secrets.redact(message)) from None
        try:
            with self._transaction(engine) as connection:
                table.create(connection, checkfirst=True)
        except (StorageUnavailable, sql.exc.IntegrityError):
            # Another run may have created it in the meantime.
            with self._transaction(engine) as connection:
                if not sql.inspect(connection).has_table(self._name):
                    raise
        with self._transaction(engine) as connection:
            columns = sql.inspect(connection).get_columns(self._name)
            if "version" not in {column["name"] for column in columns}:
                # An earlier release, which had another kind of lock, has created the table.
                name = engine.dialect.identifier_preparer.quote(self._name)
                statement = f"ALTER TABLE {name} ADD COLUMN version INTEGER DEFAULT 0 NOT NULL"
                connection.execute(sql.text(statement))
        return engine, table

    @contextlib.contextmanager
    def _transaction(self, engine: Any = None) -> Iterator[Any]:
        """A connection in a transaction. Raises StorageUnavailable if that fails."""
        import sqlalchemy as sql

        try:
            with (engine or self._opened[0]).begin() as connection:
                yield connection
        except sql.exc.IntegrityError:
            raise  # The database works; a row with this key exists.
        except sql.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            message = f"The database for states cannot be used: {reason}"
            raise StorageUnavailable(self._secrets.redact(message)) from None


class _RowLock:
    """A store's lock while it is held. A thread renews it, so that it does not expire."""

    inherited: tuple[int, ...] = ()

    def __init__(self, states: SqlStates, store: str, version: int, term: float) -> None:
        self._states = states
        self._store = store
        self._version = version
        self._term = term
        self._over = threading.Event()
        self._until = time.monotonic() + term
        self._thread = threading.Thread(
            target=self._renew, daemon=True, name=f"renew the lock on {store}"
        )

    def __enter__(self) -> _RowLock:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        # If the database cannot be reached, the lock expires.
        with contextlib.suppress(StorageUnavailable):
            self._states.update(self._store, self._version, locked_until=None)

    def save(self, saved: SavedState) -> None:
        """Write the state, unless another run has taken the lock."""
        self.check()
        if not self._states.update(self._store, self._version, state=saved.text()):
            raise self._lost()

    def check(self) -> None:
        """Raises LockLost if another run has the lock, or it has expired."""
        if time.monotonic() > self._until:
            raise self._lost()

    def _renew(self) -> None:
        while not self._over.wait(self._term / 3):
            began, until = time.monotonic(), time.time() + self._term
            try:
                ours = self._states.update(self._store, self._version, locked_until=until)
            except StorageUnavailable as error:
                LOGGER.warning(
                    "The lock on %s could not be renewed; retrying. %s", self._store, error.message
                )
                continue
            self._until = began + self._term if ours else began
            if not ours:
                return

    def _lost(self) -> LockLost:
        return LockLost(
            f"The lock on the state of {self._store} was lost: it could not be renewed in time, or "
            "another run has taken it. This run stops reading the store."
        )
