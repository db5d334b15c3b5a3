"""From the credentials file of a new API account to a config.

The control panel hands out a text file once, with the account's client id and secret, its access
token and API path. Only the last two are needed; the client id says which account it is.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

from tap_bigcommerce.config import SETTINGS, Config, actual_value, parse_value
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import (
    UnusableFile,
    decode_text,
    read_file,
    writable_path,
    write_atomically,
)

LOGGER = logging.getLogger(__name__)

STANDARD_INPUT = "-"

TOKEN, PATH, CLIENT_ID = "ACCESS TOKEN", "API PATH", "CLIENT ID"
LABELS = (TOKEN, "CLIENT NAME", "NAME", CLIENT_ID, "CLIENT SECRET", PATH)

EXPECTED_PATH = f"{PATH}: https://api.bigcommerce.com/stores/STORE_HASH/v3/"
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

    def takes(setting: str, text: str) -> bool:
        """Whether the setting may have this value, which it then has."""
        try:
            config[setting] = parse_value(text, SETTINGS[setting])
        except (ValueError, OverflowError):
            return False
        return True

    found = _labelled(_read(credentials), mistakes)
    if found:
        path, token = found.get(PATH, ""), found.get(TOKEN, "")
        parts = re.fullmatch("(.+?//[^/]+)(/.+)", path)
        if not path:
            mistakes.append(f"the line with the API path is missing: {EXPECTED_PATH}")
        elif LEGACY_PATH.match(path):
            mistakes.append(
                f"{PATH} is that of a legacy API account, which BigCommerce no longer offers. Make "
                "a store-level API account (control panel: Settings, API accounts) and use its file"
            )
        elif not (parts and takes("store_hash", parts[2]) and takes("api_url", parts[1])):
            mistakes.append(f"the API path is not as expected: {EXPECTED_PATH}")
        if not token:
            mistakes.append(f"the line with the access token is missing: {TOKEN}: ...")
        elif not takes("access_token", token):
            expected = SETTINGS["access_token"]["expected"]
            mistakes.append(f"{TOKEN} should be {expected}; its value is not shown")
        if found.get(CLIENT_ID):
            config["client_id"] = found[CLIENT_ID]
    if start_date is not None and not takes("start_date", start_date):
        expected = SETTINGS["start_date"]["expected"]
        mistakes.append(f"--start-date should be {expected}{actual_value(start_date)}")
    if mistakes:
        raise ConfigError(f"No config can be made of {_name(credentials)}:", mistakes)
    if config["api_url"] == Config.api_url:
        del config["api_url"]
    else:
        LOGGER.warning(
            "The file's API path does not lead to BigCommerce's usual address: the token will be "
            "sent to %s.",
            config["api_url"],
        )
    if start_date is not None:
        config["start_date"] = format_instant(config["start_date"])[:19] + "Z"
    return config


def _labelled(text: str, mistakes: list[str]) -> dict[str, str]:
    """The values in the file by their labels; empty, with a mistake noted, where it has none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.partition(":")
        label = " ".join(label.upper().split())
        if colon and label in LABELS:
            if found.get(label, value.strip()) != value.strip():
                mistakes.append(f"{label} stands there twice, with different values")
            found[label] = value.strip()
    if not found:
        looks = "a config already" if text.lstrip().startswith("{") else "something else"
        mistakes.append(
            f"it has none of the lines that BigCommerce writes ({', '.join(LABELS)}, each with a "
            f"colon and a value); it looks like {looks}. BigCommerce hands the file out once, when "
            "an API account is made; make a new account if it is lost"
        )
    return found


def _read(name: str) -> str:
    is_file = name != STANDARD_INPUT
    try:
        if not is_file and sys.stdin is None:
            raise UnusableFile("it is closed")
        raw = read_file(name, LARGEST) if is_file else sys.stdin.buffer.read(LARGEST)
    except (OSError, UnusableFile) as error:
        raise ConfigError(f"Nothing can be read from {_name(name)}: {error}.") from error
    # What counts in it is ASCII; a name may be in whatever an editor has saved.
    return decode_text(raw, errors="replace")


def _name(credentials: str) -> str:
    return "standard input" if credentials == STANDARD_INPUT else f"the file {credentials}"


def write(name: str, config: str, *, over: bool) -> None:
    """Write the config to a file that only its owner may read; `over`: also to one that is there.

    Raises ConfigError where it is, or cannot be written.
    """
    try:
        write_atomically(writable_path(name), config.encode(), mode=0o600, overwrite=over)
    except FileExistsError as error:
        raise ConfigError(
            f"The config {name} is there already, and stays as it is. Name another file with "
            "--config, or add --force to write over it."
        ) from error
    except (OSError, UnusableFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The config {name} cannot be written: {reason}.") from error
    LOGGER.info("Wrote %s. It holds the access token: only you may read it.", name)
