"""The settings in Meltano's files: plugin.yml, and the meltano.yml of the example.

Texts are written as JSON, which is valid YAML. Meltano drops comments between keys when it rewrites
a file, so the settings have no markers: they end before the loaders, or with the file.
"""

import json
from pathlib import Path
from typing import Any

from tap_bigcommerce.config import SETTINGS, Config

ROOT = Path(__file__).resolve().parent.parent
_LOADERS = "  loaders:\n"
_CAPITALS = {"api": "API", "id": "ID", "ids": "IDs", "mb": "MB", "url": "URL"}


def generated() -> dict[Path, str]:
    """Both files, with the text that each should have."""
    indents = {ROOT / "plugin.yml": "  ", ROOT / "examples/meltano/meltano.yml": "    "}
    return {path: _with_settings(path.read_text("utf-8"), by) for path, by in indents.items()}


def _with_settings(text: str, indent: str) -> str:
    before, mark, rest = text.partition(f"{indent}settings:\n")
    _, loaders, after = rest.partition(_LOADERS)
    lines = (
        f"{indent}{'  ' if at else '- '}{key}: {json.dumps(value, ensure_ascii=False)}\n"
        for name in SETTINGS
        for at, (key, value) in enumerate(_described(name).items())
    )
    return "".join([before, mark, *lines, loaders, after])


def _described(name: str) -> dict[str, Any]:
    """A setting's name, label, kind, default and description, as Meltano has them."""
    setting = SETTINGS[name]
    kind = setting["type"][0]
    found: dict[str, Any] = {"name": name, "label": _label(name)}
    found["kind"] = "decimal" if kind == "number" else kind
    if setting.get("format") == "instant":
        found["kind"] = "date_iso8601"
    elif "enum" in setting:
        found["kind"] = "options"
        choices = filter(None, setting["enum"])
        found["options"] = [{"label": _label(choice), "value": choice} for choice in choices]
    if setting.get("secret"):
        found["sensitive"] = True
    default = getattr(Config, name, None)
    if default not in (None, ()):
        found["value"] = default
    found["description"] = setting["description"]
    return found


def _label(name: str) -> str:
    """`client_id` is "Client ID", `per_order` "Per Order"."""
    return " ".join(_CAPITALS.get(word, word.capitalize()) for word in name.split("_"))
