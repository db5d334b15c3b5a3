"""Pages: which part of a list a request asks for, and what v3 tells about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.answers import ApiError
from sandbox.options import Options
from sandbox.request import Request

DEFAULT_LIMIT = 50
PARTS_CAP = 10
"""Rows a page has at most when products come with options or modifiers."""


@dataclass(frozen=True)
class Page:
    """A page by its number (from 1) and its size."""

    number: int
    limit: int

    @property
    def span(self) -> slice:
        """The part of a sequence that this page shows."""
        return slice((self.number - 1) * self.limit, self.number * self.limit)


def read_page(request: Request, api: str, options: Options, cap: int | None = None) -> Page:
    """The page a request asks for; a limit over the maximum is refused with 413."""
    number = request.whole("page", 1, api)
    limit = request.whole("limit", DEFAULT_LIMIT, api)
    if limit > options.limit_max:
        limit = _over_limit(api, options)
    caps = [value for value in (cap, options.page_cap) if value]
    return Page(number, min([limit, *caps]))


def _over_limit(api: str, options: Options) -> int:
    if api == "v3" and options.v3_over_limit == "cap":
        return options.limit_max
    status = 422 if api == "v3" and options.v3_over_limit == "422" else 413
    raise ApiError(
        status,
        "The specified limit exceeds the maximum allowed.",
        {"max_limit": options.limit_max},
    )


def page_meta(request: Request, page: Page, total: int, count: int, links: bool) -> dict[str, Any]:
    """meta.pagination of v3; `previous` and `next` are there only when such a page is."""
    pages = -(-total // page.limit)
    meta: dict[str, Any] = {
        "total": total,
        "count": count,
        "per_page": page.limit,
        "current_page": page.number,
        "total_pages": pages,
    }
    if links:
        numbers = {"previous": page.number - 1, "current": page.number, "next": page.number + 1}
        meta["links"] = {
            name: _link(request, number, page.limit)
            for name, number in numbers.items()
            if name == "current" or 1 <= number <= pages
        }
    return meta


def _link(request: Request, number: int, limit: int) -> str:
    query = {**request.query, "page": str(number), "limit": str(limit)}
    return "?" + urlencode(query, safe=":,")
