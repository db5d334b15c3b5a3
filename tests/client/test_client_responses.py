"""What the client sends, and how it reads responses: encodings, incomplete and invalid bodies."""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests
import responses
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from timed_client import (
    CERTIFICATES,
    PATH,
    TIME,
    TOKEN,
    URL,
    ClientWith,
    TimedClient,
    clean_environment,
    client,
    client_with,
)

from tap_bigcommerce.api.rate_limiter import LONGEST_NAMED_PAUSE
from tap_bigcommerce.api.transport import Transport
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import ConfigError, PageTooLarge, RequestFailed

ROWS = b'[{"id": 1, "name": "Ann"}]'
CONTENT = [{"id": 1, "name": "Ann"}]
MEGABYTE = 1_000_000


def compressed(body: bytes, encoding: str) -> dict[str, Any]:
    return {"body": body, "headers": {"Content-Encoding": encoding}}


@pytest.mark.parametrize("user_agent", [None, "shop-elt/1"])
def test_each_request_has_the_token_the_accepted_formats_and_the_user_agent(
    client_with: ClientWith, user_agent: str | None
) -> None:
    client = client_with(user_agent=user_agent) if user_agent else client_with()
    client.respond_with(ROWS)
    client.get()
    [request] = client.requests
    assert request.url == f"{URL}?limit=250"
    sent = request.headers
    assert (sent["X-Auth-Token"], sent["Accept"]) == (TOKEN, "application/json")
    assert sent["Accept-Encoding"] == "gzip"
    assert re.fullmatch(user_agent or r"tap-bigcommerce/[0-9.]+", sent["User-Agent"])


@pytest.mark.parametrize(
    "response",
    [
        ROWS,
        compressed(ROWS, "identity"),
        compressed(gzip.compress(ROWS), "gzip"),
        compressed(gzip.compress(ROWS), " GZIP "),
        compressed(gzip.compress(ROWS), "x-gzip"),
        compressed(zlib.compress(ROWS), "deflate"),
        compressed(gzip.compress(ROWS[:9]) + gzip.compress(ROWS[9:]), "gzip"),
        compressed(gzip.compress(ROWS) + b"\0\0\0", "gzip"),
    ],
)
def test_a_compressed_body_is_decompressed(client: TimedClient, response: Any) -> None:
    client.respond_with(response)
    assert client.get().content == CONTENT
    assert len(client.requests) == 1


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (compressed(gzip.compress(gzip.compress(ROWS)), "gzip, gzip"), "content encoding"),
        (compressed(gzip.compress(ROWS), "gzip,"), "content encoding"),
        (compressed(ROWS, "br"), "content encoding"),
        (compressed(ROWS, "gzip"), "compression is damaged"),
        (compressed(gzip.compress(ROWS)[:-1], "gzip"), "cut off"),
        (compressed(gzip.compress(ROWS)[:12], "gzip"), "cut off"),
        ({"body": ROWS, "headers": {"Content-Length": "abc"}}, "Content-Length"),
        ({"body": ROWS, "headers": {"Content-Length": "-5"}}, "Content-Length"),
        (b"[{]", "not JSON"),
        (b"", "not JSON"),
        (b"<html></html>", "HTML or XML, not JSON"),
        (b'{"id": 1}', "structure"),
        (b"[1]", "structure"),
        (b"null", "structure"),
        (requests.ConnectionError("https://user:secret@proxy"), "connection failed"),
        (requests.ReadTimeout(), "no response in time"),
        (requests.exceptions.ChunkedEncodingError(), "connection failed"),
        (requests.exceptions.InvalidHeader(), "connection failed"),
        (urllib3.exceptions.ProtocolError("broken"), "connection failed"),
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
    ],
)
def test_a_response_that_cannot_be_read_is_retried_and_then_fails_with_a_message(
    client_with: ClientWith, response: Any, message: str
) -> None:
    client = client_with(max_attempts=2, max_retry_seconds=0)
    client.respond_with(response, ROWS)
    assert client.get().content == CONTENT
    client.api.reset()
    client.respond_with(response)
    client.api.get(TIME, json={"time": 1})
    with pytest.raises(RequestFailed, match=message) as raised:
        client.get()
    assert "secret" not in raised.value.message
    assert len(client.requests) == 2


def test_a_request_that_could_not_be_sent_is_not_retried(client: TimedClient) -> None:
    client.respond_with(requests.exceptions.InvalidProxyURL())
    with pytest.raises(RequestFailed, match="could not be sent"):
        client.get()
    assert len(client.requests) == 1


@pytest.mark.parametrize("is_compressed", [True, False])
def test_a_response_above_the_size_limit_leads_to_fewer_rows_and_then_fails(
    client_with: ClientWith, is_compressed: bool
) -> None:
    def body(size: int) -> Any:
        text = b'[{"x": "' + b"x" * (size - 11) + b'"}]'
        return compressed(gzip.compress(text), "gzip") if is_compressed else text

    client = client_with(max_answer_mb=1)
    client.respond_with(body(MEGABYTE), body(MEGABYTE + 1))
    assert len(client.get().content[0]["x"]) == MEGABYTE - 11
    with pytest.raises(PageTooLarge):
        client.get(can_reduce_limit=True)
    with pytest.raises(RequestFailed, match="max_answer_mb"):
        client.get()
    assert len(client.requests) == 3


def test_invalid_characters_that_come_twice_are_replaced(client: TimedClient) -> None:
    client.respond_with(b'[{"name": "\xff"}]')
    response = client.get()
    assert response.content == [{"name": "\N{REPLACEMENT CHARACTER}"}]
    assert len(client.requests) == 2
    assert client.counts.repaired_bodies == 1


NO_DATES = (
    *(None, "soon", "Mon, 05 Jan 20260000000 10:00:00 GMT", "Mon, 05 Jan 2026 10:00:00 +9999"),
    *("Mon, 05 Jan 2026 10:00:00 +99999999999999", "Thu, 31 Feb 2026 10:00:00 GMT"),
    "Mon, 01 Jan 0001 00:00:00 GMT",
)


@pytest.mark.parametrize(
    ("date", "ago"), [(-3600, 3600), (3600, 0), *[(text, 300) for text in NO_DATES]]
)
def test_the_time_of_the_store_is_used_only_if_it_is_earlier_than_the_taps(
    client: TimedClient, date: int | str | None, ago: int
) -> None:
    now = datetime.now(timezone.utc)
    if isinstance(date, int):
        date = (now + timedelta(seconds=date)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    client.respond_with({"body": ROWS, "headers": {"Date": date} if date else {}})
    since = client.get().store_time - now
    assert -5 <= since.total_seconds() + ago <= 1


HEADERS = (
    *("Date", "Content-Length", "Content-Encoding", "Content-Type", "Location"),
    *("Retry-After", "X-Retry-After", "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Requests-Quota"),
    *("X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Time-Window-Ms"),
)
HEADER_TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
    st.sampled_from(
        ["1e300", "1e-320", "nan", "-inf", "inf", "-1", "9" * 400, "0", "1e12", "1_0", "٣"]
    ),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)


@given(
    headers=st.dictionaries(st.sampled_from(HEADERS), HEADER_TEXTS, max_size=6),
    status=st.sampled_from([200, 204, 302, 400, 403, 413, 429, 500, 503]),
)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_header_causes_a_traceback_or_a_wait_above_the_maximum(
    client_with: ClientWith, headers: dict[str, str], status: int
) -> None:
    client = client_with(max_attempts=2, max_retry_seconds=0)
    client.api.reset()
    client.api.get(TIME, json={"time": 1})
    client.respond_with({"status": status, "body": ROWS, "headers": headers})
    began = client.clock.now
    for _ in range(3):
        with contextlib.suppress(RequestFailed):
            client.get()
    # Each request waits as long as the response before it said, and is retried a few times.
    assert client.waited(began) <= (len(client.requests) + 1) * (LONGEST_NAMED_PAUSE + 1)
    assert len(client.requests) < 20


@pytest.mark.parametrize("name", CERTIFICATES)
@pytest.mark.parametrize("kind", ["missing", "empty", "garbage"])
@pytest.mark.parametrize("url", ["https://api.bigcommerce.com", "https://localhost:8443"])
def test_unusable_certificates_are_named_with_their_environment_variable(
    client: TimedClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    kind: str,
    url: str,
) -> None:
    path = tmp_path / "bundle.pem"
    if kind != "missing":
        path.write_text("" if kind == "empty" else "no certificate")
    monkeypatch.setenv(name, str(path))
    with pytest.raises(ConfigError, match=f"{name}.*{path}"):
        Transport(Config("abc123", TOKEN, api_url=url))
    # Without TLS they are not needed.
    Transport(Config("abc123", TOKEN, api_url="http://localhost:8080"))


@pytest.mark.parametrize(
    ("url", "proxied"),
    [("https://api.bigcommerce.com", True), ("https://localhost:8443", False)],
)
def test_a_store_on_this_machine_is_reached_without_a_proxy_and_with_the_certificates(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch, url: str, proxied: bool
) -> None:
    bundle = certifi.where()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with responses.RequestsMock() as store:
        store.get(f"{url}/stores/abc123{PATH}", body=ROWS)
        transport = Transport(Config("abc123", TOKEN, api_url=url))
        with transport.get(f"{url}/stores/abc123{PATH}", {}):
            pass
        sent = store.calls[0].request.req_kwargs  # type: ignore[attr-defined]
    assert sent["verify"] == bundle
    assert bool(sent["proxies"].get("https")) is proxied
