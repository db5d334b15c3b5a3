"""Requests and responses, and the bodies of the API's errors in v2 and v3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson

JSON = "application/json"
_MESSAGES = MappingProxyType(
    {
        429: "Too many requests.",
        503: "The store is down for maintenance.",
        509: "The requests-per-hour limit has been reached.",
    }
)


@dataclass
class Response:
    """What is sent to the client, and its rows and ids for the request log."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    ids: Sequence[int] = ()
    breaks: str = ""
    """How the connection breaks: "reset", "cut" or "hang"."""


class ApiError(Exception):
    """Raised for a request that the API refuses; becomes an error body of its version."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, details


def json_response(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value))


def error_response(
    api: str, status: int, message: str = "", details: Mapping[str, Any] | None = None
) -> Response:
    """An error response: in v2 an array of one object, in v3 one object with a title."""
    if status in (204, 304):
        return Response(status)
    message = message or _MESSAGES.get(status) or reason(status)
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


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


@dataclass(frozen=True)
class Request:
    """One request. `query` is percent-decoded, so an unescaped + in a date is a space."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def api(self) -> str:
        """The version of the API, "v2" or "v3": their errors differ."""
        return "v3" if "/v3" in self.path else "v2"

    def comma_list(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.query.get(name, "").split(",") if word.strip())

    def integer(self, name: str, default: int) -> int:
        """A parameter that is an integer of at least 1. Raises ApiError for anything else."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) < 1:
            raise ApiError(400 if self.api == "v2" else 422, f"The field '{name}' is invalid.")
        return int(text)
