"""--init: makes a config from the credentials file of an API account.

The control panel lets you download this text file once. It has the client id, the client secret,
the access token and the API path of the account. The tap needs the last two only; the client id
tells people which account it is.
"""

import logging
import re
import sys
from typing import Any

from tap_bigcommerce.config import SETTINGS, Config, actual_value, parse_value, warn_of_future
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import UnusableFile, decode_text, read_file, write_atomically

LOGGER = logging.getLogger(__name__)

STANDARD_INPUT = "-"

TOKEN, PATH, CLIENT_ID = "ACCESS TOKEN", "API PATH", "CLIENT ID"
LABELS = (TOKEN, "CLIENT NAME", "NAME", CLIENT_ID, "CLIENT SECRET", PATH)

EXPECTED_PATH = f"{PATH}: https://api.bigcommerce.com/stores/STORE_HASH/v3/"
LEGACY_PATH = re.compile(r"^https?://[^/]+/api/v2(/|$)", re.IGNORECASE)

MAX_BYTES = 100_000
"""A credentials file has a few hundred bytes."""


def config_from_credentials(credentials: str, start_date: str | None) -> dict[str, Any]:
    """Make a config from the credentials file `credentials` ("-": standard input).

    Raises ConfigError with all mistakes. Its messages have nothing from the file, because any line
    may be a secret.
    """
    mistakes: list[str] = []
    config: dict[str, Any] = {}

    def set_value(setting: str, text: str) -> bool:
        """Set a setting in the config; returns False if the value is not valid."""
        try:
            config[setting] = parse_value(text, SETTINGS[setting])
        except (ValueError, OverflowError):
            return False
        return True

    values = _labelled_values(_read(credentials), mistakes)
    if values:
        path, token = values.get(PATH, ""), values.get(TOKEN, "")
        parts = re.fullmatch("(.+?//[^/]+)(/.+)", path)
        if not path:
            mistakes.append(f"the line with the API path is missing: {EXPECTED_PATH}")
        elif LEGACY_PATH.match(path):
            mistakes.append(
                f"{PATH} belongs to a legacy API account, which BigCommerce no longer offers. Make "
                "a store-level API account (control panel: Settings > Store-level API accounts) "
                "and use its file"
            )
        elif not (parts and set_value("store_hash", parts[2]) and set_value("api_url", parts[1])):
            mistakes.append(f"the API path is not as expected: {EXPECTED_PATH}")
        if not token:
            mistakes.append(f"the line with the access token is missing: {TOKEN}: ...")
        elif not set_value("access_token", token):
            expected = SETTINGS["access_token"]["expected"]
            mistakes.append(f"{TOKEN} should be {expected}; its value is not shown")
        if values.get(CLIENT_ID):
            config["client_id"] = values[CLIENT_ID]
    if start_date is not None and not set_value("start_date", start_date):
        expected = SETTINGS["start_date"]["expected"]
        mistakes.append(f"--start-date should be {expected}{actual_value(start_date)}")
    if mistakes:
        raise ConfigError(f"Cannot make a config from {_name(credentials)}:", mistakes)
    if config["api_url"] == Config.api_url:
        del config["api_url"]
    else:
        LOGGER.warning(
            "The API path in the file is not at api.bigcommerce.com: the token will be sent to %s.",
            config["api_url"],
        )
    if start_date is not None:
        warn_of_future("--start-date", config["start_date"])
        config["start_date"] = format_instant(config["start_date"])[:19] + "Z"
    return config


def _labelled_values(text: str, mistakes: list[str]) -> dict[str, str]:
    """The values in the file by their labels. If there are none, a mistake is appended."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.partition(":")
        label = " ".join(label.upper().split())
        if colon and label in LABELS:
            if found.get(label, value.strip()) != value.strip():
                mistakes.append(f"the file has {label} twice, with different values")
            found[label] = value.strip()
    if not found:
        kind = "a config, a state or a catalog" if text.lstrip().startswith("{") else "another file"
        mistakes.append(
            f"it is not a credentials file of BigCommerce: it has no line with {', '.join(LABELS)} "
            f"and a colon. It looks like {kind}. BigCommerce offers the file only once, when an "
            "API account is made; make a new account if it is lost"
        )
    return found


def _read(name: str) -> str:
    is_file = name != STANDARD_INPUT
    try:
        if not is_file and sys.stdin is None:
            raise UnusableFile("it is closed")
        raw = read_file(name, MAX_BYTES) if is_file else sys.stdin.buffer.read(MAX_BYTES)
    except (OSError, UnusableFile) as error:
        raise ConfigError(f"Cannot read {_name(name)}: {error}.") from error
    # Needed values are ASCII; the client name may be in any encoding that an editor has used.
    return decode_text(raw, errors="replace")


def _name(credentials: str) -> str:
    return "standard input" if credentials == STANDARD_INPUT else f"the file {credentials}"


def write(name: str, config: str, *, overwrite: bool) -> None:
    """Write the config to a file that only its owner can read.

    Raises ConfigError when the file exists, unless `overwrite`, or cannot be written.
    """
    try:
        write_atomically(name, config.encode(), mode=0o600, overwrite=overwrite)
    except FileExistsError as error:
        raise ConfigError(
            f"The config {name} already exists and was not changed. Give another file with "
            "--config, or add --force to overwrite it."
        ) from error
    except (OSError, UnusableFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The config {name} cannot be written: {reason}.") from error
    LOGGER.info("Done: wrote %s. It contains the access token: only you can read it.", name)
