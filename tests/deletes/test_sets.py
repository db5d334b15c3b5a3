"""Where sets of ids are kept, also when a run is stopped or a set cannot be kept."""

import base64
import hashlib
import os
import random
from pathlib import Path
from typing import Any

import pytest
from deletes_runs import Runs, said, tombstones
from hypothesis import given
from hypothesis import strategies as st
from tap_runner import Json, Result, run, select, settings, start, wait_until

from tap_bigcommerce.sync.deletes.id_sets import id_set, pack, unpack
from tap_bigcommerce_sandbox import Sandbox


def with_files(store: Sandbox, catalog: Json, folder: Path, **more: Any) -> Runs:
    files: Json = {"deletes_state_limit": 0, "deletes_path": str(folder)}
    return Runs(store, select(catalog, "products"), **files, **more)


def test_a_set_too_large_for_the_state_goes_into_a_file(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    folder = tmp_path / "ids"
    runs = with_files(small, catalog, folder)
    runs.run()
    kept = runs.state_entry("products")
    assert "ids" not in kept
    content = (folder / kept["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == kept["sha256"]
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == [7]
    assert runs.state_entry("products")["file"] != kept["file"]
    assert (folder / kept["file"]).exists(), "the previous state may still be needed"
    runs.run()
    assert not (folder / kept["file"]).exists()
    assert [path.name for path in folder.iterdir()] == [runs.state_entry("products")["file"]]


@pytest.mark.parametrize("damage", ["missing", "changed", "no path"])
def test_a_file_that_is_not_the_one_named_stops_the_stream(
    small: Sandbox, catalog: Json, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "ids"
    runs = with_files(small, catalog, folder)
    runs.run()
    [file] = folder.iterdir()
    if damage == "missing":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(file.read_bytes()[:-1])
    more = {"deletes_path": None} if damage == "no path" else {}
    result = runs.run(fails=True, **more)
    assert result.records("products") == []
    assert said(result, file.name)
    # The remedy that the error names.
    del runs.state["bookmarks"]["products"]["deletes"]
    assert len(runs.run().records("products")) == 25


NAMED = ("deletes_path", "deletes_state_limit", "detect_deletes")


def is_too_large(result: Result) -> bool:
    """Whether the run failed with an error that names the settings to change."""
    [line] = result.logged("CRITICAL")
    return result.status == 1 and all(name in line for name in NAMED)


@pytest.mark.parametrize("more", [{}, {"activate_version": True}, {"store_hash_column": True}])
def test_a_set_that_is_too_large_is_an_error_and_loses_no_record(
    small: Sandbox, catalog: Json, tmp_path: Path, more: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, **more)
    for number in (25, 1, 1):  # It is not read from its start each time.
        result = runs.run(fails=True)
        assert is_too_large(result)
        assert len(result.records("products")) == number
        assert not [m for m in result.messages if m["type"] == "ACTIVATE_VERSION"]
        assert tombstones(result, "products") == []
        assert "_sdc_deleted_at" in result.schemas["products"]["schema"]["properties"]
        small.delete("products", count=1)
        small.change("products", ids=[small.records("products")[-1]["id"]])
    # With a file it is a set, once the stream has been read from its start.
    assert len(runs.run(deletes_path=str(tmp_path)).records("products")) == 22
    small.delete("products", count=2)
    assert len(tombstones(runs.run(deletes_path=str(tmp_path)), "products")) == 2


NO_SPACE = """
import errno, os

def replace(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

os.replace = replace
"""


@pytest.mark.parametrize("kept_in", ["the state", "a file"])
def test_when_a_set_cannot_be_kept_any_more_no_id_is_lost(
    small: Sandbox, catalog: Json, tmp_path: Path, kept_in: str
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    limit, env = {"deletes_state_limit": 0}, {}
    if kept_in == "a file":
        runs.config.update(limit, deletes_path=str(folder))
        (tmp_path / "sitecustomize.py").write_text(NO_SPACE)
        limit, env = {}, {"PYTHONPATH": str(tmp_path)}
    runs.run()
    saved = {name: value for name, value in runs.state_entry("products").items() if name != "swept"}
    small.add("products", count=3)
    for _ in range(2):
        failed = run({**runs.config, **limit}, runs.catalog, runs.state, env=env)
        assert failed.status == 1
        assert failed.records("products")
        assert said(failed, "deletes_path")
        runs.warehouse.load(failed.messages)
        runs.state = failed.state
        assert saved.items() <= runs.state_entry("products").items()
    small.delete("products", ids=[7])
    result = runs.run()
    assert tombstones(result, "products") == [7]
    assert len(result.records("products")) == 28
    small.delete("products", ids=[small.records("products")[-1]["id"]])
    assert len(tombstones(runs.run(deletes_every=0), "products")) == 1


def test_a_stopped_pass_whose_ids_are_not_kept_starts_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    small.fault("products", request=3, kind="403")
    assert runs.run(fails=True).records("products")
    assert "resume" in runs.state["bookmarks"]["products"]
    small.fault("products", request=3, kind="403")
    assert runs.run(fails=True, deletes_state_limit=0).records("products")
    assert len(runs.run().records("products")) == 25
    existing = [row["id"] for row in small.records("products")]
    small.delete("products", ids=[existing[0], existing[9]])
    assert len(tombstones(runs.run(), "products")) == 2


@pytest.mark.parametrize("fits", [True, False])
def test_a_state_of_an_earlier_version_without_a_set_is_accepted(
    small: Sandbox, catalog: Json, fits: bool
) -> None:
    runs = Runs(small, select(catalog, "products"), activate_version=True)
    runs.run()
    swept = runs.state_entry("products")["swept"]
    given = {"swept": swept, "version": 1767600000000, "rows": 25, "too_large": 300_000}
    runs.state["bookmarks"]["products"]["deletes"] = given
    if fits:
        assert len(runs.run(deletes_state_limit=300).records("products")) == 25
        assert runs.state_entry("products").keys() == {"swept", "ids"}
    else:
        result = runs.run(fails=True)
        assert is_too_large(result)
        assert "300 KB" in result.stderr
        assert len(result.records("products")) == 1
        assert runs.state_entry("products") == given


def test_a_sync_that_is_stopped_anywhere_keeps_all_written_ids(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    for request in (3, 2, 4):
        small.fault("products", request=request, kind="403")
        assert runs.run(fails=True).records("products")
        existing = small.records("products")
        small.delete("products", ids=[existing[0]["id"], existing[-1]["id"]])
    result = runs.run()
    assert len(tombstones(result, "products")) >= 3, "what was written before it was deleted"
    existing_keys = {(row["id"],) for row in small.records("products")}
    assert runs.warehouse.present("products").keys() == existing_keys


def test_a_signal_leaves_a_state_with_the_ids_so_far(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    small.fault("products", request=4, kind="hang")
    with start(runs.config, runs.catalog) as process:
        wait_until(lambda: any(r["fault"] == "hang" for r in small.requests()), "no hang")
        process.terminate()
        out, _ = process.communicate(timeout=20)
    stopped = Result(process.returncode, out.decode(), "")
    kept = stopped.state["bookmarks"]["products"]["deletes"]
    assert kept["partial"] is True
    assert list(unpack(base64.b64decode(kept["ids"]))) == stopped.ids("products") != []


def test_switching_detect_deletes_off_removes_the_set(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"))
    runs.run()
    runs.run(detect_deletes=False)
    assert runs.state_entry("products") == {}
    small.delete("products", ids=[7])
    assert len(runs.run().records("products")) == 24


WITHOUT_PYROARING = """
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pyroaring" else find(name, *more)
"""


def test_without_pyroaring_the_error_says_how_to_install_it(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_PYROARING)
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    chosen = select(catalog, "coupons")
    for args in ([], ["--check"], ["--audit"]):
        result = run(settings(small, detect_deletes=True), chosen, env=env, args=args)
        assert result.status == 1
        assert result.stdout == ""
        assert said(result, "pip install pyroaring")
    assert run(settings(small), chosen, env=env).ids("coupons")


LARGEST = 2**64 - 1

numbers = st.integers(0, LARGEST) | st.integers(0, 2000)
sets = st.sets(numbers)


@given(sets)
def test_an_unpacked_set_equals_the_packed_one(ids: set[int]) -> None:
    assert list(unpack(pack(id_set(ids)))) == sorted(ids)


@given(st.lists(st.tuples(st.booleans(), sets)))
def test_a_set_still_works_after_it_was_packed(steps: list[tuple[bool, set[int]]]) -> None:
    kept, expected = id_set(), set[int]()
    for adds, ids in steps:
        if adds:
            kept |= id_set(ids)
            expected |= ids
        else:
            kept -= id_set(ids)
            expected -= ids
        pack(kept)
        assert list(kept) == sorted(expected)
        assert len(kept) == len(expected)
        assert all(id_ in kept for id_ in expected)


@pytest.mark.parametrize("id_", [-1, LARGEST + 1])
def test_a_number_outside_of_64_bits_is_rejected(id_: int) -> None:
    with pytest.raises(OverflowError):
        id_set([1, id_])


@given(st.binary(max_size=200))
def test_bytes_that_are_not_a_set_are_rejected(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(content)


@pytest.mark.parametrize(("gap_share", "max_size"), [(0.0, 1_000), (0.01, 60_000), (0.1, 110_000)])
def test_a_million_ids_are_packed_into_few_bytes(gap_share: float, max_size: int) -> None:
    chance = random.Random(1)
    ids = id_set(id_ for id_ in range(1, 1_000_001) if chance.random() >= gap_share)
    assert len(base64.b64encode(pack(ids))) < max_size
