"""The settings: reading and checking a config against ``settings.json``.

``settings.json`` is a JSON schema. Config files, environment variables, ``sample_config.json`` and
the tables in the documentation follow from it. ``Config`` holds the values that the tap works with.
"""

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
MELTANO_PREFIX = f"{ENVIRONMENT_PREFIX}_"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

MAX_NUMBER = 1_000_000_000_000
"""The upper bound of every number that has no other."""

MIN_TOKEN_LENGTH = 25
"""Characters. Tokens of BigCommerce have 31, store hashes about 10."""

Schema = Mapping[str, Any]
"""The JSON schema of one setting, or of an object of settings.

Besides the usual keywords it has `expected`, the description of a valid value for error messages,
and `secret`. `format` may be a key of PARSERS.
"""

SCHEMA: Schema = json.loads(resources.files(__package__).joinpath("settings.json").read_bytes())
SETTINGS: Mapping[str, Schema] = SCHEMA["properties"]
VARIABLES = {name: ENVIRONMENT_PREFIX + name.upper() for name in SETTINGS}


@dataclass(frozen=True)
class StreamSettings:
    """The settings of one stream; None: the setting for all streams applies."""

    start_date: datetime | None = None
    end_date: datetime | None = None
    replication_method: str | None = None
    lookback_seconds: int | None = None


@dataclass(frozen=True)
class Config:
    """The settings of a run, parsed and checked."""

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
    log_level: str = "INFO"
    log_format: str = "text"
    api_url: str = "https://api.bigcommerce.com"

    def for_stream(self, stream: str) -> StreamSettings:
        """The entry of `streams` for one stream."""
        return self.streams.get(stream, StreamSettings())

    def accepted_entries(self, stream: str) -> list[str]:
        """The entries of `accept_incomplete` for the stream or for single parents of it."""
        return [name for name in self.accept_incomplete if name.partition(":")[0] == stream]

    def accepts(self, stream: str, parent: object = None) -> bool:
        """Whether missing rows are accepted in the stream, or in its child list of one parent."""
        return stream in self.accept_incomplete or f"{stream}:{parent}" in self.accept_incomplete


def _require(condition: object) -> None:
    """Raise ValueError unless the condition is true."""
    if not condition:
        raise ValueError


def _string(value: Any, _: Schema) -> str:
    _require(isinstance(value, str))
    return str(value)


def _text(value: Any, schema: Schema) -> str:
    text = _string(value, schema).strip()
    _require(text.isprintable())
    return text


def _store_hash(value: Any, schema: Schema) -> str:
    text = _text(value, schema)
    name = re.sub(r".*?/stores/([^/]*)(/.*)?", r"\1", text)  # The API path is accepted, too.
    _require(re.fullmatch(r"[A-Za-z0-9]{1,32}", name))
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
    _require(isinstance(value, (int, float, str)) and not isinstance(value, bool))
    number = int(value) if "integer" in schema["type"] else float(value)
    _require(isinstance(value, str) or number == value)
    _require(schema.get("minimum", 0) <= number <= schema.get("maximum", MAX_NUMBER))
    _require(schema.get("exclusiveMinimum", -1) < number)
    return number


def _boolean(value: Any, _: Schema) -> bool:
    """A boolean, or its text, as environment variables have it."""
    texts = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = texts.get(value.strip().lower()) if isinstance(value, str) else value
    _require(isinstance(found, bool))
    return bool(found)


def _list(value: Any, schema: Schema) -> tuple[Any, ...]:
    """The entries of a list, of a comma-separated text, or of a JSON array in a text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = json.loads(value)
    kind = int if schema["items"]["type"] == "integer" else str
    entries = value if isinstance(value, list) else [value]
    _require(all(type(entry) in (str, kind) for entry in entries))
    parts = [part.strip() for entry in entries for part in str(entry).split(",")]
    pattern = schema["items"].get("pattern", "(?s).*")
    _require(all(re.fullmatch(pattern, part) for part in parts))
    found = dict.fromkeys(kind(part) for part in parts if part or kind is int)
    return tuple(sorted(found) if kind is int else found)


def _api_url(value: Any, schema: Schema) -> str:
    parts = re.fullmatch(ADDRESS, _text(value, schema), re.ASCII | re.IGNORECASE)
    if parts is None:
        raise ValueError
    scheme, host, port = parts["scheme"].lower(), parts["host"].lower(), parts["port"]
    name = host.strip("[]")
    if host != name or name.rpartition(".")[2].isdigit():
        name = str(ip_address(name))  # Raises ValueError.
    _require(scheme == "https" or name in LOOPBACK)
    _require(len(name) <= 253 and (port is None or 0 < int(port) < 65_536))
    return f"{scheme}://{f'[{name}]' if ':' in name else name}{f':{int(port)}' if port else ''}"


LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = rf"(?P<scheme>https?)://(?P<host>{LABEL}(\.{LABEL})*|\[[0-9a-f:.]+\])(:(?P<port>\d+))?/?"
"""A scheme, a host and a port only: any other part would be ignored or change the target."""


def _streams(value: Any, schema: Schema) -> dict[str, StreamSettings]:
    entries = json.loads(value) if isinstance(value, str) else value
    _require(isinstance(entries, dict))
    stream_schema = schema["additionalProperties"]
    known = stream_schema["properties"]
    found: dict[str, StreamSettings] = {}
    mistakes: list[str] = []
    for stream, raw in entries.items():
        if not isinstance(raw, dict):
            mistakes.append(f"streams.{stream} should be an object with {', '.join(known)}")
            continue
        for name in sorted(raw.keys() - known.keys()):
            mistakes.append(f"streams.{stream} has no setting {name!r}.{did_you_mean(name, known)}")
        values = _read_settings(stream_schema, raw, mistakes, f"streams.{stream}.")
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
    "boolean": _boolean,
    "array": _list,
    "object": _streams,
}
"""The parser of a setting, by its format or, if it has none, by its type."""


def parse_value(value: Any, schema: Schema) -> Any:
    """Parse and check the value of one setting.

    Raises ValueError, TypeError or OverflowError when the value is not valid.
    """
    found = PARSERS[schema.get("format", schema["type"][0])](value, schema)
    _require(found in schema.get("enum", [found]))
    _require(re.fullmatch(schema.get("pattern", "(?s).*"), str(found)))
    return found


LEGACY_SETTINGS = frozenset(
    {"username", "api_username", "api_key", "api_token", "legacy_token", "store_url", "api_path"}
)
LEGACY_ADVICE = (
    "These are the settings of a legacy API account ({names}), which BigCommerce no longer "
    "offers. Make a store-level API account (control panel: Settings > Store-level API accounts) "
    "with read-only permissions for Customers, Marketing, Orders and Products, and set store_hash "
    "and access_token."
)


NO_SETTINGS = (
    "There are no settings. Make a config from the credentials file of an API account: "
    "tap-bigcommerce --init credentials.txt --config config.json. Then run: tap-bigcommerce "
    f"--config config.json. Or set {ENVIRONMENT_PREFIX}STORE_HASH and {ENVIRONMENT_PREFIX}"
    "ACCESS_TOKEN."
)


def read_config(
    files: Iterable[str],
    environment: Mapping[str, str],
    secrets: Secrets,
    set_up_log: Callable[[Config], object],
) -> Config:
    """Read the settings from files and, for those that no file has, from the environment.

    Of several files the last one wins; the name "ENV" is ignored. The secrets among the settings
    are added to `secrets`. `set_up_log` is called with the config once it is known.
    Raises ConfigError with all mistakes.
    """
    raw = {name: environment[v] for name, v in VARIABLES.items() if environment.get(v)}
    from_files: dict[str, Any] = {}
    for name in files:
        if name != "ENV":
            values = _from_file(name)
            # An empty value does not hide that of another file, or of the environment.
            empty = {n for n, v in values.items() if v in ("", None) and n in {**raw, **from_files}}
            from_files.update((n, v) for n, v in values.items() if n not in empty)
    raw.update(from_files)
    secrets.add(_secrets_in(raw))
    try:
        if not raw:
            raise ConfigError(NO_SETTINGS)
        config = parse_config(raw)
        set_up_log(config)
    finally:
        # Also where a setting is missing: a misspelt name may be the reason.
        _warn_of_unknown_names(raw, environment)
    warn_of_future("start_date", config.start_date)
    for stream, own in config.streams.items():
        warn_of_future(f"streams.{stream}.start_date", own.start_date)
    used = [VARIABLES[name] for name in sorted(raw.keys() - from_files)]
    if used:
        LOGGER.info("Settings from the environment: %s", ", ".join(used))
    return config


def warn_of_future(name: str, start: datetime | None) -> None:
    """Warn of a start date in the future; `name` is that of the setting or the option."""
    if start is not None and start > datetime.now(timezone.utc):
        LOGGER.warning("%s is in the future: no record has been modified since then.", name)


def _warn_of_unknown_names(raw: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Warn of settings and environment variables that the tap does not have."""
    for name in sorted(raw.keys() - SETTINGS.keys()):
        similar = did_you_mean(name[:MAX_LENGTH], SETTINGS)
        LOGGER.warning(
            "There is no setting %s; it is ignored.%s", quoted(hide_tokens(name)), similar
        )
    for variable in sorted(environment.keys() - VARIABLES.values()):
        # Meltano's own variables have two underscores after the prefix.
        own = variable.upper().startswith(ENVIRONMENT_PREFIX)
        if own and not variable.upper().startswith(MELTANO_PREFIX):
            similar = did_you_mean(variable, VARIABLES.values())
            LOGGER.warning("There is no setting for %s; it is ignored.%s", variable, similar)


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Parse and check settings. Other names than those of settings are ignored.

    Raises ConfigError with all mistakes. Its messages have no value of a secret setting.

        >>> parse_config({"store_hash": "abc123", "access_token": "token"}).page_size
        250
    """
    mistakes: list[str] = []
    values = _read_settings(SCHEMA, raw, mistakes)
    _check_combinations(values, mistakes)
    legacy = sorted(LEGACY_SETTINGS & set(raw))
    if legacy and mistakes:
        mistakes.append(LEGACY_ADVICE.format(names=", ".join(legacy)))
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)
    return Config(**values)


def _read_settings(
    schema: Schema, raw: Mapping[str, Any], mistakes: list[str], prefix: str = ""
) -> dict[str, Any]:
    """Parse the settings in `raw`; messages about wrong values are appended to `mistakes`."""
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
        except ConfigError as error:  # From `streams`, which has several settings.
            mistakes += error.mistakes
        except (ValueError, TypeError, OverflowError):
            actual = "" if setting.get("secret") else actual_value(value, secrets)
            mistakes.append(f"{prefix}{name} should be {expected}{actual}")
    return values


def may_be_secret(value: Any, secrets: Iterable[str] = ()) -> bool:
    """Whether a wrong value could be a token, or a URL with a password, in the wrong setting."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    suspicious = len(text) > MAX_SHOWN_LENGTH or "@" in text or re.search(r"\w{16}", text)
    return bool(suspicious) or any(secret in text for secret in secrets)


def actual_value(value: Any, secrets: Iterable[str] = ()) -> str:
    """The end of a message about a wrong value: ", not 5", unless it may be a secret."""
    if may_be_secret(value, secrets):
        return "; its value is not shown, because it may be a secret"
    return f", not {json.dumps(value, default=str)}"


def hide_tokens(text: str) -> str:
    """Replace everything that may be a token which was pasted into the wrong setting."""
    return re.sub(rf"[A-Za-z0-9]{{{MIN_TOKEN_LENGTH},}}", HIDDEN, text)


MAX_SHOWN_LENGTH = 32
"""Characters: enough for a date."""

SECRET_NAME = re.compile(r"token|secret|passw|key|salt", re.IGNORECASE)
"""Matches names of settings with secret values, also of names that the tap does not know."""


def _secrets_in(raw: Mapping[str, Any]) -> list[str]:
    return [
        value.strip()
        for name, value in raw.items()
        if isinstance(value, str) and value.strip() and SECRET_NAME.search(name)
    ]


def _check_combinations(values: Mapping[str, Any], mistakes: list[str]) -> None:
    """Append a message to `mistakes` for each combination of settings that is not valid."""
    if values.get("activate_version") and values.get("store_hash_column"):
        mistakes.append(
            "activate_version cannot be set together with store_hash_column: ACTIVATE_VERSION "
            "would also remove the rows of other stores in a table. Leave activate_version off; "
            "detect_deletes alone reports deleted records by their ids"
        )
    store_hash, token = values.get("store_hash", ""), values.get("access_token", "")
    if len(store_hash) >= MIN_TOKEN_LENGTH > len(token) > 0:
        mistakes.append(
            "store_hash and access_token seem to be swapped: the hash is the short one. Neither "
            "is shown"
        )
    if values.get("hash_fields") and not values.get("hash_salt"):
        mistakes.append("hash_fields needs hash_salt: any text that is secret and never changes")
    for stream, settings in values.get("streams", {}).items():
        start, end = settings.start_date or values.get("start_date"), settings.end_date
        if start is not None and end is not None and start > end:
            mistakes.append(f"streams.{stream}: start_date is after end_date")


def _from_file(name: str) -> dict[str, Any]:
    values = read_input_file("config", name, ConfigError)
    if values is None:
        raise ConfigError(f"The config file {name} is empty. Did --init fail?")
    if not isinstance(values, dict):
        raise ConfigError(
            f'The config file {name} should hold one JSON object, such as {{"store_hash": ...}}.'
        )
    return values
