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


UNPAGED = Paging("none")
ALL_AT_ONCE = Paging("none", meta="nothing")
"""Some lists of taxes say nothing in `meta`."""
CURSORS = Paging("both")
NO_LINKS = Paging(links=False)
CURSORS_NO_LINKS = Paging("both", links=False)
ONE_OBJECT = Paging(OBJECT)


@dataclass(frozen=True)
class Page:
    """A page by its number (from 1) and its size."""

    number: int
    limit: int

    @property
    def span(self) -> slice:
        """The slice of a sequence that is on this page."""
        return slice((self.number - 1) * self.limit, self.number * self.limit)


@dataclass(frozen=True)
class Part:
    """The ids in a response, and the `meta` for them."""

    ids: Sequence[int]
    meta: Meta


def cut(
    paging: Paging,
    request: Request,
    api: str,
    options: Options,
    ids: Sequence[int],
    cap: int | None = None,
    by_id: bool = True,
) -> Part:
    """The part of a list that a request asks for. by_id: the list is sorted by id."""
    if paging.style == "none":
        shown = ids[: paging.most] if paging.most else ids
        page = Page(1, paging.most or max(1, len(shown)))
        return Part(shown, _meta(paging, request, page, len(shown), shown, options))
    page = read_page(request, api, options, cap, paging.larger)
    if paging.style == "after":
        return _after_id(request, page, ids)
    asked = {"after", "before"} & request.query.keys()
    if paging.style in ("both", "cursor") and asked:
        word = "after" if "after" in asked else "before"
        number = _read_cursor(request.query[word])
        first, behind = _around(ids, number) if by_id else _around_in_any_order(ids, number)
        start, stop = max(0, first - page.limit), first
        if word == "after":
            start, stop = behind, min(len(ids), behind + page.limit)
        return Part(ids[start:stop], _cursor_meta(request, ids, start, stop, page.limit))
    shown = ids[page.span]
    if not shown and page.number > 1 and options.past_end == "404" and api == "v3":
        raise ApiError(404, "The page was not found.")
    meta: Meta = {}
    if paging.style != "cursor" or "page" in request.query:
        meta = _meta(paging, request, page, len(ids), shown, options)
    if paging.style in ("both", "cursor") and page.number == 1:
        meta |= _cursor_meta(request, ids, 0, len(shown), page.limit)
    return Part(shown, meta)


def read_page(
    request: Request, api: str, options: Options, cap: int | None = None, larger: int = 1
) -> Page:
    """The page that a request asks for. A limit above the maximum is refused with 413."""
    number = request.integer("page", 1, api)
    limit = request.integer("limit", DEFAULT_LIMIT, api)
    most = options.limit_max * larger
    if limit > most:
        limit = _over_limit(api, options, most)
    caps = [value for value in (cap, options.page_cap) if value]
    return Page(number, min([limit, *caps]))


def _over_limit(api: str, options: Options, most: int) -> int:
    if api == "v3" and options.v3_over_limit == "cap":
        return most
    status = 422 if api == "v3" and options.v3_over_limit == "422" else 413
    raise ApiError(status, "The specified limit exceeds the maximum allowed.", {"max_limit": most})


def _meta(
    paging: Paging, request: Request, page: Page, total: int, shown: Sequence[int], options: Options
) -> Meta:
    if paging.meta == "nothing":
        return {}
    if paging.meta == "offset":
        offset = (page.number - 1) * page.limit
        return {"pagination": {"offset": offset, "limit": page.limit, "total_items": total}}
    if paging.miscounts:
        total = max(0, total + options.brands_total_error)
    meta = page_meta(request, page, total, len(shown), paging.links)
    return {"pagination": {**meta, **paging.extra}}


def page_meta(request: Request, page: Page, total: int, count: int, links: bool) -> Meta:
    """meta.pagination of v3. `previous` and `next` are present only if that page exists."""
    pages = -(-total // page.limit)
    meta: Meta = {
        "total": total,
        "count": count,
        "per_page": page.limit,
        "current_page": page.number,
        "total_pages": pages,
    }
    if links:
        numbers = {"previous": page.number - 1, "current": page.number, "next": page.number + 1}
        meta["links"] = {
            name: _link(request, page=str(number), limit=str(page.limit))
            for name, number in numbers.items()
            if name == "current" or 1 <= number <= pages
        }
    return meta


def _cursor_meta(request: Request, ids: Sequence[int], start: int, stop: int, limit: int) -> Meta:
    shown = ids[start:stop]
    meta: Meta = {"count": len(shown), "per_page": limit, "links": {}}
    if shown:
        meta["start_cursor"], meta["end_cursor"] = _cursor(shown[0]), _cursor(shown[-1])
    # Observed on real stores: the last page has cursors too, but no links.
    if shown and stop < len(ids):
        limited = {"limit": str(limit)}
        if start:
            previous = _link(request, before=meta["start_cursor"], **limited)
            meta["links"]["previous"] = previous
        meta["links"]["next"] = _link(request, after=meta["end_cursor"], **limited)
    return {"cursor_pagination": meta}


def _around(ids: Sequence[int], number: int) -> tuple[int, int]:
    """Where rows at a cursor begin and end; its own row need not be there any more."""
    if len(ids) < 2 or ids[0] < ids[-1]:
        return bisect_left(ids, number), bisect_right(ids, number)
    negative = int.__neg__
    return bisect_left(ids, -number, key=negative), bisect_right(ids, -number, key=negative)


def _around_in_any_order(ids: Sequence[int], number: int) -> tuple[int, int]:
    if number not in ids:
        raise ApiError(422, "The cursor is invalid.")
    first = ids.index(number)
    return first, first + 1


def _cursor(number: int) -> str:
    return base64.b64encode(orjson.dumps({"id": number})).decode()


def _read_cursor(text: str) -> int:
    try:
        return int(orjson.loads(base64.b64decode(text, validate=True))["id"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise ApiError(422, "The cursor is invalid.") from error


def _after_id(request: Request, page: Page, ids: Sequence[int]) -> Part:
    start = bisect_right(ids, request.integer("after", 0, "v3")) if "after" in request.query else 0
    shown = ids[start : start + page.limit]
    links = {"current": _link(request)}
    if start + page.limit < len(ids):
        links["next"] = _link(request, after=str(shown[-1]), limit=str(page.limit))
    return Part(shown, {"pagination": {"count": len(shown), "total": len(ids), "links": links}})


def _link(request: Request, **place: str) -> str:
    moved = {"page", "after", "before"} if {"after", "before"} & place.keys() else set()
    kept = {name: text for name, text in request.query.items() if name not in moved}
    return "?" + urlencode({**kept, **place}, safe=":,")
