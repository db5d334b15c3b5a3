"""Status 0 means that everything was read: lists that go on, and that contradict themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from fault_runs import critical
from made_store import ISO_DATE, MadeStore, order, page_of
from tap_runner import Json, Result, some_of

STREAM_OF = {
    (PAGES := "/v3/customers/addresses"): "customer_addresses",
    (CURSORS := "/v3/catalog/products/metafields"): "product_metafields",
    (AT_ONCE := "/v3/tax/rates"): "tax_rates",
    (BY_ID := "/v3/catalog/brands"): "brands",
    (V2_PAGES := "/v2/blog/posts"): "blog_posts",
    (V2_BY_ID := "/v2/coupons"): "coupons",
    (REDIRECTS := "/v3/storefront/redirects"): "redirects",
}
Meta = Callable[[int, int, int], Any]
"""What an answer says beside its rows: page, rows before its end, rows in all."""


def rows(count: int) -> list[Json]:
    return [{"id": id_, "date_modified": ISO_DATE} for id_ in range(1, count + 1)]


def of_store(
    path: str, count: int, size: int = 50, *, meta: Meta | None = None, last_page: int = 10**9
) -> Callable[[Json], Any]:
    """A list in pages of this size; the pages behind `last_page` are that one again."""

    def body(query: Json) -> Any:
        page = min(int(query.get("page", 1)), last_page)
        shown = rows(count)[(page - 1) * size : page * size]
        if path.startswith("/v2/"):
            return shown
        said = meta(page, page * size, count) if meta else None
        return {"data": shown, **({"meta": said} if said is not None else {})}

    return body


def by_cursor(*pages: list[Json], names: Callable[[int], Any]) -> Callable[[Json], Any]:
    """Pages behind each other; `names` is what the answer with this number links to."""

    def body(query: Json) -> Any:
        at = int(query.get("after", "0").removeprefix("c") or 0)
        shown = pages[at] if at < len(pages) else []
        links = {} if (link := names(at)) is None else {"next": link}
        return {"data": shown, "meta": {"cursor_pagination": {"links": links}}}

    return body


def read(path: str, body: Any, **settings: Any) -> Result:
    with MadeStore({}) as store:
        store.answer(path, 200, body)
        return store.run(STREAM_OF[path], **settings)


def total(value: Any) -> Meta:
    return lambda page, end, count: {"pagination": {"total": value}}


def pages_of(page: int, end: int, count: int) -> Any:
    return {"pagination": {"total_pages": -(-count * page // end), "current_page": page}}


def links(page: int, end: int, count: int) -> Any:
    return {"pagination": {"links": {"next": f"?page={page + 1}"} if end < count else {}}}


def three(at: int) -> str | None:
    return f"?after=c{at + 1}" if at < 2 else None


WHOLE: dict[str, tuple[str, Any, int]] = {
    "links alone": (PAGES, of_store(PAGES, 120, meta=links), 120),
    "all at once, with links": (AT_ONCE, of_store(AT_ONCE, 120, meta=links), 120),
    "short pages": (AT_ONCE, of_store(AT_ONCE, 100, 30, meta=pages_of), 100),
    "all at once, no word": (AT_ONCE, of_store(AT_ONCE, 120), 120),
    "all at once, whatever the page": (AT_ONCE, of_store(AT_ONCE, 50, last_page=1), 50),
    "cursors that are none": (CURSORS, of_store(CURSORS, 120, meta=pages_of), 120),
    "a short list that knows no page": (V2_PAGES, of_store(V2_PAGES, 20, last_page=1), 20),
    "a total as text": (AT_ONCE, of_store(AT_ONCE, 120, meta=total("120")), 120),
    "a total of None": (PAGES, of_store(PAGES, 120, meta=total(None)), 120),
    "a total of the page": (PAGES, of_store(PAGES, 120, meta=total(50)), 120),
    "known rows before more": (CURSORS, by_cursor(rows(2), rows(2), rows(5)[2:], names=three), 5),
    "no rows before more": (CURSORS, by_cursor(rows(2), [], rows(5)[2:], names=three), 5),
}


@pytest.mark.parametrize("name", some_of([*WHOLE], 8, pytest.mark.histories))
def test_a_list_that_goes_on_is_read_on_whatever_it_was_expected_to_be(name: str) -> None:
    path, body, count = WHOLE[name]
    result = read(path, body)
    assert result.status == 0, critical(result)
    assert sorted(result.ids(STREAM_OF[path])) == list(range(1, count + 1))


def test_what_is_deleted_while_a_list_is_read_is_no_contradiction() -> None:
    shown = by_cursor(rows(2), rows(4)[2:], names=lambda at: None if at else "?after=c1")

    def body(query: Json) -> Any:
        answer = shown(query)
        said = {"pagination": {"total": 4 if query["limit"] == "1" else 5}}
        return {**answer, "meta": {**answer["meta"], **said}}

    result = read(CURSORS, body)
    assert result.status == 0, critical(result)
    assert result.ids("product_metafields") == [1, 2, 3, 4]


def test_rows_that_enter_before_the_reader_and_push_known_pages_behind_it_are_no_end() -> None:
    shown = rows(20)

    def body(query: Json) -> Any:
        page = int(query.get("page", 1))
        if page == 6:
            first = shown[0]["id"]
            shown[:0] = [{"id": id_, "date_modified": ISO_DATE} for id_ in range(first - 8, first)]
        return shown[page - 1 : page]

    result = read(V2_PAGES, body)
    assert result.status == 0, critical(result)
    assert set(range(1, 21)) <= set(result.ids("blog_posts"))


LONG = "cursors without end"
"""Takes hundreds of requests."""

LAST_AGAIN = of_store(PAGES, 200, last_page=2, meta=pages_of)
SAME_CURSOR = by_cursor(rows(2), rows(5)[2:], names=lambda at: "?after=c1")
UNCLEAR = ("cannot be understood",)
ENDLESS = by_cursor(rows(2), names=lambda at: f"?after=c{at + 1}")

CONTRADICTING: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "a total": (PAGES, of_store(PAGES, 100, meta=total(523)), ("523", "100")),
    "a huge total": (CURSORS, of_store(CURSORS, 40, meta=total(10**15)), (str(10**15), "40")),
    "one page": (PAGES, of_store(PAGES, 120, last_page=1, meta=total(120)), ("120", "50")),
    "the second page again": (PAGES, LAST_AGAIN, ("4", "100")),
    "a link to no more": (PAGES, of_store(PAGES, 200, last_page=2, meta=links), ("100",)),
    "a full page again": (V2_PAGES, of_store(V2_PAGES, 300, 250, last_page=1), ("250",)),
    "a cursor again": (CURSORS, SAME_CURSOR, ("named before",)),
    LONG: (CURSORS, ENDLESS, ("2 records", "next page")),
    "a number": (CURSORS, by_cursor(rows(2), names=lambda at: 5), UNCLEAR),
    "an object": (CURSORS, by_cursor(rows(2), names=lambda at: {"href": "?after=c1"}), UNCLEAR),
    "a link to itself": (CURSORS, by_cursor(rows(2), names=lambda at: "?limit=2"), UNCLEAR),
    "a page that is none": (CURSORS, by_cursor(rows(2), names=lambda at: "?page=two"), UNCLEAR),
}


@pytest.mark.parametrize(
    "name",
    [
        *some_of(sorted(CONTRADICTING.keys() - {LONG}), 10, pytest.mark.histories),
        pytest.param(LONG, marks=pytest.mark.loads),
    ],
)
def test_a_list_that_contradicts_itself_fails_with_both_figures(name: str) -> None:
    path, body, words = CONTRADICTING[name]
    result = read(path, body, activate_version=True)
    assert result.status == 1
    assert all(word in critical(result) for word in words), critical(result)
    bookmark = result.state["bookmarks"].get(STREAM_OF[path], {})
    assert not bookmark.keys() & {"date_modified", "resume"}
    assert "ACTIVATE_VERSION" not in result.stdout


@pytest.mark.parametrize("path", [V2_PAGES, V2_BY_ID, PAGES, CURSORS, BY_ID, AT_ONCE])
def test_a_list_that_answers_404_from_its_second_page_on_is_gone_and_has_not_ended(
    path: str,
) -> None:
    answers = iter([200])

    def body(query: Json) -> Any:
        cursor = {"cursor_pagination": {"links": {"next": "?after=c1"}}}
        return rows(2) if path.startswith("/v2/") else {"data": rows(2), "meta": cursor}

    with MadeStore({}) as store:
        store.answer(path, lambda _: next(answers, 404), body)
        result = store.fail(STREAM_OF[path], page_size=2, max_concurrency=1)
    assert "404" in critical(result)


# Filters by id that fail


def filtered(
    path: str, count: int, hides: Callable[[int], bool], *, knows_pages: bool = True
) -> Callable[[Json], Any]:
    """A list whose filter by id does not show the rows that it `hides`."""

    def body(query: Json) -> Any:
        is_filtered = "id:min" in query or "min_id" in query
        shown = [row for row in rows(count) if not (is_filtered and hides(row["id"]))]
        if not knows_pages:
            query = {**query, "page": "1"}
        return page_of(path, shown, query)[1] or []

    return body


EVERYTHING, SOME, LATER = (lambda id_: True), (lambda id_: 60 < id_ < 80), (lambda id_: id_ > 60)


@pytest.mark.parametrize(
    ("path", "count", "hides"),
    [
        (BY_ID, 120, SOME),
        (BY_ID, 120, LATER),
        (V2_BY_ID, 120, EVERYTHING),
        (V2_BY_ID, 50, EVERYTHING),
        (REDIRECTS, 120, LATER),
    ],
)
def test_what_a_filter_by_id_does_not_show_is_read_by_page(
    path: str, count: int, hides: Callable[[int], bool]
) -> None:
    result = read(path, filtered(path, count, hides), page_size=50)
    assert result.status == 0, critical(result)
    assert sorted(result.ids(STREAM_OF[path])) == list(range(1, count + 1))
    assert any("read again by page number" in line for line in result.logged("WARNING"))


@pytest.mark.parametrize("stream", ["products", "coupons"])
def test_a_list_that_knows_neither_ids_nor_pages_fails_and_moves_no_resume_point(
    stream: str,
) -> None:
    path = {"products": "/v3/catalog/products", "coupons": V2_BY_ID}[stream]
    with MadeStore({}) as store:
        store.answer(path, 200, filtered(path, 120, EVERYTHING, knows_pages=False))
        failed = store.fail(stream, fields={stream: ["id"]}, page_size=50)
        again = store.fail(stream, state=failed.state, fields={stream: ["id"]}, page_size=50)
    assert "50" in critical(failed)
    assert failed.state["bookmarks"] == again.state["bookmarks"] == {}


# Lists of single rows

TRANSACTIONS = "/v3/orders/100/transactions"


def read_transactions(body: Any, **settings: Any) -> Result:
    with MadeStore({"/v2/orders": [order(100), order(101)]}) as store:
        store.answer("/v3/orders/101/transactions", 200, {"data": [{"id": 9999}]})
        store.answer(TRANSACTIONS, 200, body)
        return store.run("order_transactions", **settings)


def test_a_full_page_of_an_orders_child_list_is_followed_whatever_its_total() -> None:
    result = read_transactions(of_store(TRANSACTIONS, 600, 250, meta=total(250)))
    assert result.status == 0, critical(result)
    assert len(result.ids("order_transactions")) == 601


@pytest.mark.parametrize("accepted", [None, "100", "101", ""])
def test_an_orders_list_that_is_cut_off_goes_out_and_can_be_accepted(accepted: str | None) -> None:
    cut = of_store(TRANSACTIONS, 250, 250, meta=total(260), last_page=1)
    name = f"order_transactions:{accepted}".rstrip(":")
    settings: Any = {} if accepted is None else {"accept_incomplete": [name]}
    result = read_transactions(cut, activate_version=True, **settings)
    assert len(result.ids("order_transactions")) == 251
    if accepted in (None, "101"):
        assert result.status == 1
        assert all(word in critical(result) for word in ("order 100", "260", "250"))
    else:
        assert result.status == 0, critical(result)
        assert "260" in result.logged("WARNING")[0]
        assert result.state["bookmarks"]["order_transactions"].keys() == {"order_date_modified"}


def test_what_is_accepted_ends_nothing_in_the_warehouse() -> None:
    def of_sixty(query: Json) -> Json:
        """Fifty rows of a list that says it has ten more."""
        shown = filtered(BY_ID, 50, lambda _: False)(query)
        return {**shown, "meta": {"pagination": {"total": 60}}}

    with MadeStore({BY_ID: rows(60)}) as store:
        settings: dict[str, Any] = {"detect_deletes": True, "deletes_every": 0}
        settings["state"] = store.sync("brands", **settings).state
        store.answer(BY_ID, 200, of_sixty)
        store.answer(BY_ID, 200, {"data": [], "meta": {}}, query="id:in")
        lost = store.fail("brands", **settings)
        accepted = store.sync("brands", accept_incomplete=["brands"], **settings)
    for result in (lost, accepted):
        assert not [row for row in result.records("brands") if row.get("_sdc_deleted_at")]


Last = Callable[[str], tuple[int, Json]]
"""The status and body behind a cursor."""


def resumed_at_a_cursor(last: Last, meta: Json) -> Result:
    """The run after one whose second page failed: from then on `last` is behind a cursor.

    The first run is given the cursor "old", the next one "new".
    """
    names = ["new", "old"]

    def first(query: Json) -> Json:
        link = f"?after={names.pop() if len(names) > 1 else names[0]}"
        return {"data": rows(2), "meta": {"cursor_pagination": {"links": {"next": link}}, **meta}}

    with MadeStore({}) as store:
        store.answer(CURSORS, 200, first)
        store.answer(CURSORS, 500, query="after")
        state = store.fail("product_metafields").state
        assert "resume" in state["bookmarks"]["product_metafields"]
        store.answer(
            CURSORS, lambda q: last(q["after"])[0], lambda q: last(q["after"])[1], query="after"
        )
        return store.run("product_metafields", state=state)


@pytest.mark.parametrize("healed", [True, False])
def test_a_list_that_goes_on_at_a_cursor_has_to_bring_all_that_its_total_says(healed: bool) -> None:
    meta = {"pagination": {"total": 6}}

    def last(after: str) -> tuple[int, Json]:
        count = 6 if after == "new" and healed else 4
        return 200, {"data": rows(count)[2:], "meta": meta}

    result = resumed_at_a_cursor(last, meta)
    assert result.status == (0 if healed else 1)
    assert healed == (result.bookmark("product_metafields") is not None)
    if healed:
        assert result.ids("product_metafields") == [3, 4, 1, 2, 5, 6]
    else:
        assert "6 records, but returned 4" in critical(result)


@pytest.mark.parametrize(("status", "forgotten"), [(200, {"data": []}), (400, {}), (404, {})])
def test_a_cursor_that_the_api_has_forgotten_is_no_end_and_blocks_nothing(
    status: int, forgotten: Json
) -> None:
    def last(after: str) -> tuple[int, Json]:
        return (status, forgotten) if after == "old" else (200, {"data": rows(4)[2:]})

    result = resumed_at_a_cursor(last, {})
    assert result.status == 0, critical(result)
    assert result.ids("product_metafields") == [1, 2, 3, 4]
