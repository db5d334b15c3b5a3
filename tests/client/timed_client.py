"""TimedClient: the client with simulated responses and a simulated clock; pytest fixtures."""

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
FROM_ENVIRONMENT = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy")
TOKEN = "made-up-token"
ROWS = b'[{"id": 1, "name": "Ann"}]'
CONTENT = [{"id": 1, "name": "Ann"}]
BEGIN = 1000.0


class Clock(Shutdown):
    """A clock, in seconds, that moves only when the client waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        # At least a millisecond: with a step of 0 the loop around it might never end.
        self.now += max(0.001, seconds)


class TimedClient:
    """A client of the tap, and the responses that it gets."""

    def __init__(self, api: responses.RequestsMock, clock: Clock, **settings: Any) -> None:
        self.api = api
        self.clock = clock
        config = Config("abc123", TOKEN, **settings)
        self.client = Client(config, clock)
        self.client.rate_limiter = RateLimiter(config, clock, clock)
        self.counts = StreamCounts("customers")
        self.context = RequestContext("customers", "Customers", self.counts)
        api.reset()
        self.respond_with({"json": {"time": 1}}, path="/v2/time")

    def respond_with(self, *queue: Any, path: str = PATH) -> None:
        """Queue responses for a path or another address; the last one is repeated.

        Each is a status, a body, an exception, or a dict of keyword arguments for `responses`.
        """
        for response in queue:
            if isinstance(response, int):
                response = {"status": response}
            elif not isinstance(response, dict):
                response = {"body": response}
            self.api.get(path if "://" in path else BASE + path, **response)

    def get(self, path: str = PATH, expects: Any = list, **more: Any) -> Any:
        return self.client.get(path, {"limit": "250"}, expects, self.context, **more)

    @property
    def requests(self) -> list[Any]:
        """The requests that were sent, without those for the store's time."""
        return [call.request for call in self.api.calls if "/v2/time" not in str(call.request.url)]

    def waited(self, since: float = BEGIN) -> float:
        """Seconds of simulated time since `since`."""
        return self.clock.now - since


Make = Callable[..., TimedClient]
"""Makes a client with the given settings; what an earlier one was sent is forgotten."""


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    clock = Clock()
    for name in (*FROM_ENVIRONMENT, "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(threading.Condition, "wait", lambda _, seconds: clock.sleep(seconds))
    monkeypatch.setattr(rate_limiter, "POLL_INTERVAL", 1e9)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield lambda **settings: TimedClient(api, clock, **settings)


@pytest.fixture
def client(make: Make) -> TimedClient:
    return make()
