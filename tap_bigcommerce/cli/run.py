"""Runs a command: from the parsed options to the exit status."""

import json
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.catalog import discovery
from tap_bigcommerce.catalog.probe import Prober
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.cli import about, audit, init_config
from tap_bigcommerce.cli.check import CheckResult, as_text
from tap_bigcommerce.cli.options import Options
from tap_bigcommerce.config import ENVIRONMENT_PREFIX, Config, read_config
from tap_bigcommerce.exceptions import CatalogError, Interrupted, TapError, TargetClosed
from tap_bigcommerce.files import read_input_file
from tap_bigcommerce.memory import set_allocator
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.metrics import log_failure
from tap_bigcommerce.progress.run_reporting import RunReporting
from tap_bigcommerce.shutdown import STOPPED, Shutdown
from tap_bigcommerce.singer.messages import MessageWriter, standard_output, write_all
from tap_bigcommerce.singer.state import State, read_state
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.sync.deletes.deletion_tracker import check_installed
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.run_sync import sync
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

EXIT_TIMEOUT = 4.5
"""Seconds from a signal to the exit of the process, even if the target does not read."""

FAILED = 1


class Run(NamedTuple):
    """One run: its options, and the objects that all commands share."""

    options: Options
    shutdown: Shutdown
    reporting: RunReporting

    def config(self) -> Config:
        """Read the settings. Raises ConfigError when they are missing or invalid."""
        secrets, set_up_log = self.reporting.secrets, self.reporting.set_up_log
        return read_config(self.options.config, os.environ, secrets, set_up_log)

    def state(self, config: Config) -> State:
        """Read the state. Warns where it has none of this tap's bookmarks."""
        state = State(read_state(self.options.state), config.store_hash)
        streams = state.streams()
        if self.options.state and not STREAMS.keys() & streams:
            LOGGER.warning(
                "The state has no bookmark of a stream of this tap%s, so everything is read.",
                f", only of {quoted(', '.join(sorted(streams)))}" if streams else "",
            )
        for name in sorted(STREAMS.keys() & streams):
            key = STREAMS[name].replication_key
            if key is not None and not state.is_known(name, key):
                LOGGER.warning(
                    "The state's entry of %s has no bookmark of this tap (%s), so it is read from "
                    "the start.",
                    *(name, key),
                )
        return state

    def selections(self, config: Config) -> dict[str, Selection]:
        """The selected streams by name. Raises CatalogError when no stream is selected."""
        catalog = _read_catalog(self.options.catalog) if self.options.catalog else None
        rules = discovery.selection_rules(config, self.options.select, catalog)
        found = discovery.selections(catalog, config, rules)
        if not found:
            raise CatalogError(
                "No stream is selected: the catalog selects none, or rules exclude all of them. "
                "Select some, or run without a catalog."
            )
        return found

    def prober(self, config: Config) -> Prober:
        """Make what finds out which streams can be read."""
        return Prober(config, self.shutdown, self.reporting.tracker)

    def run_context(self, config: Config, state: State) -> RunContext:
        """Make the objects that a sync needs."""
        is_test = self.options.command == "test"
        return RunContext(
            config=config,
            client=Client(config, self.shutdown, self.reporting.tracker),
            workers=Workers(config.max_concurrency, self.shutdown),
            budget=MemoryBudget(config.max_buffered_mb * 1_000_000),
            state=state,
            # A descriptor of its own, so that no other output gets between the messages.
            messages=MessageWriter(os.dup(standard_output()), None if is_test else state),
            tracker=self.reporting.tracker,
            sample=is_test,
        )


def run(options: Options) -> int:
    """Run the command; returns the exit status. All exceptions are handled here."""
    reporting = RunReporting(
        options.log_level or ("WARNING" if options.quiet else None),
        options.log_format,
        options.report,
        None if options.quiet else options.progress_every,
        command=options.command,
    )
    set_allocator()
    shutdown = Shutdown()
    _install_signal_handlers(shutdown, reporting)
    return reporting.finish(_status(Run(options, shutdown, reporting)))


def _status(run: Run) -> int:
    try:
        return COMMANDS[run.options.command](run)
    except Interrupted as interrupt:
        return STOPPED + interrupt.signum
    except TargetClosed as error:
        LOGGER.error(error.message)
    except TapError as error:
        log_failure(error)
    except Exception:
        LOGGER.critical("Unexpected error. Please report it, with this traceback:", exc_info=True)
    return FAILED


def _discover(run: Run) -> int:
    config, streams = None, list(STREAMS.values())
    if run.options.config or any(name.startswith(ENVIRONMENT_PREFIX) for name in os.environ):
        config = run.config()
    rules = discovery.selection_rules(config, run.options.select, None)
    if config is None:
        LOGGER.info("There are no settings, so the catalog has all streams.")
    else:
        access = run.prober(config).access()
        streams = discovery.available_streams(access)
        readable = sum(result.readable for result in access.values())
        LOGGER.info("The token can read %d of %d streams.", readable, len(STREAMS))
    entries = [discovery.catalog_entry(stream, config, rules.select) for stream in streams]
    return _write(json.dumps({"streams": entries}, indent=2) + "\n")


def _init(run: Run) -> int:
    options = run.options
    config = init_config.config_from_credentials(options.credentials, options.start_date)
    text = json.dumps(config, indent=2) + "\n"
    if options.config:
        init_config.write(options.config[0], text, overwrite=options.force)
        return 0
    if sys.stdout is not None and sys.stdout.isatty():
        LOGGER.warning(
            "The output contains the access token, which is a secret. With --config FILE it is "
            "written to a file that only you can read."
        )
    return _write(text)


def _check(run: Run) -> int:
    options, hide = run.options, run.reporting.secrets.hide
    config = run.config()
    if config.detect_deletes:
        check_installed("detect_deletes")
    state = run.state(config) if options.state else None
    selections = run.selections(config)
    result = CheckResult(selections, config, state, run.prober)
    if options.format == "json":
        _write(hide(json.dumps(result.as_json(), indent=2)) + "\n")
    else:
        _write(as_text(result, _width(), hide))
    return 0 if result.ready else FAILED


def _list_selection(run: Run) -> int:
    from tap_bigcommerce.catalog.request_costs import as_table  # slow to import

    config = run.config()
    return _write(as_table(run.selections(config), config, _width()))


def _width() -> int:
    """The width of the terminal, in characters."""
    return shutil.get_terminal_size((100, 40)).columns


def _write(text: str) -> int:
    """Write to standard output; returns the exit status."""
    write_all(standard_output(), text.encode())
    return 0


def _sync(run: Run) -> int:
    config, full_refresh = run.config(), run.options.full_refresh
    if config.detect_deletes:
        check_installed("detect_deletes")
    config = _test_config(config) if run.options.command == "test" else config
    run.reporting.prepare(config)
    state = run.state(config)
    if os.isatty(standard_output()):
        LOGGER.info("The messages go to this terminal. To load them, append: | target-jsonl")
    selections = run.selections(config)
    discovery.check_names(full_refresh, "--full-refresh", selections)
    for name in full_refresh:
        state.reset(name, STREAMS[name].replication_key)
    run_context = run.run_context(config, state)
    with run.reporting.show_progress():
        failures = sync(selections, run_context)
    # At the end: the sync neither waits for it nor fails because of it.
    run.reporting.name_store(lambda: _store_name(config, run.shutdown))
    return FAILED if failures else 0


def _store_name(config: Config, shutdown: Shutdown) -> str:
    """Ask for the store's name once; "" if it cannot be read."""
    # One request does not wait until the whole quota is used up: it may take the other apps' share.
    once = replace(config, quota_share=1.0, max_attempts=1, max_retry_seconds=0)
    stream = STREAMS["store"]
    context = RequestContext(stream.name, stream.permission, StreamCounts(stream.name))
    try:
        answer = Client(once, shutdown).get(stream.path, {}, dict, context).content
    except TapError:
        return ""
    return str(answer.get("name") or "")


def _audit(run: Run) -> int:
    config = run.config()
    check_installed("--audit")
    state = run.state(config)
    selections = run.selections(config)
    results = audit.audit(selections, run.run_context(config, state))
    _write(run.reporting.secrets.hide(audit.report(results)))
    return FAILED if any(result.differences for result in results) else 0


COMMANDS: dict[str, Callable[[Run], int]] = {
    "sync": _sync,
    "test": _sync,
    "discover": _discover,
    "init": _init,
    "check": _check,
    "about": lambda run: _write(about.render(run.options.format)),
    "list": _list_selection,
    "audit": _audit,
}


def _test_config(config: Config) -> Config:
    """The settings for --test: one record of each stream, of any date, with few requests."""
    return replace(
        config,
        start_date=None,
        streams={
            name: replace(settings, start_date=None, end_date=None)
            for name, settings in config.streams.items()
        },
        page_size=1,
        max_concurrency=1,
        detect_deletes=False,
        activate_version=False,
    )


def _read_catalog(name: str) -> dict[str, dict[str, Any]]:
    catalog = read_input_file("catalog", name, CatalogError)
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list) or not all(
        isinstance(entry, dict)
        and isinstance(entry.get("tap_stream_id") or entry.get("stream"), str)
        for entry in streams
    ):
        raise CatalogError(
            f'The catalog file {name} should hold {{"streams": [...]}}, as --discover writes it.'
        )
    return {entry.get("tap_stream_id") or entry["stream"]: entry for entry in streams}


def _install_signal_handlers(shutdown: Shutdown, reporting: RunReporting) -> None:
    def exit_now(status: int) -> None:
        try:
            reporting.finish(status)
        finally:
            os._exit(status)

    def handle(signum: int, _: object) -> None:
        shutdown.request(signum)
        # While the target does not read, writing blocks, and the process would never exit.
        deadline = threading.Timer(EXIT_TIMEOUT, exit_now, (STOPPED + signum,))
        deadline.daemon = True
        deadline.start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    # SIGHUP: the terminal was closed. nohup ignores it, and that stays.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handle)
