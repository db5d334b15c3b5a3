"""The table of options in the README.

`python -m tap_bigcommerce_sandbox.options_table` writes it there.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tap_bigcommerce_sandbox.options import Options

README = Path(__file__).with_name("README.md")
_START = "<!-- options: made by tap_bigcommerce_sandbox.options_table, checked by a test -->\n"
_END = "<!-- end of options -->"


def options_table() -> str:
    """One line for each option: name, default, meaning."""
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for item in dataclasses.fields(Options):
        default = ", ".join(item.default) if isinstance(item.default, tuple) else item.default
        choices = item.metadata["choices"]
        allowed = f" ({', '.join(choices)})" if choices else ""
        lines.append(f"| `{item.name}` | {default} | {item.metadata['help']}{allowed} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The README's text with an updated table."""
    before, _, rest = text.partition(_START)
    after = rest.partition(_END)[2]
    return f"{before}{_START}{options_table()}{_END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
