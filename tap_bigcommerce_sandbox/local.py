"""A sandbox in this process; its server runs in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.control import Store
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.remote import LONGEST, TIME_TO_END, Spawned


class Sandbox(Store):
    """`with Sandbox(Options(orders=300)) as store:` serves a store until the block ends."""

    def __init__(self, options: Options | None = None) -> None:
        self._server = HttpServer(App(options or Options()))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @staticmethod
    def spawn(options: Options | None = None) -> Spawned:
        """The same in a separate process, for measurements of this process alone."""
        return Spawned(options or Options())

    def start(self) -> Sandbox:
        """Start serving."""
        self._thread.start()
        self._await(self._server.start())
        self.locate(self._server.addresses())
        return self

    def stop(self) -> None:
        """Stop serving, and abort the open connections."""
        self._await(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIME_TO_END)
        self._loop.close()

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it in the server's thread, and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TIME_TO_END)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        # Runs in the server's thread, so that the store needs no locks.
        done: Future[Any] = Future()

        def perform() -> None:
            try:
                done.set_result(self._server.operations.perform(name, arguments))
            except ValueError as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(perform)
        return done.result(LONGEST)
