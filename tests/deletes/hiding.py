"""Lets the sandbox answer like an API that shows less than it has."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from unittest import mock

from tap_runner import Json

from tap_bigcommerce_sandbox import Sandbox
from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.messages import Request, Response

ID_FILTERS = ("id:in", "id", "max_id")


def nobody(id_: int) -> bool:
    return False


@contextmanager
def hiding(
    store: Sandbox,
    hides: Callable[[int], bool] = nobody,
    *,
    filters: bool = True,
    counts: bool = False,
    counted: Mapping[str, tuple[int, Json]] = MappingProxyType({}),
) -> Iterator[None]:
    """In this block the store's lists do not show rows for which `hides(id)` is true.

    Requests that filter by ids show them. Without `filters`, the API ignores such filters. With
    `counts`, the totals of v3 include hidden rows, otherwise there are no totals. `counted` has
    the status and body of responses to paths that count rows.
    """
    app = store._server.app

    def receive(request: Request) -> Response:
        by_ids = any(name in request.query for name in ID_FILTERS)
        if by_ids and not filters:
            query = {k: v for k, v in request.query.items() if k not in ID_FILTERS}
            request = dataclasses.replace(request, query=query)
        response = App.receive(app, request)
        path = request.path.removeprefix(f"/stores/{store.store_hash}")
        if path in counted:
            response.status, body = counted[path]
            response.body = json.dumps(body).encode()
        elif response.status == 200 and not by_ids:
            value = json.loads(response.body)
            rows = value.get("data") if isinstance(value, dict) else value
            if isinstance(rows, list):
                rows[:] = [row for row in rows if not hides(row.get("id", 0))]
            if isinstance(rows, list) and isinstance(value, dict) and not counts:
                value.pop("meta", None)
            response.body = json.dumps(value).encode()
        return response

    with mock.patch.object(app, "receive", receive):
        yield
