"""All lists of the sandbox, as it declares them, and how each is read from its first row on."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sandbox_client import Get

from tap_bigcommerce_sandbox import Store
from tap_bigcommerce_sandbox.families import ALL
from tap_bigcommerce_sandbox.lists import List

Row = dict[str, Any]
LISTS = tuple(listed for listed in ALL if not listed.is_object)


def every_row(store: Store, get: Get, listed: List, limit: int, **query: Any) -> list[Row]:
    """All rows of a list, below all parents, with all their fields."""
    if listed.optional:
        name = "include" if listed.includes else listed.shown_by
        query = {name: ",".join(sorted(listed.includes)) or "true", **query}
    return [
        row
        for path in paths(store, listed)
        for row in walk(get, path, listed.paging.style, limit, **query)
    ]


def paths(store: Store, listed: List) -> list[str]:
    """The path of a list, or one for each parent."""
    if "{}" not in listed.path:
        return [listed.path]
    return [listed.path.format(row["id"]) for row in store.records(listed.parent)]


def walk(get: Get, path: str, style: str, limit: int, **query: Any) -> Iterator[Row]:
    """The rows at one path, page by page."""
    place: Any = {"page": 1} if style in ("page", "both") else {}
    while True:
        answer = get(path, limit=limit, **place, **query)
        if answer.status != 200:
            return
        body = answer.json if isinstance(answer.json, dict) else {"data": answer.json, "meta": {}}
        rows = body["data"]
        yield from rows
        pages = body["meta"].get("pagination", {})
        if style == "after" and "next" in pages["links"]:
            place = {"after": rows[-1]["listing_id"]}
        elif style == "cursor" and "next" in body["meta"]["cursor_pagination"]["links"]:
            place = {"after": body["meta"]["cursor_pagination"]["end_cursor"]}
        elif place.get("page") and rows and place["page"] != pages.get("total_pages"):
            place = {"page": place["page"] + 1}
        else:
            return


def instant(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        if value[0].isdigit():
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        return parsedate_to_datetime(value).timestamp()
