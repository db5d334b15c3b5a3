"""No id or name in an answer leads the tap to another address, or becomes code."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hostile_store import Reply, config, coupons, rows, serving
from tap_runner import run, some_of

PATHS = ["../../../evil", "1/../../evil", "1?evil", "1#evil", "..", "evil"]
NO_IDS: list[Any] = [None, True, "", "../../v2/store", -1, 1.5, [], {"id": 1}]
COMMANDS: list[list[str]] = [["--discover"], ["--check"], []]


@pytest.mark.parametrize("id_", PATHS)
@pytest.mark.parametrize("args", some_of(COMMANDS, 2, pytest.mark.histories))
def test_the_id_of_a_row_leads_nowhere_else(id_: str, args: list[str]) -> None:
    asked: list[str] = []

    def answer(path: str, headers: dict[str, str]) -> Reply:
        asked.append(path)
        rows = [{"id": id_, "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000"}]
        return 200, json.dumps({"data": rows} if "/v3/" in path else rows).encode()

    with serving(answer) as url:
        run(config(url), args=args)
    assert asked
    assert all(path.startswith("/stores/hostile1/v") for path in asked)
    assert not [path for path in asked if "evil" in path or "%2F" in path or ".." in path]


@pytest.mark.parametrize("command", some_of(["--discover", "--check"], 1, pytest.mark.histories))
@pytest.mark.parametrize("row", [{}, *({"id": value} for value in NO_IDS)], ids=json.dumps)
def test_a_parent_without_a_usable_id_is_not_asked_for_its_lists(row: Any, command: str) -> None:
    asked = set()

    def answer(path: str, headers: dict[str, str]) -> Reply:
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
    assert not [path for path in asked if path.endswith(below) or "/shipping/zones/" in path]


NAMES = [
    *(f"x{end}    raise SystemExit(3){end}#" for end in "\n\r\f"),
    *(f"{quote}+exit(3)+{quote}" for quote in ("'", '"', "'''", '"""')),
    *("\\", "{0.__class__}", "%s", "\u2028pass", "", "None", "__class__", "n" * 1_000_000),
]


def test_the_name_of_a_field_may_be_any_text() -> None:
    kind: dict[str, Any] = {
        "type": ["null", "object"],
        "properties": {name: {"type": ["null", "number"]} for name in ["price", *NAMES]},
    }
    deep, values = dict.fromkeys(NAMES, "2.5"), {name: {"price": "1.50"} for name in NAMES}
    content = [{"id": id_, **values, "deep": deep} for id_ in range(1, 13)]
    catalog = coupons({**dict.fromkeys(NAMES, kind), "deep": kind})
    with serving(rows(*content)) as url:
        result = run(config(url, page_size=6), catalog)
    assert result.status == 0, result.stderr[-2000:]
    assert len(result.records("coupons")) == len(content)
    for record in result.records("coupons"):
        assert all(record[name]["price"] == Decimal("1.50") for name in NAMES)
        assert all(record["deep"][name] == Decimal("2.5") for name in NAMES)
