"""python -m scripts.docs.check_site FOLDER: checks links of the site, and that it is offline.

mkdocs checks the links between pages during the build. This checks the result: all resources that a
page loads (scripts, styles, pictures) have to be in the folder.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "object": "data"}
"""Tags for which a browser loads a resource, and the attribute with its address."""

NOT_LOADED = {"canonical", "prev", "next", "edit"}
"""Kinds of `link` that are not loaded."""


class _Page(HTMLParser):
    """Collects the resources and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses and the id of a tag."""
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.add(found["id"])
        address = found.get(LOADING.get(tag, ""))
        if address and not (tag == "link" and found.get("rel") in NOT_LOADED):
            self.loads.append(address)
        if tag == "a" and found.get("href"):
            self.leads.append(found["href"])


def mistakes(site: Path) -> list[str]:
    """The mistakes in the site in the folder `site`, one line each."""
    pages = {path.resolve(): _parsed(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"there are no pages in {site}"]
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        for address in page.loads:
            if _is_remote(address):
                found.append(f"{name} loads {address}")
            elif not _is_there(address, path):
                found.append(f"{name} loads {address}, which does not exist")
        # The links of the page for missing addresses are relative to the server's root.
        leads = page.leads if path.name != "404.html" else []
        found += [
            f"{name} leads to {bad}" for bad in leads if not _leads_somewhere(bad, path, pages)
        ]
    for style in site.rglob("*.css"):
        for address in re.findall(r"url\(\s*[\"']?(https?:[^)\"']+)", style.read_text("utf-8")):
            found.append(f"{style.relative_to(site)} loads {address}")
    return found


def _parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _is_remote(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def _is_there(address: str, page: Path) -> bool:
    parts = urlsplit(address)
    if parts.scheme == "data" or page.name == "404.html":
        return True
    return (page.parent / unquote(parts.path)).exists()


def _leads_somewhere(address: str, page: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if target not in pages:
        return target.exists()
    return not parts.fragment or unquote(parts.fragment) in _names(pages[target])


def _names(page: _Page) -> set[str]:
    return page.ids | {"", "__skip", "top"}


def main() -> int:
    """Check the folder; returns the exit status."""
    site = Path(sys.argv[1])
    found = mistakes(site)
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"{len(list(site.rglob('*.html')))} pages in {site}, none of which needs a network.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
