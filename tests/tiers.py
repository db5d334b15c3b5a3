"""What the quick tests leave to `make test-all`."""

from collections.abc import Sequence
from typing import Any

import pytest


def some_of(cases: Sequence[Any], number: int, mark: pytest.MarkDecorator) -> list[Any]:
    """The cases as parameters, of which the quick tests take so many, evenly; the others marked."""
    chosen = {round(at * (len(cases) - 1) / max(1, number - 1)) for at in range(number)}
    return [
        case if at in chosen else pytest.param(case, marks=mark) for at, case in enumerate(cases)
    ]
