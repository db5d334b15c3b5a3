"""Reads a report, and shows it in a browser that can only reach a server on this machine."""

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
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Page:
    """The rows of the table by stream, with each cell by its label; all text; all elements."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    text: str = ""
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def of(self, class_: str) -> int:
        return sum(class_ in (attributes.get("class") or "").split() for _, attributes in self.tags)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._stack: list[str] = []
        self._label = ""
        self._row: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.page.tags.append((tag, attributes))
        if tag == "tr":
            self._row = {}
        if tag in ("td", "th"):
            self._label = attributes.get("data-label") or "Stream"
        if tag not in ("meta", "link"):
            self._stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag, f"{tag} closes nothing"
        if tag == "tr" and "Records" in self._row:
            self.page.rows[self._row["Stream"].split()[0]] = self._row

    def handle_data(self, data: str) -> None:
        if "style" in self._stack:
            return
        self.page.text += data
        if "td" in self._stack or "th" in self._stack:
            gap = " " if "small" in self._stack else ""
            self._row[self._label] = self._row.get(self._label, "") + gap + data


def read(file: Path) -> Page:
    """Parse the report in this file. Its elements must all be closed."""
    reader = _Reader()
    reader.feed(file.read_text("utf-8"))
    reader.close()
    return reader.page


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
