"""Real targets handle deletions as docs/deletes.md says."""

import dataclasses
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_targets
from all_streams import Key, key_of
from documents import ROOT, examples
from postgres_server import Postgres, one_server  # noqa: F401
from real_targets import Load, Target, compare, load
from tap_runner import Json, discover, select

from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

DELETED_AT = "_sdc_deleted_at"
DETECT_DELETES = {"detect_deletes": True, "deletes_every": 0, "deletes_limit": 1}


@pytest.fixture
def stock() -> Iterator[Sandbox]:
    # Values as texts and every field embedded: they can be compared digit for digit.
    more: Json = {"consignment_costs": "string", "fulfillment_source_embedded": True}
    with Sandbox(Options(orders=60, customers=60, products=60, coupons=40, **more)) as running:
        yield running


@functools.cache
def catalog(*names: str, method: str | None = None) -> Json:
    more: Json = {"replication_method": method} if method else {}
    return select(discover(), *names, **more)


class Syncs:
    """A series of syncs into one target. Each starts from the state that the target has written."""

    def __init__(self, store: Sandbox, target: Target, chosen: Json, **config: Any) -> None:
        self.target = target
        self._store = store
        self._chosen = chosen
        self._config = {"page_size": 25, **config}
        self._state: Json | None = None

    def run(self, *, fails: bool = False) -> Load:
        target = self.target
        done = load(
            self._store, target.command, target.folder, self._chosen, self._state, **self._config
        )
        assert done.target_status == 0, done.log
        assert (done.tap_status != 0) == fails, done.log
        self._state = done.state
        return done

    def rows(self, stream: str) -> dict[Key, Json]:
        """The rows of a table, without the target's own columns except `_sdc_deleted_at`."""
        return {
            key_of(stream, row): {
                name: value
                for name, value in row.items()
                if name == DELETED_AT or not name.startswith("_sdc_")
            }
            for row in self.target.read(stream)
        }


def is_present(row: Json) -> bool:
    """Whether the row is not marked as deleted. Its table may not have the column for it."""
    return row.get(DELETED_AT) is None


def present(rows: dict[Key, Json]) -> dict[Key, Json]:
    return {key: row for key, row in rows.items() if is_present(row)}


def deleted(rows: dict[Key, Json]) -> dict[Key, Json]:
    return {key: row for key, row in rows.items() if not is_present(row)}


def without(row: Json, *names: str) -> Json:
    return {name: value for name, value in row.items() if name not in names}


def only_present(target: Target) -> Target:
    """The target, without the rows that are marked as deleted."""

    def read(stream: str) -> list[Json]:
        return [row for row in target.read(stream) if is_present(row)]

    return dataclasses.replace(target, read=read)


# Tombstones


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
def test_target_duckdb_marks_a_row_and_removes_it_with_hard_delete(
    hard: bool, stock: Sandbox, tmp_path: Path
) -> None:
    target = with_settings(real_targets.duckdb(tmp_path), hard_delete=hard)
    syncs = Syncs(stock, target, catalog("products"), **DETECT_DELETES)
    syncs.run()
    before = syncs.rows("products")
    stock.delete("products", ids=[7])
    syncs.run()
    after = syncs.rows("products")
    assert present(after).keys() == before.keys() - {(7,)}
    assert deleted(after).keys() == (set() if hard else {(7,)})
    for key in after:
        assert without(after[key], DELETED_AT) == without(before[key], DELETED_AT)


def test_target_jsonl_adds_a_line_for_a_tombstone(stock: Sandbox, tmp_path: Path) -> None:
    syncs = Syncs(stock, real_targets.jsonl(tmp_path), catalog("products"), **DETECT_DELETES)
    syncs.run()
    before = syncs.target.read("products")
    stock.delete("products", ids=[7])
    syncs.run()
    *others, last = syncs.target.read("products")
    assert others[: len(before)] == before
    assert last.keys() == {"id", DELETED_AT}
    assert last["id"] == 7


def test_target_postgres_keeps_rows_with_tombstones_until_the_statement_is_run(
    stock: Sandbox, server: Postgres, tmp_path: Path
) -> None:
    target = with_settings(real_targets.postgres(tmp_path, server), hard_delete=True)
    syncs = Syncs(stock, target, catalog("products"), **DETECT_DELETES)
    syncs.run()
    before = syncs.rows("products")
    stock.delete("products", ids=[7])
    syncs.run()
    after = syncs.rows("products")
    assert deleted(after).keys() == {(7,)}
    assert without(after[7,], DELETED_AT) == without(before[7,], DELETED_AT)
    statements = [e.text for e in examples(ROOT / "docs" / "deletes.md") if e.language == "sql"]
    server.query(f"SET search_path TO {real_targets.SCHEMA}; {statements[0]}")
    assert syncs.rows("products") == {key: before[key] for key in before if key != (7,)}


# Versions

FULL_TABLES = ("product_category_assignments", "coupons")
VERSIONS = {"activate_version": True}


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
def test_target_postgres_removes_rows_of_older_versions(
    hard: bool, stock: Sandbox, server: Postgres, tmp_path: Path
) -> None:
    target = with_settings(real_targets.postgres(tmp_path, server), hard_delete=hard)
    syncs = Syncs(stock, target, catalog(*FULL_TABLES), **VERSIONS)
    syncs.run()
    before = {name: syncs.rows(name) for name in FULL_TABLES}
    for name in FULL_TABLES:
        stock.delete(name, count=3)
        stock.change("coupons", count=2)
    stock.add("coupons", count=2)
    done = syncs.run()
    for name in FULL_TABLES:
        rows = syncs.rows(name)
        deleted_keys = before[name].keys() - {key for key in rows if is_present(rows[key])}
        assert len(deleted_keys) == 3
        assert (deleted_keys & rows.keys() == set()) is hard
        for key in deleted_keys & rows.keys():
            assert without(rows[key], DELETED_AT) == without(before[name][key], DELETED_AT)
    assert list(compare(stock, only_present(target), done.schemas)) == []
    # A sync without changes neither restores them nor removes more.
    after = {name: syncs.rows(name) for name in FULL_TABLES}
    syncs.run()
    assert {name: syncs.rows(name) for name in FULL_TABLES} == after


def test_target_postgres_removes_nothing_after_a_failed_pass(
    stock: Sandbox, server: Postgres, tmp_path: Path
) -> None:
    target = with_settings(real_targets.postgres(tmp_path, server), hard_delete=True)
    syncs = Syncs(stock, target, catalog("products", method="FULL_TABLE"), **VERSIONS)
    syncs.run()
    before = syncs.rows("products")
    stock.delete("products", ids=[7])
    stock.fault("products", request=3, kind="405")
    syncs.run(fails=True)
    assert syncs.rows("products").keys() == before.keys()
    syncs.run()
    assert syncs.rows("products").keys() == before.keys() - {(7,)}


def test_target_duckdb_and_target_jsonl_ignore_versions(stock: Sandbox, tmp_path: Path) -> None:
    syncs = Syncs(stock, real_targets.jsonl(tmp_path), catalog("coupons"), **VERSIONS)
    assert "Unknown message type ACTIVATE_VERSION" in syncs.run().log
    assert len(syncs.target.read("coupons")) == 40
    target = with_settings(real_targets.duckdb(tmp_path), hard_delete=True)
    syncs = Syncs(stock, target, catalog("coupons"), **VERSIONS)
    syncs.run()
    stock.delete("coupons", count=1)
    syncs.run()
    assert len(syncs.target.read("coupons")) == 40


def with_settings(target: Target, **more: Any) -> Target:
    file = target.folder / "target.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **more}))
    return target
