"""Webhooks: their headers are secrets, and each names its store."""

from __future__ import annotations

import json

import pytest
from tap_runner import Json, run, select, settings

from tap_bigcommerce_sandbox import Sandbox

SECRET = "Basic c2E6cHc="


def test_headers_are_read_only_when_they_are_selected(quiet: Sandbox, catalog: Json) -> None:
    by_default = run(settings(quiet, select=["webhooks"]))
    chosen = run(settings(quiet), select(catalog, "webhooks", fields={"webhooks": ["headers"]}))
    assert (by_default.status, chosen.status) == (0, 0), by_default.stderr + chosen.stderr
    rows = quiet.records("webhooks")
    assert any(row["headers"] for row in rows)
    assert SECRET in json.dumps(rows)
    assert by_default.ids("webhooks") == chosen.ids("webhooks") == [row["id"] for row in rows]
    assert SECRET not in by_default.stdout + by_default.stderr
    assert "headers" not in by_default.schemas["webhooks"]["schema"]["properties"]
    headers = [record["headers"] for record in chosen.records("webhooks")]
    assert headers == [row["headers"] for row in rows]


@pytest.mark.parametrize("wanted", [False, True])
def test_the_name_of_the_store_is_in_the_taps_own_column_only(small: Sandbox, wanted: bool) -> None:
    ids = [row["id"] for row in small.records("webhooks")]
    small.change("webhooks", ids, {"store_hash": "another"})
    result = run(settings(small, select=["webhooks"], store_hash_column=wanted))
    assert result.status == 0, result.stderr
    for record in result.records("webhooks"):
        assert record.get("store_hash") == (small.store_hash if wanted else None)
        assert record["_rescued_data"] is None
