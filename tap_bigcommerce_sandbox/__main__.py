"""Command line: starts a sandbox, prints its address, serves until a signal."""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.options import Options, add_arguments, from_arguments


def main() -> None:
    """Serve a store. Its addresses are printed on stdout as one line of JSON."""
    parser = argparse.ArgumentParser(
        prog="tap-bigcommerce-sandbox",
        description="A BigCommerce store with made-up data, served on this machine.",
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="also stop when stdin closes"
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    try:
        options = from_arguments(arguments)
        asyncio.run(_serve(options, until_stdin_closes=arguments.until_stdin_closes))
    except ValueError as error:
        parser.error(str(error))


async def _serve(options: Options, *, until_stdin_closes: bool) -> None:
    server = HttpServer(App(options))
    addresses = await server.start()
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if until_stdin_closes:
        threading.Thread(target=_wait_for_end, args=(loop, stopped), daemon=True).start()
    print(json.dumps(addresses), flush=True)
    await stopped.wait()
    await server.stop()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    # os.read and not sys.stdin.read: a thread waiting inside sys.stdin aborts Python's shutdown.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    loop.call_soon_threadsafe(stopped.set)


if __name__ == "__main__":
    main()
