"""A client whose requests go nowhere, and whose waits take no time; the fixtures of these tests."""

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
"""The variables that may name a bundle of them."""


class Clock:
    """Seconds, which only waits move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class _Stop(Shutdown):
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
        # As far as the quota wants at once; a step of nothing would go on for ever.
        self._clock.now += max(0.001, timeout)
        return True


class Asking:
    """A client, and what its answers are to be."""

    def __init__(self, api: responses.RequestsMock, clock: Clock, **settings: Any) -> None:
        self.api = api
        self.clock = clock
        self.config = Config("abc123", TOKEN, **settings)
        self.stop = _Stop(clock)
        concurrency = self.config.max_concurrency
        self.quota = RateLimiter(
            share=0.9, concurrency=concurrency, shutdown=self.stop, clock=clock
        )
        self.quota._changed = _Condition(clock)
        self.client = Client(self.config, self.quota, self.stop)
        self.counts = StreamCounts("customers")
        self.purpose = RequestContext("customers", "Customers", self.counts)
        self._asked_at: list[float] = []
        api.get(TIME, json={"time": 1})

    def answers(self, *answers: Any, url: str = URL) -> None:
        """These come one after another, the last one for ever: a status, a body or more of it."""
        for answer in answers:
            if isinstance(answer, int):
                answer = {"status": answer}
            elif not isinstance(answer, dict):
                answer = {"body": answer}
            self.api.get(url, **answer)

    def get(self, path: str = PATH, expects: Any = list, **more: Any) -> Any:
        """What the client makes of the answers."""
        return self.client.get(path, {"limit": "250"}, expects, self.purpose, **more)

    @property
    def requests(self) -> list[Any]:
        """Those of the list."""
        return [call.request for call in self.api.calls if "/v2/time" not in str(call.request.url)]

    def waited(self, since: float = 1000.0) -> float:
        """Seconds."""
        return self.clock.now - since


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names no certificates and no proxy."""
    for name in (*CERTIFICATES, "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asking_with(
    monkeypatch: pytest.MonkeyPatch, bare_environment: None
) -> Iterator[Callable[..., Asking]]:
    """Makes a client with these settings."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(rate_limiter, "LONGEST_NAP", 1e9)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield lambda **settings: Asking(api, clock, **settings)


@pytest.fixture
def asking(asking_with: Callable[..., Asking]) -> Asking:
    """A client with the usual settings."""
    return asking_with()
