"""Meltano's files: the settings in the example's meltano.yml, and the plugin's definition.

Texts are written as JSON, which is valid YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from tap_bigcommerce.cli.about import CAPABILITIES
from tap_bigcommerce.config import SCHEMA, SETTINGS, Config

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "examples" / "meltano" / "meltano.yml"
DEFINITION = ROOT / "plugin.yml"

_KINDS = {
    "object": "object",
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "array": "array",
    "boolean": "boolean",
}
"""Meltano's kind of setting for each JSON type."""

_CAPITALS = frozenset({"api", "id", "ids", "mb", "url"})
_MARK = "# generated: settings\n"
_END = "# end of settings\n"


def generated() -> dict[Path, str]:
    """Meltano's files, with the text that each should have."""
    return {
        PROJECT: _with_settings(PROJECT.read_text("utf-8")),
        DEFINITION: definition(_repository()),
    }


def definition(repository: str | None) -> str:
    """plugin.yml, the tap's entry for Meltano's hub.

    repository: the URL from which pip can install the tap. Without one, Meltano uses the
    tap-bigcommerce on the PATH.
    """
    owner = repository.rstrip("/").split("/")[-2] if repository else "original"
    lines = [
        "# The definition of this plugin for Meltano. `make generate` writes it.",
        "name: tap-bigcommerce",
        "namespace: tap_bigcommerce",
        f"variant: {owner}",
        "label: BigCommerce",
        'description: "Reads a BigCommerce store: orders, customers, products, coupons and more."',
        "domain_url: https://www.bigcommerce.com/",
        "keywords:",
        "- api",
        "- ecommerce",
        "executable: tap-bigcommerce",
    ]
    if repository:
        lines += [f"repo: {repository}", f"pip_url: git+{repository}"]
    lines += ["capabilities:", *(f"- {name}" for name in CAPABILITIES)]
    lines += ["settings_group_validation:"]
    required = SCHEMA["required"]
    lines += [f"{'- -' if at == 0 else '  -'} {name}" for at, name in enumerate(required)]
    lines += ["settings:", *settings("")]
    return "\n".join(lines) + "\n"


def settings(indent: str) -> Iterator[str]:
    """The lines of the list of settings, each with name, label, kind, default and description."""
    for name in SETTINGS:
        for at, (key, value) in enumerate(_described(name).items()):
            yield f"{indent}{'  ' if at else '- '}{key}: {json.dumps(value, ensure_ascii=False)}"


def _described(name: str) -> dict[str, Any]:
    setting = SETTINGS[name]
    found: dict[str, Any] = {"name": name, "label": _label(name)}
    if setting.get("format") == "instant":
        found["kind"] = "date_iso8601"
    elif "enum" in setting:
        found["kind"] = "options"
        choices = filter(None, setting["enum"])
        found["options"] = [{"label": _label(choice), "value": choice} for choice in choices]
    else:
        found["kind"] = _KINDS[setting["type"][0]]
    if setting.get("secret"):
        found["sensitive"] = True
    default = getattr(Config, name, None)
    if default not in (None, ()):
        found["value"] = default
    found["description"] = setting["description"]
    return found


def _label(name: str) -> str:
    """`client_id` is "Client ID", `per_order` "Per Order"."""
    parts = name.split("_")
    return " ".join(
        word.upper().replace("IDS", "IDs") if word in _CAPITALS else word.capitalize()
        for word in parts
    )


def _with_settings(text: str) -> str:
    """A meltano.yml with the settings between the markers, indented like the first marker."""
    before, found_start, rest = text.partition(_MARK)
    _, found_end, after = rest.partition(_END)
    if not found_start or not found_end:
        raise ValueError(f"{PROJECT} has no lines {_MARK.strip()!r} and {_END.strip()!r}")
    indent = before[before.rindex("\n") + 1 :]
    lines = "\n".join(settings(indent))
    return f"{before}{_MARK}{lines}\n{indent}{_END}{after}"


def _repository() -> str | None:
    """The URL of the tap's repository, if pyproject.toml has one."""
    for url in metadata.metadata("tap-bigcommerce").get_all("Project-URL") or []:
        name, _, address = url.partition(", ")
        if name.lower() == "repository":
            return str(address)
    return None
