"""The table of settings."""

import json

from scripts.docs.markdown import code, table
from tap_bigcommerce.config import SCHEMA, SETTINGS, Schema


def settings_table() -> str:
    """A table of all settings: name, default, meaning."""
    rows = [
        (code(name), _default(name, setting), _meaning(setting))
        for name, setting in SETTINGS.items()
    ]
    return table(("setting", "default", "what it is for"), rows)


def _default(name: str, setting: Schema) -> str:
    if name in SCHEMA["required"]:
        return "required"
    default = setting.get("default")
    if default in (None, [], {}):
        return ""
    return code(json.dumps(default) if isinstance(default, bool) else str(default))


def _meaning(setting: Schema) -> str:
    text, expected = setting["description"], setting["expected"]
    # The descriptions of other settings say what they expect.
    if setting.get("format") == "instant" or "integer" in setting["type"]:
        return f"{text} *{expected[0].upper()}{expected[1:]}.*"
    return str(text)
