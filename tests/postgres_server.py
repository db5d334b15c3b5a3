"""A PostgreSQL of a test's own: in a temporary folder, reached over a socket in it."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tap_runner import wait_until

USER = "loader"
DATABASE = "postgres"
TIME_TO_START = 60.0

# Speed for what is thrown away in the end: a crash of the machine may spoil it.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    folder: Path
    psql: str

    @property
    def url(self) -> str:
        """Its address as SQLAlchemy writes it."""
        return f"postgresql+psycopg://{USER}@/{DATABASE}?host={self.folder}"

    def query(self, sql: str) -> list[str]:
        """The lines of a query's only column, as text. Raises AssertionError with psql's words."""
        command = [self.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", str(self.folder), "-U", USER, "-d", DATABASE, "-c", sql]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return [line for line in done.stdout.split("\n") if line]

    def answers(self) -> bool:
        """Whether it can be asked by now."""
        with contextlib.suppress(AssertionError):
            return self.query("SELECT 1") == ["1"]
        return False

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table's rows. Numbers with a point are Decimals with the digits of the column."""
        lines = self.query(f"SELECT row_to_json(r) FROM {table} AS r")
        return [json.loads(line, parse_float=Decimal) for line in lines]


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """A new, empty server, which ends with the block. Skips where PostgreSQL is not installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([os.environ["PATH"], *map(str, places[-1:])])
    programs = {name: shutil.which(name, path=path) for name in ("initdb", "postgres", "psql")}
    if None in programs.values():
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    # Not pytest's folder: another user may not enter it, and a socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="tap-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        as_user = _unprivileged(folder)
        data = str(folder / "data")
        make = [*as_user, str(programs["initdb"]), "-D", data, "-U", USER, "-A", "trust"]
        make += ["-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(make, capture_output=True, text=True, cwd=folder, timeout=120)
        assert made.returncode == 0, made.stderr
        serve = [*as_user, str(programs["postgres"]), "-D", data, "-k", str(folder)]
        for setting in ("listen_addresses=", *CARELESS):
            serve += ["-c", setting]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, cwd=folder)
        try:
            running = Postgres(folder, str(programs["psql"]))
            wait_until(running.answers, "PostgreSQL did not start", TIME_TO_START)
            yield running
        finally:
            server.send_signal(signal.SIGINT)  # the connections are cut off
            try:
                server.wait(TIME_TO_START)
            finally:
                server.kill()


@pytest.fixture(scope="session", name="server")
def one_server() -> Iterator[Postgres]:
    """One server for all tests of a file that imports this."""
    with postgres() as running:
        yield running


def _unprivileged(folder: Path) -> Sequence[str]:
    """What to put before a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ()
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in names), None)
    setpriv = shutil.which("setpriv")
    if user is None or setpriv is None:
        pytest.skip("PostgreSQL does not run as root, and there is no other user or no setpriv")
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return (setpriv, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
