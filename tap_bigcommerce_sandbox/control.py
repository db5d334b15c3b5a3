"""The control operations: read the store's data, change it, make requests fail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Operation = Mapping[str, Any]
Identity = int | str | Sequence[Any]
"""What names a row: its id, or the values of its key where it has none."""
Identities = Sequence[Identity] | None
Fields = Row | None


class Store(ABC):
    """A running store: its addresses, and the operations to control it.

    The same operations answer at POST {control_url}/<name> with their arguments as JSON. All of
    them raise ValueError for invalid arguments.
    """

    api_url: str
    store_hash: str
    access_token: str
    control_url: str

    def locate(self, addresses: Mapping[str, str]) -> None:
        """Set the addresses to those that a server printed."""
        self.api_url = addresses["api_url"]
        self.store_hash = addresses["store_hash"]
        self.access_token = addresses["access_token"]
        self.control_url = addresses["control_url"]

    @abstractmethod
    def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out an operation in the store."""

    def requests(self) -> list[Row]:
        """The data requests so far, in order of arrival.

        Each has n, at (UNIX time), list, path, query, status (None: no response was sent), rows,
        fault (its kind or None) and in_flight (how many were being answered, this one included).
        """
        return list(self._call("requests", {}))

    def clear_requests(self) -> None:
        """Clear the request log."""
        self._call("clear_requests", {})

    def records(self, list: str, full: bool = False, ids: Identities = None) -> list[Row]:
        """All rows of a list (or those with `ids`) as the API would return them now.

        A child list, such as order_taxes, gives the rows of all its parents.
        full: orders also carry products, shipping_addresses, coupons, fees and consignments
        as the order's own endpoints return them; other rows have all that can be included,
        and child rows have the id of their parent as `_parent`.
        """
        return [*self._call("records", {"list": list, "full": full, "ids": ids})]

    def add(
        self,
        list: str,
        count: int = 1,
        ids: Sequence[int] | None = None,
        fields: Fields = None,
        parent: int | None = None,
    ) -> list[int]:
        """Add rows, created now, with the given ids or with ids above all others.

        Returns their ids.

        parent: for a child list, the parent's id; else the one that `fields` names, or the last.
        """
        arguments = {"list": list, "count": count, "ids": ids, "fields": fields, "parent": parent}
        return [*self._call("add", arguments)]

    def change(
        self,
        list: str,
        ids: Identities = None,
        fields: Fields = None,
        touch: bool = True,
        count: int | None = None,
    ) -> list[int]:
        """Change rows visibly: set `fields`, or change one of their texts. Returns the ids.

        touch=False leaves date_modified. count instead of ids: that many rows at random.
        Rows without an id are identified by their key, such as [product_id, category_id].
        """
        arguments = {"list": list, "ids": ids, "fields": fields, "touch": touch, "count": count}
        return [*self._call("change", arguments)]

    def delete(self, list: str, ids: Identities = None, count: int | None = None) -> list[int]:
        """Delete rows: orders are archived, all others are removed. Returns the ids."""
        return [*self._call("delete", {"list": list, "ids": ids, "count": count})]

    def change_variants(self, product_id: int) -> None:
        """Add a variant to a product and change its stock. date_modified does not change."""
        self._call("change_variants", {"product_id": product_id})

    def on(
        self,
        list: str,
        request: int,
        do: Sequence[Operation] | Operation,
        moment: str = "before",
        relative: bool = True,
    ) -> None:
        """Run operations when request number `request` (from 1) of a list arrives.

        do: operations such as {"op": "change", "list": "orders", "ids": [100]}. moment: "before"
        the rows are read, or "after_read": read but not sent, so that the response has the old
        rows. relative: counted from now; False counts from the start of the log.
        """
        several = [dict(do)] if isinstance(do, Mapping) else [dict(item) for item in do]
        arguments = {"list": list, "request": request, "do": several}
        self._call("on", {**arguments, "moment": moment, "relative": relative})

    def clear_triggers(self) -> None:
        """Remove the operations set with `on` that have not run yet."""
        self._call("clear_triggers", {})

    def fault(
        self,
        list: str,
        request: int = 1,
        kind: str = "500",
        times: int = 1,
        limit_above: int | None = None,
        includes: str | None = None,
        ids_between: Sequence[int] | None = None,
    ) -> None:
        """Requests number `request` to `request + times - 1` of a list fail with `kind`.

        list "*": any list. times 0: all later requests. Only requests that meet these conditions
        count: limit_above (limit is larger), includes (`include` contains it), ids_between (the
        response would have an id from a to b, or is for such an order).
        """
        arguments = {"list": list, "request": request, "kind": kind, "times": times}
        narrow = {"limit_above": limit_above, "includes": includes, "ids_between": ids_between}
        self._call("fault", {**arguments, **narrow})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("clear_faults", {})

    def set(self, **options: Any) -> None:
        """Change options while the store runs."""
        self._call("set", options)
