"""The stores of a fleet, and the settings of tap and target for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tap_bigcommerce_dagster.errors import FleetError, call, parse_json, read_bytes, valid_name

Settings = Mapping[str, Any]

MAX_CONFIG_BYTES = 1_000_000

MAX_NAMED = 5  # Stores that an error names.


@dataclass(frozen=True)
class Target:
    """A Singer target: `Target(["/opt/target/bin/target-duckdb"], {"filepath": "fleet.duckdb"})`.

    `settings` is the content of the target's config file, or a function that returns it for a
    store: `lambda store: {**database, "default_target_schema": store}`.
    """

    command: Sequence[str]
    settings: Settings | Callable[[str], Settings] = field(default_factory=dict)

    def settings_for(self, store: str) -> Settings:
        """The content of the target's config file for this store."""
        return self.settings(store) if callable(self.settings) else self.settings


class Stores(Protocol):
    """The stores of a fleet. They may change while the fleet runs."""

    def names(self) -> Iterable[str]:
        """The names of all current stores. Raises FleetError if they cannot be listed."""

    def settings(self, name: str) -> Settings:
        """The tap's settings for a store. Raises FleetError if there are none."""


class FolderOfConfigs:
    """A config file of the tap for each store: `shoes.json` is the store `shoes`."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def names(self) -> list[str]:
        """The names of the files without `.json`; hidden files, as of editors, are skipped."""
        if not self._folder.is_dir():
            raise FleetError(f"The folder of config files {self._folder} does not exist.")
        return [path.stem for path in self._folder.glob("*.json") if path.name[0] != "."]

    def settings(self, name: str) -> Settings:
        """The content of the store's file. Errors do not quote it, because it has a token."""
        path = self._folder / f"{valid_name(name)}.json"
        try:
            values = parse_json(read_bytes(path, "The config file", MAX_CONFIG_BYTES))
        except ValueError:
            raise FleetError(f"The config file {path} is not JSON.") from None
        if not isinstance(values, dict):
            raise FleetError(f"The config file {path} should hold one JSON object.")
        return values

    def all_settings(self) -> dict[str, Settings | None]:
        """Each store's settings; None if they cannot be read."""
        found = dict[str, Settings | None]()
        for name in self.names():
            try:
                found[name] = self.settings(name)
            except FleetError:
                found[name] = None  # The error is reported when the store is read.
        return found


class StoresOf:
    """Stores from a function that returns the tap's settings by store name.

    The function is called for each store that is read, so that a new token is used at once. If it
    is slow, use an object with the methods of `Stores` instead.
    """

    def __init__(self, function: Callable[[], Mapping[str, Settings]]) -> None:
        self.all_settings = function

    def names(self) -> Iterable[str]:
        """The keys of what the function returns."""
        return self.all_settings()

    def settings(self, name: str) -> Settings:
        """The settings that the function returns for this store now."""
        found = self.all_settings()
        if name not in found:
            raise FleetError(f"There are no settings for the store {name!r} any more.")
        return found[name]


class StoreList(NamedTuple):
    """The valid names of stores, sorted, and the reasons why some stores are not read."""

    names: list[str]
    refused: dict[str, str]  # By name, also of invalid ones.

    def refusal(self, store: str) -> str | None:
        """The reason why this store is not read, or None."""
        if store in self.refused or store in self.names:
            return self.refused.get(store)
        try:
            valid_name(store)
        except FleetError as error:
            return error.message
        return f"{store}: this store is not in the list of stores, so it is not read."


def list_stores(stores: Stores) -> StoreList:
    """List and check the current stores. Raises FleetError if they cannot be listed."""
    listed = getattr(stores, "all_settings", lambda: dict.fromkeys(stores.names()))
    found: dict[Any, Settings | None] = call("The list of stores", lambda: {**listed()})
    valid, refused = [], {}
    for name in found:
        try:
            valid.append(valid_name(name))
        except FleetError as error:
            refused[ascii(name)] = error.message
    # A store with two names would have two states and two locks for the same rows.
    hashes = {name: _store_hash(found[name]) for name in valid}
    refused |= _conflicts(hashes, "have the same store_hash")
    # On case-insensitive file systems and databases they would share a state or a schema.
    lower = {name: name.lower() for name in valid}
    refused |= _conflicts(lower, "differ only in upper and lower case")
    return StoreList(sorted(valid), refused)


def _store_hash(settings: Any) -> str:
    given = str(settings.get("store_hash") or "").strip() if isinstance(settings, Mapping) else ""
    inside = re.search(r"/stores/([A-Za-z0-9]+)", given)
    return inside[1] if inside else given


def _conflicts(keys: Mapping[str, str], what: str) -> dict[str, str]:
    """The names that share a key with others, and messages about that."""
    sharing: dict[str, list[str]] = {}
    for name, key in sorted(keys.items()):
        if key:
            sharing.setdefault(key, []).append(name)
    return {
        name: f"{' and '.join(several[:MAX_NAMED])} {what}. Remove all but one of them."
        for several in sharing.values()
        if len(several) > 1
        for name in several
    }
