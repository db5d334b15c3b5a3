"""Storage of the tap's HTML reports: their paths, addresses and removal."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.names import valid_name


@dataclass(frozen=True)
class Page:
    """A report: its file, and its address in a browser, if known."""

    path: Path
    url: str | None


class Reports:
    """`Reports("reports")` keeps `reports/2026-04-01/shoes-120001-1b2f3c4d.html`.

    `url` is the address of a web server that serves the folder; Dagster's pages then have links.
    Raises FleetError if `folder` is a URL, or if `url` has a user or a query.
    """

    def __init__(self, folder: str | Path, *, url: str | None = None) -> None:
        if "://" in str(folder):
            raise FleetError(
                "Reports are kept in a folder, not at a URL. Mount remote storage as a folder."
            )
        if url is not None and (urlsplit(url).query or "@" in urlsplit(url).netloc):
            raise FleetError(
                "The url of reports is shown in Dagster: it must not have a user or a query."
            )
        self._folder = Path(folder)
        self._url = url

    def page(self, store: str, run_id: str) -> Page:
        """The report of a new run. Raises FleetError if its folder cannot be written to."""
        now = datetime.now(timezone.utc)
        # With the time, so that each retry of a run has its own report.
        name = f"{now:%Y-%m-%d}/{valid_name(store)}-{now:%H%M%S}-{run_id[:8]}.html"
        path = self._folder.absolute() / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FleetError(f"{path.parent}: {error.strerror}.") from None
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise FleetError(f"{path.parent} is not writable.")
        return Page(path, f"{self._url.rstrip('/')}/{name}" if self._url else None)

    def remove_before(self, day: date) -> int:
        """Remove the reports of earlier days; returns the number of days."""
        found = [path for path in self._folder.glob("*-*-*") if path.is_dir()]
        old = [path for path in found if _is_before(path.name, day) and not path.is_symlink()]
        for path in old:
            shutil.rmtree(path)
        return len(old)


def _is_before(name: str, day: date) -> bool:
    """Whether a folder is that of an earlier day; folders with other names are kept."""
    try:
        return datetime.strptime(name, "%Y-%m-%d").date() < day
    except ValueError:
        return False
