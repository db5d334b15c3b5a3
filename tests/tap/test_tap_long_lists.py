"""Lists that are long enough for the tap to learn what their rows look like: nothing changes.

In short lists, as other tests have them, every row is looked at as if it were the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from all_streams import compare, truth
from tap_runner import Json, Result, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = pytest.mark.loads

OPTIONS = Options(
    orders=40,
    customers=3000,
    products=240,
    coupons=1500,
    brands=1200,
    categories=900,
    redirects=2500,
    consignment_costs="string",
)
NAMES = (
    "coupons",
    "customers",
    "products",
    "brands",
    "categories",
    "redirects",
    "subscribers",
    "wishlists",
    "customer_addresses",
    "customer_attribute_values",
    "customer_form_field_values",
    "product_variants",
    "inventory_items",
)


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    """A store that these tests only read."""
    with Sandbox(OPTIONS) as running:
        second = running.records("channels")[1]["id"]
        some = [row["id"] for row in running.records("subscribers")[::3]]
        running.change("subscribers", some, {"channel_id": second}, touch=False)
        yield running


@pytest.fixture(scope="module")
def result(store: Sandbox, catalog: Json) -> Result:
    return sync(store, select(catalog, *NAMES))


def sync(store: Sandbox, catalog: Json, state: Any = None, **more: Any) -> Result:
    return succeed(settings(store, **more), catalog, state)


def test_every_value_is_the_stores_digit_for_digit(store: Sandbox, result: Result) -> None:
    lines = result.stdout.splitlines()
    for name in NAMES:
        compare(result, name, truth(store, name))
        written = [line for line in lines if f'"RECORD","stream":"{name}"' in line]
        assert sum(map(len, written)) > 250_000, name
    for name in ("customers", "products"):
        records = result.records(name)
        newest = max(records, key=lambda row: row["date_modified"])
        assert result.bookmark(name) == newest["date_modified"]
        assert records.index(newest) > len(records) // 4
        assert f"Summary of {name}: {len(records)} records; " in result.stderr


def test_streams_of_the_same_rows_are_written_side_by_side(
    store: Sandbox, result: Result, catalog: Json
) -> None:
    left_out = ["description", "variants[].sku", "images"]
    names = ("products", "product_images", "product_custom_fields")
    family = sync(store, select(catalog, *names, without={"products": left_out}))
    for name in names:
        compare(family, name, truth(store, name))
    for row in family.records("products"):
        assert not {"description", "images"} & set(row)
        assert all("sku" not in variant for variant in row["variants"])


def test_of_selected_fields_and_channels_all_comes_with_the_column_of_the_store(
    store: Sandbox, result: Result, catalog: Json
) -> None:
    left_out = {"customers": ["email", "form_fields"], "brands": ["name"]}
    chosen = select(catalog, "brands", "customers", "subscribers", without=left_out)
    channel = store.records("channels")[0]["id"]
    found = sync(store, chosen, store_hash_column=True, channel_ids=[channel])
    for name in ("brands", "customers", "subscribers"):
        never, own = left_out.get(name, ()), {"store_hash": store.store_hash}
        assert found.records(name) == [
            own | {field: value for field, value in row.items() if field not in never}
            for row in result.records(name)
            if row.get("channel_id", channel) == channel
        ]
    assert 0 < len(found.records("subscribers")) < len(result.records("subscribers"))


ODD: dict[str, list[Json]] = {
    "coupons": [
        {"amount": "5,00"},
        {"restricted_to": "AU"},
        {"code": "\0A\0B"},
        {"never_seen": {"x": 1}},
        {"min_purchase": "123456789012345678901234567890.1234"},
        {"max_uses": 2**63},
    ],
    "customers": [{"store_credit": ["1.00"]}, {"notes": 5}, {"date_created": ""}, {"loyalty": "x"}],
    "products": [
        {"price": "19.9000"},
        {"categories": ["23"]},
        {"is_visible": 1},
        {"upc": {"a": 1}},
    ],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rows_late_in_a_list_are_written_as_those_early_in_a_short_one(
    catalog: Json, name: str
) -> None:
    with Sandbox(Options(orders=0, customers=1500, products=240, coupons=1500)) as long:
        ids = [row["id"] for row in long.records(name)]
        # In the second half, and far from each other.
        late = ids[len(ids) // 2 :: len(ids) // 2 // len(ODD[name])]
        odd = dict(zip(late, ODD[name], strict=False))
        assert len(odd) == len(ODD[name])
        for id_, fields in odd.items():
            long.change(name, [id_], fields, touch=False)
        chosen = select(catalog, name)
        whole = sync(long, chosen, page_size=50)
        assert [row["id"] for row in whole.records(name)] == ids
        # The same rows alone: too few to be learned from.
        long.delete(name, [id_ for id_ in ids if id_ not in odd])
        alone = sync(long, chosen, page_size=50)
    assert len(alone.records(name)) == len(odd)
    for record in alone.records(name):
        assert whole.record(name, record["id"]) == record
    rescued = [row["id"] for row in whole.records(name) if row.get("_rescued_data") is not None]
    assert rescued
    assert set(rescued) < set(odd)
    warnings = [line for line in whole.logged("WARNING") if "_rescued_data" in line]
    assert warnings == [line for line in alone.logged("WARNING") if "_rescued_data" in line]
