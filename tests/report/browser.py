"""Shows a report in a real browser that can only reach a server on this machine."""

import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest

FRAME = """<!DOCTYPE html><body><iframe id="page" style="width:{width}px;height:900px"></iframe>
<pre id="seen"></pre><script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const page = frame.contentDocument, root = page.documentElement;
  const right = (one) => one.getBoundingClientRect().right;
  const outside = [...page.querySelectorAll("body *")].filter(
    (one) => !one.closest("svg, thead") && right(one) > root.clientWidth + 1);
  document.getElementById("seen").textContent = JSON.stringify({{
    width: root.scrollWidth,
    window: root.clientWidth,
    outside: outside.map((one) => one.tagName + "." + one.className),
    text: page.body.innerText,
    scripts: page.scripts.length,
    background: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
    ink: frame.contentWindow.getComputedStyle(page.body).color,
    pictures: [...page.querySelectorAll("svg")].map((one) => one.getBoundingClientRect().width),
  }});
}};
frame.src = "report.html";
</script>"""


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        print("Skipped: chromium is not on this machine.", file=sys.__stderr__)
        pytest.skip("chromium is not on this machine (Debian: apt-get install chromium)")
    return found


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yields the URL of a server for the folder, and the paths requested from it."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_: object) -> None:
            asked.append(self.path)

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()


def seen(report: Path, *, width: int = 1200, dark: bool = False) -> dict[str, Any]:
    """What a browser shows in a window of this width. `asked`: the paths that it has requested."""
    browser = chromium()
    frame = report.with_name("frame.html")
    frame.write_text(FRAME.format(width=width))
    with _served(report.parent) as (address, asked):
        # Without its sandbox, because tests may run as root.
        flags = "--headless --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage"
        words = [browser, *flags.split(), "--virtual-time-budget=4000", "--dump-dom"]
        words += [f"--user-data-dir={report.parent / 'browser'}", f"{address}/frame.html"]
        words.insert(1, f"--blink-settings=preferredColorScheme={0 if dark else 1}")
        ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    (found,) = re.findall(r'<pre id="seen">(.*?)</pre>', ended.stdout, re.DOTALL)
    value: dict[str, Any] = json.loads(unescape(found))
    value["asked"] = asked
    return value
