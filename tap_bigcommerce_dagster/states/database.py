"""States in a table of a database, through SQLAlchemy."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError, LockLost, StatesUnreachable
from tap_bigcommerce_dagster.names import checked
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states.state import Completed, Held, Saved, busy

LOGGER = logging.getLogger(__name__)

AT_ONCE = 500
"""Stores a query: some databases take few parameters."""

TERM = 120.0
"""Seconds that a lock lives without being renewed. Clocks may differ by a part of it only."""


class SqlStates:
    """`SqlStates("postgresql://...")` keeps a row a store in the table `bigcommerce_states`.

    `options` go to SQLAlchemy's create_engine. The table is made when it is not there.
    """

    def __init__(
        self, url: str, *, table: str = "bigcommerce_states", term: float = TERM, **options: Any
    ) -> None:
        self._url = url
        self._name = table
        self._term = term
        self._options = options
        self._secrets = Secrets({"url": url}, options)

    def read(self, store: str) -> Saved | None:
        """What is kept of a store."""
        found = self._read([checked(store)]).get(store)
        if isinstance(found, FleetError):
            raise found
        return found

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[Held]:
        """Hold the store's lock, two columns of its row."""
        version = self._take(checked(store))
        if version is None:
            raise busy(store)
        with _HeldRow(self, store, version, self._term) as held:
            yield held

    def completed(self, stores: Iterable[str]) -> dict[str, Completed]:
        """When each of the stores was last read to its end."""
        names, found = list(stores), dict[str, Saved | FleetError]()
        for first in range(0, len(names), AT_ONCE):
            found.update(self._read(names[first : first + AT_ONCE]))
        kept = {name: found.get(name) for name in names}
        return {
            name: one.completed_at if isinstance(one, Saved) else one for name, one in kept.items()
        }

    def update(self, store: str, seen: int, *conditions: Any, **values: Any) -> bool:
        """Change the row, if nobody has taken the lock since its version was seen.

        One statement, which the database does whole or not.
        """
        _, table = self._opened
        row = table.update().where(table.c.store == store, table.c.version == seen, *conditions)
        with self._transaction() as connection:
            return bool(connection.execute(row.values(values)).rowcount == 1)

    def _take(self, store: str) -> int | None:
        """Take the lock; returns the row's version since then, or None where it is taken."""
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
                return None  # Another has just made the row, and holds its lock.
            return 1
        free = sql.or_(table.c.locked_until.is_(None), table.c.locked_until < time.time())
        version = row.version + 1
        taken = self.update(store, row.version, free, version=version, locked_until=until)
        return version if taken else None

    def _read(self, stores: list[str]) -> dict[str, Saved | FleetError]:
        _, table = self._opened
        query = table.select().where(table.c.store.in_(stores), table.c.state.is_not(None))
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        found: dict[str, Saved | FleetError] = {}
        for row in rows:
            where = f"The state in the table {self._name}, store {row.store},"
            try:
                found[row.store] = Saved.from_text(row.state, where)
            except FleetError as error:
                found[row.store] = error
        return found

    @functools.cached_property
    def _opened(self) -> tuple[Any, Any]:
        import sqlalchemy as sql  # Only where states are kept so: it costs start-up time.

        table = sql.Table(
            self._name,
            sql.MetaData(),
            sql.Column("store", sql.String(100), primary_key=True),
            sql.Column("state", sql.Text),
            # How often the lock was taken: whoever held it before finds another version.
            sql.Column("version", sql.Integer, nullable=False, server_default="0"),
            sql.Column("locked_until", sql.Float(53)),
        )
        try:
            engine = sql.create_engine(self._url, **{"pool_pre_ping": True, **self._options})
        except (sql.exc.SQLAlchemyError, ImportError) as error:
            words = self._secrets.hidden(f"The database with the states cannot be opened: {error}")
            raise FleetError(words) from None
        try:
            with self._transaction(engine) as connection:
                table.create(connection, checkfirst=True)
        except (StatesUnreachable, sql.exc.IntegrityError):
            # Another run may have made it between the look and the making.
            with self._transaction(engine) as connection:
                if not sql.inspect(connection).has_table(self._name):
                    raise
        with self._transaction(engine) as connection:
            there = {column["name"] for column in sql.inspect(connection).get_columns(self._name)}
            if "version" not in there:
                # The table is of an earlier release, which locked in another way.
                name = engine.dialect.identifier_preparer.quote(self._name)
                words = f"ALTER TABLE {name} ADD COLUMN version INTEGER DEFAULT 0 NOT NULL"
                connection.execute(sql.text(words))
        return engine, table

    @contextlib.contextmanager
    def _transaction(self, engine: Any = None) -> Iterator[Any]:
        """A connection whose statements count as one. Raises StatesUnreachable if that fails."""
        import sqlalchemy as sql

        try:
            with (engine or self._opened[0]).begin() as connection:
                yield connection
        except sql.exc.IntegrityError:
            raise  # The database answers well; a row of this key is there.
        except sql.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            words = f"The database with the states cannot be used: {reason}"
            raise StatesUnreachable(self._secrets.hidden(words)) from None


class _HeldRow:
    """A store's lock while it is held: it runs out unless a thread renews it."""

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

    def __enter__(self) -> _HeldRow:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        # It runs out by itself where the database cannot be reached.
        with contextlib.suppress(StatesUnreachable):
            self._states.update(self._store, self._version, locked_until=None)

    def save(self, saved: Saved) -> None:
        """Write the state, if nobody else has held the lock since."""
        self.check()
        if not self._states.update(self._store, self._version, state=saved.text()):
            raise self._lost()

    def check(self) -> None:
        """Raises LockLost where the lock is another's, or its term is over."""
        if time.monotonic() > self._until:
            raise self._lost()

    def _renew(self) -> None:
        while not self._over.wait(self._term / 3):
            began, until = time.monotonic(), time.time() + self._term
            try:
                ours = self._states.update(self._store, self._version, locked_until=until)
            except StatesUnreachable as error:
                LOGGER.warning("The lock on %s is not renewed yet. %s", self._store, error.words)
                continue
            self._until = began + self._term if ours else began
            if not ours:
                return

    def _lost(self) -> LockLost:
        return LockLost(
            f"The lock on the state of {self._store} was lost: it could not be renewed in time, or "
            "another run has taken it. Nothing more is read by this run."
        )
