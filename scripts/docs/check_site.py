"""python -m scripts.docs.check_site FOLDER: checks that a site needs no network.

What a page loads (scripts, styles, pictures) has to be in the folder. The links between pages are
checked by mkdocs, when it builds the site.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Tags that load a resource, the attribute with its address, and kinds of `link` that load nothing.
LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "object": "data"}
NOT_LOADED = {"canonical", "prev", "next", "edit"}


class _Page(HTMLParser):
    """Collects the addresses of what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        address = found.get(LOADING.get(tag, ""))
        if address and not (tag == "link" and found.get("rel") in NOT_LOADED):
            self.loads.append(address)


def mistakes(site: Path) -> list[str]:
    """What the pages and styles in a folder load from elsewhere, or cannot load, one line each."""
    pages = sorted(site.rglob("*.html"))
    found = [] if pages else [f"there are no pages in {site}"]
    for path in pages:
        for address in _Page(path.read_text("utf-8")).loads:
            parts = urlsplit(address)
            # The page for missing addresses is relative to the server's root.
            local = parts.scheme == "data" or path.name == "404.html"
            if parts.netloc or parts.scheme in ("http", "https"):
                found.append(f"{path.relative_to(site)} loads {address}")
            elif not local and not (path.parent / unquote(parts.path)).exists():
                found.append(f"{path.relative_to(site)} loads {address}, which does not exist")
    for style in site.rglob("*.css"):
        for address in re.findall(r"url\(\s*[\"']?(https?:[^)\"']+)", style.read_text("utf-8")):
            found.append(f"{style.relative_to(site)} loads {address}")
    return found


if __name__ == "__main__":
    print(*(wrong := mistakes(Path(sys.argv[1]))), sep="\n", end="\n" if wrong else "")
    print("The site needs no network." if not wrong else "The site needs what is named above.")
    sys.exit(1 if wrong else 0)
