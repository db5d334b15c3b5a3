"""Where the stores come from: their names, and the tap's settings of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.names import checked

Settings = Mapping[str, Any]


class Stores(Protocol):
    """The stores of a fleet. They may come and go while it runs."""

    def names(self) -> list[str]:
        """The stores there are now, sorted. Raises FleetError where that cannot be told."""

    def settings(self, name: str) -> Settings:
        """The tap's settings of one store. Raises FleetError where there are none."""


class FolderOfConfigs:
    """A config file of the tap for each store: `shoes.json` is the store `shoes`."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def names(self) -> list[str]:
        """The names of the files, and a look into each: no two may name one store."""
        if not self._folder.is_dir():
            raise FleetError(f"The folder of config files {self._folder} is not there.")
        names = checked(path.stem for path in self._folder.glob("*.json"))
        _check_apart({name: self.settings(name) for name in names})
        return names

    def settings(self, name: str) -> Settings:
        """What the store's file holds."""
        path = self._folder / f"{name}.json"
        try:
            values = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise FleetError(f"The config file {path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            # The reader's own words could quote the file, which holds a token.
            raise FleetError(f"The config file {path} is not JSON.") from error
        if not isinstance(values, dict):
            raise FleetError(f"The config file {path} should hold one JSON object.")
        return values


class StoresOf:
    """The stores that a function returns: the tap's settings by name.

    It is asked anew for each store that is read, so that new tokens count at once. Where that is
    slow, give an object of your own with these methods.
    """

    def __init__(self, function: Callable[[], Mapping[str, Settings]]) -> None:
        self._function = function

    def names(self) -> list[str]:
        """The keys of what the function returns."""
        found = self._function()
        _check_apart(found)
        return checked(found)

    def settings(self, name: str) -> Settings:
        """What the function returns for this store, now."""
        found = self._function()
        if name not in found:
            raise FleetError(f"There are no settings of a store {name!r} any more.")
        return found[name]


def _check_apart(found: Mapping[str, Settings]) -> None:
    """Two names for one store would be two states, and two locks, for the same rows."""
    by_hash: dict[str, str] = {}
    for name, settings in found.items():
        given = str(settings.get("store_hash") or "").strip()
        inside = re.search(r"/stores/([A-Za-z0-9]+)", given)
        store_hash = inside.group(1) if inside else given
        other = by_hash.setdefault(store_hash, name) if store_hash else name
        if other != name:
            raise FleetError(
                f"{other} and {name} both have the store_hash {store_hash}. Remove one of them."
            )
