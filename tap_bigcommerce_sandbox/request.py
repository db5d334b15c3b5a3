"""A parsed request: path, query and headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from tap_bigcommerce_sandbox.responses import ApiError


@dataclass(frozen=True)
class Request:
    """One request. `query` is percent-decoded, so an unescaped + in a date is a space."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def comma_list(self, name: str) -> tuple[str, ...]:
        """A parameter with comma-separated values, as a tuple."""
        return tuple(word.strip() for word in self.query.get(name, "").split(",") if word.strip())

    def integer(self, name: str, default: int, api: str) -> int:
        """A parameter that is an integer of at least 1. Raises ApiError for anything else."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit() or int(text) < 1:
            raise ApiError(400 if api == "v2" else 422, f"The field '{name}' is invalid.")
        return int(text)


def parse_target(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Make a request from the parts of its request line."""
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    return Request(method, unquote(path), dict(pairs), headers, body)
