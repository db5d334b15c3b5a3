"""What the pages of the streams say of their costs is so, and the diagrams show all streams."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from xml.etree import ElementTree

import pytest
from documents import ROOT
from tap_runner import Json, discover, select, settings, succeed

from scripts.docs import facts
from scripts.docs.diagrams import entity_diagram
from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce_sandbox import Options, Sandbox

PICTURES = ROOT / "docs" / "pictures"
COSTS = {name: cost_of(stream) for name, stream in STREAMS.items()}


def requests_for(store: Sandbox, catalog: Json, *streams: str) -> Counter[str]:
    """How often each path was asked for in a full sync of these streams."""
    store.clear_requests()
    succeed(settings(store), select(catalog, *streams))
    return Counter(request["path"].split("?")[0] for request in store.requests())


def test_one_request_is_one_request(quiet: Sandbox, catalog: Json) -> None:
    """The streams of one request have paths of their own."""
    single = [name for name, cost in COSTS.items() if cost == "1"]
    made = requests_for(quiet, catalog, *single)
    long = {STREAMS[name].path for name in single if len(quiet.records(name)) >= 50}
    by_path = {path.partition("/stores/")[2].partition("/")[2]: n for path, n in made.items()}
    assert len(single) > 10
    assert {f"/{path}": n for path, n in by_path.items()} == {
        STREAMS[name].path: 1 + (STREAMS[name].path in long) for name in single
    }


@pytest.mark.parametrize("stream", ["order_taxes", "shipping_methods"])
def test_one_request_a_parent_is_what_it_says(stream: str, quiet: Sandbox, catalog: Json) -> None:
    parent = str(STREAMS[stream].parent)
    assert COSTS[stream] == f"1 for each record of {parent} that is read"
    assert facts.cost(STREAMS[stream]).startswith(f"One request for each {facts.singular(parent)}")
    made = requests_for(quiet, catalog, stream)
    of_parents = [path for path in made if re.search(rf"/\d+/{stream.split('_')[1]}$", path)]
    assert len(of_parents) == len(quiet.records(parent))


def test_nested_streams_cost_nothing_beside_their_parent(quiet: Sandbox, catalog: Json) -> None:
    parents = ("orders", "products")
    of_parents = {f"none: it comes with {parent}" for parent in parents}
    nested = [name for name, cost in COSTS.items() if cost in of_parents]
    assert len(nested) > 7
    alone = requests_for(quiet, catalog, *parents).total()
    assert requests_for(quiet, catalog, *parents, *nested).total() == alone


def test_options_come_ten_products_a_request() -> None:
    assert COSTS["product_options"].startswith("1 for 10 products")
    with Sandbox(Options(products=95, orders=0, customers=0, coupons=0)) as store:
        assert 10 <= requests_for(store, discover(), "product_options").total() <= 14


@pytest.mark.parametrize("family", FAMILIES)
def test_the_diagram_of_a_family_shows_its_foreign_keys(family: str) -> None:
    diagram = entity_diagram(FAMILIES[family])
    linked = {key.partition(".")[0] for s in FAMILIES[family] for key in s.references.values()}
    for stream in FAMILIES[family]:
        box = re.search(rf"^    {stream.name} {{\n(.*?)^    }}$", diagram, re.DOTALL | re.MULTILINE)
        assert (box is not None) == bool(stream.references or stream.name in linked)
        for path, key in stream.references.items():
            above, _, name = path.rpartition(".")
            kind, target = f"in-{above.replace('.', '-')}" if above else "field", key.split(".")[0]
            assert box is not None
            (line,) = [line for line in box[1].splitlines() if line.split()[:2] == [kind, name]]
            assert "FK" in line
            if target in {other.name for other in FAMILIES[family]}:
                drawn = rf'^    {stream.name} }}o--..? {target} : ".*{re.escape(path)}'
                assert re.search(drawn, diagram, re.MULTILINE)
            else:
                assert line.endswith(f'"{target}"')


def test_the_terminals_show_what_they_are_there_for() -> None:
    bars = (PICTURES / "bars.svg").read_text("utf-8").replace("&#160;", " ")
    assert all(name in bars for name in (*BY_DEFAULT, "until the window resets"))
    demo = (PICTURES / "demo.svg").read_text("utf-8").replace("&#160;", " ")
    headings = re.findall(
        r'\bheading\("([^",{]+)', (ROOT / "demo" / "__main__.py").read_text("utf-8")
    )
    assert len(headings) >= 5
    assert all(escape(heading) in demo for heading in (*headings, "all rows are here"))


def test_pictures_load_nothing_from_elsewhere() -> None:
    for picture in PICTURES.glob("*.svg"):
        text = picture.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        ElementTree.fromstring(picture.read_text("utf-8"))
        assert not re.search(r"(href|src)=(?!\"#)|url\((?!#)", text), picture.name
