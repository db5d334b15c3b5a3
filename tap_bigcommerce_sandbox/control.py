"""Control of a store over HTTP: read its data, change it, make requests fail."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Row = dict[str, Any]
Operation = Mapping[str, Any]
Identity = int | str | Sequence[Any]
"""What names a row: its id, or the values of its key where it has none."""
Identities = Sequence[Identity] | None
Fields = Row | None

LONGEST = 600.0
"""Seconds that an operation may take: a large store is computed on first use."""


class Store:
    """A running store: its addresses, and the operations to control it.

    Each operation is a POST to {control_url}/<name> with its arguments as JSON. All of them raise
    ValueError for invalid arguments.
    """

    pid = 0
    """The process that serves it, if it was spawned; for measurements."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)
        self.api_url = addresses["api_url"]
        self.store_hash = addresses["store_hash"]
        self.access_token = addresses["access_token"]
        self.control_url = addresses["control_url"]

    def _call(self, name: str, **arguments: Any) -> Any:
        body = orjson.dumps(arguments)
        request = urllib.request.Request(f"{self.control_url}/{name}", data=body, method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=LONGEST) as response:
                return orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ValueError(orjson.loads(error.read())["error"]) from error

    def requests(self) -> list[Row]:
        """The data requests so far, in order of arrival.

        Each has n, at (UNIX time), list, path, query, status (None: no response was sent), rows,
        fault (its kind or None) and in_flight (how many were being answered, this one included).
        """
        return [*self._call("requests")]

    def clear_requests(self) -> None:
        """Clear the request log."""
        self._call("clear_requests")

    def records(self, list: str, full: bool = False, ids: Identities = None) -> list[Row]:
        """All rows of a list (or those with `ids`) as the API would return them now.

        A child list, such as order_taxes, gives the rows of all its parents.
        full: orders also carry products, shipping_addresses, coupons, fees and consignments
        as the order's own endpoints return them; other rows have all that can be included,
        and child rows have the id of their parent as `_parent`.
        """
        return [*self._call("records", list=list, full=full, ids=ids)]

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
        return [*self._call("add", list=list, count=count, ids=ids, fields=fields, parent=parent)]

    def change(
        self,
        list: str,
        ids: Identities = None,
        fields: Fields = None,
        touch: bool = True,
        count: int = 1,
    ) -> list[int]:
        """Change rows visibly: set `fields`, or change one of their texts. Returns the ids.

        touch=False leaves date_modified. Without ids: `count` rows at random.
        Rows without an id are identified by their key, such as [product_id, category_id].
        """
        return [*self._call("change", list=list, ids=ids, fields=fields, touch=touch, count=count)]

    def delete(self, list: str, ids: Identities = None, count: int = 1) -> list[int]:
        """Delete rows: orders are archived, all others are removed. Returns the ids."""
        return [*self._call("delete", list=list, ids=ids, count=count)]

    def on(
        self,
        list: str,
        request: int,
        do: Sequence[Operation] | Operation,
        moment: str = "before",
    ) -> None:
        """Run operations when request number `request` of a list, counted from now, arrives.

        do: operations such as {"op": "change", "list": "orders", "ids": [100]}. moment: "before"
        the rows are read, or "after_read": read but not sent, so that the response has the old
        rows.
        """
        several = [do] if isinstance(do, Mapping) else do
        self._call("on", list=list, request=request, do=several, moment=moment)

    def clear_triggers(self) -> None:
        """Remove the operations set with `on` that have not run yet."""
        self._call("clear_triggers")

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
        rule = {"list": list, "request": request, "kind": kind, "times": times}
        narrow = {"limit_above": limit_above, "includes": includes, "ids_between": ids_between}
        self._call("fault", **rule, **narrow)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("clear_faults")

    def set(self, **options: Any) -> None:
        """Change options while the store runs."""
        self._call("set", **options)
