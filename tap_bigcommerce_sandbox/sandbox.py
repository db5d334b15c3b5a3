"""A sandbox in a thread of this process, or in a process of its own."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.control import Store
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.options import Options, to_arguments

TIME_TO_END = 30.0
"""Seconds that a store may take to start or to end."""


class Sandbox(Store):
    """`with Sandbox(Options(orders=300)) as store:` serves a store until the block ends."""

    def __init__(self, options: Options | None = None) -> None:
        self._server = HttpServer(App(options or Options()))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Sandbox":
        self._thread.start()
        super().__init__(self._await(self._server.start()))
        return self

    def __exit__(self, *failure: object) -> None:
        self._await(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIME_TO_END)
        self._loop.close()

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run it in the server's thread, and wait for its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIME_TO_END)

    @staticmethod
    @contextmanager
    def spawn(options: Options | None = None) -> Iterator[Store]:
        """The same in a separate process, for measurements of this process alone."""
        root = Path(__file__).resolve().parent.parent
        command = [sys.executable, "-m", "tap_bigcommerce_sandbox", "--until-stdin-closes"]
        with subprocess.Popen(
            command + to_arguments(options or Options()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,  # That is where -m finds this very package.
        ) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"the sandbox ended with {process.wait(TIME_TO_END)}")
                store = Store(json.loads(line))
                store.pid = process.pid
                yield store
            finally:
                process.terminate()
                try:
                    process.communicate(timeout=TIME_TO_END)
                finally:
                    process.kill()
