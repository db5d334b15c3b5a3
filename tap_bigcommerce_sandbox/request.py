"""A request for data, split into what endpoints ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from tap_bigcommerce_sandbox.answers import ApiError


@dataclass(frozen=True)
class Request:
    """One GET. `query` is percent-decoded, so a bare + in a date has become a space."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def words(self, name: str) -> tuple[str, ...]:
        """A comma list as its words."""
        return tuple(word.strip() for word in self.query.get(name, "").split(",") if word.strip())

    def whole(self, name: str, default: int, api: str) -> int:
        """A whole number of at least 1; anything else is refused."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) < 1:
            raise ApiError(400 if api == "v2" else 422, f"The field '{name}' is invalid.")
        return int(text)


def parse_target(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from its request line."""
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    return Request(method, unquote(path), dict(pairs), headers, body)
