"""What the pages of the documentation show is true, and where they lead is there."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from documents import DOCUMENTS, README, ROOT, examples
from tap_runner import Json, select, settings, succeed

from bench.results import load
from scripts.docs import facts
from scripts.docs.check_site import mistakes
from scripts.docs.diagrams import entity_diagram
from scripts.generate import generated, stale
from tap_bigcommerce.api.status_codes import STATUS_RULES
from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.cli.about import CAPABILITIES
from tap_bigcommerce.exceptions import StateError
from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce_sandbox import Sandbox

DOCS = ROOT / "docs"
PACKAGE = ROOT / "tap_bigcommerce"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DECLARATION, TEST = (e.text for e in examples(CONTRIBUTING) if e.language == "python")
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text("utf-8")
DOES = {"token": "ends", "wait": "waits", "retry": "retries", "fewer": "requests fewer rows"}


def test_generated_files_are_up_to_date() -> None:
    wanted = generated()
    assert README in wanted
    assert stale(wanted) == [], "`make generate` writes them anew"


def anchors(document: Path) -> set[str]:
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
    figures = re.search(r"(^\|.*\|\n){6}", README.read_text("utf-8"), re.MULTILINE)
    assert figures is not None
    assert figures[0] in (DOCS / "index.md").read_text("utf-8")


def test_values_are_converted_as_the_table_says() -> None:
    table = (DOCS / "records.md").read_text("utf-8").partition("<!-- conversions -->")[2]
    rows = table.partition("<!-- end of conversions -->")[0].strip().splitlines()[2:]
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
    order = {"id": 100, "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000", "status_id": "many"}
    order |= {"gift_note": {"to": "Kim"}, "products": [{"weight": "heavy"}]}
    made = Converter(schema, schema, keys=keys).convert(order)
    made.pop("products")
    assert json.loads(orjson.dumps(made)) == json.loads(example.text)


def test_the_states_shown_are_taken() -> None:
    own, retried, older = (json.loads(example.text) for example in examples(DOCS / "state.md"))
    state = State(own, "abc123")
    assert state.bookmark("orders", "date_modified") == "2026-01-05T09:58:31.000000Z"
    assert getattr(state.resume("orders"), "after_id", None) == 8120
    assert state.in_order(STREAMS)[0] == "orders"
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
    figures = [figure for _, figure in load("fleet").tables[1].rows]
    dagster, pair, requests, tap, target, run, rows, text = map(float, figures)
    assert f"| {requests:.0f} × 0.3 s + {dagster + pair:.2f} s |" in calculated
    assert f"× {tap + target:.0f} MB + 25 × {run:.0f} MB |" in calculated
    assert f"× {rows:.0f} / 3,600 s" in calculated
    assert f"× {text:.0f} KB × 24 |" in calculated


def test_the_commands_are_known_to_make() -> None:
    (example,) = (e for e in examples(CONTRIBUTING) if e.language == "sh")
    for line in example.text.splitlines():
        command = line.partition("#")[0].split()
        assert command[0] == "make"
        subprocess.run([*command, "--dry-run"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_the_declaration_shown_is_one_of_the_taps() -> None:
    sources = (PACKAGE / "streams").glob("*.py")
    shown = textwrap.indent(DECLARATION.rstrip(), "    ")
    assert any(shown in source.read_text("utf-8") for source in sources)


def test_the_test_shown_passes(store: Sandbox, tmp_path: Path) -> None:
    imports = (
        "from tap_bigcommerce_sandbox import Sandbox\nfrom tap_runner import settings, succeed"
    )
    (tmp_path / "shown.py").write_text(f"{imports}\n{textwrap.dedent(TEST)}")
    names = runpy.run_path(str(tmp_path / "shown.py"))
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(store)


def test_the_folders_of_tests_are_those_in_the_table() -> None:
    text = CONTRIBUTING.read_text("utf-8")
    listed = set(re.findall(r"^\| `tests/(\w+)` \|", text, re.MULTILINE))
    assert listed == {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}


def test_every_quoted_message_is_in_the_source() -> None:
    quoted = re.findall(r"^> (.+)$", TROUBLESHOOTING, re.MULTILINE)
    texts = "\n".join(re.sub(r"\s+", " ", text) for text in source_texts())
    assert len(quoted) > 25
    assert [message for message in quoted if message not in texts] == []


def test_the_tap_does_with_a_status_what_the_page_says() -> None:
    rows = re.findall(r"^\| ([^|]*\d\w\w[^|]*) \| ([^|]+) \|", TROUBLESHOOTING, re.MULTILINE)
    said = {status: does for statuses, does in rows for status in statuses.split(", ")}
    for status, (action, _) in STATUS_RULES.items():
        if action not in ("read", "empty"):
            assert said.pop(status).startswith(DOES.get(action, "fails the stream")), status
    assert not said


def source_texts() -> Iterator[str]:
    """The texts in the package's source, with … for their variable parts."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%[-+ 0-9.]*[a-zA-Z]", "…", node.value)
    for path in PACKAGE.rglob("*.json"):
        if path.parent.name != "schemas":
            text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
            yield re.sub(r"\{[\w.]+\}", "…", text)


def test_the_definition_for_meltano_has_the_taps_capabilities_and_default_streams() -> None:
    text = (ROOT / "plugin.yml").read_text("utf-8")
    capabilities = text.partition("capabilities:\n")[2].partition("  #")[0]
    assert re.findall(r"^  - (\w+)$", capabilities, re.MULTILINE) == list(CAPABILITIES)
    assert re.findall(r'^  - "(\w+)\.\*"$', text, re.MULTILINE) == sorted(BY_DEFAULT)


def test_what_a_page_loads_has_to_be_in_the_site(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [f"there are no pages in {tmp_path}"]
    (tmp_path / "page.html").write_text(
        '<a href="https://a.example">out</a><link rel="next" href="https://a.example/">'
        '<script src="https://a.example/x.js"></script><img src="x.svg">'
        '<link rel="stylesheet" href="//a.example/x.css">'
    )
    (tmp_path / "a.css").write_text("@font-face{src:url('https://a.example/f.woff')}")
    assert mistakes(tmp_path) == [
        "page.html loads https://a.example/x.js",
        "page.html loads x.svg, which does not exist",
        "page.html loads //a.example/x.css",
        "a.css loads https://a.example/f.woff",
    ]


@pytest.mark.skipif(not find_spec("mkdocs"), reason="`make docs` installs it, and checks this")
def test_the_documentation_builds_into_a_site_that_needs_no_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, timeout=120, check=True)
    assert mistakes(tmp_path) == []
    # The search has its index in a script: pages that are opened as files may read no other file.
    index = (tmp_path / "search" / "search_index.js").read_text("utf-8")
    assert all(word in index for word in ("PII", "GDPR", "webhook"))


PICTURES = ROOT / "docs" / "pictures"
COSTS = {name: cost_of(stream) for name, stream in STREAMS.items()}


def requests_for(store: Sandbox, catalog: Json, *streams: str) -> Counter[str]:
    """How often each path was asked for in a full sync of these streams."""
    store.clear_requests()
    succeed(settings(store), select(catalog, *streams))
    return Counter(request["path"].split("?")[0] for request in store.requests())


def test_the_requests_named_are_those_that_are_made(quiet: Sandbox, catalog: Json) -> None:
    single = [name for name, cost in COSTS.items() if cost == "1"]
    of_parents = {"order_taxes": "taxes", "shipping_methods": "methods"}
    made = requests_for(quiet, catalog, *single, *of_parents, "product_options")
    assert COSTS["product_options"].startswith("1 for 10 products")
    pages = made[f"/stores/{quiet.store_hash}/v3/catalog/products"]
    assert 0 <= pages - len(quiet.records("products")) / 10 <= 5
    assert len(single) > 10
    for name in single:
        path = f"/stores/{quiet.store_hash}{STREAMS[name].path}"
        assert made[path] == 1 + (len(quiet.records(name)) >= 50), name
    for name, end in of_parents.items():
        parent = str(STREAMS[name].parent)
        assert COSTS[name] == f"1 for each record of {parent} that is read"
        assert facts.cost(STREAMS[name]).startswith(
            f"One request for each {facts.singular(parent)}"
        )
        found = [path for path in made if re.search(rf"/\d+/{end}$", path)]
        assert len(found) == len(quiet.records(parent))


def test_nested_streams_cost_nothing_beside_their_parent(quiet: Sandbox, catalog: Json) -> None:
    parents = ("orders", "products")
    of_parents = {f"none: it comes with {parent}" for parent in parents}
    nested = [name for name, cost in COSTS.items() if cost in of_parents]
    assert len(nested) > 7
    alone = requests_for(quiet, catalog, *parents).total()
    assert requests_for(quiet, catalog, *parents, *nested).total() == alone


@pytest.mark.parametrize("family", FAMILIES)
def test_the_diagram_of_a_family_shows_its_foreign_keys(family: str) -> None:
    streams = {stream.name: stream for stream in FAMILIES[family]}
    diagram = entity_diagram(FAMILIES[family])
    boxes = dict(re.findall(r"^    (\w+) {\n(.*?)^    }$", diagram, re.DOTALL | re.MULTILINE))
    lines = re.findall(r'^    (\w+) }o--..? (\w+) : "(.*)"$', diagram, re.MULTILINE)
    drawn = {(name, to, path) for name, to, paths in lines for path in paths.split(", ")}
    wanted = set()
    for name, stream in streams.items():
        for path, key in stream.references.items():
            to, field = key.partition(".")[0], path.rpartition(".")[2]
            comment = "" if to in streams else f' "{to}"'
            assert re.search(rf" {re.escape(field)} (PK, )?FK{comment}$", boxes[name], re.MULTILINE)
            wanted |= {(name, to, path)} if to in streams else set()
    assert drawn == wanted
    assert boxes.keys() >= {name for line in lines for name in line[:2]}


def test_the_terminals_show_what_they_are_there_for() -> None:
    bars = (PICTURES / "bars.svg").read_text("utf-8").replace("&#160;", " ")
    assert all(name in bars for name in (*BY_DEFAULT, "until the window resets"))
    demo = (PICTURES / "demo.svg").read_text("utf-8").replace("&#160;", " ")
    story = (ROOT / "demo" / "__main__.py").read_text("utf-8")
    headings = re.findall(r'\bheading\("([^",{]+)', story)
    assert len(headings) >= 5
    assert all(escape(heading) in demo for heading in (*headings, "all rows are here"))


def test_pictures_load_nothing_from_elsewhere() -> None:
    for picture in PICTURES.glob("*.svg"):
        text = picture.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        ElementTree.fromstring(picture.read_text("utf-8"))
        assert not re.search(r"(href|src)=(?!\"#)|url\((?!#)", text), picture.name
