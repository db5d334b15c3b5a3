"""Before a sync, rows of which nothing can be asked harm neither the discovery nor the check."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hostile_store import config, serving
from tap_runner import run
from tiers import some_of

ODD_IDS: tuple[Any, ...] = (None, True, "", "../../v2/store", -1, 1.5, [], {"id": 1})


@pytest.mark.parametrize("command", some_of(["--discover", "--check"], 1, pytest.mark.histories))
@pytest.mark.parametrize("row", [{}, *({"id": value} for value in ODD_IDS)], ids=json.dumps)
def test_a_parent_without_a_usable_id_is_not_asked_for_its_lists(row: Any, command: str) -> None:
    asked = set()

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        path = path.partition("?")[0].removeprefix("/stores/hostile1")
        asked.add(path)
        if path in ("/v2/store", "/v2/time"):
            return 200, b"{}"
        if path.endswith("/count"):
            return 200, b'{"count": 1}'
        if "settings" in path:
            return 200, b'{"data": {}}'
        return 200, json.dumps({"data": [row]} if path.startswith("/v3/") else [row]).encode()

    with serving(answer) as address:
        result = run(config(address), args=[command])
    assert result.status == 0, result.stderr
    assert not result.logged("WARNING", "ERROR", "CRITICAL")
    below = ("/taxes", "/messages", "/codes", "/records", "/listings", "/routes")
    assert "/v2/orders" in asked
    assert not [path for path in asked if path.endswith(below)]
    assert not [path for path in asked if path.startswith("/v2/shipping/zones/")]
