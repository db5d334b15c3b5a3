"""What the client sends, and how it reads responses: encodings, incomplete and invalid bodies."""

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
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from timed_client import CONTENT, ROWS, TOKEN, Make, TimedClient, client, make

from tap_bigcommerce.api.rate_limiter import LONGEST_NAMED_PAUSE
from tap_bigcommerce.api.transport import Transport
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import ConfigError, PageTooLarge, RequestFailed

MEGABYTE = 1_000_000
GZIP = gzip.compress(ROWS)


def encoded(body: bytes, encoding: str = "gzip") -> dict[str, Any]:
    return {"body": body, "headers": {"Content-Encoding": encoding}}


@pytest.mark.parametrize("user_agent", [None, "shop-elt/1"])
def test_a_request_names_the_token_formats_and_user_agent(make: Make, user_agent: Any) -> None:
    client = make(user_agent=user_agent)
    client.respond_with(ROWS)
    client.get()
    [request] = client.requests
    assert request.url == "https://api.bigcommerce.com/stores/abc123/v2/customers?limit=250"
    sent = request.headers
    assert (sent["X-Auth-Token"], sent["Accept"]) == (TOKEN, "application/json")
    assert sent["Accept-Encoding"] == "gzip"
    assert re.fullmatch(user_agent or r"tap-bigcommerce/[0-9.]+", sent["User-Agent"])


@pytest.mark.parametrize(
    "response",
    [
        encoded(ROWS, "identity"),
        encoded(GZIP, " GZIP "),
        encoded(GZIP, "x-gzip"),
        encoded(zlib.compress(ROWS), "deflate"),
        encoded(gzip.compress(ROWS[:9]) + gzip.compress(ROWS[9:])),
        encoded(GZIP + b"\0\0\0"),
    ],
)
def test_a_compressed_body_is_decompressed(client: TimedClient, response: Any) -> None:
    client.respond_with(response)
    assert client.get().content == CONTENT
    assert len(client.requests) == 1


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (encoded(gzip.compress(GZIP), "gzip, gzip"), "content encoding"),
        (encoded(ROWS, "br"), "content encoding"),
        (encoded(ROWS), "compression is damaged"),
        (encoded(GZIP[:-1]), "cut off"),
        ({"body": ROWS, "headers": {"Content-Length": "-5"}}, "Content-Length"),
        (b"[{]", "not JSON"),
        (b"", "not JSON"),
        (b"<html></html>", "HTML or XML, not JSON"),
        (b'{"id": 1}', "structure"),
        (b"[1]", "structure"),
        (requests.ConnectionError("https://user:secret@proxy"), "connection failed"),
        (requests.ReadTimeout(), "no response in time"),
        (urllib3.exceptions.ProtocolError("broken"), "connection failed"),
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
    ],
)
def test_an_unreadable_response_is_retried_and_fails(
    make: Make, response: Any, message: str
) -> None:
    client = make(max_attempts=2, max_retry_seconds=0)
    client.respond_with(response, ROWS, response)
    assert client.get().content == CONTENT
    with pytest.raises(RequestFailed, match=message) as raised:
        client.get()
    assert "secret" not in raised.value.message
    assert len(client.requests) == 4


def test_a_request_that_could_not_be_sent_is_not_retried(client: TimedClient) -> None:
    client.respond_with(requests.exceptions.InvalidProxyURL())
    with pytest.raises(RequestFailed, match="could not be sent"):
        client.get()
    assert len(client.requests) == 1


@pytest.mark.parametrize("zipped", [True, False])
def test_a_response_above_the_size_limit_leads_to_fewer_rows(make: Make, zipped: bool) -> None:
    def body(size: int) -> Any:
        text = b'[{"x": "' + b"x" * (size - 11) + b'"}]'
        return encoded(gzip.compress(text)) if zipped else text

    client = make(max_answer_mb=1)
    client.respond_with(body(MEGABYTE), body(MEGABYTE + 1))
    assert len(client.get().content[0]["x"]) == MEGABYTE - 11
    with pytest.raises(PageTooLarge):
        client.get(can_reduce_limit=True)
    with pytest.raises(RequestFailed, match="max_answer_mb"):
        client.get()
    assert len(client.requests) == 3


def test_invalid_characters_that_come_twice_are_replaced(client: TimedClient) -> None:
    client.respond_with(b'[{"name": "\xff"}]')
    assert client.get().content == [{"name": "\N{REPLACEMENT CHARACTER}"}]
    assert len(client.requests) == 2
    assert client.counts.repaired_bodies == 1


@pytest.mark.parametrize(
    ("date", "ago"), [(-3600, 3600), (3600, 0), ("", 300), ("soon", 300), ("1 Jan 0001 00:00", 300)]
)
def test_the_stores_time_is_used_if_it_is_earlier(client: TimedClient, date: Any, ago: int) -> None:
    now = datetime.now(timezone.utc)
    if isinstance(date, int):
        date = (now + timedelta(seconds=date)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    client.respond_with({"body": ROWS, "headers": {"Date": date} if date else {}})
    assert -5 <= (client.get().store_time - now).total_seconds() + ago <= 1


HEADERS = [
    *("Date", "Content-Length", "Content-Encoding", "Location", "Retry-After", "X-Retry-After"),
    *(f"X-Rate-Limit-{name}" for name in ("Requests-Left", "Requests-Quota")),
    *(f"X-Rate-Limit-Time-{name}-Ms" for name in ("Reset", "Window")),
]
HEADER_TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
    st.sampled_from(["1e300", "1e-320", "nan", "-inf", "-1", "9" * 400, "0", "1_0", "٣"]),
    st.floats().map(str) | st.integers().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)


@given(
    st.dictionaries(st.sampled_from(HEADERS), HEADER_TEXTS, max_size=6),
    st.sampled_from([200, 204, 302, 400, 403, 413, 429, 500, 503]),
)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_header_causes_a_traceback_or_a_long_wait(make: Make, headers: Any, status: int) -> None:
    client = make(max_attempts=2, max_retry_seconds=0)
    client.respond_with({"status": status, "body": ROWS, "headers": headers})
    began = client.clock.now
    for _ in range(3):
        with contextlib.suppress(RequestFailed):
            client.get()
    # Each request waits as long as the response before it said, and is retried a few times.
    assert client.waited(began) <= (len(client.requests) + 1) * (LONGEST_NAMED_PAUSE + 1)
    assert len(client.requests) < 20


@pytest.mark.parametrize(
    ("name", "text"), [("REQUESTS_CA_BUNDLE", None), ("CURL_CA_BUNDLE", "no certificate")]
)
def test_unusable_certificates_are_named_with_their_environment_variable(
    monkeypatch: pytest.MonkeyPatch, client: TimedClient, tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / "bundle.pem"
    if text:
        path.write_text(text)
    monkeypatch.setenv(name, str(path))
    for url in ("https://api.bigcommerce.com", "https://localhost:8443"):
        with pytest.raises(ConfigError, match=f"{name}.*{path}"):
            Transport(Config("abc123", TOKEN, api_url=url))
    # Without TLS they are not needed.
    Transport(Config("abc123", TOKEN, api_url="http://localhost:8080"))


def test_a_store_on_this_machine_is_reached_without_a_proxy_and_with_the_certificates(
    monkeypatch: pytest.MonkeyPatch, client: TimedClient
) -> None:
    bundle = certifi.where()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for url, is_proxied in (("https://shop.example", True), ("https://localhost:8443", False)):
        client.respond_with(ROWS, path=f"{url}/v2/customers")
        transport = Transport(Config("abc123", TOKEN, api_url=url))
        with transport.get(f"{url}/v2/customers", {}):
            sent = client.requests[-1].req_kwargs
        assert sent["verify"] == bundle
        assert bool(sent["proxies"].get("https")) is is_proxied
