"""Finds the endpoint for a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tap_bigcommerce_sandbox.identity import STORE_HASH
from tap_bigcommerce_sandbox.ids import number_of
from tap_bigcommerce_sandbox.lists import Endpoint
from tap_bigcommerce_sandbox.responses import ApiError

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Match:
    """An endpoint, and the ids in the path."""

    endpoint: Endpoint
    parents: Sequence[int]


class Router:
    """Looks up endpoints by path. Segments of digits only are ids, and so are UUIDs."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._endpoints = {item.path: item for item in endpoints}

    def match(self, path: str, any_hash: bool) -> Match:
        """The endpoint at /stores/{hash}/v2/… or /v3/…. Raises ApiError."""
        _, stores, name, rest = (*path.split("/", 3), "", "", "")[:4]
        if stores != "stores" or not (name == STORE_HASH or (any_hash and name.isalnum())):
            raise ApiError(404, "The requested store was not found.")
        if rest.endswith("/"):
            if rest.startswith("v3"):
                # Not 404: the real API asks for authentication here, token or not.
                raise ApiError(403, "Authentication Required")
            rest = rest.rstrip("/")
        if rest.startswith("v2/"):
            rest = rest.removesuffix(".json")
        segments = rest.split("/")
        parents = [number_of(segment) for segment in segments if _is_id(segment)]
        endpoint = self._endpoints.get("/".join("{}" if _is_id(w) else w for w in segments))
        if endpoint is None:
            raise ApiError(404, "The requested resource was not found.")
        return Match(endpoint, parents)


def _is_id(segment: str) -> bool:
    return segment.isdigit() or _UUID.fullmatch(segment) is not None


def api_of(path: str) -> str:
    """The API version of a path, "v2" or "v3": their errors differ."""
    return "v3" if "/v3" in path else "v2"
