"""Command line: starts a sandbox, prints its addresses, serves until a signal."""

import argparse
import json
import os
import signal
import sys
import threading

from tap_bigcommerce_sandbox.options import Options, add_arguments
from tap_bigcommerce_sandbox.sandbox import Sandbox


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
    given = vars(parser.parse_args())
    until_stdin_closes = given.pop("until_stdin_closes")
    try:
        sandbox = Sandbox(Options(**given))
    except ValueError as error:
        parser.error(str(error))
    # Blocked in all threads, so that they wait for sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    with sandbox as store:
        print(json.dumps(store.addresses), flush=True)
        if until_stdin_closes:
            threading.Thread(target=_end_with_stdin, daemon=True).start()
        signal.sigwait((signal.SIGTERM, signal.SIGINT))


def _end_with_stdin() -> None:
    # os.read and not sys.stdin.read: a thread waiting inside sys.stdin aborts Python's shutdown.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
