"""A client for the sandbox that is as plain as can be."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tap_bigcommerce_sandbox import Store


@dataclass(frozen=True)
class Got:
    """An answer: json is None without a body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


Get = Callable[..., Got]


def client(store: Store) -> Get:
    """get("v2/orders", limit=5): one request on a connection of its own."""

    def get(path: str, token: str | None = None, **query: Any) -> Got:
        host = store.api_url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        headers = {"X-Auth-Token": token or store.access_token, "Accept": "application/json"}
        text = urlencode(query, quote_via=quote)
        connection.request("GET", f"/stores/{store.store_hash}/{path}?{text}", headers=headers)
        answer = connection.getresponse()
        try:
            body = answer.read()
        finally:
            connection.close()
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, lowered, body)

    return get
