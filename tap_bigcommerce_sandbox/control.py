"""Control of a store over HTTP; the README's "Control" has the details."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Row = dict[str, Any]
Operation = Mapping[str, Any]
Ids = Sequence[int]
Identity = int | str | Sequence[Any]
"""What names a row: its id, or the values of its key where it has none."""
Identities = Sequence[Identity] | None
Fields = Row | None

LONGEST = 600.0
"""Seconds that an operation may take: a large store is computed on first use."""


class Store:
    """A running store: its addresses, and operations, which raise ValueError if they are wrong."""

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
        """The data requests since the last clear_requests, in order of arrival."""
        return [*self._call("requests")]

    def clear_requests(self) -> None:
        self._call("clear_requests")

    def records(self, list: str, full: bool = False, ids: Identities = None) -> list[Row]:
        """All rows of a list, below all parents, or those with `ids`, as the API returns them now.

        full: with all that can be included; child rows have the id of their parent as `_parent`.
        """
        return [*self._call("records", list=list, full=full, ids=ids)]

    def add(
        self,
        list: str,
        count: int = 1,
        ids: Ids | None = None,
        fields: Fields = None,
        parent: int | None = None,
    ) -> list[int]:
        """Add rows, created now, with these ids, or with ids above all others. Returns the ids.

        parent: the parent's id; else the one that `fields` names, or the last.
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
        """Change rows: set `fields`, or change one of their texts. Returns the ids.

        touch=False leaves date_modified. Without ids: `count` rows at random.
        """
        return [*self._call("change", list=list, ids=ids, fields=fields, touch=touch, count=count)]

    def delete(self, list: str, ids: Identities = None, count: int = 1) -> list[int]:
        """Delete rows: orders are archived, all others are removed. Returns the ids."""
        return [*self._call("delete", list=list, ids=ids, count=count)]

    def on(
        self, list: str, request: int, do: Sequence[Operation] | Operation, moment: str = "before"
    ) -> None:
        """Run operations, {"op": name, …arguments}, when a list's request with this number arrives.

        moment: "before" its rows are read, or "after_read", so that it returns the old ones.
        """
        self._call("on", list=list, request=request, do=do, moment=moment)

    def clear_triggers(self) -> None:
        self._call("clear_triggers")

    def fault(
        self,
        list: str,
        request: int = 1,
        kind: str = "500",
        times: int = 1,
        limit_above: int | None = None,
        includes: str | None = None,
        ids_between: Ids | None = None,
    ) -> None:
        """Requests number `request` to `request + times - 1` of a list, or of any ("*"), fail.

        times=0: all later ones. Only requests count that meet the conditions: `limit` is larger,
        `include` contains it, the response has an id from a to b or is below such a parent.
        """
        rule = {"list": list, "request": request, "kind": kind, "times": times}
        narrow = {"limit_above": limit_above, "includes": includes, "ids_between": ids_between}
        self._call("fault", **rule, **narrow)

    def clear_faults(self) -> None:
        self._call("clear_faults")

    def set(self, **options: Any) -> None:
        self._call("set", **options)
