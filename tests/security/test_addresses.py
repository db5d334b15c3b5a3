"""No answer leads the tap to an address of its own choice."""

from __future__ import annotations

import json

import pytest
from hostile_store import Reply, config, serving
from tap_runner import run
from tiers import some_of

IDS = ["../../../evil", "1/../../evil", "1?evil", "1#evil", "..", "evil"]
COMMANDS: list[list[str]] = [["--discover"], ["--check"], []]


@pytest.mark.parametrize("id_", IDS)
@pytest.mark.parametrize("args", some_of(COMMANDS, 2, pytest.mark.histories))
def test_the_id_of_a_row_leads_nowhere_else(id_: str, args: list[str]) -> None:
    asked: list[str] = []

    def answer(path: str, headers: dict[str, str]) -> Reply:
        asked.append(path)
        rows = [{"id": id_, "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000"}]
        return 200, json.dumps({"data": rows} if "/v3/" in path else rows).encode()

    with serving(answer) as url:
        result = run(config(url), args=args)
    assert "Traceback" not in result.stderr
    assert asked
    assert all(path.startswith("/stores/hostile1/v") for path in asked)
    assert not [path for path in asked if "evil" in path or "%2F" in path or ".." in path]
