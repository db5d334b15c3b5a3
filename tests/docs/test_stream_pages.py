"""What the pages of the streams say of their costs is so, and the diagrams show all streams."""

import re
from collections import Counter
from html import escape
from xml.etree import ElementTree

import pytest
from documents import ROOT
from tap_runner import Json, select, settings, succeed

from scripts.docs import facts
from scripts.docs.diagrams import entity_diagram
from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce_sandbox import Sandbox

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
