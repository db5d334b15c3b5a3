"""python -m scripts.lowest: prints the lowest version of each dependency, as constraints for pip.

They are read from the metadata of the installed tap.
"""

from __future__ import annotations

import re
from importlib import metadata


def lowest(requirements: list[str]) -> list[str]:
    """`requests<3,>=2.31` becomes `requests==2.31`. Raises ValueError without a lower bound."""
    found = []
    for requirement in requirements:
        if "extra ==" in requirement:
            continue
        match = re.match(r"([\w.-]+)[^;]*>=\s*([\w.]+)", requirement)
        if match is None:
            raise ValueError(f"{requirement!r} has no lowest version")
        found.append(f"{match[1]}=={match[2]}")
    return found


if __name__ == "__main__":
    print("\n".join(lowest(metadata.requires("tap-bigcommerce") or [])))
