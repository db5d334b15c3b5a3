"""One store, read once: its lock, its state, the pair of processes, and what came of it."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster import pipeline, tap_log
from tap_bigcommerce_dagster.errors import FleetError, SyncFailed
from tap_bigcommerce_dagster.figures import Figures
from tap_bigcommerce_dagster.files import parsed
from tap_bigcommerce_dagster.pipeline import Ended, Outcome
from tap_bigcommerce_dagster.reports import Page, Reports
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states import Held, Saved, StateStore
from tap_bigcommerce_dagster.stores import Stores
from tap_bigcommerce_dagster.target import Target
from tap_bigcommerce_dagster.user_code import ask

SAVE_EVERY = 10.0
"""Seconds between two states that are kept while a run goes on."""

USAGE = 2
"""The tap's status where it does not know an option; a target's may mean anything."""

LAST_WORDS = 8
"""Lines of a program that failed that are shown with the failure."""

Say = Callable[[int, str], None]
"""Takes a line for the run's log: its level, as `logging` numbers them, and its words."""


@dataclass(frozen=True)
class Recipe:
    """How every store of a fleet is read.

    `tap` and `target` are commands of virtual environments of their own. `settings` go over those
    of each store. `catalog` says what is read; None: what the tap reads by default. `reports`:
    where the tap's page about each run is kept; None: nowhere. `stalled_after`: seconds without a
    sign of life until a sync is ended; None: never.
    """

    tap: Sequence[str]
    target: Target
    stores: Stores
    states: StateStore
    settings: Mapping[str, Any] = field(default_factory=dict)
    catalog: Path | None = None
    reports: Reports | None = None
    stalled_after: float | None = None


@dataclass(frozen=True)
class Synced:
    """A store that was read to its end, and what that took. `page` is the tap's report of it."""

    store: str
    figures: Figures
    seconds: float
    tap: Ended
    target: Ended
    page: Page | None


def sync(
    recipe: Recipe,
    store: str,
    run_id: str,
    say: Say,
    secrets: Secrets,
    stop: threading.Event,
) -> Synced:
    """Read one store, and keep every state that the target acknowledges.

    `secrets` learns those of the store. Raises StoreBusy where another run reads it, SyncFailed
    where the tap or the target failed, and FleetError where something is not as it has to be.
    """
    try:
        with recipe.states.lock(store) as held:
            return _Sync(recipe, store, run_id, say, secrets, stop, held).run()
    except OSError as error:
        raise SyncFailed(
            f"{store}: its state, or a file of this run, cannot be written or read: "
            f"{error.strerror or type(error).__name__} ({error.filename}).",
            worth_retrying=True,
        ) from None


class _Sync:
    def __init__(
        self,
        recipe: Recipe,
        store: str,
        run_id: str,
        say: Say,
        secrets: Secrets,
        stop: threading.Event,
        held: Held,
    ) -> None:
        self._recipe = recipe
        self._store = store
        self._run_id = run_id
        self._stop = stop
        self._held = held
        self._settings = ask(
            f"{store}: what returns its settings",
            lambda: {**recipe.stores.settings(store), **recipe.settings},
        )
        secrets.learn(self._settings)
        self._target = ask(
            f"{store}: what returns the target's settings",
            lambda: dict(recipe.target.settings_for(store)),
        )
        secrets.learn(self._target)
        self._hidden = secrets.hidden
        self._tell = say
        self._before = recipe.states.read(store)
        self._figures = Figures()
        self._critical: list[str] = []
        self._stray: deque[str] = deque(maxlen=LAST_WORDS)
        self._last: deque[str] = deque(maxlen=LAST_WORDS)
        self._acknowledged: dict[str, Any] | None = None
        self._saved: dict[str, Any] | None = None
        self._saved_at = time.monotonic()
        self._alive_at = time.monotonic()

    def run(self) -> Synced:
        """Read the store."""
        began = time.monotonic()
        listeners = pipeline.Listeners(self._hear_tap, self._hear_target, self._hear_state)
        page = self._page()
        with contextlib.ExitStack() as stack:
            # Relative paths in settings mean what they mean to whoever runs this.
            pair = pipeline.Pair(
                self._tap_program(stack, page), self._target_program(stack), Path.cwd()
            )
            try:
                outcome = pipeline.run(pair, listeners, self._check)
            finally:
                # Both are true however the run ended: what the tap tells of it, and the last
                # state that the target acknowledged.
                if page is not None and page.path.exists():
                    self._tell(logging.INFO, f"The tap's report: {page.url or page.path}")
                self._save()
        self._judge(outcome)
        self._save(complete=True)
        self._figures.compare(
            self._before.value if self._before else None, self._acknowledged, self._hidden
        )
        seconds = time.monotonic() - began
        return Synced(self._store, self._figures, seconds, outcome.tap, outcome.target, page)

    def _page(self) -> Page | None:
        """Where the tap writes its report; None: it writes none."""
        if self._recipe.reports is None:
            return None
        try:
            return self._recipe.reports.page(self._store, self._run_id)
        except FleetError as error:
            self._tell(logging.WARNING, f"The tap's report could not be kept: {error.words}")
            return None

    def _tap_program(self, stack: contextlib.ExitStack, page: Page | None) -> pipeline.Program:
        recipe = self._recipe
        files = [self._nameless(stack, self._settings)]
        words = [*recipe.tap, "--config", _path(files[0]), *tap_log.OPTIONS]
        if recipe.catalog is not None:
            words += ["--catalog", str(recipe.catalog.absolute())]
        if self._before is not None:
            files.append(self._nameless(stack, self._before.value))
            words += ["--state", _path(files[1])]
        if page is not None:
            words += ["--report", str(page.path)]
        return pipeline.Program(words, [*files, *self._held.inherited])

    def _target_program(self, stack: contextlib.ExitStack) -> pipeline.Program:
        file = self._nameless(stack, self._target)
        words = [*self._recipe.target.command, "--config", _path(file)]
        return pipeline.Program(words, [file, *self._held.inherited])

    def _nameless(self, stack: contextlib.ExitStack, value: dict[str, Any]) -> int:
        """A file that holds the value, without a name: it is gone with those that have it open."""
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            raise FleetError(f"{self._store}: its settings hold what is no JSON.") from None
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # The stack closes it.
        file.write(text.encode())
        file.seek(0)
        return file.fileno()

    def _check(self) -> None:
        if self._stop.is_set():
            raise SyncFailed(f"{self._store}: the run was stopped.", worth_retrying=False)
        self._held.check()
        limit = self._recipe.stalled_after
        if limit is not None and time.monotonic() - self._alive_at > limit:
            # Not tried again at once: for so long it would keep its place in the run.
            raise SyncFailed(
                f"{self._store}: for {limit / 60:g} minutes the tap made no request and wrote no "
                "record, and the target acknowledged no state, so this sync was ended. What was "
                "acknowledged is kept; the next run goes on there. If the target takes longer for "
                "what it has in hand, set stalled_after_minutes higher.",
                worth_retrying=False,
            )

    def _hear_tap(self, line: str) -> None:
        entry = tap_log.understood(line, self._hidden)
        self._figures.hear(entry)
        if entry.metric is not None:
            self._alive_at = time.monotonic()
        if entry.level <= logging.DEBUG or entry.metric is not None:
            return
        words = entry.words
        if entry.is_stray:
            self._stray.append(words)
        elif entry.level >= logging.CRITICAL:
            self._critical.append(words)
        self._tell(entry.level, words)

    def _hear_target(self, line: str) -> None:
        words = self._hidden(line)
        self._last.append(words)
        # Targets write as they like; what matters is shown when one fails.
        self._tell(logging.DEBUG, f"target: {words}")

    def _hear_state(self, line: str) -> None:
        try:
            state = parsed(line)
        except ValueError:
            state = None
        if not isinstance(state, dict) or not isinstance(state.get("bookmarks"), dict):
            self._hear_target(line)
            return
        self._acknowledged = state
        self._alive_at = time.monotonic()
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
            words = f"{self._store}: the target ended {_how(target, self._last)}"
            raise SyncFailed(words, worth_retrying=True)
        if tap != 0:
            words = f"{self._store}: the tap ended {_how(tap, self._stray)}"
            raise SyncFailed(words, worth_retrying=tap != USAGE)
        if self._acknowledged is None:
            raise FleetError(
                f"{self._store}: the target acknowledged no state, so the next run would read "
                "everything again. A Singer target writes the states of what it has stored to its "
                "standard output; use one that does."
            )


def _how(status: int, last: Sequence[str]) -> str:
    """The end of a sentence about a program that failed."""
    how = f"with status {status}" if status > 0 else f"by signal {-status}"
    return "\n".join([f"{how}. Its last lines:", *last]) if last else f"{how}."


def _path(descriptor: int) -> str:
    """The name under which a process opens what it has open."""
    return f"/dev/fd/{descriptor}"
