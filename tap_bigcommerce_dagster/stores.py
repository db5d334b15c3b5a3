"""Where the stores come from: their names, and the tap's settings of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.files import parsed, read_bytes
from tap_bigcommerce_dagster.names import checked
from tap_bigcommerce_dagster.user_code import ask

Settings = Mapping[str, Any]

LARGEST = 1_000_000
"""Bytes of a config file."""

MOST_NAMED = 5


class Stores(Protocol):
    """The stores of a fleet. They may come and go while it runs."""

    def names(self) -> Iterable[str]:
        """The stores there are now. Raises FleetError where that cannot be told."""

    def settings(self, name: str) -> Settings:
        """The tap's settings of one store. Raises FleetError where there are none."""


@dataclass(frozen=True)
class Listed:
    """The stores there are, sorted, and why some of them, or what else was found, are not read."""

    names: list[str]
    refused: dict[str, str]

    def why_not(self, store: str) -> str | None:
        """Why this store is not read; None: it is."""
        if store in self.refused:
            return self.refused[store]
        if store in self.names:
            return None
        try:
            checked(store)
        except FleetError as error:
            return error.words
        return f"{store}: the list of stores has no such store, so nothing is read."


def listed(stores: Stores) -> Listed:
    """Look which stores there are. Raises FleetError where that cannot be told at all."""
    found: Mapping[Any, Settings | None] = ask(
        "The list of stores",
        lambda: (
            {**stores.look()}
            if isinstance(stores, (FolderOfConfigs, StoresOf))
            else dict.fromkeys(stores.names())
        ),
    )
    good, refused = [], {}
    for name in found:
        try:
            good.append(checked(name))
        except FleetError as error:
            refused[ascii(name)] = error.words
    # Two names for one store would be two states, and two locks, for the same rows.
    refused |= _clashes(
        {name: _store_hash(found[name]) for name in good}, "have the same store_hash"
    )
    # Where files or schemas are one whatever the case of their names, so would be their states.
    refused |= _clashes({name: name.lower() for name in good}, "differ only in capital letters")
    return Listed(sorted(good), refused)


class FolderOfConfigs:
    """A config file of the tap for each store: `shoes.json` is the store `shoes`."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def names(self) -> list[str]:
        """The names of the files; hidden ones are those of editors."""
        if not self._folder.is_dir():
            raise FleetError(f"The folder of config files {self._folder} is not there.")
        return [path.stem for path in self._folder.glob("*.json") if path.name[0] != "."]

    def settings(self, name: str) -> Settings:
        """What the store's file holds. No error quotes it: it holds a token."""
        path = self._folder / f"{checked(name)}.json"
        try:
            values = parsed(read_bytes(path, "The config file", LARGEST))
        except ValueError:
            raise FleetError(f"The config file {path} is not JSON.") from None
        if not isinstance(values, dict):
            raise FleetError(f"The config file {path} should hold one JSON object.")
        return values

    def look(self) -> dict[str, Settings | None]:
        """Each store's settings, as far as they can be read."""
        return {name: self._readable(name) for name in self.names()}

    def _readable(self, name: str) -> Settings | None:
        try:
            return self.settings(name)
        except FleetError:
            return None  # The store's own run says why.


class StoresOf:
    """The stores that a function returns: the tap's settings by name.

    It is asked anew for each store that is read, so that new tokens count at once. Where that is
    slow, give an object of your own with the methods of `Stores`.
    """

    def __init__(self, function: Callable[[], Mapping[str, Settings]]) -> None:
        self.look = function

    def names(self) -> Iterable[str]:
        """The keys of what the function returns."""
        return self.look()

    def settings(self, name: str) -> Settings:
        """What the function returns for this store, now."""
        found = self.look()
        if name not in found:
            raise FleetError(f"There are no settings of a store {name!r} any more.")
        return found[name]


def _store_hash(settings: Any) -> str:
    given = str(settings.get("store_hash") or "").strip() if isinstance(settings, Mapping) else ""
    inside = re.search(r"/stores/([A-Za-z0-9]+)", given)
    return inside.group(1) if inside else given


def _clashes(keys: Mapping[str, str], what: str) -> dict[str, str]:
    """The names that share a key with others, and words that say so."""
    sharing: dict[str, list[str]] = {}
    for name, key in sorted(keys.items()):
        if key:
            sharing.setdefault(key, []).append(name)
    return {
        name: f"{' and '.join(several[:MOST_NAMED])} {what}. Remove all but one of them."
        for several in sharing.values()
        if len(several) > 1
        for name in several
    }
