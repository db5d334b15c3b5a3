"""The stores of a fleet, and the settings of tap and target for each."""

import re
from collections import defaultdict
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
    """A Singer target: `Target(["/opt/target/bin/target-duckdb"], {"filepath": "a.duckdb"})`."""

    command: Sequence[str]
    # The content of its config file, or a function that returns it for a store.
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
    """Stores from a function that returns the tap's settings by name; called for each store."""

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
    refused: dict[str, FleetError]  # By name, also of invalid ones.

    def check(self, store: str) -> None:
        """Raises FleetError if this store is not read."""
        if valid_name(store) not in self.names:
            raise FleetError(f"{store}: it is not in the list of stores, so it is not read.")
        if store in self.refused:
            raise self.refused[store]


def list_stores(stores: Stores) -> StoreList:
    """List and check the current stores. Raises FleetError if they cannot be listed."""
    listed = getattr(stores, "all_settings", lambda: dict.fromkeys(stores.names()))
    found: dict[Any, Settings | None] = call("The list of stores", lambda: {**listed()})
    valid, refused = list[str](), dict[str, FleetError]()
    for name in found:
        try:
            valid.append(valid_name(name))
        except FleetError as error:
            refused[ascii(name)] = error
    # A store with two names would have two states and two locks for the same rows.
    refused |= _conflicts(valid, lambda name: _store_hash(found[name]), "have the same store_hash")
    # On case-insensitive file systems and databases they would share a state or a schema.
    refused |= _conflicts(valid, str.lower, "differ only in upper and lower case")
    return StoreList(sorted(valid), refused)


def _store_hash(settings: Any) -> str:
    given = str(settings.get("store_hash") or "").strip() if isinstance(settings, Mapping) else ""
    inside = re.search(r"/stores/([A-Za-z0-9]+)", given)
    return inside[1] if inside else given


def _conflicts(names: Iterable[str], key: Callable[[str], str], what: str) -> dict[str, FleetError]:
    """The names that share a key with others, and errors that say so."""
    sharing: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        sharing[key(name)].append(name)
    return {
        name: FleetError(f"{' and '.join(several[:MAX_NAMED])} {what}. Remove all but one of them.")
        for shared, several in sharing.items()
        if shared and len(several) > 1
        for name in several
    }
