"""One run of the tap, from its options to its exit status."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import FrameType
from typing import Any

from tap_bigcommerce import about, audit, choose, discover, init
from tap_bigcommerce.audience import Audience, Wishes
from tap_bigcommerce.check.as_json import as_json
from tap_bigcommerce.check.as_text import as_text
from tap_bigcommerce.check.findings import find_out
from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config, read_config
from tap_bigcommerce.deletes.ledger import check_installed
from tap_bigcommerce.exceptions import (
    CatalogError,
    ConfigError,
    Interrupted,
    TapError,
    TargetGone,
    WriteFailed,
)
from tap_bigcommerce.files import Unusable, read_json
from tap_bigcommerce.memory import set_allocator
from tap_bigcommerce.messages import Messages, write_all
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.probe import Prober, impatient
from tap_bigcommerce.progress import log_count
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.rules import nearest
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import State, read_state
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.sync import sync
from tap_bigcommerce.tracker import ProgressTracker
from tap_bigcommerce.walk_sync import Tools
from tap_bigcommerce.workers import Workers

LOGGER = logging.getLogger(__name__)

GONE_WITHIN = 4.5
"""Seconds from a signal to the end of the process, even if nobody reads the messages."""

FAILED = 1

NOTHING_SELECTED = (
    "Nothing is to be read: the catalog selects no stream, or rules take all of them away. Select "
    "some, or run without a catalog."
)


@dataclass(frozen=True)
class Options:
    """What the command line says; files by name."""

    config: tuple[str, ...]
    discover: bool
    catalog: str | None
    state: str | None
    select: tuple[str, ...] = ()
    full_refresh: tuple[str, ...] = ()
    test: bool = False
    command: str = "sync"
    credentials: str | None = None
    force: bool = False
    start_date: str | None = None
    format: str = "text"
    wishes: Wishes = field(default_factory=Wishes)


def run(options: Options, environment: Mapping[str, str]) -> int:
    """Do what the options say; returns the exit status. Every error ends here."""
    audience = Audience(options.wishes, environment)
    set_allocator()
    stop = Stop()
    _heed_signals(stop, audience)
    return audience.ended(_run(options, environment, stop, audience))


def _run(options: Options, environment: Mapping[str, str], stop: Stop, audience: Audience) -> int:
    """The exit status of what the options say."""
    try:
        if options.discover:
            return _discover(options, environment, stop, audience)
        if options.command == "init":
            return _init(options)
        if options.command == "check":
            return _check(options, environment, stop, audience)
        if options.command == "about":
            return _write(about.FORMATS[options.format]())
        if options.command == "list":
            return _list(options, environment, audience)
        if options.command == "audit":
            return _audit(options, environment, stop, audience)
        return _sync(options, environment, stop, audience)
    except Interrupted as interrupt:
        LOGGER.warning("Stopped by %s.", signal.Signals(interrupt.signum).name)
        return 128 + interrupt.signum
    except TargetGone as error:
        LOGGER.error(error.words)
        return FAILED
    except TapError as error:
        _say_critical(error)
        return FAILED
    except Exception:
        LOGGER.critical(
            "An error that nobody foresaw. Please report it, with these lines:", exc_info=True
        )
        return FAILED


def _discover(
    options: Options, environment: Mapping[str, str], stop: Stop, audience: Audience
) -> int:
    if not options.config and not any(name.startswith("TAP_BIGCOMMERCE_") for name in environment):
        LOGGER.info("No settings were given: this is the catalog of all streams.")
        streams, config = list(STREAMS.values()), None
        choice = choose.choice_of(config, options.select, None)
    else:
        config = _read_config(options, environment, audience)
        choice = choose.choice_of(config, options.select, None)
        workers = Workers(config.max_concurrency, stop)
        prober = Prober(_client(impatient(config), stop), workers)
        access = prober.access_to_all(prober.first_looks(config.store_hash))
        streams = discover.offered(access)
        if not streams:
            raise ConfigError(
                "The token may read none of the streams. The warnings above name the permissions "
                "that its API account lacks."
            )
        LOGGER.info(
            "The token may read %d of %d streams.",
            sum(found.readable for found in access.values()),
            len(STREAMS),
        )
    catalog = discover.catalog(streams, config)
    choose.mark(catalog["streams"], choice.select)
    return _write(json.dumps(catalog, indent=2) + "\n")


def _init(options: Options) -> int:
    assert options.credentials is not None
    config = init.config_of(options.credentials, options.start_date)
    if "api_url" in config:
        LOGGER.warning(
            "The file's API path does not lead to BigCommerce's usual address: the token will be "
            "sent to %s.",
            config["api_url"],
        )
    if options.config:
        (name,) = options.config
        init.write(name, config, over=options.force)
        LOGGER.info("Wrote %s. It holds the access token: only you may read it.", name)
        return 0
    if sys.stdout is not None and sys.stdout.isatty():
        LOGGER.warning(
            "What follows holds the access token, which is a secret. --config FILE "
            "writes it to a file that only you may read."
        )
    return _write(init.as_text(config))


def _check(options: Options, environment: Mapping[str, str], stop: Stop, audience: Audience) -> int:
    if options.wishes.log_level is None:
        # One screen: what is found out, not how.
        logging.getLogger().setLevel("WARNING")
    config = _read_config(options, environment, audience)
    if config.detect_deletes:
        check_installed("detect_deletes")
    given = read_state(options.state) if options.state else None
    state = State(given, config.store_hash) if given is not None else None
    selections = _selections(options, config)
    found = find_out(selections, config, state, stop, datetime.now(timezone.utc))
    if options.format == "json":
        _write(audience.secrets.hide(json.dumps(as_json(found), indent=2)) + "\n")
    else:
        width = shutil.get_terminal_size((100, 40)).columns
        _write(as_text(found, width, audience.secrets.hide))
    return 0 if found.ready else FAILED


def _list(options: Options, environment: Mapping[str, str], audience: Audience) -> int:
    from tap_bigcommerce.listing import as_table  # takes its time to import

    config = _read_config(options, environment, audience)
    width = shutil.get_terminal_size((100, 40)).columns
    return _write(as_table(_selections(options, config), config, width))


def _write(text: str) -> int:
    """Write to standard output, for a person or a program; returns the exit status."""
    write_all(_standard_output(), text.encode())
    return 0


def _standard_output() -> int:
    """Its file descriptor. Raises WriteFailed where it is closed."""
    if sys.stdout is None:
        raise WriteFailed("Standard output is closed. Let it lead to a file or a program.")
    return sys.stdout.fileno()


def _sync(options: Options, environment: Mapping[str, str], stop: Stop, audience: Audience) -> int:
    config = _read_config(options, environment, audience)
    if config.detect_deletes:
        check_installed("detect_deletes")
    config = _as_test(config) if options.test else config
    audience.expect(config)
    selections, tools = _prepare(options, config, stop, audience.tracker)
    with audience.watching():
        failures = sync(selections, tools)
    # What has befallen all streams is said once.
    for error in {error.words: error for error in failures.values()}.values():
        _say_critical(error)
    return FAILED if failures else 0


def _audit(options: Options, environment: Mapping[str, str], stop: Stop, audience: Audience) -> int:
    config = _read_config(options, environment, audience)
    check_installed("--audit")
    found = audit.audit(*_prepare(options, config, stop, audience.tracker))
    _write(audience.secrets.hide(audit.report(found)))
    return FAILED if any(one.differs for one in found) else 0


def _as_test(config: Config) -> Config:
    """The settings for a record of each stream, whatever its date, with few requests."""
    return dataclasses.replace(
        config,
        start_date=None,
        streams=tuple(
            dataclasses.replace(own, start_date=None, end_date=None) for own in config.streams
        ),
        page_size=1,
        max_concurrency=1,
        detect_deletes=False,
        activate_version=False,
    )


def _prepare(
    options: Options, config: Config, stop: Stop, tracker: ProgressTracker
) -> tuple[dict[str, Selection], Tools]:
    """What is selected, and what it is read with."""
    state = State(read_state(options.state) if options.state else None, config.store_hash)
    selections = _selections(options, config)
    choose.check_names(options.full_refresh, "--full-refresh", selections)
    for name in options.full_refresh:
        state.forget(name, STREAMS[name].replication_key)
    return selections, Tools(
        config=config,
        client=_client(config, stop, tracker),
        workers=Workers(config.max_concurrency, stop),
        budget=Budget(config.max_buffered_mb * 1_000_000),
        state=state,
        # A descriptor of its own: whatever else prints to standard output would spoil it.
        messages=Messages(os.dup(_standard_output()), with_state=not options.test),
        tracker=tracker,
        sample=options.test,
    )


def _read_config(options: Options, environment: Mapping[str, str], audience: Audience) -> Config:
    read = read_config(options.config, environment, audience.secrets)
    for warning in read.warnings:
        LOGGER.warning(warning)
    if read.from_environment:
        LOGGER.info("Settings from the environment: %s", ", ".join(read.from_environment))
    for entry in read.config.accept_incomplete:
        name = entry.partition(":")[0]
        if name not in STREAMS:
            raise ConfigError(
                f"accept_incomplete names a stream {name!r}, which this tap does not have."
                f"{nearest(name, STREAMS)}"
            )
    return read.config


def _client(config: Config, stop: Stop, tracker: ProgressTracker | None = None) -> Client:
    quota = Quota(share=config.quota_share, concurrency=config.max_concurrency, stop=stop)
    return Client(config, quota, stop, tracker)


def _read_catalog(name: str) -> list[dict[str, Any]]:
    try:
        catalog = read_json(name)
    except Unusable as error:
        raise CatalogError(f"The catalog file {name} cannot be read: {error}.") from error
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list) or not all(map(_has_name, streams)):
        raise CatalogError(
            f'The catalog file {name} should hold {{"streams": [...]}}, as --discover writes it.'
        )
    return streams


def _has_name(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(
        entry.get("tap_stream_id") or entry.get("stream"), str
    )


def _selections(options: Options, config: Config) -> dict[str, Selection]:
    """What is selected. Raises CatalogError where it is nothing."""
    catalog = _read_catalog(options.catalog) if options.catalog else None
    choice = choose.choice_of(config, options.select, catalog)
    found = choose.selections(catalog, config, choice)
    if not found:
        raise CatalogError(NOTHING_SELECTED)
    return found


def _heed_signals(stop: Stop, audience: Audience) -> None:
    def give_up(status: int) -> None:
        try:
            audience.ended(status)
        finally:
            os._exit(status)

    def handle(signum: int, frame: FrameType | None) -> None:
        stop.ask(signum)
        # A target that does not read would keep the last messages, and the process, for ever.
        deadline = threading.Timer(GONE_WITHIN, give_up, (128 + signum,))
        deadline.daemon = True
        deadline.start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    # A terminal was closed. Under nohup that is no reason to stop.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handle)


def _say_critical(error: TapError) -> None:
    # For programs that run the tap: the words are for people, and may change.
    log_count("failures", type(error).__name__, 1)
    LOGGER.critical(error.words)
    for mistake in error.mistakes:
        LOGGER.critical("- %s", mistake)
