"""States in a table of a database, through SQLAlchemy."""

from __future__ import annotations

import contextlib
import functools
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tap_bigcommerce_dagster.errors import StatesUnreachable
from tap_bigcommerce_dagster.states.lease import TERM, Renewal, lost
from tap_bigcommerce_dagster.states.state import Held, Saved, busy

AT_ONCE = 500
"""Stores a query: some databases take few parameters."""


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

    @functools.cached_property
    def _table(self) -> tuple[Any, Any]:
        import sqlalchemy as sql  # Only where states are kept so: it costs start-up time.

        table = sql.Table(
            self._name,
            sql.MetaData(),
            sql.Column("store", sql.String(100), primary_key=True),
            sql.Column("state", sql.Text),
            sql.Column("locked_by", sql.String(32)),
            sql.Column("locked_until", sql.Float),
        )
        engine = sql.create_engine(self._url, **{"pool_pre_ping": True, **self._options})
        try:
            with _transaction(engine) as connection:
                table.create(connection, checkfirst=True)
        except (StatesUnreachable, sql.exc.IntegrityError):
            # Another run may have made it between the look and the making.
            with _transaction(engine) as connection:
                if not sql.inspect(connection).has_table(self._name):
                    raise
        return engine, table

    def read(self, store: str) -> Saved | None:
        """What is kept of a store."""
        return self._read([store]).get(store)

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[Held]:
        """Hold the store's lock, two columns of its row."""
        engine, table = self._table
        row = _Row(engine, table, store, uuid.uuid4().hex, self._term)
        if not row.take():
            raise busy(store)
        try:
            with Renewal(row.renew, store, self._term) as renewal:
                yield _HeldRow(row, renewal, store)
        finally:
            row.give_back()

    def completed(self, stores: Iterable[str]) -> dict[str, datetime | None]:
        """When each of the stores was last read to its end."""
        names, found = list(stores), dict[str, Saved]()
        for first in range(0, len(names), AT_ONCE):
            found.update(self._read(names[first : first + AT_ONCE]))
        return {name: found[name].completed_at if name in found else None for name in names}

    def _read(self, stores: list[str]) -> dict[str, Saved]:
        engine, table = self._table
        query = table.select().where(table.c.store.in_(stores), table.c.state.is_not(None))
        with _transaction(engine) as connection:
            rows = connection.execute(query).all()
        where = f"The state in the table {self._name}, store"
        return {row.store: Saved.from_text(row.state, f"{where} {row.store},") for row in rows}


@contextlib.contextmanager
def _transaction(engine: Any) -> Iterator[Any]:
    """A connection whose statements count as one. Raises StatesUnreachable if that fails."""
    import sqlalchemy as sql

    try:
        with engine.begin() as connection:
            yield connection
    except sql.exc.IntegrityError:
        raise  # The database answers well; a row of this key is there.
    except sql.exc.DBAPIError as error:
        raise StatesUnreachable(
            f"The database with the states cannot be used: {str(error.orig).strip()}"
        ) from error


class _Row:
    """One store's row. Each change is one statement, which the database does whole or not."""

    def __init__(self, engine: Any, table: Any, store: str, owner: str, term: float) -> None:
        self._engine = engine
        self._table = table
        self._store = store
        self._owner = owner
        self._term = term

    def take(self) -> bool:
        """Whether the lock is one's own now."""
        import sqlalchemy as sql

        columns = self._table.c
        free = sql.or_(columns.locked_by.is_(None), columns.locked_until < time.time())
        if self._update(free, locked_by=self._owner, locked_until=time.time() + self._term):
            return True
        row = {
            "store": self._store,
            "locked_by": self._owner,
            "locked_until": time.time() + self._term,
        }
        try:
            with _transaction(self._engine) as connection:
                connection.execute(self._table.insert().values(row))
        except sql.exc.IntegrityError:
            return False  # There is a row, and its lock is taken.
        return True

    def renew(self) -> bool:
        """Put the end off; returns whether the lock was still one's own."""
        return self._update(self._is_ours, locked_until=time.time() + self._term)

    def save(self, text: str) -> bool:
        """Write the state; returns whether the lock was still one's own."""
        return self._update(self._is_ours, state=text)

    def give_back(self) -> None:
        """Free the lock, unless another has taken it."""
        # It runs out by itself where the database cannot be reached.
        with contextlib.suppress(StatesUnreachable):
            self._update(self._is_ours, locked_by=None, locked_until=None)

    @property
    def _is_ours(self) -> Any:
        return self._table.c.locked_by == self._owner

    def _update(self, condition: Any, **values: Any) -> bool:
        statement = (
            self._table.update().where(self._table.c.store == self._store, condition).values(values)
        )
        with _transaction(self._engine) as connection:
            return bool(connection.execute(statement).rowcount == 1)


class _HeldRow:
    inherited: tuple[int, ...] = ()

    def __init__(self, row: _Row, renewal: Renewal, store: str) -> None:
        self._row = row
        self._renewal = renewal
        self._store = store

    def save(self, saved: Saved) -> None:
        """Write the state, if the lock is still one's own."""
        self.check()
        if not self._row.save(saved.text()):
            raise lost(self._store)

    def check(self) -> None:
        """Raises LockLost where the lock is lost."""
        self._renewal.check()
