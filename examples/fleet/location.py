"""The fleet's Dagster definitions: stores from a mounted secret, states and rows in PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tap_bigcommerce_dagster import FleetError, SqlStates, Target, build_fleet

MAX_NAME_LENGTH = 63
"""PostgreSQL cuts longer names, so that two stores could share a schema."""


def schema_of(store: str) -> str:
    """A unique schema: `bigcommerce_my_shop` for `my_shop`, `bigcommerce_my$shop` for `my-shop`.

    PostgreSQL accepts both without quotes. Raises FleetError if the name is too long.
    """
    # The fleet refuses stores whose names differ only in upper and lower case.
    name = f"bigcommerce_{store.lower().replace('-', '$')}"
    if len(name) > MAX_NAME_LENGTH:
        raise FleetError(
            f"{store}: its schema's name would be longer than {MAX_NAME_LENGTH} characters."
        )
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
    # A folder in a volume that all pods mount.
    reports=os.environ.get("REPORTS_PLACE"),
    cron="0 * * * *",
    stores_per_run=100,
    at_once=4,
    # The limit of this pool is the number of runs that the warehouse can handle.
    pool="warehouse",
    late_after_hours=3,
)
