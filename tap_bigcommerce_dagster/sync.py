"""Syncs one store: takes its lock, runs tap and target, saves its state."""

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
from tap_bigcommerce_dagster.files import parse_json
from tap_bigcommerce_dagster.pipeline import Outcome, ProcessResult
from tap_bigcommerce_dagster.reports import Page, Reports
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states import SavedState, StateLock, StateStore
from tap_bigcommerce_dagster.stores import Stores
from tap_bigcommerce_dagster.target import Target
from tap_bigcommerce_dagster.user_code import call

SAVE_EVERY = 10.0
"""Seconds between two saves of the state during a sync."""

USAGE_ERROR = 2
"""The tap's exit status for an unknown option."""

LAST_LINES = 8
"""Lines of a failed program's output that its error shows."""

Log = Callable[[int, str], None]
"""Writes a line to the run's log: level, as a number of `logging`, and message."""


@dataclass(frozen=True)
class Subset:
    """The streams that a run reads, and those of the fleet that it does not."""

    streams: Sequence[str]
    left_out: Sequence[str]


@dataclass(frozen=True)
class SyncConfig:
    """How the stores of a fleet are read.

    `tap` and `target` are commands, each in its own virtual environment. `settings` override those
    of each store. `catalog` selects the streams (None: the tap's default). `reports` stores the
    tap's report of each run (None: no reports). `stalled_after` is the number of seconds without
    any progress after which a sync is ended (None: never). `subset` names the streams that are
    read (None: all of the fleet).
    """

    tap: Sequence[str]
    target: Target
    stores: Stores
    states: StateStore
    settings: Mapping[str, Any] = field(default_factory=dict)
    catalog: Path | None = None
    reports: Reports | None = None
    stalled_after: float | None = None
    subset: Subset | None = None


@dataclass(frozen=True)
class SyncResult:
    """A complete sync of a store: its counts, duration, processes, and the tap's report."""

    store: str
    figures: Figures
    seconds: float
    tap: ProcessResult
    target: ProcessResult
    page: Page | None


def sync(
    config: SyncConfig,
    store: str,
    run_id: str,
    log: Log,
    secrets: Secrets,
    stop: threading.Event,
) -> SyncResult:
    """Read one store, and save the states that the target acknowledges.

    The store's secrets are added to `secrets`. Setting `stop` ends the sync. Raises StoreBusy if
    another run reads the store, SyncFailed if the tap or the target fails, and FleetError for
    other errors, such as an invalid state.
    """
    try:
        with config.states.lock(store) as lock:
            return _Sync(config, store, run_id, log, secrets, stop, lock).run()
    except OSError as error:
        raise SyncFailed(
            f"{store}: its state, or a file of this run, cannot be read or written: "
            f"{error.strerror or type(error).__name__} ({error.filename}).",
            worth_retrying=True,
        ) from None


class _Sync:
    def __init__(
        self,
        config: SyncConfig,
        store: str,
        run_id: str,
        log: Log,
        secrets: Secrets,
        stop: threading.Event,
        lock: StateLock,
    ) -> None:
        self._config = config
        self._store = store
        self._run_id = run_id
        self._stop = stop
        self._lock = lock
        self._settings = call(
            f"{store}: the code that returns its settings",
            lambda: {**config.stores.settings(store), **config.settings},
        )
        secrets.add(self._settings)
        self._target = call(
            f"{store}: the code that returns the target's settings",
            lambda: dict(config.target.settings_for(store)),
        )
        secrets.add(self._target)
        self._redact = secrets.redact
        self._log = log
        self._before = config.states.read(store)
        self._figures = Figures()
        self._critical: list[str] = []
        self._raw_output: deque[str] = deque(maxlen=LAST_LINES)
        self._target_output: deque[str] = deque(maxlen=LAST_LINES)
        self._acknowledged: dict[str, Any] | None = None
        self._saved: dict[str, Any] | None = None
        self._saved_at = time.monotonic()
        self._progress_at = time.monotonic()

    def run(self) -> SyncResult:
        """Read the store."""
        began = time.monotonic()
        callbacks = pipeline.Callbacks(self._on_tap_line, self._on_target_line, self._on_state_line)
        page = self._page()
        with contextlib.ExitStack() as stack:
            # Relative paths in settings are relative to the current folder.
            pair = pipeline.Pair(
                self._tap_program(stack, page), self._target_program(stack), Path.cwd()
            )
            try:
                outcome = pipeline.run(pair, callbacks, self._check)
            finally:
                # However the run ended, its report and the last acknowledged state are valid.
                if page is not None and page.path.exists():
                    self._log(logging.INFO, f"The tap's report: {page.url or page.path}")
                self._save()
        self._raise_if_failed(outcome)
        self._save(complete=True)
        self._figures.set_bookmarks(
            self._before.value if self._before else None, self._acknowledged, self._redact
        )
        seconds = time.monotonic() - began
        return SyncResult(self._store, self._figures, seconds, outcome.tap, outcome.target, page)

    def _page(self) -> Page | None:
        """The report that the tap writes; None: it writes none."""
        if self._config.reports is None:
            return None
        try:
            return self._config.reports.page(self._store, self._run_id)
        except FleetError as error:
            self._log(logging.WARNING, f"The tap's report cannot be saved: {error.message}")
            return None

    def _tap_program(self, stack: contextlib.ExitStack, page: Page | None) -> pipeline.Program:
        config = self._config
        files = [self._unnamed_file(stack, self._settings)]
        command = [*config.tap, "--config", _path(files[0]), *tap_log.OPTIONS]
        if config.catalog is not None:
            command += ["--catalog", str(config.catalog.absolute())]
        if self._before is not None:
            files.append(self._unnamed_file(stack, self._before.value))
            command += ["--state", _path(files[1])]
        for stream in config.subset.left_out if config.subset else ():
            # Its bookmark stays in the state.
            command += ["--select", f"!{stream}"]
        if page is not None:
            command += ["--report", str(page.path)]
        return pipeline.Program(command, [*files, *self._lock.inherited])

    def _target_program(self, stack: contextlib.ExitStack) -> pipeline.Program:
        file = self._unnamed_file(stack, self._target)
        command = [*self._config.target.command, "--config", _path(file)]
        return pipeline.Program(command, [file, *self._lock.inherited])

    def _unnamed_file(self, stack: contextlib.ExitStack, value: dict[str, Any]) -> int:
        """A file without a name, which disappears once all processes have closed it."""
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            raise FleetError(f"{self._store}: its settings cannot be written as JSON.") from None
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # The stack closes it.
        file.write(text.encode())
        file.seek(0)
        return file.fileno()

    def _check(self) -> None:
        if self._stop.is_set():
            raise SyncFailed(f"{self._store}: the run was stopped.", worth_retrying=False)
        self._lock.check()
        limit = self._config.stalled_after
        if limit is not None and time.monotonic() - self._progress_at > limit:
            # Not retried in this run: it could stall again for as long, and delay other stores.
            raise SyncFailed(
                f"{self._store}: for {limit / 60:g} minutes the tap made no request and wrote no "
                "record, and the target acknowledged no state, so this sync was ended. The last "
                "acknowledged state is kept; the next run continues from there. If the target "
                "needs more time for its data, increase stalled_after_minutes.",
                worth_retrying=False,
            )

    def _on_tap_line(self, line: str) -> None:
        entry = tap_log.parse_line(line, self._redact)
        self._figures.add(entry)
        if entry.metric is not None:
            self._progress_at = time.monotonic()
        if entry.level <= logging.DEBUG or entry.metric is not None:
            return
        message = entry.message
        if entry.is_raw:
            self._raw_output.append(message)
        elif entry.level >= logging.CRITICAL:
            self._critical.append(message)
        self._log(entry.level, message)

    def _on_target_line(self, line: str) -> None:
        message = self._redact(line)
        self._target_output.append(message)
        # Targets log in many formats; if one fails, its error shows the last lines.
        self._log(logging.DEBUG, f"target: {message}")

    def _on_state_line(self, line: str) -> None:
        try:
            state = parse_json(line)
        except ValueError:
            state = None
        if not isinstance(state, dict) or not isinstance(state.get("bookmarks"), dict):
            self._on_target_line(line)
            return
        self._acknowledged = state
        self._progress_at = time.monotonic()
        if time.monotonic() - self._saved_at >= SAVE_EVERY:
            self._save()

    def _save(self, *, complete: bool = False) -> None:
        """Save the last state that the target acknowledged."""
        state = self._acknowledged
        if state is None or (state == self._saved and not complete):
            return
        now = datetime.now(timezone.utc)
        before, subset = self._before, self._config.subset
        completed = before.completed_at if before else None
        streams = dict(before.streams_completed_at) if before else {}
        if complete and subset is not None:
            streams |= dict.fromkeys(subset.streams, now)
        elif complete:
            completed, streams = now, {}
        self._lock.save(SavedState(state, now, completed, streams))
        self._saved, self._saved_at = state, time.monotonic()

    def _raise_if_failed(self, outcome: Outcome) -> None:
        """Raises SyncFailed or FleetError unless both programs have succeeded."""
        tap, target = outcome.tap.status, outcome.target.status
        if tap != 0 and self._critical:
            message = f"{self._store}: " + " ".join(self._critical)
            raise SyncFailed(message, worth_retrying=self._figures.worth_retrying)
        if target != 0:
            message = f"{self._store}: the target ended {_exit_text(target, self._target_output)}"
            raise SyncFailed(message, worth_retrying=True)
        if tap != 0:
            message = f"{self._store}: the tap ended {_exit_text(tap, self._raw_output)}"
            raise SyncFailed(message, worth_retrying=tap != USAGE_ERROR)
        if self._acknowledged is None:
            raise FleetError(
                f"{self._store}: the target acknowledged no state, so the next run would read "
                "everything again. Use a Singer target that writes the states of stored data to "
                "its standard output."
            )


def _exit_text(status: int, output: Sequence[str]) -> str:
    """The end of a sentence about a failed program: how it ended, and its last output."""
    text = f"with status {status}" if status > 0 else f"by signal {-status}"
    return "\n".join([f"{text}. Its last lines:", *output]) if output else f"{text}."


def _path(descriptor: int) -> str:
    """The path of an open file descriptor of the process itself."""
    return f"/dev/fd/{descriptor}"
