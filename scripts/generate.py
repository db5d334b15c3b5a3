"""python -m scripts.generate: updates all files that are generated from the code.

With --check it writes nothing, prints the outdated files, and ends with status 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.results import load
from scripts import meltano_plugin
from scripts.docs import (
    fields,
    figures,
    fleet_capacity,
    module_map,
    settings_table,
    stream_pages,
)
from scripts.docs.markdown import with_block
from tap_bigcommerce.catalog.discovery import catalog_entry
from tap_bigcommerce.config import SETTINGS
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import readme_tables

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def generated() -> dict[Path, str]:
    """All generated files, with the text that each should have."""
    return {
        ROOT / "sample_config.json": json_text(_sample_config()),
        ROOT / "catalog.json": json_text({"streams": [*map(catalog_entry, STREAMS.values())]}),
        readme_tables.README: readme_tables.with_tables(readme_tables.README.read_text("utf-8")),
        ROOT / "mkdocs.yml": _with_nav(ROOT / "mkdocs.yml"),
        **_pages_with_blocks(),
        **{DOCS / "streams" / name: text for name, text in stream_pages.pages().items()},
        **figures.pictures(DOCS / "pictures"),
        **meltano_plugin.generated(),
    }


def _sample_config() -> dict[str, Any]:
    """The settings that a first sync needs."""
    return {
        name: setting["examples"][0] for name, setting in SETTINGS.items() if "examples" in setting
    }


def stale() -> list[Path]:
    """The files that are outdated, and those that should not exist."""
    return _out_of_date(generated())


def left_over() -> list[Path]:
    """Pages of streams that no longer exist."""
    there = set((DOCS / "streams").glob("*.md"))
    return sorted(there - {DOCS / "streams" / f"{name}.md" for name in (*STREAMS, "index")})


def json_text(value: Any) -> str:
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
        DOCS / "fleet.md": {"capacity": fleet_capacity.capacity_tables(load("fleet"))},
    }
    pages = {}
    for path, contents in blocks.items():
        text = path.read_text("utf-8")
        for name, content in contents.items():
            text = with_block(text, name, content)
        pages[path] = text
    return pages


def _with_nav(path: Path) -> str:
    nav = stream_pages.nav("      ")
    return with_block(path.read_text("utf-8"), "nav", nav, comment="# {}")


def _out_of_date(wanted: dict[Path, str]) -> list[Path]:
    changed = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    return [*changed, *left_over()]


def main() -> int:
    """Update or check the files; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.generate")
    parser.add_argument("--check", action="store_true", help="print outdated files, write nothing")
    only_check = parser.parse_args().check
    try:
        wanted = generated()
    except ValueError as error:  # Something in the code is not documented yet.
        print(error, file=sys.stderr)
        return 1
    old = _out_of_date(wanted)
    for path in old:
        name = path.relative_to(ROOT)
        if only_check:
            print(f"{name} is outdated; `make generate` updates it.", file=sys.stderr)
        elif path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
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
