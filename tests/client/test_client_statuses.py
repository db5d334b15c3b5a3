"""What the client does after each status: retry, request fewer rows, or fail, and the messages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from timed_client import CONTENT, ROWS, TOKEN, ClientWith, TimedClient, client, client_with

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
# These have no rule of their own: the rules for other statuses apply.
OTHERS_AGAIN = (520, 599)
OTHERS_FAIL = (302, 308, 402, 451)

MESSAGES = {
    302: "api_url",
    400: "malformed",
    413: "too many",
    422: "not valid",
    423: "locked",
    503: "maintenance",
    507: "plan",
}
"""A part of the message for some statuses."""


def failure(client: TimedClient, kind: type[TapError]) -> str:
    """The message with which the client fails. The exception has to be of exactly this class."""
    with pytest.raises(TapError) as raised:
        client.get()
    assert type(raised.value) is kind
    return raised.value.message


def test_these_tests_cover_every_status_that_has_a_rule() -> None:
    known = {int(status) for status in STATUS_RULES if status.isdigit()}
    assert known == {200, 204, 401, 403, 404, 429, *AGAIN, *FEWER, *FAIL, *NOT_OFFERED}


@pytest.mark.parametrize("status", [*AGAIN, *OTHERS_AGAIN])
def test_a_temporary_fault_is_retried_then_for_fewer_rows_and_fails_with_its_message(
    client_with: ClientWith, status: int
) -> None:
    client = client_with(max_attempts=3, max_retry_seconds=0)
    client.respond_with(status, ROWS, status)
    assert client.get().content == CONTENT
    assert len(client.requests) == 2
    assert 0.2 < client.waited() < 1
    assert client.counts.statuses == {str(status): 1, "200": 1}
    assert client.counts.retries == 1
    with pytest.raises(PageTooLarge):
        client.get(can_reduce_limit=True)
    assert len(client.requests) == 4
    message = failure(client, RequestFailed)
    assert re.search(rf"^customers: GET /v2/customers failed: {status}: ", message)
    for part in (MESSAGES.get(status, ""), "attempt 3", "Run the sync again later"):
        assert part in message
    assert len(client.requests) == 7


@pytest.mark.parametrize(
    ("status", "location"),
    [
        # To the list itself: if a redirect were followed, the request would succeed.
        *[(s, "/v2/customers") for s in (*FAIL, *NOT_OFFERED, *FEWER, *OTHERS_FAIL)],
        *[(302, location) for location in ("\x80", "http://[", "", "https://elsewhere.example")],
    ],
)
def test_a_status_that_is_not_temporary_fails_at_once(
    client: TimedClient, status: int, location: str
) -> None:
    client.respond_with({"status": status, "headers": {"Location": location}}, ROWS)
    message = failure(client, NotOffered if status in NOT_OFFERED else RequestFailed)
    assert f"failed: {status}: " in message
    assert MESSAGES.get(status, "") in message
    assert (len(client.requests), client.waited()) == (1, 0)


@pytest.mark.parametrize("status", FEWER)
def test_a_rejected_page_raises_page_too_large_if_the_limit_can_be_reduced(
    client: TimedClient, status: int
) -> None:
    details = [{"status": status, "message": "No.", "details": {"max_limit": 50}}]
    client.respond_with({"status": status, "json": details}, status)
    for most in (50, None):
        with pytest.raises(PageTooLarge) as raised:
            client.get(can_reduce_limit=True)
        assert raised.value.max_limit == most
        assert raised.value.refused == (most is None and status != 413)


def test_a_list_with_status_204_has_no_rows(client: TimedClient) -> None:
    client.respond_with(204)
    response = client.get()
    assert (response.content, response.raw.keys) == ([], [])


@pytest.mark.parametrize(
    ("status", "kind", "parts"),
    [
        (401, InvalidToken, ("access_token",)),
        (403, MissingPermission, ("'Customers: read-only'", "new API account")),
        (404, NotFound, ("store_hash",)),
    ],
)
def test_a_setting_or_permission_that_is_wrong_is_named_at_once(
    client: TimedClient, status: int, kind: type[TapError], parts: tuple[str, ...]
) -> None:
    client.respond_with(status)
    message = failure(client, kind)
    assert all(part in message for part in parts)
    assert TOKEN not in message
    assert len(client.requests) == 1


def test_a_token_that_has_worked_is_retried_a_few_times(client: TimedClient) -> None:
    client.respond_with(ROWS, 401, 401, 401, ROWS, 401)
    assert client.get().content == client.get().content == CONTENT
    failure(client, InvalidToken)
    assert len(client.requests) == 5 + 4


@pytest.mark.parametrize(
    ("body", "api_message"),
    [
        ('[{"status": 400, "message": "The field \\u0027x\\u0027 is wrong."}]', "'x' is wrong."),
        ('{"status": 422, "title": "Bad", "errors": {"limit": "too big"}}', "Bad limit: too big"),
        ('{"error": "no"}', "(the API says: no)"),
        ('{"title": null, "errors": [1], "details": 5}', None),
        ("[1]", None),
        ("[" * 100_000, None),
        (b"\xff\xfe", None),
        (b"x" * 1_000_000, None),
    ],
)
def test_the_message_of_the_api_is_shown_if_it_can_be_parsed(
    client: TimedClient, body: Any, api_message: str | None
) -> None:
    client.respond_with({"status": 409, "body": body})
    message = failure(client, RequestFailed)
    assert (api_message in message) if api_message else ("the API says" not in message)
    assert len(message) < 500
