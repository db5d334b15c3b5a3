"""The settings: ``settings.json`` says what each may be and what it is for.

It is a JSON schema. Reading a config file, the environment, ``sample_config.json`` and the tables
in the documentation all follow from it; ``Config`` is what the tap itself sees of them.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import resources
from ipaddress import ip_address
from typing import Any

from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import read_input_file
from tap_bigcommerce.text import HIDDEN, MAX_LENGTH, Secrets, did_you_mean, quoted

LOGGER = logging.getLogger(__name__)

ENVIRONMENT_PREFIX = "TAP_BIGCOMMERCE_"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

MAX_NUMBER = 1_000_000_000_000
"""More than this is no number of anything here, and too much to reckon with."""

MIN_TOKEN_LENGTH = 25
"""Characters. Those of BigCommerce have 31, the hash of a store some 10."""


Schema = Mapping[str, Any]
"""What settings.json says of one setting, or of several: a JSON schema.

Its `expected` is said to a person, `secret` is hidden from one, and `format` may be one of PARSERS.
"""

SCHEMA: Schema = json.loads(resources.files(__package__).joinpath("settings.json").read_bytes())
SETTINGS: Mapping[str, Schema] = SCHEMA["properties"]


@dataclass(frozen=True)
class StreamSettings:
    """What the settings say of one stream; None: as for all."""

    start_date: datetime | None = None
    end_date: datetime | None = None
    replication_method: str | None = None
    lookback_seconds: int | None = None


@dataclass(frozen=True)
class Config:
    """The settings of one store's extraction."""

    store_hash: str
    access_token: str
    client_id: str | None = None
    start_date: datetime | None = None
    select: tuple[str, ...] = ()
    hash_fields: tuple[str, ...] = ()
    hash_salt: str | None = None
    streams: Mapping[str, StreamSettings] = field(default_factory=dict)
    user_agent: str | None = None
    request_timeout: float = 120.0
    page_size: int = 250
    lookback_seconds: int = 60
    order_details: str = "embedded"
    order_coupons: str = "auto"
    max_attempts: int = 8
    max_retry_seconds: int = 600
    max_buffered_mb: int = 32
    max_answer_mb: int = 64
    channel_ids: tuple[int, ...] = ()
    accept_incomplete: tuple[str, ...] = ()
    max_concurrency: int = 8
    quota_share: float = 0.9
    detect_deletes: bool = False
    deletes_every: float = 24.0
    deletes_state_limit: int = 256
    deletes_path: str | None = None
    deletes_limit: float = 0.2
    activate_version: bool = False
    store_hash_column: bool = False
    api_url: str = "https://api.bigcommerce.com"

    def for_stream(self, stream: str) -> StreamSettings:
        """The settings of one stream."""
        return self.streams.get(stream, StreamSettings())

    def accepted_entries(self, stream: str) -> list[str]:
        """The entries of `accept_incomplete` about the stream, or its list of single parents."""
        return [name for name in self.accept_incomplete if name.partition(":")[0] == stream]

    def accepts(self, stream: str, parent: object = None) -> bool:
        """Whether the stream, or its list of one parent's rows, may lack rows."""
        return stream in self.accept_incomplete or f"{stream}:{parent}" in self.accept_incomplete


def _must(holds: object) -> None:
    """Raises ValueError where a value is not as it should be."""
    if not holds:
        raise ValueError


def _string(value: Any, _: Schema) -> str:
    _must(isinstance(value, str))
    return str(value)


def _text(value: Any, schema: Schema) -> str:
    text = _string(value, schema).strip()
    _must(text.isprintable())
    return text


def _store_hash(value: Any, schema: Schema) -> str:
    text = _text(value, schema)
    name = re.sub(r".*?/stores/([^/]*)(/.*)?", r"\1", text)  # It may stand in a path.
    _must(re.fullmatch(r"[A-Za-z0-9]{1,32}", name))
    return name


def _instant(value: Any, schema: Schema) -> datetime:
    text = _text(value, schema)
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=timezone.utc)
    instant = parse_instant(text)
    if instant is None:
        raise ValueError
    return instant


def _number(value: Any, schema: Schema) -> float:
    _must(isinstance(value, (int, float, str)) and not isinstance(value, bool))
    number = int(value) if "integer" in schema["type"] else float(value)
    _must(isinstance(value, str) or number == value)
    _must(schema.get("minimum", 0) <= number <= schema.get("maximum", MAX_NUMBER))
    _must(schema.get("exclusiveMinimum", -1) < number)
    return number


def _yes_or_no(value: Any, _: Schema) -> bool:
    """A text, too: that is all that the environment has."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = known.get(value.strip().lower()) if isinstance(value, str) else value
    _must(isinstance(found, bool))
    return bool(found)


def _list(value: Any, schema: Schema) -> tuple[Any, ...]:
    """The entries of a list, or of a text with commas. An environment may hold a list as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = json.loads(value)
    kind = int if schema["items"]["type"] == "integer" else str
    entries = value if isinstance(value, list) else [value]
    _must(all(type(entry) in (str, kind) for entry in entries))
    parts = [part.strip() for entry in entries for part in str(entry).split(",")]
    pattern = schema["items"].get("pattern", "(?s).*")
    _must(all(re.fullmatch(pattern, part) for part in parts))
    found = dict.fromkeys(kind(part) for part in parts if part or kind is int)
    return tuple(sorted(found) if kind is int else found)


def _api_url(value: Any, schema: Schema) -> str:
    parts = re.fullmatch(ADDRESS, _text(value, schema), re.ASCII | re.IGNORECASE)
    if parts is None:
        raise ValueError
    scheme, host, port = parts["scheme"].lower(), parts["host"].lower(), parts["port"]
    bare = host.strip("[]")
    if host != bare or bare.rpartition(".")[2].isdigit():
        bare = str(ip_address(bare))  # Raises ValueError.
    _must(scheme == "https" or bare in LOOPBACK)
    _must(len(bare) <= 253 and (port is None or 0 < int(port) < 65_536))
    return f"{scheme}://{f'[{bare}]' if ':' in bare else bare}{f':{int(port)}' if port else ''}"


LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = rf"(?P<scheme>https?)://(?P<host>{LABEL}(\.{LABEL})*|\[[0-9a-f:.]+\])(:(?P<port>\d+))?/?"
"""Nothing but a host and a port: each other part of an address would be lost, or lead elsewhere."""


def _streams(value: Any, schema: Schema) -> dict[str, StreamSettings]:
    given = json.loads(value) if isinstance(value, str) else value
    _must(isinstance(given, dict))
    of_one = schema["additionalProperties"]
    known = of_one["properties"]
    found: dict[str, StreamSettings] = {}
    mistakes: list[str] = []
    for stream, own in given.items():
        if not isinstance(own, dict):
            mistakes.append(f"streams.{stream} should be an object with {', '.join(known)}")
            continue
        for name in own:
            if name not in known:
                mistakes.append(
                    f"streams.{stream} has no setting {name!r}.{did_you_mean(name, known)}"
                )
        values = _read_settings(of_one, own, mistakes, f"streams.{stream}.")
        found[stream] = StreamSettings(**values)
    if mistakes:
        raise ConfigError("", mistakes)
    return found


PARSERS: dict[str, Callable[[Any, Schema], Any]] = {
    "text": _text,
    "store-hash": _store_hash,
    "instant": _instant,
    "uri": _api_url,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _yes_or_no,
    "array": _list,
    "object": _streams,
}
"""What reads a value: by the format of its setting or, where it has none, by its type."""


def parse_value(value: Any, schema: Schema) -> Any:
    """The value of a setting. Raises ValueError, TypeError or OverflowError where it is none."""
    found = PARSERS[schema.get("format", schema["type"][0])](value, schema)
    _must(found in schema.get("enum", [found]))
    _must(re.fullmatch(schema.get("pattern", "(?s).*"), str(found)))
    return found


LEGACY_SETTINGS = frozenset(
    {"username", "api_username", "api_key", "api_token", "legacy_token", "store_url", "api_path"}
)
LEGACY_ADVICE = (
    "These are the settings of a legacy API account ({names}), which BigCommerce no longer "
    "offers. Make a store-level API account (control panel: Settings, API accounts, Create API "
    "account) with read-only permissions for Customers, Marketing, Orders and Products, and set "
    "store_hash and access_token."
)


def read_config(given: Iterable[str], environment: Mapping[str, str], secrets: Secrets) -> Config:
    """The settings from the files named in `given`, and from `environment` what they leave open.

    Of several files the last wins. `secrets` learns what must not be shown. Raises ConfigError with
    every mistake that was found.
    """
    variables = {name: ENVIRONMENT_PREFIX + name.upper() for name in SETTINGS}
    raw = {name: environment[v] for name, v in variables.items() if environment.get(v)}
    from_files: dict[str, Any] = {}
    for name in given:
        if name != "ENV":  # It stands for the environment alone.
            from_files.update(_from_file(name))
    raw.update(from_files)
    secrets.add(_secrets_in(raw))
    config = parse_config(raw)
    filled_in = [variables[name] for name in sorted(raw.keys() - from_files)]
    if filled_in:
        LOGGER.info("Settings from the environment: %s", ", ".join(filled_in))
    return config


def parse_config(raw: Mapping[str, Any]) -> Config:
    """A Config from plain values, with a warning for each setting that does not exist.

    Raises ConfigError with every mistake at once; no value of a secret setting is in its words.
    """
    mistakes: list[str] = []
    values = _read_settings(SCHEMA, raw, mistakes)
    _note_conflicts(values, mistakes)
    legacy = sorted(LEGACY_SETTINGS & set(raw))
    if legacy and mistakes:
        mistakes.append(LEGACY_ADVICE.format(names=", ".join(legacy)))
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)
    for name in raw:
        if name not in SETTINGS:
            shown, near = quoted(hide_tokens(name)), did_you_mean(name[:MAX_LENGTH], SETTINGS)
            LOGGER.warning("There is no setting %s; it is ignored.%s", shown, near)
    return Config(**values)


def _read_settings(
    schema: Schema, raw: Mapping[str, Any], mistakes: list[str], where: str = ""
) -> dict[str, Any]:
    """The values of the settings that are given in `raw`; `mistakes` takes what is wrong."""
    values: dict[str, Any] = {}
    secrets = _secrets_in(raw)
    for name, setting in schema["properties"].items():
        value, expected = raw.get(name), setting["expected"]
        if value is None or value == "":
            if name in schema.get("required", ()):
                mistakes.append(f"{name} is missing: {expected}")
            continue
        try:
            values[name] = parse_value(value, setting)
        except ConfigError as error:  # It has settings in it.
            mistakes += error.mistakes
        except (ValueError, TypeError, OverflowError):
            given = "" if setting.get("secret") else actual_value(value, secrets)
            mistakes.append(f"{where}{name} should be {expected}{given}")
    return values


def may_be_secret(value: Any, secrets: Iterable[str] = ()) -> bool:
    """Whether a wrong value may be a token, or an address with a password, in the wrong place."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    looks_so = len(text) > MAX_SHOWN_LENGTH or "@" in text or re.search(r"\w{16}", text)
    return bool(looks_so) or any(secret in text for secret in secrets)


def actual_value(value: Any, secrets: Iterable[str] = ()) -> str:
    """The end of a sentence about a value that should be another one."""
    if may_be_secret(value, secrets):
        return "; its value is not shown, for it may be a secret"
    return f", not {json.dumps(value, default=str)}"


def hide_tokens(text: str) -> str:
    """A text about settings, in which a token may stand that was pasted in a wrong place."""
    return re.sub(rf"[A-Za-z0-9]{{{MIN_TOKEN_LENGTH},}}", HIDDEN, text)


MAX_SHOWN_LENGTH = 32
"""Characters: as many as a date has."""

SECRET_NAME = re.compile(r"token|secret|passw|key|salt", re.IGNORECASE)
"""What the names of settings have whose values nobody may see, also of those that are not ours."""


def _secrets_in(raw: Mapping[str, Any]) -> list[str]:
    return [
        value.strip()
        for name, value in raw.items()
        if isinstance(value, str) and value.strip() and SECRET_NAME.search(name)
    ]


def sample_config() -> dict[str, Any]:
    """What ``sample_config.json`` holds: the settings that a first sync needs."""
    return {
        name: setting["examples"][0] for name, setting in SETTINGS.items() if "examples" in setting
    }


def _note_conflicts(values: Mapping[str, Any], mistakes: list[str]) -> None:
    """What cannot be set together."""
    if values.get("activate_version") and values.get("store_hash_column"):
        mistakes.append(
            "activate_version cannot be set together with store_hash_column: ACTIVATE_VERSION "
            "would also end the rows of the other stores in a table. Leave activate_version off; "
            "detect_deletes alone tells what is deleted by the ids of records"
        )
    store_hash, token = values.get("store_hash", ""), values.get("access_token", "")
    if len(store_hash) >= MIN_TOKEN_LENGTH > len(token) > 0:
        mistakes.append(
            "store_hash and access_token seem to be exchanged: the hash is the short one. Neither "
            "is shown"
        )
    if values.get("hash_fields") and not values.get("hash_salt"):
        mistakes.append(
            "hash_fields needs hash_salt: any text that is kept secret, and stays the same"
        )
    for stream, own in values.get("streams", {}).items():
        start = own.start_date or values.get("start_date")
        if start is not None and own.end_date is not None and start > own.end_date:
            mistakes.append(f"streams.{stream}: start_date lies behind end_date")


def _from_file(name: str) -> dict[str, Any]:
    values = read_input_file("config", name, ConfigError)
    if values is None:
        raise ConfigError(f"The config file {name} is empty. Has --init failed to write it?")
    if not isinstance(values, dict):
        raise ConfigError(
            f'The config file {name} should hold one JSON object, such as {{"store_hash": ...}}.'
        )
    return values
