"""What the pages of the documentation show is true, and where they lead is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from documents import DOCUMENTS, README, ROOT, examples

from bench.results import load
from scripts.generate import generated, stale
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams import STREAMS

DOCS = ROOT / "docs"


def test_generated_files_are_up_to_date() -> None:
    wanted = generated()
    assert README in wanted
    assert stale(wanted) == [], "`make generate` writes them anew"


def anchors(document: Path) -> set[str]:
    """The names under which a page's headings can be reached."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


def test_links_lead_to_files_and_headings_that_exist() -> None:
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
            name, _, heading = link.partition("#")
            target = (document.parent / name).resolve() if name else document
            if "://" not in link:
                assert target.exists(), f"{document.name}: {link}"
                assert not heading or heading in anchors(target), f"{document.name}: {link}"


def test_the_site_begins_with_the_figures_of_the_readme() -> None:
    first, second = (
        re.findall(r"^\|.*\|$", page.read_text("utf-8"), re.MULTILINE)[:6]
        for page in (README, DOCS / "index.md")
    )
    assert "requests" in first[2]
    assert first == second


def test_values_are_converted_as_the_table_says() -> None:
    table = (DOCS / "records.md").read_text("utf-8").partition("<!-- conversions -->")[2]
    rows = table.partition("<!-- end of conversions -->")[0].strip().splitlines()[2:]
    assert len(rows) > 15
    for row in rows:
        type_, sent, written = (cell.strip(" `") for cell in row.strip("|").split("|"))
        field: dict[str, Any] = {"type": ["null", type_]}
        if type_ == "date-time":
            field = {"type": ["null", "string"], "format": "date-time"}
        schema = {"type": "object", "properties": {"field": field}}
        converted = Converter(schema, schema).convert(loads(json_text({"field": json.loads(sent)})))
        shown = f'{{"field":{written}}}'.replace(": ", ":")
        assert orjson.dumps(converted).decode() == shown, row


def test_the_rescued_row_shown_is_what_the_tap_makes_of_such_an_order() -> None:
    (example,) = examples(DOCS / "records.md")
    schema, keys = load_schema("orders"), STREAMS["orders"].automatic_fields
    made = Converter(schema, schema, keys=keys).convert(
        {
            "id": 100,
            "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000",
            "status_id": "many",
            "gift_note": {"to": "Kim"},
            "products": [{"weight": "heavy"}],
        }
    )
    made.pop("products")
    assert json.loads(orjson.dumps(made)) == json.loads(example.text)


def test_the_states_shown_are_taken() -> None:
    own, retried, older = (json.loads(example.text) for example in examples(DOCS / "state.md"))
    state = State(own, "abc123")
    assert state.bookmark("orders", "date_modified") == "2026-01-05T09:58:31.000000Z"
    resume = state.resume("orders")
    assert resume is not None
    assert (resume.after_id, state.in_order(STREAMS)[0]) == (8120, "orders")
    assert State(retried, "abc123").to_retry("order_transactions") == [8075]
    assert State(older, "xyz").bookmark("orders", "date_modified") == "2026-01-05T10:00:00.000000Z"
    with pytest.raises(StateError):
        State(own, "xyz")


def test_the_installations_of_targets_shown_are_those_that_make_does() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for name in ("targets", "orchestrators"):
        versions = re.findall(r"([\w-]+==[\d.]+)", (DOCS / f"{name}.md").read_text("utf-8"))
        assert versions
        assert [one for one in versions if not re.search(rf"{re.escape(one)}\b", makefile)] == []
    shown = [e.text for e in examples(DOCS / "targets.md") if e.language == "sh"]
    assert len(shown) == 3
    for text in shown:
        found = re.fullmatch(r"python3 -m venv (\S+)\n\1/bin/pip install ([^\n]+)\n", text)
        assert found, text
        assert re.search(rf"venv\.sh \S+ {re.escape(found[2])}$", makefile, re.MULTILINE)


def test_the_capacity_of_a_fleet_is_calculated_from_the_last_figures() -> None:
    """Else its table in docs/fleet.md has to be written anew."""
    calculated = (DOCS / "fleet.md").read_text("utf-8").partition("| calculation |")[2]
    dagster, pair, requests, tap, target, run, rows, text = (
        float(figure) for _, figure in load("fleet").tables[1].rows
    )
    for part in (
        f"× {dagster + pair:.2f} s / 3,600 s",
        f"| {requests:.0f} × 0.3 s + {dagster + pair:.2f} s |",
        f"× {tap + target:.0f} MB + 25 × {run:.0f} MB |",
        f"× {rows:.0f} / 3,600 s",
        f"× {text:.0f} KB × 24 |",
    ):
        assert part in calculated
