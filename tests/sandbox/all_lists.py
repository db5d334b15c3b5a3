"""All lists of the sandbox, as it declares them, and how each is read from its first row on."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sandbox_client import Get

from tap_bigcommerce_sandbox import Store
from tap_bigcommerce_sandbox.families import ALL
from tap_bigcommerce_sandbox.families import LISTS as WITH_ROWS
from tap_bigcommerce_sandbox.lists import List

Row = dict[str, Any]


LISTS = tuple(listed for listed in ALL if not listed.is_object)


def rows_of(listed: List) -> List:
    """The list that keeps the rows."""
    return next(item for item in WITH_ROWS if item.name == listed.row_kind)


def every_row(store: Store, get: Get, listed: List, limit: int, **query: Any) -> list[Row]:
    """All rows of a list, below all parents, read as its kind of pages wants."""
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


def walk(get: Get, path: str, pages: str, limit: int, **query: Any) -> Iterator[Row]:
    """The rows at one path, part by part."""
    if pages == "none":
        answer = get(path, **query)
        yield from _rows(answer.json) if answer.status == 200 else ()
        return
    place: Any = {"page": 1} if pages in ("page", "both") else {}
    for _ in range(1000):
        answer = get(path, limit=limit, **place, **query)
        rows = _rows(answer.json)
        yield from rows
        place = _next(pages, place, answer.json, rows)
        if place is None:
            return
    raise AssertionError(f"{path} does not end")


def _rows(body: Any) -> list[Row]:
    return (body["data"] if isinstance(body, dict) else body) or []


def _next(pages: str, place: Any, body: Any, rows: list[Row]) -> Any:
    """Where the next part begins; None at the end."""
    if pages == "after":
        whole = "next" not in body["meta"]["pagination"]["links"]
        return None if whole else {"after": rows[-1]["listing_id"]}
    if pages == "cursor":
        cursors = body["meta"]["cursor_pagination"]
        return {"after": cursors["end_cursor"]} if "next" in cursors["links"] else None
    meta = body["meta"].get("pagination", {}) if isinstance(body, dict) else {}
    if "total_pages" in meta:
        return {"page": place["page"] + 1} if place["page"] < meta["total_pages"] else None
    return {"page": place["page"] + 1} if rows else None


def instant(value: Any) -> float:
    """A date as a number; numbers as they are."""
    try:
        return float(value)
    except ValueError:
        if value[0].isdigit():
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        return parsedate_to_datetime(value).timestamp()
