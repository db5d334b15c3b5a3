"""Runs a program and writes the resources that it used: `launch.py REPORT PROGRAM ARGUMENTS...`

The peak memory of a process includes that of its parent when it was forked, so the parent has to be
small: this file imports little, and is run with `python -I -S`.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run the program to its end."""
    report, *command = sys.argv[1:]
    clock = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    used = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - clock,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        # Linux counts in units of 1024 bytes.
        "peak_mb": usage.ru_maxrss * 1024 / 1e6,
    }
    with open(report, "w", encoding="utf-8") as file:
        json.dump(used, file)


if __name__ == "__main__":
    main()
