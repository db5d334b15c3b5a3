"""What the client makes of every status: asks again, for less, or fails, and with which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from timed_client import TOKEN, TimedClient, clean_environment, client, client_with

from tap_bigcommerce.api.status_codes import STATUS_RULES
from tap_bigcommerce.exceptions import (
    InvalidToken,
    MissingPermission,
    NotFound,
    NotOffered,
    PageTooLarge,
    RequestFailed,
    TapError,
)

# What should follow from each status, from the API's documentation of its status codes and from
# what has been reported of it. Not from the tap's own table, which is what is tested.
AGAIN = (304, 408, 499, 500, 502, 503, 504, 509)
FEWER = (400, 413, 422)
FAIL = (406, 409, 414, 415, 423, 505, 507)
NOT_OFFERED = (405, 410, 501)
REDIRECTS = (301, 302, 303, 307, 308)
UNHEARD_OF = (402, 418, 451)
GATEWAYS = (520, 530, 599)

WORDS = {
    400: "malformed",
    401: "access_token",
    403: "'Customers: read-only'",
    404: "store_hash",
    413: "too many",
    422: "not valid",
    423: "locked",
    503: "maintenance",
    507: "plan",
    **dict.fromkeys(REDIRECTS, "api_url"),
}
"""What a person should find in the words about some statuses."""

ROWS = b'[{"id": 1}]'


def test_every_status_that_has_a_meaning_is_expected_by_these_tests() -> None:
    known = {int(status) for status in STATUS_RULES if status.isdigit()}
    assert known == {200, 204, 401, 403, 404, 429, *AGAIN, *FEWER, *FAIL, *NOT_OFFERED}


@pytest.mark.parametrize("status", [*AGAIN, *GATEWAYS])
def test_a_passing_fault_is_asked_again_after_a_moment(client: TimedClient, status: int) -> None:
    client.respond_with(status, ROWS)
    assert client.get().content == [{"id": 1}]
    assert len(client.requests) == 2
    assert 0.2 < client.waited() < 1
    assert client.counts.statuses == {str(status): 1, "200": 1}
    assert client.counts.retries == 1


@pytest.mark.parametrize("status", [*AGAIN, *GATEWAYS])
def test_a_fault_that_does_not_pass_fails_with_its_words(
    client_with: Callable[..., TimedClient], status: int
) -> None:
    client = client_with(max_attempts=3, max_retry_seconds=0)
    client.respond_with(status)
    words = failure(client, RequestFailed)
    assert re.search(rf"^customers: GET /v2/customers failed: {status}: ", words)
    assert WORDS.get(status, "") in words
    assert "attempt 3" in words
    assert "Run the sync again later" in words
    assert len(client.requests) == 3


@pytest.mark.parametrize("status", [*FAIL, *NOT_OFFERED, *FEWER, *REDIRECTS, *UNHEARD_OF])
def test_what_retrying_cannot_mend_fails_at_once(client: TimedClient, status: int) -> None:
    # A redirect to the list itself: followed, it would be read.
    client.respond_with({"status": status, "headers": {"Location": "/v2/customers"}}, ROWS)
    words = failure(client, NotOffered if status in NOT_OFFERED else RequestFailed)
    assert f"failed: {status}: " in words
    assert WORDS.get(status, "") in words
    assert len(client.requests) == 1
    assert client.waited() == 0


@pytest.mark.parametrize("location", ["\x80", "http://[", "", "//", "https://elsewhere.example"])
def test_where_a_redirect_leads_is_not_looked_at(client: TimedClient, location: str) -> None:
    client.respond_with({"status": 302, "headers": {"Location": location}})
    assert "302: a redirect" in failure(client, RequestFailed)


@pytest.mark.parametrize("status", FEWER)
def test_where_fewer_rows_may_be_asked_for_a_refused_page_says_so(
    client: TimedClient, status: int
) -> None:
    details = [{"status": status, "message": "No.", "details": {"max_limit": 50}}]
    client.respond_with({"status": status, "json": details})
    with pytest.raises(PageTooLarge) as raised:
        client.get(can_reduce_limit=True)
    assert raised.value.max_limit == 50


@pytest.mark.parametrize("status", AGAIN)
def test_after_two_passing_faults_fewer_rows_are_asked_for(
    client: TimedClient, status: int
) -> None:
    client.respond_with(status)
    with pytest.raises(PageTooLarge):
        client.get(can_reduce_limit=True)
    assert len(client.requests) == 2


def test_a_list_that_is_204_has_no_rows(client: TimedClient) -> None:
    client.respond_with(204)
    answer = client.get()
    assert (answer.content, answer.raw.keys) == ([], [])


def test_a_permission_that_is_missing_is_named_as_the_control_panel_does(
    client: TimedClient,
) -> None:
    client.respond_with(403)
    words = failure(client, MissingPermission)
    assert "'Customers: read-only'" in words
    assert "new API account" in words


def test_what_is_not_there_is_told_apart(client: TimedClient) -> None:
    client.respond_with(404)
    assert "store_hash" in failure(client, NotFound)


def test_a_token_that_is_refused_at_once_fails_at_once(client: TimedClient) -> None:
    client.respond_with(401)
    words = failure(client, InvalidToken)
    assert "access_token" in words
    assert TOKEN not in words
    assert len(client.requests) == 1


@pytest.mark.parametrize("times", [1, 3])
def test_a_token_that_has_worked_is_tried_again_a_few_times(
    client: TimedClient, times: int
) -> None:
    client.respond_with(ROWS, *[401] * times, ROWS)
    client.get()
    assert client.get().content == [{"id": 1}]


def test_a_token_that_has_worked_and_is_refused_for_good_fails(client: TimedClient) -> None:
    client.respond_with(ROWS, 401)
    client.get()
    failure(client, InvalidToken)
    assert len(client.requests) <= 6


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[{"status": 400, "message": "The field \\u0027x\\u0027 is odd."}]', "'x' is odd."),
        ('{"status": 422, "title": "Bad", "errors": {"limit": "too big"}}', "Bad limit: too big"),
        ('{"error": "no"}', "(the API says: no)"),
        ("<html>a gateway's own page</html>", None),
        ('{"title": null, "errors": [1], "details": 5}', None),
        ("[1]", None),
        ("[" * 100_000, None),
        (b"\xff\xfe", None),
        (b"x" * 1_000_000, None),
    ],
)
def test_the_apis_own_words_are_shown_where_they_can_be_read(
    client: TimedClient, body: Any, said: str | None
) -> None:
    client.respond_with({"status": 409, "body": body})
    words = failure(client, RequestFailed)
    assert (said in words) if said else ("the API says" not in words)
    assert len(words) < 500


def failure(client: TimedClient, kind: type[TapError]) -> str:
    """The words with which the client fails; exactly so, for what follows depends on it."""
    with pytest.raises(TapError) as raised:
        client.get()
    assert type(raised.value) is kind
    return raised.value.message
