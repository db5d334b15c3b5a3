"""The fleet as Dagster loads it: config files of a mounted secret, PostgreSQL for all the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tap_bigcommerce_dagster import SqlStates, Target, build_fleet


def postgres(store: str) -> Mapping[str, Any]:
    """The target's settings: a schema for each store."""
    return {
        "host": os.environ["WAREHOUSE_HOST"],
        "port": 5432,
        "user": os.environ["WAREHOUSE_USER"],
        "password": os.environ["WAREHOUSE_PASSWORD"],
        "database": os.environ.get("WAREHOUSE_DATABASE", "warehouse"),
        "default_target_schema": f"bigcommerce_{store.replace('-', '_')}",
    }


defs = build_fleet(
    tap="/opt/tap/bin/tap-bigcommerce",
    target=Target(["/opt/target/bin/target-postgres"], postgres),
    stores=os.environ.get("STORES_FOLDER", "/etc/stores"),
    states=SqlStates(os.environ["STATES_URL"]),
    # A volume that all pods have, or a bucket: the image then needs fsspec's package for it (s3fs).
    reports=os.environ.get("REPORTS_PLACE"),
    cron="0 * * * *",
    stores_per_run=100,
    at_once=4,
    # The limit of this pool is how many runs the warehouse can take at once.
    pool="warehouse",
    late_after_hours=3,
)
