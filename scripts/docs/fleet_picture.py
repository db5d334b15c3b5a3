"""python -m scripts.docs.fleet_picture: takes a screenshot of a store in Dagster's pages.

It runs `make fleet-demo SERVE=1`, and opens a page in a headless Chromium (Debian: apt-get install
chromium). The browser waits some seconds for the page's scripts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "fleet-store.png"
PORT = 3000
PAGE = f"http://127.0.0.1:{PORT}/assets/bigcommerce/orders?view=partitions&partition=hats"
OPTIONS = ("--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu")
SIZE = ("--window-size=1200,1040", "--virtual-time-budget=20000")


def main() -> None:
    """Take the screenshot."""
    command = ["make", "--no-print-directory", "fleet-demo", "SERVE=1"]
    demo = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        while not _listens():
            if demo.poll() is not None:
                raise SystemExit("The demo has ended too early.")
            time.sleep(0.5)
        browser = ["chromium", *OPTIONS, *SIZE, f"--screenshot={PICTURE}", PAGE]
        subprocess.run(browser, stderr=subprocess.DEVNULL, check=True, timeout=120)
    finally:
        # As Ctrl-C does: to the servers, too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGINT)
        demo.wait()
    print(f"Wrote {PICTURE.relative_to(ROOT)}. Check it.")


def _listens() -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
        return True
    return False


if __name__ == "__main__":
    main()
