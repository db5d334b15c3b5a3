"""The fleet as Dagster loads it: config files of a mounted secret, PostgreSQL for all the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tap_bigcommerce_dagster import FleetError, SqlStates, Target, build_fleet

LONGEST_NAME = 63
"""PostgreSQL drops what is longer, and two schemas would be one."""


def schema_of(store: str) -> str:
    """A schema that no other store has: `bigcommerce_my_shop` for `my_shop`, `bigcommerce_my$shop`
    for `my-shop`. PostgreSQL wants no quotes around either."""
    # Stores whose names differ only in capital letters are refused by the fleet.
    name = f"bigcommerce_{store.lower().replace('-', '$')}"
    if len(name) > LONGEST_NAME:
        raise FleetError(f"{store}: its schema's name would be longer than {LONGEST_NAME} letters.")
    return name


def postgres(store: str) -> Mapping[str, Any]:
    """The target's settings: a schema for each store."""
    return {
        "host": os.environ["WAREHOUSE_HOST"],
        "port": 5432,
        "user": os.environ["WAREHOUSE_USER"],
        "password": os.environ["WAREHOUSE_PASSWORD"],
        "database": os.environ.get("WAREHOUSE_DATABASE", "warehouse"),
        "default_target_schema": schema_of(store),
    }


defs = build_fleet(
    tap="/opt/tap/bin/tap-bigcommerce",
    target=Target(["/opt/target/bin/target-postgres"], postgres),
    stores=os.environ.get("STORES_FOLDER", "/etc/stores"),
    states=SqlStates(os.environ["STATES_URL"]),
    # A folder of a volume that all pods have.
    reports=os.environ.get("REPORTS_PLACE"),
    cron="0 * * * *",
    stores_per_run=100,
    at_once=4,
    # The limit of this pool is how many runs the warehouse can take at once.
    pool="warehouse",
    late_after_hours=3,
)
