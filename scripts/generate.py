"""python -m scripts.generate: updates all files that are generated from the code.

With --check it writes nothing, prints the outdated files, and ends with status 1 if there are any.
"""

import json
import sys
from pathlib import Path
from typing import Any

from scripts import meltano_plugin
from scripts.docs import fields, figures, module_map, settings_table, stream_pages
from scripts.docs.markdown import with_block
from tap_bigcommerce.catalog.discovery import catalog_entry
from tap_bigcommerce.config import SETTINGS
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import readme_tables

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def generated() -> dict[Path, str]:
    """All generated files, with the text that each should have."""
    examples = {name: s["examples"][0] for name, s in SETTINGS.items() if "examples" in s}
    nav, mkdocs = stream_pages.nav("      "), ROOT / "mkdocs.yml"
    return {
        ROOT / "sample_config.json": _json_text(examples),
        ROOT / "catalog.json": _json_text({"streams": [*map(catalog_entry, STREAMS.values())]}),
        mkdocs: with_block(mkdocs.read_text("utf-8"), "nav", nav, comment="# {}"),
        **_pages_with_blocks(),
        **{DOCS / "streams" / name: text for name, text in stream_pages.pages().items()},
        **figures.pictures(DOCS / "pictures"),
        **meltano_plugin.generated(),
    }


def _json_text(value: Any) -> str:
    """JSON in the format of --discover."""
    return json.dumps(value, indent=2) + "\n"


def _pages_with_blocks() -> dict[Path, str]:
    """Pages that are written by hand, with generated blocks between markers."""
    blocks: dict[Path, dict[str, str]] = {
        ROOT / "README.md": {"streams": stream_pages.family_table()},
        ROOT / "CONTRIBUTING.md": {"map": module_map.module_map()},
        DOCS / "settings.md": {
            "settings": settings_table.settings_table(),
            "channels": stream_pages.channel_table(),
        },
        DOCS / "streams" / "index.md": {"streams": stream_pages.index_tables()},
        DOCS / "personal-data.md": {"personal": fields.personal_table()},
        DOCS / "speed.md": {
            "comparison": figures.process_table(0),
            "rates": figures.process_table(1),
        },
        DOCS / "measurements.md": {"measurements": figures.measurements()},
        DOCS / "fleet.md": {"capacity": figures.fleet_table()},
        ROOT / "tap_bigcommerce_sandbox" / "README.md": {
            "options": readme_tables.options_table(),
            "lists": readme_tables.lists_table(),
        },
    }
    pages = {path: path.read_text("utf-8") for path in blocks}
    for path, contents in blocks.items():
        for name, content in contents.items():
            pages[path] = with_block(pages[path], name, content)
    return pages


def stale(wanted: dict[Path, str]) -> list[Path]:
    """The files that are outdated, and the pages of streams that no longer exist."""
    texts = {path: path.read_text("utf-8") for path in wanted if path.exists()}
    changed = [path for path, text in wanted.items() if texts.get(path) != text]
    pages = {*(DOCS / "streams").glob("*.md")}
    return [*changed, *sorted(pages - wanted.keys())]


def main() -> int:
    """Update or check the files; returns the exit status."""
    only_check = "--check" in sys.argv[1:]
    try:
        wanted = generated()
    except ValueError as error:  # Something in the code is not documented yet.
        print(error, file=sys.stderr)
        return 1
    old = stale(wanted)
    for path in old:
        name = path.relative_to(ROOT)
        if only_check:
            print(f"{name} is outdated; `make generate` updates it.", file=sys.stderr)
        elif path in wanted:
            path.write_text(wanted[path], "utf-8")
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"removed {name}")
    if not old:
        print("All generated files are up to date.")
    return 1 if old and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
