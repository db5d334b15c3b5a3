"""Where the tap's pages about its runs are kept, and how they are reached."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

from tap_bigcommerce_dagster.places import opened


@dataclass(frozen=True)
class Page:
    """A page that is kept: the place, and the address that shows it in a browser, where known."""

    place: str
    url: str | None


class Reports:
    """`Reports("reports")` keeps `reports/2026-04-01/shoes-120001-1b2f3c4d.html`.

    The place is a folder, or anything that fsspec opens, which `options` go to. `url` is where a
    web server shows the place; Dagster's pages then link to it.
    """

    def __init__(self, place: str | Path, *, url: str | None = None, **options: Any) -> None:
        self._place = str(place)
        self._url = url
        self._options = options

    @functools.cached_property
    def _opened(self) -> tuple[Any, str]:
        return opened(self._place, self._options)

    def keep(self, store: str, run_id: str, page: Path) -> Page:
        """Keep the page that a run of the tap wrote. Raises what the place's library raises."""
        system, root = self._opened
        now = datetime.now(timezone.utc)
        # A run that tries again has a page of each try.
        name = f"{now:%Y-%m-%d}/{store}-{now:%H%M%S}-{run_id[:8]}.html"
        path = f"{root}/{name}"
        system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        system.put_file(str(page), path)
        shown = f"{self._url.rstrip('/')}/{name}" if self._url else None
        return Page(system.unstrip_protocol(path).removeprefix("file://"), shown)

    def remove_before(self, day: date) -> int:
        """Remove the pages of earlier days; returns how many days those were."""
        system, root = self._opened
        removed = 0
        with contextlib.suppress(FileNotFoundError):
            for path in system.ls(root, detail=False):
                if _is_before(PurePosixPath(path).name, day):
                    system.rm(path, recursive=True)
                    removed += 1
        return removed


def _is_before(name: str, day: date) -> bool:
    """Whether a folder is that of an earlier day; what has another name is not touched."""
    try:
        return datetime.strptime(name, "%Y-%m-%d").date() < day
    except ValueError:
        return False
