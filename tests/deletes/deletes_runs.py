"""Runs of the tap that detect deletes, one after another, into one warehouse."""

from __future__ import annotations

from typing import Any

from tap_runner import Json, Result, run, settings
from warehouse import Warehouse

from tap_bigcommerce_sandbox import Store

FOUR = ("coupons", "customers", "orders", "products")

LISTS = {"inventory_items": "variants", "product_variants": "variants"}
"""What the sandbox calls the lists of streams, where it is not the same."""


class Runs:
    """Each run goes on from the state of the one before. Any number of ids may be gone."""

    def __init__(
        self, store: Store, catalog: Any = None, *, hard_delete: bool = False, **config: Any
    ) -> None:
        self.config: Json = settings(
            store, **{"detect_deletes": True, "deletes_every": 0, "deletes_limit": 1, **config}
        )
        self.catalog = catalog
        self.state: Any = None
        self.warehouse = Warehouse(hard_delete=hard_delete)

    def run(self, *, fails: bool = False, **config: Any) -> Result:
        """One run, whose messages go into the warehouse."""
        result = run({**self.config, **config}, self.catalog, self.state)
        assert (result.status != 0) == fails, result.stderr
        self.warehouse.load(result.messages)
        if result.states:
            self.state = result.state
        return result

    def kept(self, stream: str) -> Json:
        """What the state says of the stream's deletions."""
        found: Json = self.state["bookmarks"][stream].get("deletes", {})
        return found


def tombstones(result: Result, stream: str) -> list[int]:
    """The ids that a run has reported as gone, by RECORDs of nothing else."""
    return [row["id"] for row in result.records(stream) if len(row) <= 3 and row["_sdc_deleted_at"]]
