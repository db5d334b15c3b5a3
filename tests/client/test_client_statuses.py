"""What the client does after each status: retry, request fewer rows, or fail, and the messages; how
long it waits, and when it gives up, for one stream or for all of them."""

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import urllib3
from timed_client import CONTENT, PATH, ROWS, TOKEN, Make, TimedClient, client, make

from tap_bigcommerce import exceptions as errors
from tap_bigcommerce.api.rate_limiter import LONGEST_NAMED_PAUSE
from tap_bigcommerce.api.status_codes import STATUS_RULES

# What should follow from each status, from the API's documentation of its status codes and from
# what has been reported of it. Not from the tap's own table, which is what is tested.
AGAIN = (304, 408, 499, 500, 502, 503, 504, 509)
FEWER = (400, 413, 422)
FAIL = (406, 409, 414, 415, 423, 505, 507)
NOT_OFFERED = (405, 410, 501)
# These have no rule of their own: the rules for other statuses apply.
OTHERS_AGAIN = (520, 599)
OTHERS_FAIL = (302, 308, 402, 451)

KINDS: dict[int, type[errors.TapError]] = dict.fromkeys(NOT_OFFERED, errors.NotOffered)
KINDS |= {401: errors.InvalidToken, 403: errors.MissingPermission, 404: errors.NotFound}
MESSAGES = {302: "api_url", 401: "access_token", 403: "'Customers: read-only'", 404: "store_hash"}
MESSAGES |= {413: "too many", 422: "not valid", 503: "maintenance", 507: "plan"}
"""A part of the message for some statuses."""


def failure(client: TimedClient, kind: type[errors.TapError]) -> str:
    """The message with which the client fails. The exception has to be of exactly this class."""
    with pytest.raises(errors.TapError) as raised:
        client.get()
    assert type(raised.value) is kind
    return raised.value.message


def test_these_tests_cover_every_status_that_has_a_rule() -> None:
    known = {int(status) for status in STATUS_RULES if status.isdigit()}
    assert known == {200, 204, 401, 403, 404, 429, *AGAIN, *FEWER, *FAIL, *NOT_OFFERED}


@pytest.mark.parametrize("status", [*AGAIN, *OTHERS_AGAIN])
def test_a_temporary_fault_is_retried_and_fails_if_it_lasts(make: Make, status: int) -> None:
    client = make(max_attempts=3, max_retry_seconds=0)
    client.respond_with(status, ROWS, status)
    assert client.get().content == CONTENT
    assert len(client.requests) == 2
    assert 0.2 < client.waited() < 1
    assert client.counts.statuses == {str(status): 1, "200": 1}
    assert client.counts.retries == 1
    with pytest.raises(errors.PageTooLarge):
        client.get(can_reduce_limit=True)
    assert len(client.requests) == 4
    message = failure(client, errors.RequestFailed)
    assert re.search(rf"^customers: GET /v2/customers failed: {status}: ", message)
    for part in (MESSAGES.get(status, ""), "attempt 3", "Run the sync again later"):
        assert part in message
    assert len(client.requests) == 7


@pytest.mark.parametrize(
    ("status", "location"),
    [
        # To the list itself: if a redirect were followed, the request would succeed.
        *[(status, "/v2/customers") for status in (*KINDS, *FAIL, *FEWER, *OTHERS_FAIL)],
        *[(302, location) for location in ("\x80", "http://[", "", "https://elsewhere.example")],
    ],
)
def test_other_statuses_fail_at_once(client: TimedClient, status: int, location: str) -> None:
    client.respond_with({"status": status, "headers": {"Location": location}}, ROWS)
    message = failure(client, KINDS.get(status, errors.RequestFailed))
    assert f"{status}: " in message
    assert MESSAGES.get(status, "") in message
    assert TOKEN not in message
    assert (len(client.requests), client.waited()) == (1, 0)


@pytest.mark.parametrize("status", FEWER)
def test_a_rejected_page_may_be_too_large(client: TimedClient, status: int) -> None:
    details = [{"status": status, "message": "No.", "details": {"max_limit": 50}}]
    client.respond_with({"status": status, "json": details}, status)
    for most in (50, None):
        with pytest.raises(errors.PageTooLarge) as raised:
            client.get(can_reduce_limit=True)
        assert raised.value.max_limit == most
        assert raised.value.refused == (most is None and status != 413)


def test_a_list_with_status_204_has_no_rows(client: TimedClient) -> None:
    client.respond_with(204)
    response = client.get()
    assert (response.content, response.raw.keys) == ([], [])


def test_a_token_that_has_worked_is_retried_a_few_times(client: TimedClient) -> None:
    client.respond_with(ROWS, 401, 401, 401, ROWS, 401)
    assert client.get().content == client.get().content == CONTENT
    failure(client, errors.InvalidToken)
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
def test_the_apis_message_is_shown(client: TimedClient, body: Any, api_message: str | None) -> None:
    client.respond_with({"status": 409, "body": body})
    message = failure(client, errors.RequestFailed)
    assert (api_message in message) if api_message else ("the API says" not in message)
    assert len(message) < 500


REFUSED = requests.ConnectionError(
    urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("api"), "no")
)


def refusal(left: Any = None, reset: Any = 2000, **headers: Any) -> dict[str, Any]:
    """A 429 with these headers, an underscore for each hyphen, and the quota if `left` is given."""
    if left is not None:
        headers["X_Rate_Limit_Requests_Quota"] = 450
        headers["X_Rate_Limit_Requests_Left"] = left
        headers["X_Rate_Limit_Time_Reset_Ms"] = reset
    named = {name.replace("_", "-"): str(text) for name, text in headers.items()}
    return {"status": 429, "headers": named}


def moment(seconds: float) -> str:
    then = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return then.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("response", "wait"),
    [
        (refusal(), 1),
        (refusal(left=0), 2),
        (refusal(left=440), 0.25),
        (refusal(X_Retry_After=5), 5),
        (refusal(Retry_After="5.5"), 5.5),
        (refusal(Date=moment(-300), Retry_After=moment(-290)), 10),
        (refusal(Date=moment(0), Retry_After=moment(-60)), 0.1),
        (refusal(left=0, Retry_After=7, X_Retry_After=6), 7),
        (refusal(left=440, Retry_After=3), 3),
        (refusal(Retry_After=1e300), LONGEST_NAMED_PAUSE),
        (refusal(left=0, reset=1e300), LONGEST_NAMED_PAUSE),
        (refusal(Retry_After=moment(10**8)), LONGEST_NAMED_PAUSE),
        *[(refusal(Retry_After=text), 1) for text in ("inf", "-1", "soon")],
    ],
)
def test_a_429_is_waited_for_as_it_says(client: TimedClient, response: Any, wait: float) -> None:
    client.respond_with(response, ROWS)
    client.get()
    assert client.waited() == pytest.approx(wait, abs=0.3)
    assert client.counts.statuses == {"429": 1, "200": 1}


def test_429s_are_failures_only_while_no_request_succeeds(make: Make) -> None:
    client = make(max_attempts=1, max_retry_seconds=0)
    client.respond_with(*[429, ROWS] * 5)
    for _ in range(5):
        client.get()
    client = make(max_attempts=3, max_retry_seconds=120)
    client.respond_with(429)
    began = client.clock.now
    with pytest.raises(
        errors.RequestFailed, match=r"429: too many requests.*Run the sync again later"
    ):
        client.get()
    assert 120 <= client.waited(began) <= 190
    assert len(client.requests) <= 9


def test_retries_end_after_attempts_or_seconds_whichever_is_later(make: Make) -> None:
    client = make(max_attempts=2, max_retry_seconds=300)
    client.respond_with(*[503] * 6, ROWS, 503)
    client.get()
    # Between half of 0.5, 1, 2, ... seconds and all of them.
    assert 63 / 4 <= client.waited() <= 63 / 2
    began = client.clock.now
    with pytest.raises(errors.RequestFailed, match="503"):
        client.get()
    assert 300 <= client.waited(began) <= 365


@pytest.mark.parametrize("dead", [429, 503, REFUSED])
def test_a_store_that_responds_to_nothing_is_waited_for_once(make: Make, dead: Any) -> None:
    client = make(max_attempts=2, max_retry_seconds=60)
    client.api.reset()
    for path in (PATH, "/v2/time"):
        client.respond_with(dead, path=path)

    def read_on() -> None:
        while client.waited() < 200:
            with suppress(errors.PageTooLarge):
                client.get(can_reduce_limit=True)

    with pytest.raises(errors.StoreUnavailable) as raised:
        read_on()
    message = raised.value.message
    assert "No stream can be read from api.bigcommerce.com" in message
    if dead is REFUSED:
        assert "No connection to api.bigcommerce.com: " in message
    else:
        assert "customers: GET /v2/customers failed: " in message
        assert "GET /v2/time failed, too: " in message
    before, waited = len(client.api.calls), client.waited()
    with pytest.raises(errors.StoreUnavailable) as again:
        client.get("/v3/catalog/products")
    assert again.value.message == message
    assert (len(client.api.calls), client.waited()) == (before, waited)


@pytest.mark.parametrize(("dead", "status"), [(429, 204), (503, 404), (REFUSED, 401)])
def test_a_store_that_responds_fails_one_stream_only(make: Make, dead: Any, status: int) -> None:
    client = make(max_attempts=2, max_retry_seconds=60)
    client.api.reset()
    client.respond_with(status, path="/v2/time")
    client.respond_with(ROWS, path="/v2/coupons")
    client.respond_with(dead)
    # Without a connection, fewer rows would not help.
    with pytest.raises(errors.RequestFailed) as raised:
        client.get(can_reduce_limit=dead is REFUSED)
    assert type(raised.value) is errors.RequestFailed
    assert client.get("/v2/coupons").content == CONTENT


def test_a_signal_ends_the_wait_for_the_quota(client: TimedClient) -> None:
    client.respond_with(refusal(Retry_After=3000))
    client.clock.request(15)
    with pytest.raises(errors.Interrupted):
        client.get()
