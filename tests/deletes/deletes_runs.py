"""A series of runs of the tap with detect_deletes, loaded into one warehouse."""

from typing import Any

from tap_runner import Json, Result, run, settings
from warehouse import Warehouse

from tap_bigcommerce_sandbox import Store

MAIN_STREAMS = ("coupons", "customers", "orders", "products")

LISTS = {"inventory_items": "variants", "product_variants": "variants"}
"""The sandbox's names of lists, where they are not the stream's name."""


class Runs:
    """Each run continues from the state of the run before. Any number of records may be deleted."""

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
        """Run the tap once and load its messages into the warehouse."""
        result = run({**self.config, **config}, self.catalog, self.state)
        assert (result.status != 0) == fails, result.stderr
        self.warehouse.load(result.messages)
        if result.states:
            self.state = result.state
        return result

    def audit(self, **config: Any) -> Result:
        return run({**self.config, **config}, self.catalog, self.state, args=["--audit"])

    def state_entry(self, stream: str) -> Json:
        found: Json = self.state["bookmarks"][stream].get("deletes", {})
        return found


def tombstones(result: Result, stream: str) -> list[int]:
    """The ids in the tombstones that a run has written."""
    return [row["id"] for row in result.records(stream) if len(row) <= 3 and row["_sdc_deleted_at"]]


def lines(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


def said(result: Result, words: str) -> bool:
    return any(words in line for line in result.logged("CRITICAL"))
