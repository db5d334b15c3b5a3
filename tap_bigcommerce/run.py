"""One run of the tap, from its options to its exit status."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tap_bigcommerce import discover, selection
from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config, read_config
from tap_bigcommerce.exceptions import CatalogError, ConfigError, Interrupted, TapError, TargetGone
from tap_bigcommerce.memory import collect_seldom, set_allocator
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.progress import log_count
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.schemas import load_schema
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import State, read_state
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.sync import sync
from tap_bigcommerce.walk_sync import Tools
from tap_bigcommerce.workers import Workers

LOGGER = logging.getLogger(__name__)

GONE_WITHIN = 4.5
"""Seconds from a signal to the end of the process, even if nobody reads the messages."""

FAILED = 1


@dataclass(frozen=True)
class Options:
    """What the command line says; files by name."""

    config: tuple[str, ...]
    discover: bool
    catalog: str | None
    state: str | None
    log_level: str


def run(options: Options, environment: Mapping[str, str]) -> int:
    """Do what the options say; returns the exit status. Every error ends here."""
    logging.getLogger().setLevel(options.log_level)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    set_allocator()
    collect_seldom()
    stop = Stop()
    _heed_signals(stop)
    try:
        if options.discover:
            return _discover(options, environment, stop)
        return _sync(options, environment, stop)
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


def _discover(options: Options, environment: Mapping[str, str], stop: Stop) -> int:
    if not options.config and not any(name.startswith("TAP_BIGCOMMERCE_") for name in environment):
        LOGGER.info("No settings were given: this is the catalog of all streams.")
        streams, config = list(STREAMS.values()), None
    else:
        config = _read_config(options, environment)
        workers = Workers(config.max_concurrency, stop)
        streams = discover.readable(_client(config, stop), workers)
        if not streams:
            raise ConfigError(
                "The token may read none of the streams. The warnings above name the permissions "
                "that its API account lacks."
            )
    json.dump(discover.catalog(streams, config), sys.stdout, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()
    return 0


def _sync(options: Options, environment: Mapping[str, str], stop: Stop) -> int:
    config = _read_config(options, environment)
    state = State(read_state(options.state) if options.state else None, config.store_hash)
    catalog = _read_catalog(options.catalog) if options.catalog else None
    selections = _selections(catalog, config)
    if not selections:
        raise CatalogError("The catalog selects no stream. Select some, or run without a catalog.")
    tools = Tools(
        config=config,
        client=_client(config, stop),
        workers=Workers(config.max_concurrency, stop),
        budget=Budget(config.max_buffered_mb * 1_000_000),
        state=state,
        # A descriptor of its own: whatever else prints to standard output would spoil it.
        messages=Messages(os.dup(sys.stdout.fileno())),
    )
    failures = sync(selections, tools)
    for error in failures.values():
        _say_critical(error)
    return FAILED if failures else 0


def _read_config(options: Options, environment: Mapping[str, str]) -> Config:
    read = read_config(options.config, environment)
    for warning in read.warnings:
        LOGGER.warning(warning)
    if read.from_environment:
        LOGGER.info("Settings from the environment: %s", ", ".join(read.from_environment))
    return read.config


def _client(config: Config, stop: Stop) -> Client:
    quota = Quota(share=config.quota_share, concurrency=config.max_concurrency, stop=stop)
    return Client(config, quota, stop)


def _read_catalog(name: str) -> list[dict[str, Any]]:
    try:
        catalog = json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CatalogError(f"The catalog file {name} cannot be read: {error}.") from error
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list) or not all(isinstance(entry, dict) for entry in streams):
        raise CatalogError(
            f'The catalog file {name} should hold {{"streams": [...]}}, as --discover writes it.'
        )
    return streams


def _selections(catalog: list[dict[str, Any]] | None, config: Config) -> dict[str, Selection]:
    """What is selected, by stream, in the order in which the tap reads."""
    found: dict[str, Selection] = {}
    entries = {entry.get("tap_stream_id") or entry.get("stream"): entry for entry in catalog or ()}
    for name in entries:
        if name not in STREAMS:
            LOGGER.warning("The catalog names a stream %r, which this tap does not have.", name)
    for name, stream in STREAMS.items():
        if catalog is None and name not in BY_DEFAULT:
            continue
        own = load_schema(name)
        if catalog is None:
            metadata = discover.own_metadata(stream, own, config)
            found[name] = selection.by_default(stream, own, metadata, config)
            continue
        entry = entries.get(name)
        chosen = selection.from_catalog(stream, own, entry, config) if entry is not None else None
        if entry is None or chosen is None:
            continue
        found[name] = chosen
        lacking = selection.missing_fields(own, entry["schema"])
        if lacking:
            LOGGER.info(
                "%s: the catalog lacks fields that this version knows: %s. Write it anew with "
                "--discover to get them.",
                name,
                ", ".join(lacking),
            )
    return found


def _heed_signals(stop: Stop) -> None:
    def handle(signum: int, frame: FrameType | None) -> None:
        stop.ask(signum)
        # A target that does not read would keep the last messages, and the process, for ever.
        deadline = threading.Timer(GONE_WITHIN, os._exit, (128 + signum,))
        deadline.daemon = True
        deadline.start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _say_critical(error: TapError) -> None:
    # For programs that run the tap: the words are for people, and may change.
    log_count("failures", type(error).__name__, 1)
    for line in error.words.splitlines():
        LOGGER.critical(line)
