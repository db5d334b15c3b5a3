"""Meltano's files: the settings in the example's meltano.yml, and the plugin's definition.

Texts are written as JSON, which is valid YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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

SELECT = ("coupons.*", "customers.*", "orders.*", "products.*", "!orders.consignments.*.line_items")
"""The default selection of the tap, as rules of Meltano."""

_CAPITALS = frozenset({"api", "id", "ids", "mb", "url"})
_MARK = "    settings:\n"
_END = "  loaders:\n"  # no comments: Meltano drops those between keys when it rewrites the file


def generated() -> dict[Path, str]:
    """Meltano's files, with the text that each should have."""
    return {
        PROJECT: _with_settings(PROJECT.read_text("utf-8")),
        DEFINITION: definition(),
    }


def definition() -> str:
    """plugin.yml, the definition of the tap for `meltano add --from-ref`.

    Meltano ignores `select` at the top, but not in an entry of `variants`.
    """
    required = SCHEMA["required"]
    lines = [
        "# The definition of this plugin for Meltano. `make generate` writes it.",
        "name: tap-bigcommerce",
        "namespace: tap_bigcommerce",
        "label: BigCommerce",
        'description: "Reads a BigCommerce store: orders, customers, products, coupons and more."',
        "domain_url: https://www.bigcommerce.com/",
        "keywords:",
        "- api",
        "- ecommerce",
        "settings_preamble: |",
        "  Only the store hash and the access token of a store-level API account are required.",
        "variants:",
        "- name: original",
        "  executable: tap-bigcommerce",
        "  # The folder of a checkout or the path of a wheel, from the environment or from .env.",
        "  pip_url: $BIGCOMMERCE_TAP",
        "  capabilities:",
        *(f"  - {name}" for name in CAPABILITIES),
        "  # Without this Meltano selects every stream.",
        "  select:",
        *(f"  - {json.dumps(rule)}" for rule in SELECT),
        "  settings_group_validation:",
        *(f"  {'- -' if at == 0 else '  -'} {name}" for at, name in enumerate(required)),
        "  settings:",
        *settings("  "),
    ]
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
    """A meltano.yml with the settings of the tap, which are the last of its extractor."""
    before, found_start, rest = text.partition(_MARK)
    _, found_end, after = rest.partition(_END)
    if not found_start or not found_end:
        raise ValueError(f"{PROJECT} has no lines {_MARK.strip()!r} and {_END.strip()!r}")
    lines = "\n".join(settings("    "))
    return f"{before}{_MARK}{lines}\n{_END}{after}"
