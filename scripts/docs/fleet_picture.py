"""python -m scripts.docs.fleet_picture: takes a screenshot of a store in Dagster's pages.

It runs `make fleet-demo`, and opens the result in a headless Chromium (Debian: apt-get install
chromium). The browser waits some seconds for the pages' scripts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "fleet-store.png"
PAGE = "assets/bigcommerce/orders?view=partitions&partition=hats"
SIZE = "1200,1040"
TIME_TO_DRAW = "20000"
"""Milliseconds."""


def main() -> int:
    """Take the screenshot; returns the exit status."""
    browser = shutil.which("chromium")
    if browser is None:
        print("chromium is not here (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    subprocess.run(["make", "--no-print-directory", "fleet-demo"], cwd=ROOT, check=True)
    with served() as address:
        take(browser, f"{address}/{PAGE}", PICTURE)
    print(f"Wrote {PICTURE.relative_to(ROOT)}. Check it.")
    return 0


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Serve Dagster's pages with the demo's runs; yields their address."""
    made = ROOT / "fleet-demo-output"
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(made / "dagster"),
        "FLEET_DEMO": str(made),
        "FLEET_DEMO_TAP": str(ROOT / ".venv" / "bin" / "tap-bigcommerce"),
        "FLEET_DEMO_DUCKDB": str(ROOT / ".venv-duckdb" / "bin" / "python"),
        "FLEET_DEMO_REPORTS": "http://localhost:3001",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = ROOT / ".venv-dagster" / "bin" / "dagster-webserver"
    server = subprocess.Popen(
        [program, "-m", "demo.fleet.location", "-p", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _listens(port):
            if server.poll() is not None:
                raise RuntimeError(f"{program} ended with status {server.returncode}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def take(browser: str, address: str, file: Path) -> None:
    """Save a screenshot of a page to a file."""
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
    options += [f"--window-size={SIZE}", f"--virtual-time-budget={TIME_TO_DRAW}"]
    subprocess.run(
        [browser, *options, f"--screenshot={file}", address],
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
