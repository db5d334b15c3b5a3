"""State storage: saves are atomic, and only one run of a store may write."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from postgres_server import postgres

from tap_bigcommerce_dagster import FleetError, FolderStates, SqlStates, StoreBusy
from tap_bigcommerce_dagster.errors import LockLost, StorageUnavailable
from tap_bigcommerce_dagster.states import SavedState, StateStore

NOW = datetime(2026, 4, 1, 12, tzinfo=timezone.utc)
STATE = SavedState({"bookmarks": {"orders": {"date_modified": "2026-04-01T00:00:00Z"}}}, NOW, NOW)

Make = Callable[..., StateStore]


def folder(path: Path, name: str, **options: Any) -> StateStore:
    return FolderStates(path / name)


def table(path: Path, name: str, **options: Any) -> StateStore:
    return SqlStates(f"sqlite:///{path / name}.db", **options)


def database(path: Path, name: str, **options: Any) -> StateStore:
    return SqlStates(os.environ["FLEET_POSTGRES"], table=name, **options)


EXPIRING = [table, database]
ALL = [folder, *EXPIRING]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a state storage of the tested kind; its server runs during the test."""
    kind: Make = request.param
    if kind is database:
        request.getfixturevalue("server")
    return kind


def kinds(kinds: list[Make]) -> pytest.MarkDecorator:
    """Parametrize a test with these kinds of state storage."""
    return pytest.mark.parametrize("make", kinds, indirect=True, ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with postgres() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEET_POSTGRES", running.url.replace("+psycopg:", "+psycopg2:"))
        yield


@pytest.fixture
def name() -> str:
    return f"states_{uuid.uuid4().hex}"


@kinds(ALL)
def test_a_saved_state_can_be_read_by_another_process(
    make: Make, tmp_path: Path, name: str
) -> None:
    states = make(tmp_path, name)
    assert states.read("shoes") is None
    with states.lock("shoes") as lock:
        lock.save(SavedState({"bookmarks": {}}, NOW, None))
        lock.save(STATE)
    other = make(tmp_path, name)
    assert other.read("shoes") == STATE
    read = other.read_all(["shoes", "hats"])
    assert isinstance(read["shoes"], SavedState)
    assert (read["shoes"].completed_at, read["hats"]) == (NOW, None)


@kinds(ALL)
def test_a_second_run_is_refused_until_the_first_has_ended(
    make: Make, tmp_path: Path, name: str
) -> None:
    first, second = make(tmp_path, name), make(tmp_path, name)
    with first.lock("shoes"):
        with pytest.raises(StoreBusy, match="shoes"), second.lock("shoes"):
            pass
        with second.lock("hats"):
            pass
    with second.lock("shoes"):
        pass


def stop_between_writes(
    process: subprocess.Popen[bytes], make: Make, tmp_path: Path, name: str
) -> None:
    """Stop a process that holds a lock, but not while SQLite has locked the file for a write."""
    for _ in range(5):
        process.send_signal(signal.SIGSTOP)
        try:
            with make(tmp_path, name).lock("hats"):
                return
        except StorageUnavailable:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the holder never stopped between two writes")


@kinds(EXPIRING)
@pytest.mark.parametrize("newer_has_ended", [False, True])
def test_a_stalled_run_cannot_save_once_another_run_had_the_lock(
    make: Make, tmp_path: Path, name: str, newer_has_ended: bool
) -> None:
    with writer(make, tmp_path, name, term=1.0) as process:
        stop_between_writes(process, make, tmp_path, name)
        time.sleep(1.2)
        with contextlib.ExitStack() as stack:
            newer = stack.enter_context(make(tmp_path, name, term=60).lock("shoes"))
            newer.save(STATE)
            if newer_has_ended:
                stack.close()
            process.send_signal(signal.SIGCONT)
            _, text = process.communicate(timeout=20)
    assert b"LockLost" in text
    assert make(tmp_path, name).read("shoes") == STATE


@kinds(EXPIRING)
def test_a_stale_lock_is_detected_even_if_the_clock_stands_still(
    make: Make, tmp_path: Path, name: str
) -> None:
    dead = make(tmp_path, name, term=0.3)
    lock = dead.lock("shoes").__enter__()
    # It no longer renews the lock and does not notice the time, as after a machine's sleep.
    lock.over.set()  # type: ignore[attr-defined]
    lock._until = float("inf")  # type: ignore[attr-defined]
    time.sleep(0.5)
    with make(tmp_path, name, term=60).lock("shoes") as next_one:
        next_one.save(STATE)
    with pytest.raises(LockLost):
        lock.save(SavedState({"bookmarks": {"stale": {}}}, NOW, NOW))
    assert dead.read("shoes") == STATE


def test_a_table_of_an_earlier_release_is_upgraded(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as old, old:
        columns = (
            "store varchar(100) primary key, state text, locked_by varchar(32), locked_until float"
        )
        old.execute(f"create table bigcommerce_states ({columns})")
        row = ["shoes", STATE.text()]
        old.execute("insert into bigcommerce_states values (?, ?, null, null)", row)
    states = SqlStates(f"sqlite:///{tmp_path / 'old.db'}")
    assert states.read("shoes") == STATE
    later = SavedState({"bookmarks": {}}, NOW, NOW)
    with states.lock("shoes") as lock:
        lock.save(later)
    assert states.read("shoes") == later


@kinds(EXPIRING)
def test_a_lock_that_is_held_long_is_renewed(make: Make, tmp_path: Path, name: str) -> None:
    states = make(tmp_path, name, term=0.6)
    with states.lock("shoes") as lock:
        time.sleep(1.2)
        with pytest.raises(StoreBusy), make(tmp_path, name).lock("shoes"):
            pass
        lock.check()
        lock.save(STATE)


@kinds(ALL)
def test_only_one_of_many_concurrent_runs_gets_a_lock(
    make: Make, tmp_path: Path, name: str
) -> None:
    got, refused, begin = [], [], threading.Barrier(8)
    all_tried = threading.Barrier(8)
    make(tmp_path, name).read("shoes")

    def try_to_lock() -> None:
        states = make(tmp_path, name)
        states.read("shoes")
        begin.wait(20)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(states.lock("shoes"))
                got.append(1)
            except StoreBusy:
                refused.append(1)
            all_tried.wait(20)

    threads = [threading.Thread(target=try_to_lock, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(got), len(refused)) == (1, 7)


def test_a_lock_in_a_folder_is_held_until_child_processes_have_ended(tmp_path: Path) -> None:
    states = FolderStates(tmp_path)
    with states.lock("shoes") as lock:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=-1, pass_fds=lock.inherited
        )
    try:
        with pytest.raises(StoreBusy), states.lock("shoes"):
            pass
    finally:
        child.communicate(timeout=30)
    with states.lock("shoes"):
        pass


def test_a_plain_state_file_of_the_tap_is_accepted_and_a_broken_one_named(tmp_path: Path) -> None:
    (tmp_path / "shoes.json").write_text('{"bookmarks": {}}')
    saved = FolderStates(tmp_path).read("shoes")
    assert saved is not None
    assert (saved.value, saved.completed_at) == ({"bookmarks": {}}, None)
    assert datetime.now(timezone.utc) - saved.saved_at < timedelta(minutes=1)
    (tmp_path / "shoes.json").write_text(STATE.text()[:30])
    with pytest.raises(FleetError, match=r"shoes\.json is not a state"):
        FolderStates(tmp_path).read("shoes")


@kinds(ALL)
def test_the_names_of_stores_are_checked_before_they_are_used(
    make: Make, tmp_path: Path, name: str
) -> None:
    states = make(tmp_path, name)
    with pytest.raises(FleetError, match="is not a valid name"):
        states.read("../evil")
    with pytest.raises(FleetError, match="is not a valid name"), states.lock("../evil"):
        pass


def test_a_state_is_replaced_as_a_whole_and_kept_if_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    states, file = FolderStates(tmp_path / "states"), tmp_path / "states" / "shoes.json"
    with states.lock("shoes") as lock:
        lock.save(SavedState({"bookmarks": {"old": {}}}, NOW, NOW))
        with file.open() as before:
            lock.save(STATE)
            assert '"old"' in before.read()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            lock.save(SavedState({"bookmarks": {"new": {}}}, NOW, NOW))
    assert states.read("shoes") == STATE
    assert sorted(path.name for path in file.parent.iterdir()) == ["shoes.json", "shoes.lock"]


# A process that saves large states as fast as it can, and prints a line after the second one.
WRITER = """
import sys
from pathlib import Path
sys.path[:0] = {folders!r}
import test_states as given
states = getattr(given, {make!r})(Path({path!r}), {name!r}, **{options!r})
with states.lock("shoes") as lock:
    for number in range(1_000_000):
        value = {{"bookmarks": {{"orders": {{"number": number, "text": str(number) * 50_000}}}}}}
        lock.save(given.SavedState(value, given.NOW, None))
        if number == 1:
            print("two", flush=True)
"""


@contextlib.contextmanager
def writer(make: Make, path: Path, name: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The process, after it has saved two states; killed when the block ends."""
    here = Path(__file__).resolve().parent
    folders = [str(here), str(here.parents[1]), str(here.parent)]
    given = {"make": make.__name__, "path": str(path), "name": name, "options": options}
    code = WRITER.format(folders=folders, **given)
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"two\n"
            yield process
        finally:
            process.kill()


@kinds(ALL)
def test_a_process_killed_during_a_write_leaves_a_complete_state(
    make: Make, tmp_path: Path, name: str
) -> None:
    options = {"term": 1.0} if make is not folder else {}
    last = -1
    for pause in (0.0, 0.02):
        with writer(make, tmp_path, name, **options):
            time.sleep(pause)
        kept = make(tmp_path, name).read("shoes")
        assert kept is not None
        found = kept.value["bookmarks"]["orders"]
        assert found["text"] == str(found["number"]) * 50_000
        last = found["number"]
        # Another run can take its lock: in a folder at once, in a database when it has expired.
        time.sleep(1.2 if options else 0)
        with make(tmp_path, name).lock("shoes"):
            pass
    assert last >= 1


def test_a_database_that_does_not_answer_can_be_retried() -> None:
    url = "postgresql+psycopg2://loader:hush-hush@127.0.0.1:1/states"
    with pytest.raises(StorageUnavailable, match="cannot be used") as caught:
        SqlStates(url).read("shoes")
    assert "hush" not in caught.value.message
    assert caught.value.worth_retrying
