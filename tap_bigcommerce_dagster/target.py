"""The Singer target: its command, and its settings for each store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TargetSettings = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A Singer target: `Target(["/opt/target/bin/target-duckdb"], {"filepath": "fleet.duckdb"})`.

    `settings` is the content of the target's config file, or a function that returns it for a
    store: `lambda store: {**database, "default_target_schema": store}`.
    """

    command: Sequence[str]
    settings: TargetSettings | Callable[[str], TargetSettings] = field(default_factory=dict)

    def settings_for(self, store: str) -> TargetSettings:
        """The content of the target's config file for this store."""
        return self.settings(store) if callable(self.settings) else self.settings
