"""From the credentials file of a new API account to a config.

The control panel hands out a text file once, with the account's client id and secret, its access
token and API path. Only the last two are needed; the client id says which account it is.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from tap_bigcommerce.config import API_URL, HEADER_TEXT, INSTANT, STORE_HASH, Config, echo
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import Unusable, read_file, text_of, writable, write_whole

STANDARD_INPUT = "-"

TOKEN, PATH, CLIENT_ID = "ACCESS TOKEN", "API PATH", "CLIENT ID"
LABELS = (TOKEN, "CLIENT NAME", "NAME", CLIENT_ID, "CLIENT SECRET", PATH)

LEGACY_PATH = re.compile(r"^https?://[^/]+/api/v2(/|$)", re.IGNORECASE)

LARGEST = 100_000
"""Characters; a credentials file has some hundred."""


def config_of(credentials: str, start_date: str | None) -> dict[str, Any]:
    """The config that the credentials file named `credentials` ("-": standard input) allows.

    Raises ConfigError with every mistake at once; nothing of the file's is in its words, for any
    line may hold a secret.
    """
    mistakes: list[str] = []
    config: dict[str, Any] = {}
    found = _labelled(_read(credentials), mistakes)
    if found:
        _take_path(found, config, mistakes)
        _take_token(found, config, mistakes)
        if found.get(CLIENT_ID):
            config["client_id"] = found[CLIENT_ID]
    if start_date is not None:
        try:
            config["start_date"] = format_instant(INSTANT.read(start_date))[:19] + "Z"
        except (ValueError, OverflowError):
            mistakes.append(f"--start-date should be {INSTANT.expected}{echo(start_date)}")
    if mistakes:
        raise ConfigError(f"No config can be made of {_name(credentials)}:", mistakes)
    return config


def _take_path(found: dict[str, str], config: dict[str, Any], mistakes: list[str]) -> None:
    expected = f"{PATH}: https://api.bigcommerce.com/stores/STORE_HASH/v3/"
    path = found.get(PATH)
    if not path:
        mistakes.append(f"the line with the API path is missing: {expected}")
        return
    if LEGACY_PATH.match(path):
        mistakes.append(
            f"{PATH} is that of a legacy API account, which BigCommerce no longer offers. Make a "
            "store-level API account (control panel: Settings, API accounts) and use its file"
        )
        return
    try:
        parts = urlsplit(path)
        if not parts.scheme or "/stores/" not in parts.path:
            raise ValueError
        api_url = API_URL.read(f"{parts.scheme}://{parts.netloc}")
        config["store_hash"] = STORE_HASH.read(parts.path)
    except ValueError:
        mistakes.append(f"the API path is not as expected: {expected}")
        return
    if api_url != Config.api_url:
        config["api_url"] = api_url


def _take_token(found: dict[str, str], config: dict[str, Any], mistakes: list[str]) -> None:
    token = found.get(TOKEN)
    if not token:
        mistakes.append(f"the line with the access token is missing: {TOKEN}: ...")
        return
    try:
        config["access_token"] = HEADER_TEXT.read(token)
    except ValueError:
        mistakes.append(f"{TOKEN} should be {HEADER_TEXT.expected}; its value is not shown")


def _labelled(text: str, mistakes: list[str]) -> dict[str, str]:
    """The values in the file by their labels; empty, with a mistake noted, where it has none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.partition(":")
        label = " ".join(label.upper().split())
        if not colon or label not in LABELS:
            continue
        value = value.strip()
        if found.get(label, value) != value:
            mistakes.append(f"{label} stands there twice, with different values")
        found[label] = value
    if not found:
        looks = "a config already" if text.lstrip().startswith("{") else "something else"
        mistakes.append(
            f"it has none of the lines that BigCommerce writes ({', '.join(LABELS)}, each with a "
            f"colon and a value); it looks like {looks}. BigCommerce hands the file out once, when "
            "an API account is made; make a new account if it is lost"
        )
    return found


def _read(name: str) -> str:
    try:
        raw = read_file(name, LARGEST) if name != STANDARD_INPUT else _standard_input()
    except (OSError, Unusable) as error:
        raise ConfigError(f"Nothing can be read from {_name(name)}: {error}.") from error
    # What counts in it is ASCII; a name may be in whatever an editor has saved.
    return text_of(raw, errors="replace")


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise Unusable("it is closed")
    return sys.stdin.buffer.read(LARGEST)


def _name(credentials: str) -> str:
    return "standard input" if credentials == STANDARD_INPUT else f"the file {credentials}"


def as_text(config: dict[str, Any]) -> str:
    """The config as a JSON file has it."""
    return json.dumps(config, indent=2) + "\n"


def write(name: str, config: dict[str, Any], *, over: bool) -> None:
    """Write the config to a file that only its owner may read; `over`: also to one that is there.

    Raises ConfigError where it is, or cannot be written.
    """
    try:
        write_whole(writable(name), as_text(config).encode(), mode=0o600, over=over)
    except FileExistsError as error:
        raise ConfigError(
            f"The config {name} is there already, and stays as it is. Name another file with "
            "--config, or add --force to write over it."
        ) from error
    except (OSError, Unusable) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The config {name} cannot be written: {reason}.") from error
