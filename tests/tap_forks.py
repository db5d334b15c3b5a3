"""Imports the tap, and forks a run of it for each line of arguments: see `forked_tap`."""

from __future__ import annotations

import json
import os
import signal
import sys

from tap_bigcommerce import run  # noqa: F401  # so that no fork has to import it
from tap_bigcommerce.cli import main

LONGEST = 30
"""Seconds after which a run is killed."""


def serve() -> None:
    """Answer each line with an exit status; the run's output is in out.json and err.json."""
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST)
            for descriptor, name in ((1, "out"), (2, "err")):
                opened = os.open(f"{name}.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(opened, descriptor)
            os._exit(main(json.loads(line)))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.buffer.write(b"%d\n" % status)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
