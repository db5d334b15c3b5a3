"""What the pages of the documentation show is true, and where they lead is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from documents import DOCUMENTS, README, ROOT, examples, links

from bench.results import load
from scripts.generate import generated, stale
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams import STREAMS

RECORDS, STATE = ROOT / "docs" / "records.md", ROOT / "docs" / "state.md"


def test_generated_files_are_up_to_date() -> None:
    assert README in generated()
    assert stale(generated()) == [], "`make generate` writes them anew"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    for link in links(document):
        name, _, heading = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), f"{document.name}: {link}"
        if heading:
            assert heading in anchors(target), f"{document.name}: {link}"


def test_the_site_begins_with_the_figures_of_the_readme() -> None:
    first, second = (
        re.findall(r"^\|.*\|$", page.read_text("utf-8"), re.MULTILINE)[:6]
        for page in (README, ROOT / "docs" / "index.md")
    )
    assert "requests" in first[2]
    assert first == second


def conversions() -> list[tuple[str, str, str]]:
    table = RECORDS.read_text("utf-8").partition("<!-- conversions -->")[2]
    table = table.partition("<!-- end of conversions -->")[0]
    rows = [line.strip("|").split("|") for line in table.strip().splitlines()[2:]]
    return [(type_.strip(), sent.strip(" `"), out.strip(" `")) for type_, sent, out in rows]


@pytest.mark.parametrize(("type_", "sent", "written"), conversions())
def test_values_are_converted_as_the_table_says(type_: str, sent: str, written: str) -> None:
    field: dict[str, Any] = {"type": ["null", type_]}
    if type_ == "date-time":
        field = {"type": ["null", "string"], "format": "date-time"}
    schema = {"type": "object", "properties": {"field": field}}
    row = loads(json_text({"field": json.loads(sent)}))
    converted = Converter(schema, schema).convert(row)
    assert orjson.dumps(converted).decode() == f'{{"field":{written}}}'.replace(": ", ":")


def test_the_rescued_row_shown_is_what_the_tap_makes_of_such_an_order() -> None:
    (example,) = examples(RECORDS)
    shown = json.loads(example.text)
    schema, stream = load_schema("orders"), STREAMS["orders"]
    made = Converter(schema, schema, keys=stream.automatic_fields).convert(
        {
            "id": 100,
            "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000",
            "status_id": "many",
            "gift_note": {"to": "Kim"},
            "products": [{"weight": "heavy"}],
        }
    )
    made.pop("products")
    assert json.loads(orjson.dumps(made)) == shown


def test_the_states_shown_are_taken() -> None:
    own, retried, older = (json.loads(example.text) for example in examples(STATE))
    state = State(own, "abc123")
    assert state.bookmark("orders", "date_modified") == "2026-01-05T09:58:31.000000Z"
    resume = state.resume("orders")
    assert resume is not None
    assert resume.after_id == 8120
    assert state.in_order(STREAMS)[0] == "orders"
    assert State(retried, "abc123").to_retry("order_transactions") == [8075]
    assert State(older, "xyz").bookmark("orders", "date_modified") == "2026-01-05T10:00:00.000000Z"
    with pytest.raises(StateError):
        State(own, "xyz")


@pytest.mark.parametrize("name", ["targets", "orchestrators"])
def test_the_versions_of_targets_shown_are_those_that_are_tested(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tested = set(re.findall(r"([\w-]+==[\d.]+)", makefile))
    shown = re.findall(r"([\w-]+==[\d.]+)", (ROOT / "docs" / f"{name}.md").read_text("utf-8"))
    assert shown
    assert set(shown) <= tested


def test_the_installations_of_targets_shown_are_those_that_make_does() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    shown = [e.text for e in examples(ROOT / "docs" / "targets.md") if e.language == "sh"]
    assert len(shown) == 3
    for text in shown:
        found = re.fullmatch(r"python3 -m venv (\S+)\n(\S+)/bin/pip install ([^\n]+)\n", text)
        assert found, text
        assert found[1] == found[2]
        assert re.search(rf"venv\.sh \S+ {re.escape(found[3])}$", makefile, re.MULTILINE)


def test_the_capacity_of_a_fleet_is_calculated_from_the_last_figures() -> None:
    """Else its table in docs/fleet.md has to be written anew."""
    calculated = (ROOT / "docs" / "fleet.md").read_text("utf-8").partition("| calculation |")[2]
    dagster, pair, requests, tap, target, run, rows, text = (
        float(figure) for _, figure in load("fleet").tables[1].rows
    )
    processor, memory = f"{dagster + pair:.2f} s", f"{tap + target:.0f} MB"
    for part in (
        f"× {processor} / 3,600 s",
        f"| {requests:.0f} × 0.3 s + {processor} |",
        f"× {memory} + 25 × {run:.0f} MB |",
        f"× {rows:.0f} / 3,600 s",
        f"× {text:.0f} KB × 24 |",
    ):
        assert part in calculated


def anchors(document: Path) -> set[str]:
    """The names under which a page's headings can be reached."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}
