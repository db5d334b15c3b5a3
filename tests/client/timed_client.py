"""TimedClient: the client with simulated responses and a simulated clock; pytest fixtures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from tap_bigcommerce.api import rate_limiter
from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.config import Config
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.shutdown import Shutdown

BASE = "https://api.bigcommerce.com/stores/abc123"
PATH = "/v2/customers"
URL = BASE + PATH
TIME = BASE + "/v2/time"
TOKEN = "made-up-token"
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that may name a certificate bundle."""


class Clock:
    """A clock, in seconds, that moves only when the client waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class _Shutdown(Shutdown):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        self._clock.now += seconds


class _Condition(threading.Condition):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        # At least a millisecond: with a step of 0 the loop around it would never end.
        self._clock.now += max(0.001, timeout)
        return True


class TimedClient:
    """A client of the tap, and the responses that it gets."""

    def __init__(self, api: responses.RequestsMock, clock: Clock, **settings: Any) -> None:
        self.api = api
        self.clock = clock
        self.config = Config("abc123", TOKEN, **settings)
        self.shutdown = _Shutdown(clock)
        self.client = Client(self.config, self.shutdown)
        self.rate_limiter = RateLimiter(self.config, self.shutdown, clock)
        self.rate_limiter._changed = _Condition(clock)
        self.client.rate_limiter = self.rate_limiter
        self.counts = StreamCounts("customers")
        self.context = RequestContext("customers", "Customers", self.counts)
        api.get(TIME, json={"time": 1})

    def respond_with(self, *queue: Any, url: str = URL) -> None:
        """Queue responses for `url`; the last one is repeated.

        Each is a status, a body, an exception, or a dict of keyword arguments for `responses`.
        """
        for response in queue:
            if isinstance(response, int):
                response = {"status": response}
            elif not isinstance(response, dict):
                response = {"body": response}
            self.api.get(url, **response)

    def get(self, path: str = PATH, expects: Any = list, **more: Any) -> Any:
        """Client.get() with the usual parameters."""
        return self.client.get(path, {"limit": "250"}, expects, self.context, **more)

    @property
    def requests(self) -> list[Any]:
        """The requests that were sent, without those for the store's time."""
        return [call.request for call in self.api.calls if "/v2/time" not in str(call.request.url)]

    def waited(self, since: float = 1000.0) -> float:
        """Seconds of simulated time since `since`."""
        return self.clock.now - since


ClientWith = Callable[..., TimedClient]
"""A function that makes a client with the given settings."""


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no certificates and no proxy."""
    for name in (*CERTIFICATES, "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client_with(monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Iterator[ClientWith]:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(rate_limiter, "POLL_INTERVAL", 1e9)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield lambda **settings: TimedClient(api, clock, **settings)


@pytest.fixture
def client(client_with: ClientWith) -> TimedClient:
    """A client with the default settings."""
    return client_with()
