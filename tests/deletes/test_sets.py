"""Where sets of ids are kept, and what becomes of a run that is stopped."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from deletes_runs import Runs, tombstones
from tap_runner import Json, Result, read_message, run, select, settings, start, wait_until

from tap_bigcommerce.sync.deletes.id_sets import unpack
from tap_bigcommerce_sandbox import Sandbox


def test_a_set_too_large_for_the_state_goes_into_a_file(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, deletes_path=str(folder))
    runs.run()
    kept = runs.kept("products")
    assert "ids" not in kept
    content = (folder / kept["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == kept["sha256"]
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == [7]
    assert runs.kept("products")["file"] != kept["file"]
    assert (folder / kept["file"]).exists(), "the state before may still be needed"
    runs.run()
    assert not (folder / kept["file"]).exists()
    assert [path.name for path in folder.iterdir()] == [runs.kept("products")["file"]]


@pytest.mark.parametrize("damage", ["missing", "changed", "elsewhere", "no path"])
def test_a_file_that_is_not_the_one_named_stops_the_stream(
    small: Sandbox, catalog: Json, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, deletes_path=str(folder))
    runs.run()
    [file] = folder.iterdir()
    if damage == "missing":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "elsewhere":
        file.rename(tmp_path / file.name)
        runs.kept("products")["file"] = f"../{file.name}"
    more = {"deletes_path": None} if damage == "no path" else {}
    result = runs.run(fails=True, **more)
    assert result.records("products") == []
    assert any(file.name in line for line in result.logged("CRITICAL"))
    # The way out that the error names.
    del runs.state["bookmarks"]["products"]["deletes"]
    assert len(runs.run().records("products")) == 25


def test_a_damaged_set_in_the_state_stops_the_stream(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products", "coupons"))
    runs.run()
    for damage in ("not base64", "eJw=", 7):
        runs.state["bookmarks"]["products"]["deletes"]["ids"] = damage
        result = run(runs.config, runs.catalog, runs.state)
        assert result.status == 1
        assert any('"deletes"' in line for line in result.logged("CRITICAL"))
        assert len(result.records("coupons")) == 8


def test_a_folder_that_cannot_be_written_to_stops_the_stream(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    runs = Runs(small, select(catalog, "products"), deletes_path=str(tmp_path / "file"))
    result = runs.run(fails=True)
    assert any("deletes_path" in line for line in result.logged("CRITICAL"))


NAMED = ("deletes_path", "deletes_state_limit", "detect_deletes")


def is_too_large(result: Result) -> bool:
    """The run failed with an error that names what to change."""
    [line] = result.logged("CRITICAL")
    return result.status == 1 and all(name in line for name in NAMED)


@pytest.mark.parametrize("more", [{}, {"activate_version": True}, {"store_hash_column": True}])
def test_a_set_too_large_is_an_error_and_costs_no_record(
    small: Sandbox, catalog: Json, tmp_path: Path, more: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, **more)
    for number in (25, 1, 1):  # It is not read whole each time.
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


FULL = """
import errno, os

def replace(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

os.replace = replace
"""


@pytest.mark.parametrize("kept_in", ["the state", "a file"])
def test_a_set_that_can_be_kept_no_more_forgets_nobody(
    small: Sandbox, catalog: Json, tmp_path: Path, kept_in: str
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    limit, env = {"deletes_state_limit": 0}, {}
    if kept_in == "a file":
        runs.config.update(limit, deletes_path=str(folder))
        (tmp_path / "sitecustomize.py").write_text(FULL)
        limit, env = {}, {"PYTHONPATH": str(tmp_path)}
    runs.run()
    known = {name: value for name, value in runs.kept("products").items() if name != "swept"}
    small.add("products", count=3)
    for _ in range(2):
        failed = run({**runs.config, **limit}, runs.catalog, runs.state, env=env)
        assert failed.status == 1
        assert failed.records("products")
        assert any("deletes_path" in line for line in failed.logged("CRITICAL"))
        runs.warehouse.load(failed.messages)
        runs.state = failed.state
        assert known.items() <= runs.kept("products").items()
    small.delete("products", ids=[7])
    result = runs.run()
    assert tombstones(result, "products") == [7]
    assert len(result.records("products")) == 28
    small.delete("products", ids=[small.records("products")[-1]["id"]])
    assert len(tombstones(runs.run(deletes_every=0), "products")) == 1


@pytest.mark.parametrize("lost_by", ["hand", "a limit"])
def test_a_stopped_walk_whose_ids_nobody_has_kept_begins_again(
    small: Sandbox, catalog: Json, lost_by: str
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    small.fault("products", request=3, kind="403")
    assert runs.run(fails=True).records("products")
    assert "resume" in runs.state["bookmarks"]["products"]
    if lost_by == "hand":
        # The way out that errors about damaged sets name.
        del runs.state["bookmarks"]["products"]["deletes"]
    else:
        small.fault("products", request=3, kind="403")
        assert runs.run(fails=True, deletes_state_limit=0).records("products")
    assert len(runs.run().records("products")) == 25
    there = [row["id"] for row in small.records("products")]
    small.delete("products", ids=[there[0], there[9]])
    assert len(tombstones(runs.run(), "products")) == 2


@pytest.mark.parametrize("fits", [True, False])
def test_a_state_of_an_earlier_version_that_had_given_up_its_set_is_taken(
    small: Sandbox, catalog: Json, fits: bool
) -> None:
    runs = Runs(small, select(catalog, "products"), activate_version=True)
    runs.run()
    swept = runs.kept("products")["swept"]
    given = {"swept": swept, "version": 1767600000000, "rows": 25, "too_large": 300_000}
    runs.state["bookmarks"]["products"]["deletes"] = given
    if fits:
        assert len(runs.run(deletes_state_limit=300).records("products")) == 25
        assert runs.kept("products").keys() == {"swept", "ids"}
    else:
        result = runs.run(fails=True)
        assert is_too_large(result)
        assert "300 KB" in result.stderr
        assert len(result.records("products")) == 1
        assert runs.kept("products") == given


def test_a_sync_that_is_stopped_anywhere_knows_all_that_it_has_written(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    for request in (3, 2, 4):
        small.fault("products", request=request, kind="403")
        assert runs.run(fails=True).records("products")
        there = small.records("products")
        small.delete("products", ids=[there[0]["id"], there[-1]["id"]])
    result = runs.run()
    assert len(tombstones(result, "products")) >= 3, "what was written before it was deleted"
    there_now = {(row["id"],) for row in small.records("products")}
    assert runs.warehouse.alive("products").keys() == there_now


def test_a_signal_leaves_a_state_with_the_ids_so_far(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=4, max_concurrency=1)
    small.fault("products", request=4, kind="hang")
    with start(runs.config, runs.catalog) as process:
        wait_until(lambda: any(r["fault"] == "hang" for r in small.requests()), "no hang")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    messages = [read_message(line) for line in out.decode().split("\n") if line]
    written = [m["record"]["id"] for m in messages if m["type"] == "RECORD"]
    kept = messages[-1]["value"]["bookmarks"]["products"]["deletes"]
    assert kept["partial"] is True
    assert written
    assert list(unpack(base64.b64decode(kept["ids"]))) == written


def test_switching_off_forgets_the_set(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"))
    runs.run()
    runs.run(detect_deletes=False)
    assert runs.kept("products") == {}
    small.delete("products", ids=[7])
    assert len(runs.run().records("products")) == 24


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("no object", '"deletes" of products is damaged'),
        ({"too_large": "much"}, "should be a whole number"),
        ({"version": True}, "should be a whole number"),
    ],
)
def test_a_damaged_entry_in_the_state_stops_the_stream(
    small: Sandbox, catalog: Json, entry: Any, words: str
) -> None:
    runs = Runs(small, select(catalog, "products", "coupons"))
    runs.run()
    runs.state["bookmarks"]["products"]["deletes"] = entry
    result = runs.run(fails=True)
    assert any(words in line for line in result.logged("CRITICAL"))
    assert result.records("products") == []
    assert len(result.records("coupons")) == 8


def test_a_folder_that_vanishes_in_a_run_costs_no_record_and_no_false_report(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(
        small,
        select(catalog, "products"),
        deletes_state_limit=0,
        deletes_path=str(folder),
        page_size=10,
        max_concurrency=1,
        request_timeout=1,
    )
    runs.run()
    small.delete("products", ids=[7])
    small.change("products", ids=[3])
    small.fault("products", request=1, kind="hang")
    with start(runs.config, runs.catalog, runs.state) as process:
        wait_until(lambda: any(r["fault"] == "hang" for r in small.requests()), "no hang")
        shutil.rmtree(folder)
        out, err = process.communicate(timeout=20)
    result = Result(process.returncode, out.decode(), err.decode())
    runs.warehouse.load(result.messages)
    assert result.status == 1
    assert any("cannot be written to deletes_path" in line for line in result.logged("CRITICAL"))
    assert 3 in result.ids("products")
    # The next one reads all of them again, and then goes on as ever.
    runs.state = result.state
    assert len(runs.run().records("products")) == 24
    small.delete("products", ids=[8])
    assert tombstones(runs.run(), "products") == [8]
    assert list(runs.warehouse.deleted("products")) == [(7,), (8,)]


def test_a_state_never_leads_to_files_elsewhere(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, deletes_path=str(folder))
    runs.run()
    [file] = folder.iterdir()
    file.rename(tmp_path / file.name)
    runs.state["bookmarks"]["products"]["deletes"]["file"] = f"../{file.name}"
    result = runs.run(fails=True)
    assert any("cannot be read" in line for line in result.logged("CRITICAL"))
    assert (tmp_path / file.name).exists()


def test_a_sweep_that_seems_to_lie_ahead_is_made_now(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    runs.run()
    small.delete("products", ids=[7])
    runs.state["bookmarks"]["products"]["deletes"]["swept"] = "2126-01-01T00:00:00.000000Z"
    assert tombstones(runs.run(), "products") == [7]


HIDDEN = """
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pyroaring" else find(name, *more)
"""


def test_without_the_package_for_sets_the_error_says_how_to_get_it(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDDEN)
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    chosen = select(catalog, "coupons")
    for args in ([], ["--check"], ["--audit"]):
        result = run(settings(small, detect_deletes=True), chosen, env=env, args=args)
        assert result.status == 1
        assert result.stdout == ""
        assert any(
            "pip install 'tap-bigcommerce[deletes]'" in line for line in result.logged("CRITICAL")
        )
    assert run(settings(small), chosen, env=env).ids("coupons")
