"""How long the client waits, and when it gives up, for one stream or for all of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import urllib3
from timed_client import CONTENT, PATH, ROWS, ClientWith, TimedClient, client, client_with

from tap_bigcommerce.api.rate_limiter import LONGEST_NAMED_PAUSE
from tap_bigcommerce.exceptions import Interrupted, PageTooLarge, RequestFailed, StoreUnavailable

REFUSED = requests.ConnectionError(
    urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("api"), "no")
)


def refusal(
    left: Any = None, reset: Any = 2000, window: Any = 30000, **headers: Any
) -> dict[str, Any]:
    """A 429 with these headers, an underscore for each hyphen, and the quota if `left` is given."""
    if left is not None:
        headers["X_Rate_Limit_Requests_Quota"] = 450
        headers["X_Rate_Limit_Requests_Left"] = left
        headers["X_Rate_Limit_Time_Reset_Ms"] = reset
        headers["X_Rate_Limit_Time_Window_Ms"] = window
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
        (refusal(left=0, reset=1e300, window=1e300), LONGEST_NAMED_PAUSE),
        (refusal(Retry_After=moment(10**8)), LONGEST_NAMED_PAUSE),
        *[(refusal(Retry_After=text), 1) for text in ("inf", "-1", "soon")],
    ],
)
def test_after_a_429_the_client_waits_as_long_as_it_says(
    client: TimedClient, response: dict[str, Any], wait: float
) -> None:
    client.respond_with(response, ROWS)
    client.get()
    assert client.waited() == pytest.approx(wait, abs=0.3)
    assert client.counts.statuses == {"429": 1, "200": 1}


@pytest.mark.parametrize("window", [1e12, 1e-320, -5, "nan", "x", "9" * 400])
def test_an_invalid_length_of_the_window_does_not_stop_the_run(
    client: TimedClient, window: Any
) -> None:
    named = refusal(left=0, reset=window, window=window)["headers"]
    client.respond_with({"headers": named, "body": ROWS}, ROWS)
    client.get()
    client.get()
    assert client.waited() <= 31


def test_429s_are_failures_only_while_no_request_succeeds(client_with: ClientWith) -> None:
    client = client_with(max_attempts=1, max_retry_seconds=0)
    client.respond_with(*[429, ROWS] * 5)
    for _ in range(5):
        client.get()
    client = client_with(max_attempts=3, max_retry_seconds=120)
    client.respond_with(429)
    began = client.clock.now
    with pytest.raises(RequestFailed, match=r"429: too many requests.*Run the sync again later"):
        client.get()
    assert 120 <= client.waited(began) <= 190
    assert len(client.requests) <= 9


def test_retries_with_growing_waits_end_after_the_attempts_or_the_seconds_whichever_is_later(
    client_with: ClientWith,
) -> None:
    client = client_with(max_attempts=2, max_retry_seconds=300)
    client.respond_with(*[503] * 6, ROWS, 503)
    client.get()
    # Between half of 0.5, 1, 2, ... seconds and all of them.
    assert 63 / 4 <= client.waited() <= 63 / 2
    began = client.clock.now
    with pytest.raises(RequestFailed, match="503"):
        client.get()
    assert 300 <= client.waited(began) <= 365


DEAD = [429, 503, REFUSED, requests.ConnectTimeout(), b"<html></html>"]


@pytest.mark.parametrize("dead", DEAD)
def test_a_store_that_responds_to_nothing_is_waited_for_once(
    client_with: ClientWith, dead: Any
) -> None:
    client = client_with(max_attempts=2, max_retry_seconds=60)
    client.api.reset()
    for path in (PATH, "/v2/time"):
        client.respond_with(dead, path=path)

    def read_on() -> None:
        while client.waited() < 200:
            with suppress(PageTooLarge):
                client.get(can_reduce_limit=True)

    with pytest.raises(StoreUnavailable) as raised:
        read_on()
    message = raised.value.message
    assert "No stream can be read from api.bigcommerce.com" in message
    if dead is REFUSED or isinstance(dead, requests.ConnectTimeout):
        assert "No connection to api.bigcommerce.com: " in message
    else:
        assert "customers: GET /v2/customers failed: " in message
        assert "GET /v2/time failed, too: " in message
    before, waited = len(client.api.calls), client.waited()
    with pytest.raises(StoreUnavailable) as again:
        client.get("/v3/catalog/products")
    assert again.value.message == message
    assert (len(client.api.calls), client.waited()) == (before, waited)


@pytest.mark.parametrize(("dead", "status"), [(429, 204), (503, 404), (REFUSED, 401)])
def test_a_store_that_responds_to_other_requests_fails_one_stream_only(
    client_with: ClientWith, dead: Any, status: int
) -> None:
    client = client_with(max_attempts=2, max_retry_seconds=60)
    client.api.reset()
    client.respond_with(status, path="/v2/time")
    client.respond_with(ROWS, path="/v2/coupons")
    client.respond_with(dead)
    with pytest.raises(RequestFailed):
        client.get()
    assert client.get("/v2/coupons").content == CONTENT


def test_without_a_connection_fewer_rows_are_not_requested(client_with: ClientWith) -> None:
    client = client_with(max_attempts=4, max_retry_seconds=0)
    client.respond_with(REFUSED)
    with pytest.raises(RequestFailed) as raised:
        client.get(can_reduce_limit=True)
    assert type(raised.value) is RequestFailed
    assert len(client.requests) == 4


def test_a_signal_ends_the_wait_for_the_quota(client: TimedClient) -> None:
    client.respond_with(refusal(Retry_After=3000))
    client.clock.request(15)
    with pytest.raises(Interrupted):
        client.get()
