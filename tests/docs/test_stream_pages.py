"""What the pages of the streams say of their costs is so, and the diagrams show all streams."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from documents import ROOT
from tap_runner import Json, run, select, settings

from scripts.docs import bars, facts, terminal
from scripts.docs.stream_pages import picture_name
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce_sandbox import Options, Sandbox

Point = tuple[float, float]
PICTURES = ROOT / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


def requests_for(store: Sandbox, catalog: Json, *streams: str) -> Counter[str]:
    """How often each path was asked for in a full sync of these streams."""
    store.clear_requests()
    result = run(settings(store), select(catalog, *streams))
    assert result.status == 0, result.stderr
    return Counter(request["path"].split("?")[0] for request in store.requests())


COSTS = {name: facts.short_cost(stream) for name, stream in STREAMS.items()}


@pytest.mark.parametrize("stream", [name for name, cost in COSTS.items() if cost == "1"])
def test_one_request_is_one_request(stream: str, quiet: Sandbox, catalog: Json) -> None:
    is_long = len(quiet.records(stream)) >= 50
    assert requests_for(quiet, catalog, stream).total() == 1 + is_long


@pytest.mark.parametrize("stream", ["order_taxes", "order_transactions", "shipping_methods"])
def test_one_request_a_parent_is_what_it_says(stream: str, quiet: Sandbox, catalog: Json) -> None:
    parent = STREAMS[stream].parent
    assert parent is not None
    assert COSTS[stream] == f"1 per {facts.singular(parent)}"
    assert facts.cost(STREAMS[stream]).startswith(f"One request for each {facts.singular(parent)}")
    made = requests_for(quiet, catalog, stream)
    of_parents = [path for path in made if re.search(rf"/\d+/{stream.split('_')[1]}$", path)]
    assert len(of_parents) == len(quiet.records(parent))


@pytest.mark.parametrize("parent", ["orders", "products"])
def test_nested_streams_cost_nothing_beside_their_parent(
    parent: str, quiet: Sandbox, catalog: Json
) -> None:
    nested = [name for name, cost in COSTS.items() if cost == f"none with `{parent}`"]
    assert len(nested) > 3
    alone = requests_for(quiet, catalog, parent).total()
    assert requests_for(quiet, catalog, parent, *nested).total() == alone


def test_options_come_ten_products_a_request() -> None:
    assert COSTS["product_options"] == "1 per 10 products"
    with Sandbox(Options(products=95, orders=0, customers=0, coupons=0)) as store:
        result = run(settings(store), args=["--discover"])
        made = requests_for(store, result.catalog, "product_options").total()
    assert 10 <= made <= 14


def words_in(picture: str) -> list[str]:
    root = ElementTree.parse(PICTURES / picture).getroot()
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_the_picture_of_all_streams_shows_each_of_them_once() -> None:
    found = Counter(words_in("entities.svg"))
    assert {name: found[name] for name in STREAMS} == dict.fromkeys(STREAMS, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_picture_of_a_family_shows_its_streams_and_foreign_keys(family: str) -> None:
    words = words_in(picture_name(family))
    for stream in FAMILIES[family]:
        assert stream.name in words
        for path in stream.references:
            assert any(word.split(" ")[0] == path for word in words), f"{stream.name}.{path}"


@pytest.mark.parametrize("picture", ["entities.svg", *map(picture_name, FAMILIES)])
def test_no_line_of_a_diagram_runs_through_a_stream(picture: str) -> None:
    root = ElementTree.parse(PICTURES / picture).getroot()
    boxes = [
        (x := float(box.attrib["x"]), y := float(box.attrib["y"]),
         x + float(box.attrib["width"]), y + float(box.attrib["height"]))
        for box in root.iter(f"{SVG}rect") if box.get("class") == "box"
    ]  # fmt: skip
    lines = [line.attrib["d"] for line in root.iter(f"{SVG}path")]
    assert lines or picture == picture_name("inventory")
    for line in lines:
        for x, y in points_along(line):
            inside = [b for b in boxes if b[0] + 1 < x < b[2] - 1 and b[1] + 1 < y < b[3] - 1]
            assert not inside, f"{line} at {x:.0f}, {y:.0f}"


def points_along(line: str) -> Iterator[Point]:
    """Points of an SVG path of straight lines and cubic curves, close to one another."""
    start: Point = (0, 0)
    for command, numbers in re.findall(r"([MLC])([^MLC]+)", line):
        places = [float(number) for number in numbers.split()]
        corners = list(zip(places[::2], places[1::2], strict=True))
        if command != "M":
            yield from (on_curve([start, *corners], step / 200) for step in range(201))
        start = corners[-1]


def on_curve(points: list[Point], t: float) -> Point:
    while len(points) > 1:
        points = [(a + (c - a) * t, b + (d - b) * t) for (a, b), (c, d) in pairwise(points)]
    return points[0]


def test_the_recorded_bars_show_each_stream_and_what_is_waited_for() -> None:
    frames = ["".join(text for row in rows for text, _ in row) for _, rows in bars.recorded()]
    assert all(all(name in frame for name in BY_DEFAULT) for frame in frames)
    assert any("until the window resets" in frame for frame in frames)
    assert frames[-1].count("done in") == len(BY_DEFAULT)
    root = ElementTree.parse(PICTURES / "bars.svg").getroot()
    still = [group for group in root.iter(f"{SVG}g") if "still" in group.attrib["class"]]
    assert len(still) == 1
    assert "until the window resets" in "".join(still[0].itertext())


def test_pictures_load_nothing_from_elsewhere() -> None:
    for picture in PICTURES.glob("*.svg"):
        text = picture.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        ElementTree.fromstring(picture.read_text("utf-8"))
        assert not re.search(r"(href|src|url\()", text), picture.name


def test_the_recording_is_of_the_demo_as_it_is() -> None:
    """Its headings and commands are those in the demo's source."""
    command, lines = terminal.read_cast(terminal.CAST.read_text("utf-8"))
    assert command == "make demo"
    story = (ROOT / "demo" / "steps.py").read_text("utf-8")
    headings = [line.text for line in lines if line.bold]
    assert len(headings) == len(re.findall(r"\bheading\(", story))
    assert all(heading.split(",")[0] in story for heading in headings)
    typed = [line.text.strip(" $|\\") for line in lines if re.match(r" +(\$|\|) ", line.text)]
    assert all(json.dumps(text)[1:-1] in story for text in typed)
