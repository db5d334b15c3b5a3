"""Pagination: the part of a list that a request asks for, and v3's `meta` of it."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from tap_bigcommerce_sandbox.messages import ApiError, Request
from tap_bigcommerce_sandbox.options import Options

DEFAULT_LIMIT = 50
OBJECT = "object"
PARTS_CAP = 10
"""Rows a page has at most when products come with options or modifiers."""

Meta = dict[str, Any]
Part = tuple[Sequence[int], Meta]
"""The ids in a response, and the `meta` for them."""


@dataclass(frozen=True)
class Paging:
    """How a list is paginated.

    style: "page"; "cursor" (and pages, if a page number is given); "both" (the first page
    names a cursor too); "after" (the id of the last row seen); "none" (all rows at once);
    "object" (no list).
    """

    style: str = "page"
    links: bool = True
    """Whether meta.pagination has links."""
    meta: str = "pages"
    """What meta holds: "pages", "offset" (sites count so) or "nothing"."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    larger: int = 1
    """How many times the usual maximum a limit may be."""
    most: int = 0
    """Rows that can be had at all (0: all)."""
    miscounts: bool = False
    """Whether the option brands_total_error is added to the total."""

    @property
    def parameters(self) -> frozenset[str]:
        """The query parameters that choose a part of the list."""
        names = {"none": (), OBJECT: (), "after": ("limit", "after"), "page": ("limit", "page")}
        return frozenset(names.get(self.style, ("limit", "page", "before", "after")))

    def page_meta(self, request: Request, number: int, limit: int, total: int, count: int) -> Meta:
        """What `meta` has of a page. `previous` and `next` are there only if that page exists."""
        if self.meta == "nothing":
            return {}
        if self.meta == "offset":
            offset = (number - 1) * limit
            return {"pagination": {"offset": offset, "limit": limit, "total_items": total}}
        pages = -(-total // limit)
        meta: Meta = {
            "total": total,
            "count": count,
            "per_page": limit,
            "current_page": number,
            "total_pages": pages,
        }
        if self.links:
            near = (("previous", number - 1), ("current", number), ("next", number + 1))
            meta["links"] = {
                name: _link(request, page=str(page), limit=str(limit))
                for name, page in near
                if name == "current" or 1 <= page <= pages
            }
        return {"pagination": {**meta, **self.extra}}


UNPAGED = Paging("none")
ALL_AT_ONCE = Paging("none", meta="nothing")
"""Some lists of taxes say nothing in `meta`."""
CURSORS = Paging("both")
NO_LINKS = Paging(links=False)
CURSORS_NO_LINKS = Paging("both", links=False)
ONE_OBJECT = Paging(OBJECT)


def cut(
    paging: Paging,
    request: Request,
    options: Options,
    ids: Sequence[int],
    cap: int = 0,
    by_id: bool = True,
) -> Part:
    """The part of a list that a request asks for. by_id: the list is sorted by id."""
    if paging.style == "none":
        shown = ids[: paging.most] if paging.most else ids
        limit = paging.most or max(1, len(shown))
        return shown, paging.page_meta(request, 1, limit, len(shown), len(shown))
    number = request.integer("page", 1)
    limit = _limit(request, options, options.limit_max * paging.larger, cap)
    if paging.style == "after":
        return _after_id(request, limit, ids)
    cursors = paging.style in ("both", "cursor")
    if cursors and {"after", "before"} & request.query.keys():
        return _by_cursor(request, limit, ids, by_id)
    shown = ids[(number - 1) * limit : number * limit]
    if not shown and number > 1 and options.past_end == "404" and request.api == "v3":
        raise ApiError(404, "The page was not found.")
    meta: Meta = {}
    if paging.style != "cursor" or "page" in request.query:
        total = len(ids)
        if paging.miscounts:
            total = max(0, total + options.brands_total_error)
        meta = paging.page_meta(request, number, limit, total, len(shown))
    if cursors and number == 1:
        meta |= _cursor_meta(request, ids, 0, len(shown), limit)
    return shown, meta


def _limit(request: Request, options: Options, most: int, cap: int) -> int:
    """The rows of a page. A limit above the maximum is refused with 413."""
    limit = request.integer("limit", DEFAULT_LIMIT)
    if limit > most:
        if request.api == "v2" or options.v3_over_limit != "cap":
            status = 413 if request.api == "v2" else int(options.v3_over_limit)
            message = "The specified limit exceeds the maximum allowed."
            raise ApiError(status, message, {"max_limit": most})
        limit = most
    return min(limit, cap or limit, options.page_cap or limit)


def _by_cursor(request: Request, limit: int, ids: Sequence[int], by_id: bool) -> Part:
    word = "after" if "after" in request.query else "before"
    try:
        cursor = orjson.loads(base64.b64decode(request.query[word], validate=True))
        first, behind = _around(ids, int(cursor["id"]), by_id)
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise ApiError(422, "The cursor is invalid.") from error
    if word == "after":
        start, stop = behind, min(len(ids), behind + limit)
    else:
        start, stop = max(0, first - limit), first
    return ids[start:stop], _cursor_meta(request, ids, start, stop, limit)


def _around(ids: Sequence[int], number: int, by_id: bool) -> tuple[int, int]:
    """Where the row at a cursor begins and ends. If `by_id`, it need not be there any more."""
    if not by_id:
        first = ids.index(number)
        return first, first + 1
    if len(ids) < 2 or ids[0] < ids[-1]:
        return bisect_left(ids, number), bisect_right(ids, number)
    negative = int.__neg__
    return bisect_left(ids, -number, key=negative), bisect_right(ids, -number, key=negative)


def _cursor_meta(request: Request, ids: Sequence[int], start: int, stop: int, limit: int) -> Meta:
    shown = ids[start:stop]
    meta: Meta = {"count": len(shown), "per_page": limit, "links": {}}
    if shown:
        first, last = (base64.b64encode(orjson.dumps({"id": n})) for n in (shown[0], shown[-1]))
        meta["start_cursor"], meta["end_cursor"] = first.decode(), last.decode()
    # Observed on real stores: the last page has cursors too, but no links.
    if shown and stop < len(ids):
        if start:
            before = meta["start_cursor"]
            meta["links"]["previous"] = _link(request, before=before, limit=str(limit))
        meta["links"]["next"] = _link(request, after=meta["end_cursor"], limit=str(limit))
    return {"cursor_pagination": meta}


def _after_id(request: Request, limit: int, ids: Sequence[int]) -> Part:
    start = bisect_right(ids, request.integer("after", 0)) if "after" in request.query else 0
    shown = ids[start : start + limit]
    links = {"current": _link(request)}
    if start + limit < len(ids):
        links["next"] = _link(request, after=str(shown[-1]), limit=str(limit))
    return shown, {"pagination": {"count": len(shown), "total": len(ids), "links": links}}


def _link(request: Request, **place: str) -> str:
    moved = {"page", "after", "before"} if {"after", "before"} & place.keys() else set()
    kept = {name: text for name, text in request.query.items() if name not in moved}
    return "?" + urlencode({**kept, **place}, safe=":,")
