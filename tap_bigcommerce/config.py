"""The settings: each declared once, with its name, type, default and what it is for.

``Config`` is the declaration. Reading a config file, the environment, ``sample_config.json`` and
the tables in the documentation all follow from its fields.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any

from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.display import MOST, Secrets, quoted
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import Unusable, read_json
from tap_bigcommerce.rules import nearest

LOGGER = logging.getLogger(__name__)

ENVIRONMENT_PREFIX = "TAP_BIGCOMMERCE_"
FROM_ENVIRONMENT = "ENV"
"""Given in place of a config file: take the settings from the environment alone."""

LONGEST_LOOKBACK = 366 * 24 * 60 * 60
"""Seconds: a year. Whoever wants more wants replication-method FULL_TABLE."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")

UNBOUNDED = 1_000_000_000_000
"""More than this is no number of anything here, and too much to reckon with."""

SHORTEST_TOKEN = 25
"""Characters. Those of BigCommerce have 31, the hash of a store some 10."""


@dataclass(frozen=True)
class Kind:
    """What a setting's value may be: how it is read, and how that is said to a person.

    `schema` is what JSON schema can say of it beside its type.
    """

    expected: str
    read: Callable[[Any], Any]
    json_type: str = "string"
    schema: Mapping[str, Any] = field(default_factory=dict)


def _must(holds: object) -> None:
    """Raises ValueError where a value is not as it should be."""
    if not holds:
        raise ValueError


def _secret_text(value: Any) -> str:
    _must(isinstance(value, str))
    return str(value)


def _text(value: Any) -> str:
    text = _secret_text(value).strip()
    _must(text.isprintable())
    return text


def _header_text(value: Any) -> str:
    _must(_text(value).isascii())
    return _text(value)


def _store_hash(value: Any) -> str:
    text = _text(value)
    inside_path = re.search(r"/stores/([^/]*)(?:/|$)", text)
    name = inside_path.group(1) if inside_path else text
    _must(re.fullmatch(r"[A-Za-z0-9]{1,32}", name))
    return name


def _instant(value: Any) -> datetime:
    text = _text(value)
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if american:
        month, day, year = map(int, american.groups())
        return datetime(year, month, day, tzinfo=timezone.utc)
    instant = parse_instant(text)
    if instant is None:
        raise ValueError
    return instant


def _whole_number(least: int, most: int | None = None) -> Kind:
    def read(value: Any) -> int:
        number = int(value)
        _must(not isinstance(value, bool) and (isinstance(value, str) or number == value))
        _must(least <= number <= (most or UNBOUNDED))
        return number

    if most is None:
        return Kind(f"a whole number, {least} or more", read, "integer", {"minimum": least})
    bounds = {"minimum": least, "maximum": most}
    return Kind(f"a whole number, {least} to {most}", read, "integer", bounds)


def _number(expected: str, fits: Callable[[float], bool], **schema: float) -> Kind:
    def read(value: Any) -> float:
        _must(isinstance(value, (int, float, str)) and not isinstance(value, bool))
        number = float(value)
        _must(fits(number))
        return number

    return Kind(expected, read, "number", schema)


def _yes_or_no(value: Any) -> bool:
    """A text, too: that is all that the environment has."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    wish = known.get(value.strip().lower()) if isinstance(value, str) else value
    _must(isinstance(wish, bool))
    return bool(wish)


def _list(value: Any, kind: type = str) -> list[Any]:
    """The entries of a list, or of a text with commas. An environment may hold a list as JSON."""
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
    _must(isinstance(value, list) and all(type(entry) in (str, kind) for entry in value))
    return [entry.strip() if isinstance(entry, str) else entry for entry in value]


def _ids(value: Any) -> tuple[int, ...]:
    entries = [value] if type(value) is int else _list(value, int)
    return tuple(sorted(set(map(int, entries))))


def _rules(value: Any) -> tuple[str, ...]:
    rules = (rule.strip() for entry in _list(value) for rule in entry.split(","))
    return tuple(filter(None, rules))


def _names(value: Any) -> tuple[str, ...]:
    names = _list(value)
    _must(all(re.fullmatch(r"[a-z0-9_]+(:[^:,\s]+)?", name) for name in names))
    return tuple(dict.fromkeys(names))


def _one_of(*choices: str) -> Kind:
    def read(value: Any) -> str:
        _must(value in choices)
        return str(value)

    return Kind("one of " + ", ".join(choices), read, schema={"enum": list(choices)})


def _api_url(value: Any) -> str:
    parts = re.fullmatch(ADDRESS, _text(value), re.ASCII | re.IGNORECASE)
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


def _streams(value: Any) -> tuple[StreamSettings, ...]:
    given = json.loads(value) if isinstance(value, str) else value
    _must(isinstance(given, dict))
    known = [setting.name for setting in declarations(StreamSettings)]
    found: list[StreamSettings] = []
    mistakes: list[str] = []
    for stream, own in given.items():
        if not isinstance(own, dict):
            mistakes.append(f"streams.{stream} should be an object with {', '.join(known)}")
            continue
        for name in own:
            if name not in known:
                mistakes.append(f"streams.{stream} has no setting {name!r}.{nearest(name, known)}")
        values = _read_settings(StreamSettings, own, mistakes, f"streams.{stream}.")
        found.append(StreamSettings(stream, **values))
    if mistakes:
        raise ConfigError("", mistakes)
    return tuple(found)


TEXT = Kind("a text of printable characters", _text)
HEADER_TEXT = Kind("a text of plain letters, digits and signs, without line breaks", _header_text)
SECRET_TEXT = Kind("a text", _secret_text)
STORE_HASH = Kind(
    "the store's hash, 1 to 32 letters and digits, or the API path that holds it "
    "(https://api.bigcommerce.com/stores/STORE_HASH/v3/)",
    _store_hash,
)
INSTANT = Kind("a date: 2024-01-31, 2024-01-31T08:00:00Z or 01/31/2024", _instant)
LOOKBACK = _whole_number(0, LONGEST_LOOKBACK)
SECONDS = _number("a number of seconds above 0", lambda seconds: 0 < seconds < 86_400)
SHARE = _number("a number from 0.01 to 1", lambda n: 0.01 <= n <= 1, minimum=0.01, maximum=1)
HOURS = _number("a number of hours, 0 or more", lambda hours: 0 <= hours <= 100_000, minimum=0)
YES_OR_NO = Kind("true or false", _yes_or_no, "boolean")
CHANNELS = Kind(
    "a list of channel ids: [1, 2] or 1,2", _ids, "array", {"items": {"type": "integer"}}
)
RULES = Kind(
    'a list of rules, or a text with commas: "orders.*, !orders.ip_address"',
    _rules,
    "array",
    {"items": {"type": "string"}},
)
STREAM_NAMES = Kind(
    'a list of streams, or of single parents of them: ["products", "order_transactions:103"]',
    _names,
    "array",
    {"items": {"type": "string"}},
)
STREAMS = Kind(
    'an object: {"orders": {"start_date": "2024-01-01", "lookback_seconds": 600}}',
    _streams,
    "object",
)
API_URL = Kind(
    "an https:// address (http:// only for this machine itself): host and port, nothing else",
    _api_url,
    schema={"format": "uri"},
)


def _setting(
    kind: Kind,
    description: str = "",
    *,
    default: Any = None,
    secret: bool = False,
    example: Any = None,
) -> Any:
    """A setting's declaration. One whose default is MISSING is required."""
    metadata = {"kind": kind, "description": description, "secret": secret, "example": example}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class StreamSettings:
    """What the settings say of one stream; None: as for all."""

    stream: str
    start_date: datetime | None = _setting(INSTANT)
    end_date: datetime | None = _setting(INSTANT)
    replication_method: str | None = _setting(_one_of("FULL_TABLE", "INCREMENTAL"))
    lookback_seconds: int | None = _setting(LOOKBACK)


@dataclass(frozen=True)
class Config:
    """The settings of one store's extraction."""

    store_hash: str = _setting(
        STORE_HASH,
        "The store's hash: the part of its API path after /stores/. The whole path may be "
        "pasted, too.",
        default=MISSING,
        example="abc123",
    )
    access_token: str = _setting(
        HEADER_TEXT,
        "The access token of a store-level API account (control panel: Settings, API accounts).",
        default=MISSING,
        secret=True,
        example="the token of your API account",
    )
    client_id: str | None = _setting(
        TEXT, "The client id of the API account. Accepted, but not needed."
    )
    start_date: datetime | None = _setting(
        INSTANT,
        "Incremental streams are read from here on when there is no bookmark yet. Without it, "
        "everything is read. Products are read whole the first time, whatever it says.",
        example="2024-01-01T00:00:00Z",
    )
    select: tuple[str, ...] = _setting(
        RULES,
        "What is read: rules such as orders.*, orders.products.sku, !**.*email* or !personal. "
        "Default: what the catalog selects; without one, coupons, customers, orders and products.",
        default=(),
    )
    hash_fields: tuple[str, ...] = _setting(
        RULES,
        "Fields whose values go out as pseudonyms: rules as for select. Needs hash_salt.",
        default=(),
    )
    hash_salt: str | None = _setting(
        SECRET_TEXT,
        "The secret that the pseudonyms of hash_fields depend on: any text, always the same. Who "
        "knows it can find out which pseudonym stands for a value.",
        secret=True,
    )
    streams: tuple[StreamSettings, ...] = _setting(
        STREAMS,
        "Settings of single streams, by their names: start_date, end_date, replication_method "
        "(FULL_TABLE or INCREMENTAL) and lookback_seconds, which count before those for all and "
        "before the catalog.",
        default=(),
    )
    user_agent: str | None = _setting(
        HEADER_TEXT, "How the tap names itself to the API. Default: its name and version."
    )
    request_timeout: float = _setting(
        SECONDS, "How long to wait for an answer to a request, in seconds.", default=120.0
    )
    page_size: int = _setting(
        _whole_number(1, 250),
        "The most records to ask for in one request. The tap lowers it by itself where the API "
        "cannot answer that many.",
        default=250,
    )
    lookback_seconds: int = _setting(
        LOOKBACK,
        "How far before its bookmark an incremental stream is read again, in seconds.",
        default=60,
    )
    order_details: str = _setting(
        _one_of("embedded", "per_order"),
        "Where an order's line items and addresses come from: 'embedded' in the list of orders, "
        "250 orders a request; or 'per_order' from lists of their own, two more requests an "
        "order.",
        default="embedded",
    )
    order_coupons: str = _setting(
        _one_of("auto", "always", "never"),
        "When to ask for the coupons of an order, which costs a request of its own: 'auto' when "
        "something in the order hints at a coupon, 'always', or 'never' (then orders have no "
        "field 'coupons').",
        default="auto",
    )
    max_attempts: int = _setting(
        _whole_number(1),
        "How often a request is tried before its stream fails. Used together with "
        "max_retry_seconds: the later of the two counts.",
        default=8,
    )
    max_retry_seconds: int = _setting(
        _whole_number(0),
        "How long a request is tried again before its stream fails, in seconds.",
        default=600,
    )
    max_buffered_mb: int = _setting(
        _whole_number(1),
        "How many megabytes of answers may be under way or wait to be written.",
        default=32,
    )
    max_answer_mb: int = _setting(
        _whole_number(1),
        "The most megabytes, unpacked, that one answer may have. Of a larger one the tap asks for "
        "fewer records.",
        default=64,
    )
    channel_ids: tuple[int, ...] = _setting(
        CHANNELS,
        "Read only what belongs to these channels: a list of ids, or one text with commas. Streams "
        "that know no channel are read whole. Default: all channels.",
        default=(),
    )
    accept_incomplete: tuple[str, ...] = _setting(
        STREAM_NAMES,
        "Streams whose lists have more records than they show, and are read all the same: a list "
        'of names, or one text with commas. "order_transactions:103" is the list of order 103 '
        "alone. Each sync warns of what is missing, and reports nothing of them as deleted.",
        default=(),
    )
    max_concurrency: int = _setting(
        _whole_number(1, 64), "How many requests may be under way at once.", default=8
    )
    quota_share: float = _setting(
        SHARE,
        "Which share of the store's request quota the tap may use, from 0.01 to 1. The rest stays "
        "free for the store's other apps.",
        default=0.9,
    )
    detect_deletes: bool = _setting(
        YES_OR_NO,
        "Whether to tell what is deleted in the store: the field _sdc_deleted_at says since when a "
        "record is gone. Needs pip install 'tap-bigcommerce[deletes]'.",
        default=False,
    )
    deletes_every: float = _setting(
        HOURS,
        "How often the ids of a stream are compared with those written before, in hours. 0: in "
        "every sync.",
        default=24.0,
    )
    deletes_state_limit: int = _setting(
        _whole_number(0),
        "The largest set of ids that a stream may keep in the state, in KB. A million ids take "
        "less than 1 KB without holes between them, and 100 KB where a tenth is missing.",
        default=256,
    )
    deletes_path: str | None = _setting(
        TEXT,
        "A folder for sets of ids that are larger, of this pipeline alone. It has to be there in "
        "every run, as the state has.",
    )
    deletes_limit: float = _setting(
        SHARE,
        "The largest share of a stream that one sync may report as deleted, from 0.01 to 1. More "
        "than that is more likely a lost permission, and stops the stream with an error.",
        default=0.2,
    )
    activate_version: bool = _setting(
        YES_OR_NO,
        "Whether streams that are read whole carry a version and end with ACTIVATE_VERSION, at "
        "which a target removes or marks the rows of older versions. With detect_deletes, streams "
        "without a set of ids are read whole for it as often as deletes_every says. Not together "
        "with store_hash_column.",
        default=False,
    )
    store_hash_column: bool = _setting(
        YES_OR_NO,
        "Whether every record has the store's hash, in a column store_hash that is the first of "
        "its key: for tables that hold several stores. Decide it before the first sync.",
        default=False,
    )
    api_url: str = _setting(
        API_URL,
        "Where the API is. Change it only to try the tap against a store of your own making.",
        default="https://api.bigcommerce.com",
    )

    def accepted_of(self, stream: str) -> list[str]:
        """The entries of `accept_incomplete` about the stream, or its list of single parents."""
        return [name for name in self.accept_incomplete if name.partition(":")[0] == stream]

    def accepts(self, stream: str, parent: object = None) -> bool:
        """Whether the stream, or its list of one parent's rows, may lack rows."""
        return stream in self.accept_incomplete or f"{stream}:{parent}" in self.accept_incomplete


def of_stream(config: Config | None, stream: str) -> StreamSettings:
    """The settings of one stream."""
    settings = config.streams if config is not None else ()
    return next((own for own in settings if own.stream == stream), StreamSettings(stream))


def declarations(of: type[Config] | type[StreamSettings] = Config) -> list[Field[Any]]:
    """Every setting's declaration, in the order in which people read them."""
    return [setting for setting in fields(of) if setting.metadata]


def is_required(setting: Field[Any]) -> bool:
    return setting.default is MISSING


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
    variables = {one.name: ENVIRONMENT_PREFIX + one.name.upper() for one in declarations()}
    found = {name: environment.get(variable) for name, variable in variables.items()}
    from_files: dict[str, Any] = {}
    for name in given:
        if name != FROM_ENVIRONMENT:
            from_files.update(_from_file(name))
    raw = {**{name: value for name, value in found.items() if value}, **from_files}
    secrets.learn(_secrets_in(raw))
    config, warnings = parse_config(raw)
    for warning in warnings:
        LOGGER.warning(warning)
    filled_in = sorted(variables[name] for name in raw if name not in from_files)
    if filled_in:
        LOGGER.info("Settings from the environment: %s", ", ".join(filled_in))
    return config


def parse_config(raw: Mapping[str, Any]) -> tuple[Config, tuple[str, ...]]:
    """A Config from plain values, and warnings about settings that do not exist.

    Raises ConfigError with every mistake at once; no value of a secret setting is in its words.
    """
    mistakes: list[str] = []
    values = _read_settings(Config, raw, mistakes)
    _note_conflicts(values, mistakes)
    legacy = sorted(LEGACY_SETTINGS & set(raw))
    if legacy and mistakes:
        mistakes.append(LEGACY_ADVICE.format(names=", ".join(legacy)))
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)
    known = [setting.name for setting in declarations()]
    return Config(**values), tuple(_unknown(name, known) for name in raw if name not in known)


def _read_settings(
    of: type[Config] | type[StreamSettings],
    raw: Mapping[str, Any],
    mistakes: list[str],
    where: str = "",
) -> dict[str, Any]:
    """The values of the settings that are given in `raw`; `mistakes` takes what is wrong."""
    values: dict[str, Any] = {}
    secrets = _secrets_in(raw)
    for setting in declarations(of):
        name, value, expected = (
            setting.name,
            raw.get(setting.name),
            setting.metadata["kind"].expected,
        )
        if value is None or value == "":
            if is_required(setting):
                mistakes.append(f"{name} is missing: {expected}")
            continue
        try:
            values[name] = setting.metadata["kind"].read(value)
        except ConfigError as error:  # It has settings in it.
            mistakes += error.mistakes
        except (ValueError, TypeError, OverflowError):
            given = "" if setting.metadata["secret"] else echo(value, secrets)
            mistakes.append(f"{where}{name} should be {expected}{given}")
    return values


def may_be_secret(value: Any, secrets: Iterable[str] = ()) -> bool:
    """Whether a wrong value may be a token, or an address with a password, in the wrong place."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    looks_so = len(text) > LONGEST_ECHO or "@" in text or re.search(r"\w{16}", text)
    return bool(looks_so) or any(secret in text for secret in secrets)


def echo(value: Any, secrets: Iterable[str] = ()) -> str:
    """The end of a sentence about a value that should be another one."""
    if may_be_secret(value, secrets):
        return "; its value is not shown, for it may be a secret"
    return f", not {json.dumps(value, default=str)}"


LONGEST_ECHO = 32
"""Characters: as many as a date has."""

TELLING = re.compile(r"token|secret|passw|key|salt", re.IGNORECASE)
"""What the names of settings have whose values nobody may see, also of those that are not ours."""


def _secrets_in(raw: Mapping[str, Any]) -> list[str]:
    own = {setting.name for setting in declarations() if setting.metadata["secret"]}
    return [
        value.strip()
        for name, value in raw.items()
        if isinstance(value, str) and value.strip() and (name in own or TELLING.search(name))
    ]


def sample_config() -> dict[str, Any]:
    """What ``sample_config.json`` holds: the settings that a first sync needs."""
    examples = {setting.name: setting.metadata["example"] for setting in declarations()}
    return {name: example for name, example in examples.items() if example is not None}


def _note_conflicts(values: Mapping[str, Any], mistakes: list[str]) -> None:
    """What cannot be set together."""
    if values.get("activate_version") and values.get("store_hash_column"):
        mistakes.append(
            "activate_version cannot be set together with store_hash_column: ACTIVATE_VERSION "
            "would also end the rows of the other stores in a table. Leave activate_version off; "
            "detect_deletes alone tells what is deleted by the ids of records"
        )
    store_hash, token = values.get("store_hash", ""), values.get("access_token", "")
    if len(store_hash) >= SHORTEST_TOKEN > len(token) > 0:
        mistakes.append(
            "store_hash and access_token seem to be exchanged: the hash is the short one. Neither "
            "is shown"
        )
    if values.get("hash_fields") and not values.get("hash_salt"):
        mistakes.append(
            "hash_fields needs hash_salt: any text that is kept secret, and stays the same"
        )
    for own in values.get("streams", ()):
        start = own.start_date or values.get("start_date")
        if start is not None and own.end_date is not None and start > own.end_date:
            mistakes.append(f"streams.{own.stream}: start_date lies behind end_date")


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"There is no setting {quoted(name)}; it is ignored.{nearest(name[:MOST], known)}"


def _from_file(name: str) -> dict[str, Any]:
    try:
        values = read_json(name)
    except Unusable as error:
        raise ConfigError(f"The config file {name} cannot be read: {error}.") from error
    if values is None:
        raise ConfigError(f"The config file {name} is empty. Has --init failed to write it?")
    if not isinstance(values, dict):
        raise ConfigError(
            f'The config file {name} should hold one JSON object, such as {{"store_hash": ...}}.'
        )
    return values
