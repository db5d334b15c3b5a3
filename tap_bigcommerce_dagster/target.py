"""The target that gets the messages: its command, and its settings for a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TargetSettings = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A Singer target: `Target(["/opt/target/bin/target-duckdb"], {"filepath": "fleet.duckdb"})`.

    `settings` are what its config file holds; a function is asked for those of each store:
    `lambda store: {**database, "default_target_schema": store}`.
    """

    command: Sequence[str]
    settings: TargetSettings | Callable[[str], TargetSettings] = field(default_factory=dict)

    def settings_for(self, store: str) -> TargetSettings:
        """What the target's config file holds while it gets this store's messages."""
        return self.settings(store) if callable(self.settings) else self.settings
