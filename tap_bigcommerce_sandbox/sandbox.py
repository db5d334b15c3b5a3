"""A sandbox in a thread of this process, or in another process that HTTP controls."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import orjson

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.control import Store
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.options import Options, to_arguments

LONGEST = 600.0
"""Seconds that an operation may take: a large store is computed on first use."""

TIME_TO_END = 30.0
"""Seconds that a store may take to end."""


class RemoteStore(Store):
    """Controls a store over HTTP, at the addresses `tap-bigcommerce-sandbox` prints."""

    def __init__(self, announcement: Mapping[str, str]) -> None:
        self.locate(announcement)

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        body = orjson.dumps(dict(arguments))
        asked = urllib.request.Request(f"{self.control_url}/{name}", data=body, method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=LONGEST) as response:
                return orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ValueError(orjson.loads(error.read())["error"]) from error


class Spawned:
    """`with Sandbox.spawn(options) as store:` runs a sandbox as a process of its own."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, for measurements."""
        if self._process is None:
            raise ValueError("the sandbox is not running")
        return self._process.pid

    def __enter__(self) -> RemoteStore:
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        command = [sys.executable, "-m", "tap_bigcommerce_sandbox", "--until-stdin-closes"]
        self._process = subprocess.Popen(
            command + to_arguments(self._options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait(TIME_TO_END)
            raise RuntimeError(f"the sandbox ended with status {status}")
        return RemoteStore(json.loads(line))

    def __exit__(self, *failure: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=TIME_TO_END)
            finally:
                self._process.kill()


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

    def _await(self, work: Coroutine[Any, Any, Any], seconds: float = TIME_TO_END) -> Any:
        """Run it in the server's thread, and wait for its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        # Runs in the server's thread, so that the store needs no locks.
        async def perform() -> Any:
            return self._server.operations.perform(name, arguments)

        return self._await(perform(), LONGEST)
