"""The API's responses, and the bodies of its errors in v2 and v3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

JSON = "application/json"


@dataclass
class Response:
    """What is sent to the client, and its rows and ids for the request log."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    rows: int = 0
    ids: Sequence[int] = ()


class ApiError(Exception):
    """Raised for a request that the API refuses; becomes an error body of its version."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, details


def json_response(value: Any, status: int = 200) -> Response:
    """A response with a JSON body."""
    return Response(status, orjson.dumps(value))


def error_response(
    api: str, status: int, message: str = "", details: Mapping[str, Any] | None = None
) -> Response:
    """An error response: in v2 an array of one object, in v3 one object with a title."""
    if status in (204, 304):
        return Response(status)
    message = message or _phrase(status)
    if api == "v2":
        error: dict[str, Any] = {"status": status, "message": message}
        if details:
            error["details"] = dict(details)
        return json_response([error], status)
    # Observed on real stores: the title of a 504 is empty.
    title = "" if status == 504 else message
    link = "https://developer.bigcommerce.com/docs/start/about/status-codes"
    body = {"status": status, "title": title, "type": link, "errors": dict(details or {})}
    return json_response(body, status)


def _phrase(status: int) -> str:
    if status == 429:
        return "Too many requests."
    if status == 509:
        return "The requests-per-hour limit has been reached."
    if status == 503:
        return "The store is down for maintenance."
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
