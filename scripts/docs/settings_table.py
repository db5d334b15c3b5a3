"""The settings, as a table."""

from __future__ import annotations

import json
from dataclasses import MISSING, Field
from typing import Any

from scripts.docs.markdown import code, table
from tap_bigcommerce.config import INSTANT, declarations, is_required


def settings_table() -> str:
    """The settings: name, default, meaning."""
    rows = [
        (code(setting.name), _default(setting), _meaning(setting)) for setting in declarations()
    ]
    return table(("setting", "default", "what it is for"), rows)


def _default(setting: Field[Any]) -> str:
    if is_required(setting):
        return "required"
    default = setting.default
    if default in (None, MISSING, ()):
        return ""
    if isinstance(default, float) and default.is_integer():
        default = int(default)
    return code(json.dumps(default) if isinstance(default, bool) else str(default))


def _meaning(setting: Field[Any]) -> str:
    text, kind = str(setting.metadata["description"]), setting.metadata["kind"]
    # The other kinds are said by their descriptions.
    if kind is INSTANT or kind.json_type == "integer":
        return f"{text} *{kind.expected[0].upper()}{kind.expected[1:]}.*"
    return text
