"""The demo's Dagster definitions, as a fleet would have them."""

import os
from pathlib import Path

from tap_bigcommerce_dagster import Reports, Retries, Target, build_fleet

HERE = Path(os.environ["FLEET_DEMO"])
TARGET = [os.environ["FLEET_DEMO_DUCKDB"], str(Path(__file__).with_name("duckdb_target.py"))]

defs = build_fleet(
    tap=os.environ["FLEET_DEMO_TAP"],
    target=Target(TARGET, {"filepath": str(HERE / "fleet.duckdb"), "schema": "bigcommerce"}),
    stores=HERE / "stores",
    states=HERE / "states",
    # Shared tables: the store's hash is part of every key.
    settings={"store_hash_column": True},
    reports=Reports(HERE / "reports", url="http://localhost:3001"),
    # A DuckDB file allows one writer at a time.
    at_once=1,
    retries=Retries(most=2, delay=2),
)
