"""The least that reading and writing JSON can cost: `python -m bench.floor FOLDER`.

Reads every file of the folder, a page each, writes each of its records, and prints how many seconds
of a processor that took, the median of nine rounds. A process of its own has the allocator and the
collector as Python starts them, which suit whole pages better than the tap's settings do.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

ROUNDS = 9


def read_and_write(pages: Sequence[bytes]) -> float:
    """Every page read, every raw record written. Returns the seconds of a processor."""
    gc.collect()  # Nobody pays for what others have left.
    start = time.process_time()
    for page in pages:
        _write_each(orjson.loads(page))
    return time.process_time() - start


def alone(pages: Sequence[bytes]) -> float:
    """What the same costs in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-floor-") as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"{number:04}.json").write_bytes(page)
        command = [sys.executable, "-m", "bench.floor", folder]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
    return float(done.stdout)


def _write_each(value: Any) -> None:
    """A function of its own, so that a page is given up before the next one is read."""
    for record in value["data"] if isinstance(value, dict) else value:
        orjson.dumps(record)


if __name__ == "__main__":
    bodies = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
    read_and_write(bodies)
    print(statistics.median(read_and_write(bodies) for _ in range(ROUNDS)))
