"""Places for states: what is kept is kept whole, and one run at a time may write."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tap_bigcommerce_dagster import FleetError, FolderStates, FsspecStates, SqlStates, StoreBusy
from tap_bigcommerce_dagster.errors import LockLost
from tap_bigcommerce_dagster.states import Saved, StateStore

NOW = datetime(2026, 4, 1, 12, tzinfo=timezone.utc)
STATE = Saved({"bookmarks": {"orders": {"date_modified": "2026-04-01T00:00:00Z"}}}, NOW, NOW)

Make = Callable[..., StateStore]


def folder(path: Path, place: str, **options: Any) -> StateStore:
    return FolderStates(path / place)


def memory(path: Path, place: str, **options: Any) -> StateStore:
    return FsspecStates(f"memory://{path.name}/{place}", settle=0.3, **options)


def local_files(path: Path, place: str, **options: Any) -> StateStore:
    return FsspecStates(f"file://{path / place}", settle=0.3, **options)


def table(path: Path, place: str, **options: Any) -> StateStore:
    return SqlStates(f"sqlite:///{path / place}.db", **options)


def postgres(path: Path, place: str, **options: Any) -> StateStore:
    url = os.environ.get("FLEET_POSTGRES")
    if not url:
        pytest.skip("FLEET_POSTGRES names no database")
    return SqlStates(url, table=f"states_{uuid.uuid5(uuid.NAMESPACE_URL, place).hex}", **options)


ALL = [folder, memory, local_files, table, postgres]
LEASED = [memory, local_files, table, postgres]


@pytest.fixture
def place() -> str:
    return f"states-{uuid.uuid4().hex}"


@pytest.mark.parametrize("make", ALL)
def test_what_is_saved_is_read_by_whoever_comes_next(
    make: Make, tmp_path: Path, place: str
) -> None:
    states = make(tmp_path, place)
    assert states.read("shoes") is None
    with states.lock("shoes") as held:
        held.save(Saved({"bookmarks": {}}, NOW, None))
        held.save(STATE)
    other = make(tmp_path, place)
    assert other.read("shoes") == STATE
    assert other.completed(["shoes", "hats"]) == {"shoes": NOW, "hats": None}


@pytest.mark.parametrize("make", ALL)
def test_a_second_run_is_refused_until_the_first_has_ended(
    make: Make, tmp_path: Path, place: str
) -> None:
    first, second = make(tmp_path, place), make(tmp_path, place)
    with first.lock("shoes"):
        with pytest.raises(StoreBusy, match="shoes"), second.lock("shoes"):
            pass
        with second.lock("hats"):
            pass
    with second.lock("shoes"):
        pass


@pytest.mark.parametrize("make", LEASED)
def test_the_lock_of_a_run_that_died_runs_out(make: Make, tmp_path: Path, place: str) -> None:
    dead = make(tmp_path, place, term=0.3)
    lock = dead.lock("shoes")
    held = lock.__enter__()
    # It no longer renews, as if its machine were gone.
    held._renewal._over.set()  # type: ignore[attr-defined]
    threading.Event().wait(0.5)
    with make(tmp_path, place, term=60).lock("shoes") as next_one:
        next_one.save(STATE)
        with pytest.raises(LockLost):
            held.save(Saved({"bookmarks": {"stale": {}}}, NOW, NOW))
    assert dead.read("shoes") == STATE


@pytest.mark.parametrize("make", LEASED)
def test_a_lock_that_is_held_long_is_renewed(make: Make, tmp_path: Path, place: str) -> None:
    states = make(tmp_path, place, term=0.6)
    with states.lock("shoes") as held:
        threading.Event().wait(1.2)
        with pytest.raises(StoreBusy), make(tmp_path, place).lock("shoes"):
            pass
        held.check()
        held.save(STATE)


@pytest.mark.parametrize("make", ALL)
def test_of_many_that_want_a_free_lock_at_once_one_gets_it(
    make: Make, tmp_path: Path, place: str
) -> None:
    got, refused, begin = [], [], threading.Barrier(8)
    all_tried = threading.Barrier(8)
    make(tmp_path, place).read("shoes")

    def want() -> None:
        states = make(tmp_path, place)
        states.read("shoes")
        begin.wait()
        try:
            with states.lock("shoes"):
                got.append(1)
                all_tried.wait(20)
        except StoreBusy:
            refused.append(1)
            all_tried.wait(20)

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)


def test_a_lock_in_a_folder_is_held_until_the_children_are_gone(tmp_path: Path) -> None:
    states = FolderStates(tmp_path)
    with states.lock("shoes") as held:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=-1, pass_fds=held.inherited
        )
    try:
        with pytest.raises(StoreBusy), states.lock("shoes"):
            pass
    finally:
        child.communicate()
    with states.lock("shoes"):
        pass


def test_a_state_that_was_cut_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "shoes.json").write_text(STATE.text()[:30])
    with pytest.raises(FleetError, match=r"shoes\.json holds no state"):
        FolderStates(tmp_path).read("shoes")


def test_a_plain_state_of_a_run_by_hand_is_taken(tmp_path: Path) -> None:
    (tmp_path / "shoes.json").write_text('{"bookmarks": {}}')
    saved = FolderStates(tmp_path).read("shoes")
    assert saved is not None
    assert (saved.value, saved.completed_at) == ({"bookmarks": {}}, None)
    assert datetime.now(timezone.utc) - saved.saved_at < timedelta(minutes=1)


def test_a_disk_that_is_full_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = FolderStates(tmp_path / "states")
    with states.lock("shoes") as held:
        held.save(STATE)

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            held.save(Saved({"bookmarks": {"new": {}}}, NOW, NOW))
    assert states.read("shoes") == STATE
    assert sorted(path.name for path in (tmp_path / "states").iterdir()) == [
        "shoes.json",
        "shoes.lock",
    ]
