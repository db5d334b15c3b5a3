"""Where the tap's pages about its runs are kept, and how they are reached."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.names import checked


@dataclass(frozen=True)
class Page:
    """A page: its file, and the address that shows it in a browser, where known."""

    path: Path
    url: str | None


class Reports:
    """`Reports("reports")` keeps `reports/2026-04-01/shoes-120001-1b2f3c4d.html`.

    `url` is where a web server shows the folder; Dagster's pages then link to it.
    """

    def __init__(self, folder: str | Path, *, url: str | None = None) -> None:
        if "://" in str(folder):
            raise FleetError("Reports are kept in a folder. Mount what is elsewhere as one.")
        if url is not None and (urlsplit(url).query or "@" in urlsplit(url).netloc):
            raise FleetError("The url of reports is shown: give it without user and query.")
        self._folder = Path(folder)
        self._url = url

    def page(self, store: str, run_id: str) -> Page:
        """Where the tap may write the page about a run. Raises FleetError where it could not."""
        now = datetime.now(timezone.utc)
        # A run that tries again has a page of each try.
        name = f"{now:%Y-%m-%d}/{checked(store)}-{now:%H%M%S}-{run_id[:8]}.html"
        path = self._folder.absolute() / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FleetError(f"{path.parent}: {error.strerror}.") from None
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise FleetError(f"{path.parent} may not be written to.")
        return Page(path, f"{self._url.rstrip('/')}/{name}" if self._url else None)

    def remove_before(self, day: date) -> int:
        """Remove the pages of earlier days; returns how many days those were."""
        found = [path for path in self._folder.glob("*-*-*") if path.is_dir()]
        old = [path for path in found if _is_before(path.name, day) and not path.is_symlink()]
        for path in old:
            shutil.rmtree(path)
        return len(old)


def _is_before(name: str, day: date) -> bool:
    """Whether a folder is that of an earlier day; what has another name is not touched."""
    try:
        return datetime.strptime(name, "%Y-%m-%d").date() < day
    except ValueError:
        return False
