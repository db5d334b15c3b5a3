"""Syncs stores: locks each, runs tap and target, and saves its state."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from tap_bigcommerce_dagster import processes
from tap_bigcommerce_dagster.errors import FleetError, SyncFailed, call, parse_json, without_message
from tap_bigcommerce_dagster.facts import LOG_OPTIONS, Facts, Reports, parse_line
from tap_bigcommerce_dagster.processes import Lines, Program
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states import MAX_STATE_BYTES, SavedState, StateStore
from tap_bigcommerce_dagster.stores import Stores, Target, list_stores

POLL_SECONDS = 0.5

MAX_LINE_BYTES = 100_000  # Bytes that are kept of a log line.
SAVE_EVERY = 10.0  # Seconds between two saves of the state during a sync.
USAGE_ERROR = 2  # The tap's exit status for an unknown option.
LAST_LINES = 8  # Lines of a failed program's output that its error shows.


@dataclass(frozen=True)
class SyncConfig:
    """How the stores of a fleet are read: what `build_fleet` was given.

    `streams` are read, `left_out` are not, although the catalog selects them.
    """

    tap: Sequence[str]
    target: Target
    stores: Stores
    states: StateStore
    settings: Mapping[str, Any]
    catalog: Path | None
    reports: Reports | None
    stalled_after: float | None  # In seconds.
    streams: Sequence[str]
    left_out: Sequence[str] = ()


class LogLine(NamedTuple):
    """A line for the run's log. `level` is a number of `logging`."""

    level: int
    message: str


Event = LogLine | Facts | FleetError


def read(
    config: SyncConfig, stores: Sequence[str], run_id: str, at_once: int
) -> Generator[tuple[str, Event], None, None]:
    """Read the stores, `at_once` at a time, and yield their events, without secrets.

    Each store ends with Facts or a FleetError. Closing the generator early stops the syncs in
    progress: the tap ends, and the target saves what it has received.
    """
    events: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
    stop = threading.Event()

    def work(store: str) -> None:
        secrets = Secrets(config.settings)

        def log(level: int, message: str) -> None:
            events.put((store, LogLine(level, secrets.redact(message))))

        try:
            events.put((store, _Sync(config, store, run_id, log, secrets, stop).run()))
            return
        except FleetError as error:
            message, again = error.message, error.worth_retrying
        except OSError as error:
            name, reason = error.filename, error.strerror or type(error).__name__
            message = f"{store}: its state, or a file of this run, cannot be read or written: "
            message, again = f"{message}{reason} ({name}).", True
        except BaseException as error:  # noqa: BLE001  # One store must not stop the others.
            message, again = f"{store}: unexpected error: {without_message(error)}", True
        events.put((store, SyncFailed(secrets.redact(message), worth_retrying=again)))

    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="store")
    try:
        known = list_stores(config.stores)
        for store in stores:
            refusal = known.refusal(store)
            if refusal is None:
                pool.submit(work, store)
            else:
                events.put((store, FleetError(refusal)))
        left = len(stores)
        while left:
            try:
                store, event = events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue  # Signals are only handled between two waits.
            left -= not isinstance(event, LogLine)
            yield store, event
    except FleetError as error:
        yield from ((store, error) for store in stores)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _Sync:
    """The sync of one store, whose secrets it adds to `secrets`. Setting `stop` ends it."""

    def __init__(
        self,
        config: SyncConfig,
        store: str,
        run_id: str,
        log: Callable[[int, str], None],
        secrets: Secrets,
        stop: threading.Event,
    ) -> None:
        self._config = config
        self._store = store
        self._run_id = run_id
        self._log = log
        self._secrets = secrets
        self._stop = stop
        self._facts = Facts(secrets.redact)
        self._critical: list[str] = []
        self._raw_output: deque[str] = deque(maxlen=LAST_LINES)
        self._target_output: deque[str] = deque(maxlen=LAST_LINES)
        self._acknowledged: dict[str, Any] | None = None
        self._saved: dict[str, Any] | None = None
        self._saved_at = self._progress_at = time.monotonic()

    def run(self) -> Facts:
        """Read the store, and save the states that the target acknowledges.

        Raises FleetError, such as StoreBusy, or SyncFailed if the tap or the target fails.
        """
        config, store, facts = self._config, self._store, self._facts
        with config.states.lock(store) as self._lock, contextlib.ExitStack() as stack:
            began = time.monotonic()
            settings = call(
                f"{store}: the code that returns its settings",
                lambda: {**config.stores.settings(store), **config.settings},
            )
            self._secrets.add(settings)
            target_settings = call(
                f"{store}: the code that returns the target's settings",
                lambda: dict(config.target.settings_for(store)),
            )
            self._secrets.add(target_settings)
            self._before = config.states.read(store)
            facts.before = self._before.value if self._before else None
            self._add_report()
            tap = self._tap_program(stack, settings)
            target = self._program(stack, config.target.command, {"--config": target_settings})
            output = {
                "tap": Lines(self._on_tap_line, MAX_LINE_BYTES),
                "target": Lines(self._on_target_line, MAX_LINE_BYTES),
                "states": Lines(self._on_state_line, MAX_STATE_BYTES),
            }
            try:
                facts.processes = processes.run(tap, target, output, self._check)
            finally:
                # However the run ended, its report and the last acknowledged state are valid.
                page = facts.page
                if page is not None and page.path.exists():
                    self._log(logging.INFO, f"The tap's report: {page.url or page.path}")
                self._save()
            self._raise_if_failed()
            self._save(complete=True)
            facts.after, facts.seconds = self._acknowledged, time.monotonic() - began
            return facts

    def _add_report(self) -> None:
        try:
            if self._config.reports is not None:
                self._facts.page = self._config.reports.page(self._store, self._run_id)
        except FleetError as error:
            self._log(logging.WARNING, f"The tap's report cannot be saved: {error.message}")

    def _tap_program(self, stack: contextlib.ExitStack, settings: dict[str, Any]) -> Program:
        command = [*self._config.tap, *LOG_OPTIONS]
        if self._config.catalog is not None:
            command += ["--catalog", str(self._config.catalog.absolute())]
        for stream in self._config.left_out:
            # Its bookmark stays in the state.
            command += ["--select", f"!{stream}"]
        if self._facts.page is not None:
            command += ["--report", str(self._facts.page.path)]
        files = {"--config": settings}
        if self._before is not None:
            files["--state"] = self._before.value
        return self._program(stack, command, files)

    def _program(
        self, stack: contextlib.ExitStack, command: Sequence[str], files: Mapping[str, Any]
    ) -> Program:
        """A command with options for files that have no names.

        They disappear once all processes have closed them.
        """
        words, descriptors = [*command], [*self._lock.inherited]
        for option, value in files.items():
            try:
                text = json.dumps(value)
            except (TypeError, ValueError, RecursionError):
                message = f"{self._store}: its settings cannot be written as JSON."
                raise FleetError(message) from None
            file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            file.write(text.encode())
            file.seek(0)
            words += [option, f"/dev/fd/{file.fileno()}"]
            descriptors.append(file.fileno())
        return Program(words, descriptors)

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
        entry = parse_line(line)
        self._facts.add(entry)
        if entry.metric is not None:
            self._progress_at = time.monotonic()
        elif entry.level > logging.DEBUG:
            if entry.is_raw:
                self._raw_output.append(entry.message)
            elif entry.level >= logging.CRITICAL:
                self._critical.append(entry.message)
            self._log(entry.level, entry.message)

    def _on_target_line(self, line: str) -> None:
        self._target_output.append(line)
        # Targets log in many formats; if one fails, its error shows the last lines.
        self._log(logging.DEBUG, f"target: {line}")

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
        state, before, now = self._acknowledged, self._before, datetime.now(timezone.utc)
        if state is None or (state == self._saved and not complete):
            return
        completed = before.completed_at if before else None
        streams = dict(before.streams_completed_at) if before else {}
        if complete and self._config.left_out:
            streams |= dict.fromkeys(self._config.streams, now)
        elif complete:
            completed, streams = now, {}
        self._lock.save(SavedState(state, now, completed, streams))
        self._saved, self._saved_at = state, time.monotonic()

    def _raise_if_failed(self) -> None:
        tap, target = (process.status for process in self._facts.processes)
        if tap != 0 and self._critical:
            message = f"{self._store}: " + " ".join(self._critical)
            raise SyncFailed(message, worth_retrying=self._facts.worth_retrying)
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
