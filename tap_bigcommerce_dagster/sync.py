"""One store, read once: its lock, its state, the pair of processes, and what came of it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster import pipeline
from tap_bigcommerce_dagster.errors import FleetError, SyncFailed
from tap_bigcommerce_dagster.figures import Figures
from tap_bigcommerce_dagster.pipeline import Ended, Outcome
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states import Held, Saved, StateStore
from tap_bigcommerce_dagster.stores import Stores
from tap_bigcommerce_dagster.target import Target

SAVE_EVERY = 10.0
"""Seconds between two states that are kept while a run goes on."""

LAST_WORDS = 8
"""Lines of a program that failed that are shown with the failure."""

Say = Callable[[int, str], None]
"""Takes a line for the run's log: its level, as `logging` numbers them, and its words."""


@dataclass(frozen=True)
class Recipe:
    """How every store of a fleet is read.

    `tap` and `target` are commands of virtual environments of their own. `settings` go over those
    of each store. `catalog` says what is read; None: what the tap reads by default. `reports`:
    the folder for the tap's report of each run, where the tap writes one.
    """

    tap: Sequence[str]
    target: Target
    stores: Stores
    states: StateStore
    settings: Mapping[str, Any] = field(default_factory=dict)
    catalog: Path | None = None
    reports: Path | None = None

    @cached_property
    def writes_reports(self) -> bool:
        """Whether this version of the tap knows --report."""
        try:
            text = subprocess.run([*self.tap, "--help"], capture_output=True, check=False).stdout
        except OSError:
            return False  # The first run says so better.
        return b"--report" in text


@dataclass(frozen=True)
class Report:
    """A store that was read to its end. Times in seconds."""

    store: str
    figures: Figures
    seconds: float
    tap: Ended
    target: Ended
    file: Path | None = None


def sync(recipe: Recipe, store: str, run_id: str, say: Say, stop: threading.Event) -> Report:
    """Read one store, and keep every state that the target acknowledges.

    Raises StoreBusy where another run reads it, SyncFailed where the tap or the target failed, and
    FleetError where something is not as it has to be; their words hold no secret.
    """
    with recipe.states.lock(store) as held:
        return _Sync(recipe, store, run_id, say, stop, held).run()


class _Sync:
    def __init__(
        self,
        recipe: Recipe,
        store: str,
        run_id: str,
        say: Say,
        stop: threading.Event,
        held: Held,
    ) -> None:
        self._recipe = recipe
        self._store = store
        self._run_id = run_id
        self._stop = stop
        self._held = held
        self._settings = {**recipe.stores.settings(store), **recipe.settings}
        self._target = recipe.target.settings_for(store)
        self._secrets = Secrets(self._settings, self._target)
        self._tell = say
        self._before = recipe.states.read(store)
        self._figures = Figures()
        self._critical: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST_WORDS)
        self._acknowledged: dict[str, Any] | None = None
        self._saved: dict[str, Any] | None = None
        self._saved_at = time.monotonic()

    def run(self) -> Report:
        """Read the store."""
        began = time.monotonic()
        listeners = pipeline.Listeners(self._hear_tap, self._hear_target, self._hear_state)
        # Only this user can look into the folder.
        with tempfile.TemporaryDirectory(prefix="tap-bigcommerce-") as name:
            folder = Path(name)
            tap, report = self._tap_command(folder)
            target = self._target_command(folder)
            # Relative paths in settings mean what they mean to whoever runs this.
            pair = pipeline.Pair(tap, target, Path.cwd(), self._held.inherited)
            try:
                outcome = pipeline.run(pair, listeners, self._check)
            finally:
                # What the target has acknowledged is true however the run ended.
                self._save()
        self._judge(outcome)
        self._save(complete=True)
        self._figures.compare(self._before.value if self._before else None, self._acknowledged)
        seconds = time.monotonic() - began
        return Report(self._store, self._figures, seconds, outcome.tap, outcome.target, report)

    def _tap_command(self, folder: Path) -> tuple[list[str], Path | None]:
        recipe, report = self._recipe, None
        words = [*recipe.tap, "--config", _written(folder / "config.json", self._settings)]
        if recipe.catalog is not None:
            words += ["--catalog", str(recipe.catalog.absolute())]
        if self._before is not None:
            words += ["--state", _written(folder / "state.json", self._before.value)]
        if recipe.reports is not None and recipe.writes_reports:
            report = recipe.reports.absolute() / self._store / f"{self._run_id}.html"
            report.parent.mkdir(parents=True, exist_ok=True)
            words += ["--report", str(report)]
        return words, report

    def _target_command(self, folder: Path) -> list[str]:
        target = _written(folder / "target.json", self._target)
        return [*self._recipe.target.command, "--config", target]

    def _check(self) -> None:
        if self._stop.is_set():
            raise SyncFailed(f"{self._store}: the run was stopped.", worth_retrying=False)
        self._held.check()

    def _hear_tap(self, line: str) -> None:
        level, _, words = line.partition(" ")
        number = logging.getLevelName(level)
        if not isinstance(number, int):
            number, words = logging.INFO, line
        if self._figures.hear(words):
            return
        words = self._secrets.hidden(words)
        if number >= logging.CRITICAL:
            self._critical.append(words)
        self._tell(number, words)

    def _hear_target(self, line: str) -> None:
        words = self._secrets.hidden(line)
        self._last.append(words)
        # Targets write as they like; what matters is shown when one fails.
        self._tell(logging.DEBUG, f"target: {words}")

    def _hear_state(self, line: str) -> None:
        try:
            state = json.loads(line)
        except ValueError:
            state = None
        if not isinstance(state, dict) or not isinstance(state.get("bookmarks"), dict):
            self._hear_target(line)
            return
        self._acknowledged = state
        if time.monotonic() - self._saved_at >= SAVE_EVERY:
            self._save()

    def _save(self, *, complete: bool = False) -> None:
        """Keep the last state that the target acknowledged."""
        state = self._acknowledged
        if state is None or (state == self._saved and not complete):
            return
        now = datetime.now(timezone.utc)
        completed = now if complete else self._before.completed_at if self._before else None
        self._held.save(Saved(state, now, completed))
        self._saved, self._saved_at = state, time.monotonic()

    def _judge(self, outcome: Outcome) -> None:
        """Raises SyncFailed unless both did all they had to."""
        tap, target = outcome.tap.status, outcome.target.status
        if tap != 0 and self._critical:
            words = f"{self._store}: " + " ".join(self._critical)
            raise SyncFailed(words, worth_retrying=self._figures.worth_retrying)
        if target != 0:
            last = "\n".join(self._last)
            raise SyncFailed(
                f"{self._store}: the target ended {_how(target)}. Its last lines:\n{last}",
                worth_retrying=True,
            )
        if tap != 0:
            raise SyncFailed(f"{self._store}: the tap ended {_how(tap)}.", worth_retrying=True)
        if self._acknowledged is None:
            raise FleetError(
                f"{self._store}: the target acknowledged no state, so the next run would read "
                "everything again. A Singer target writes the states of what it has stored to its "
                "standard output; use one that does."
            )


def _how(status: int) -> str:
    return f"with status {status}" if status > 0 else f"by signal {-status}"


def _written(path: Path, value: Mapping[str, Any]) -> str:
    """The name of a file that holds the value, for this user only."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(dict(value), file)
    return str(path)
