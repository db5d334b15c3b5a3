"""Streams that are read completely end with ACTIVATE_VERSION."""

import pytest
from deletes_runs import Runs, hiding, said
from tap_runner import Json, Result, refused, run, select, settings

from tap_bigcommerce_sandbox import Sandbox

# With composite or text keys, without a lookup by id, or below a parent.
WITHOUT_SETS = ["product_category_assignments", "order_products", "price_list_records", "segments"]
VERSIONS: Json = {"detect_deletes": False, "activate_version": True}


def activated(result: Result) -> list[tuple[str, int]]:
    return [(m["stream"], m["version"]) for m in result.messages if m["type"] == "ACTIVATE_VERSION"]


def versions(result: Result, stream: str) -> set[int | None]:
    return {
        m.get("version") for m in result.messages if m["type"] == "RECORD" and m["stream"] == stream
    }


@pytest.mark.parametrize("stream", WITHOUT_SETS)
def test_deleted_rows_are_removed_by_the_next_version(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream), activate_version=True, hard_delete=True)
    first = runs.run()
    [(name, version)] = activated(first)
    assert name == stream
    assert versions(first, stream) == {version}
    before = dict(runs.warehouse.tables[stream])
    assert before
    if stream == "order_products":
        small.delete(stream, ids=[small.records(stream)[3]["id"]])
    else:
        small.delete(stream, count=1)
    second = runs.run()
    [(_, newer)] = activated(second)
    assert newer > version
    assert versions(second, stream) == {newer}
    after = runs.warehouse.tables[stream]
    assert after.keys() < before.keys()
    assert len(after) == len(before) - 1


def test_without_the_setting_or_with_tombstones_there_are_no_versions(
    small: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "product_category_assignments", "coupons")
    result = run(settings(small, detect_deletes=True), chosen)
    assert not any("version" in m for m in result.messages)
    runs = Runs(small, select(catalog, "coupons", "brands"), activate_version=True)
    assert activated(runs.run()) == []


def test_without_detect_deletes_it_applies_to_streams_that_are_read_completely(
    small: Sandbox, catalog: Json
) -> None:
    config = settings(small, activate_version=True)
    result = run(config, select(catalog, "coupons", "products"))
    assert [stream for stream, _ in activated(result)] == ["coupons"]
    chosen = select(catalog, "products", replication_method="FULL_TABLE")
    runs = Runs(small, chosen, hard_delete=True, **VERSIONS)
    runs.run()
    small.delete("products", ids=[7])
    result = runs.run()
    assert "_sdc_deleted_at" not in result.schemas["products"]["schema"]["properties"]
    existing = {(row["id"],) for row in small.records("products")}
    assert runs.warehouse.tables["products"].keys() == existing


def test_an_incremental_stream_is_read_completely_only_when_it_is_due(
    small: Sandbox, catalog: Json
) -> None:
    more: Json = {"activate_version": True, "deletes_every": 24}
    runs = Runs(small, select(catalog, "product_metafields"), **more)
    first = runs.run()
    [(_, version)] = activated(first)
    second = runs.run()
    assert activated(second) == []
    assert len(second.records("product_metafields")) < len(first.records("product_metafields"))
    # Changed records belong to the active version.
    assert versions(second, "product_metafields") <= {version}
    assert activated(runs.run(deletes_every=0))


def test_a_pass_that_missed_rows_activates_nothing(small: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "product_variants")
    runs = Runs(small, chosen, **VERSIONS)
    [hidden, *_] = runs.run().ids("product_variants")
    with hiding(small, lambda id_: id_ == hidden, counts=True):
        result = runs.run(fails=True)
    assert activated(result) == []
    assert said(result, "the API says that there are")
    assert (hidden,) in runs.warehouse.present("product_variants")


def test_a_pass_that_skipped_a_record_activates_nothing(small: Sandbox, catalog: Json) -> None:
    """The target would delete what the skipped order has."""
    chosen = select(catalog, "order_transactions", replication_method="FULL_TABLE")
    runs = Runs(small, chosen, **VERSIONS, max_attempts=1, max_retry_seconds=0)
    assert activated(runs.run())
    rows = runs.warehouse.present("order_transactions")
    small.fault("order_transactions", request=12, kind="503")
    result = runs.run(fails=True)
    assert "could not be read, while others could" in result.logged("CRITICAL")[0]
    assert activated(result) == []
    assert runs.warehouse.present("order_transactions") == rows
    small.clear_faults()
    assert activated(runs.run())


def test_a_resumed_pass_keeps_its_version(small: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "products", replication_method="FULL_TABLE")
    runs = Runs(small, chosen, **VERSIONS, page_size=4, max_concurrency=1)
    small.fault("products", request=4, kind="403")
    first = runs.run(fails=True)
    assert 0 < len(first.records("products")) < 25
    assert activated(first) == []
    version = runs.state["bookmarks"]["products"]["resume"]["version"]
    assert versions(first, "products") == {version}
    second = runs.run()
    assert activated(second) == [("products", version)]
    assert len(first.records("products")) + len(second.records("products")) == 25
    assert len(runs.warehouse.present("products")) == 25


@pytest.mark.parametrize("stream", ["product_channel_assignments", "order_products", "sites"])
def test_a_pass_with_channel_ids_activates_nothing(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    chosen = select(catalog, stream, "coupons", replication_method="FULL_TABLE")
    runs = Runs(small, chosen, hard_delete=True, **VERSIONS)
    assert {name for name, _ in activated(runs.run())} == {stream, "coupons"}
    before = set(runs.warehouse.tables[stream])
    result = runs.run(channel_ids=[1])
    assert {name for name, _ in activated(result)} == {"coupons"}, "coupons have no channel"
    assert versions(result, stream) == {None}
    assert set(runs.warehouse.tables[stream]) == before
    [warning] = result.logged("WARNING")
    assert f"{stream}: no ACTIVATE_VERSION is sent" in warning
    assert "the rows of other channels" in warning


def test_activate_version_and_store_hash_column_are_rejected_together(quiet: Sandbox) -> None:
    text = refused(settings(quiet, activate_version=True, store_hash_column=True))
    assert "activate_version cannot be set together with store_hash_column" in text
    assert quiet.requests() == []


@pytest.mark.parametrize("deleted", [2, 3, 8])
def test_a_version_with_far_fewer_rows_than_the_one_before_is_not_activated(
    small: Sandbox, catalog: Json, deleted: int
) -> None:
    """Of eight coupons, two may be deleted at once."""
    runs = Runs(small, select(catalog, "coupons"), **VERSIONS, deletes_limit=0.25)
    [(_, version)] = activated(runs.run())
    small.delete("coupons", count=deleted)
    for _ in range(2 if deleted > 2 else 0):
        result = runs.run(fails=True)
        assert activated(result) == []
        assert said(result, "deletes_limit allows (0.25 of all)")
        assert len(runs.warehouse.present("coupons")) == 8
    [(_, newer)] = activated(runs.run(deletes_limit=1) if deleted > 2 else runs.run())
    assert newer > version
    assert len(runs.warehouse.present("coupons")) == 8 - deleted
