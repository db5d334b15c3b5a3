"""Syncs stores: locks each, runs tap and target, and saves its state."""

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
from typing import Any

from tap_bigcommerce_dagster import processes
from tap_bigcommerce_dagster.errors import FleetError, SyncFailed, call, parse_json, without_message
from tap_bigcommerce_dagster.facts import LOG_OPTIONS, Facts, LogLine, Reports, parse_line
from tap_bigcommerce_dagster.processes import Lines, Program
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.states import MAX_STATE_BYTES, SavedState, StateStore
from tap_bigcommerce_dagster.stores import Settings, Stores, Target, list_stores

POLL_SECONDS = 0.5
MAX_LINE_BYTES = 100_000  # Bytes that are kept of a log line.
SAVE_EVERY = 10.0  # Seconds between two saves of the state during a sync.
USAGE_ERROR = 2  # The tap's exit status for an unknown option.
LAST_LINES = 8  # Lines of a failed program's output that its error shows.

Event = LogLine | Facts | FleetError


@dataclass(frozen=True)
class SyncConfig:
    """How the stores of a fleet are read: what `build_fleet` was given."""

    tap: Sequence[str]  # With options, such as that of a catalog.
    target: Target
    stores: Stores
    states: StateStore
    settings: Settings
    reports: Reports | None
    at_once: int
    stalled_after: float  # In seconds.
    streams: Sequence[str] = ()
    left_out: Sequence[str] = ()  # Streams that are not read, although the catalog selects them.


def read(
    config: SyncConfig, stores: Sequence[str], run_id: str
) -> Generator[tuple[str, Event], None, None]:
    """Read the stores, `at_once` at a time, and yield their events, without secrets.

    Each store ends with Facts or a FleetError. Closing the generator early stops the syncs in
    progress: the tap ends, and the target saves what it has received.
    """
    events: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
    stop = threading.Event()
    try:
        known = list_stores(config.stores)
    except FleetError as error:
        yield from ((store, error) for store in stores)
        return

    def work(store: str) -> None:
        secrets = Secrets(config.settings)

        def log(level: int, message: str) -> None:
            events.put((store, LogLine(level, secrets.redact(message))))

        try:
            known.check(store)
            events.put((store, _Sync(config, store, run_id, log, secrets, stop).run()))
            return
        except FleetError as error:
            message, again = error.message, error.worth_retrying
        except OSError as error:
            reason = f"{error.strerror or type(error).__name__} ({error.filename})"
            message = "its state, or a file of this run, cannot be read or written"
            message, again = f"{store}: {message}: {reason}.", True
        except BaseException as error:  # noqa: BLE001  # One store must not stop the others.
            message, again = f"{store}: unexpected error: {without_message(error)}", True
        events.put((store, SyncFailed(secrets.redact(message), worth_retrying=again)))

    pool = ThreadPoolExecutor(max_workers=config.at_once, thread_name_prefix="store")
    try:
        for store in stores:
            pool.submit(work, store)
        left = len(stores)
        while left:
            try:
                store, event = events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue  # Signals are only handled between two waits.
            left -= not isinstance(event, LogLine)
            yield store, event
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass
class _Sync:
    """The sync of one store, whose secrets it adds to `secrets`. Setting `stop` ends it."""

    config: SyncConfig
    store: str
    run_id: str
    log: Callable[[int, str], None]
    secrets: Secrets
    stop: threading.Event

    def __post_init__(self) -> None:
        self.facts = Facts(self.secrets.redact)
        self.before = SavedState({}, datetime.now(timezone.utc), None)
        self.critical: list[str] = []
        self.raw_output: deque[str] = deque(maxlen=LAST_LINES)
        self.target_output: deque[str] = deque(maxlen=LAST_LINES)
        self.acknowledged: dict[str, Any] | None = None

    def run(self) -> Facts:
        """Read the store, and save the states that the target acknowledges. Raises FleetError."""
        config, store, facts = self.config, self.store, self.facts
        with config.states.lock(store) as self.lock, contextlib.ExitStack() as stack:
            began = time.monotonic()
            settings = self._settings("its settings", config.stores.settings)
            target_settings = self._settings("the target's settings", config.target.settings_for)
            self.before = config.states.read(store) or self.before
            facts.before = self.before.value
            if config.reports is not None:
                try:
                    facts.page = config.reports.page(store, self.run_id)
                except FleetError as error:
                    self.log(logging.WARNING, f"The tap's report cannot be saved: {error.message}")
            # The bookmarks of the streams that are left out stay in the state.
            options = [word for name in config.left_out for word in ("--select", f"!{name}")]
            if facts.page is not None:
                options += ["--report", str(facts.page.path)]
            files: dict[str, Settings] = {"--config": {**settings, **config.settings}}
            if facts.before:
                files["--state"] = facts.before
            tap = self._program(stack, [*config.tap, *LOG_OPTIONS, *options], files)
            target = self._program(stack, config.target.command, {"--config": target_settings})
            output = {
                "tap": Lines(self._on_tap_line, MAX_LINE_BYTES),
                "target": Lines(self._on_target_line, MAX_LINE_BYTES),
                "states": Lines(self._on_state_line, MAX_STATE_BYTES),
            }
            self.saved_at = self.progress_at = time.monotonic()
            complete = False
            try:
                facts.processes = processes.run(tap, target, output, self._check)
                self._raise_if_failed()
                complete = True
            finally:
                # However the run ended, its report and the last acknowledged state are valid.
                if facts.page is not None and facts.page.path.exists():
                    self.log(logging.INFO, f"The tap's report: {facts.page.url or facts.page.path}")
                self._save(complete=complete)
            facts.after, facts.seconds = self.acknowledged or {}, time.monotonic() - began
            return facts

    def _settings(self, what: str, function: Callable[[str], Settings]) -> dict[str, Any]:
        """The settings that a user's function returns for the store."""
        code = f"{self.store}: the code that returns {what}"
        settings = call(code, lambda: {**function(self.store)})
        self.secrets.add(settings)
        return settings

    def _program(
        self, stack: contextlib.ExitStack, command: Sequence[str], files: Mapping[str, Any]
    ) -> Program:
        """A command with options for unnamed files, which disappear once all have closed them."""
        words, descriptors = [*command], [*self.lock.inherited]
        for option, value in files.items():
            try:
                text = json.dumps(value)
            except (TypeError, ValueError, RecursionError):
                message = f"{self.store}: its settings cannot be written as JSON."
                raise FleetError(message) from None
            file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            file.write(text.encode())
            file.seek(0)
            words += [option, f"/dev/fd/{file.fileno()}"]
            descriptors.append(file.fileno())
        return Program(words, descriptors)

    def _check(self) -> None:
        if self.stop.is_set():
            raise SyncFailed(f"{self.store}: the run was stopped.")
        self.lock.check()
        limit = self.config.stalled_after
        if time.monotonic() - self.progress_at > limit:
            # Not retried in this run: it could stall again for as long, and delay other stores.
            raise SyncFailed(
                f"{self.store}: for {limit / 60:g} minutes the tap made no request and wrote no "
                "record, and the target acknowledged no state, so this sync was ended. The next "
                "run continues. If the target needs more time, increase stalled_after_minutes."
            )

    def _on_tap_line(self, text: str) -> None:
        line = parse_line(text)
        self.facts.add(line)
        if line.metric is not None:
            self.progress_at = time.monotonic()
        elif line.level > logging.DEBUG:
            if line.is_raw:
                self.raw_output.append(line.message)
            elif line.level >= logging.CRITICAL:
                self.critical.append(line.message)
            self.log(line.level, line.message)

    def _on_target_line(self, line: str) -> None:
        self.target_output.append(line)
        # Targets log in many formats; if one fails, its error shows the last lines.
        self.log(logging.DEBUG, f"target: {line}")

    def _on_state_line(self, line: str) -> None:
        try:
            state = parse_json(line)
        except ValueError:
            state = None
        if not isinstance(state, dict) or not isinstance(state.get("bookmarks"), dict):
            self._on_target_line(line)
            return
        self.acknowledged = state
        self.progress_at = time.monotonic()
        if time.monotonic() - self.saved_at >= SAVE_EVERY:
            self._save(complete=False)

    def _save(self, *, complete: bool) -> None:
        """Save the last state that the target acknowledged."""
        state, before, now = self.acknowledged, self.before, datetime.now(timezone.utc)
        if state is None:
            return
        completed, streams = before.completed_at, {**before.streams_completed_at}
        if complete and self.config.left_out:
            streams |= dict.fromkeys(self.config.streams, now)
        elif complete:
            completed, streams = now, {}
        self.lock.save(SavedState(state, now, completed, streams))
        self.saved_at = time.monotonic()

    def _raise_if_failed(self) -> None:
        tap, target = (process.status for process in self.facts.processes)
        if tap != 0 and self.critical:
            message = f"{self.store}: " + " ".join(self.critical)
            raise SyncFailed(message, worth_retrying=self.facts.worth_retrying)
        for name, status, output in (
            ("target", target, self.target_output),
            ("tap", tap, self.raw_output),
        ):
            if status != 0:
                how = f"with status {status}" if status > 0 else f"by signal {-status}"
                last = "\n".join([" Its last lines:", *output]) if output else ""
                message = f"{self.store}: the {name} ended {how}.{last}"
                again = (name, status) != ("tap", USAGE_ERROR)
                raise SyncFailed(message, worth_retrying=again)
        if self.acknowledged is None:
            raise FleetError(
                f"{self.store}: the target acknowledged no state, so the next run would read all "
                "again. Use a target that writes the states of stored data to standard output."
            )
