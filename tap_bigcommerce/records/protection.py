"""What rules keep from going out as it is: fields without a place, and pseudonyms for values."""

from __future__ import annotations

import functools
import hmac
from typing import Any

from tap_bigcommerce.records.field_rules import Path, Rules
from tap_bigcommerce.records.scalars import DoesNotFit, json_text
from tap_bigcommerce.records.schema_tree import Place, steps_to

DEEPEST = 100
"""Levels of arrays and objects that are looked into for what must not go out."""


class Protection:
    """What becomes of values of one stream that a rule names."""

    def __init__(self, stream: str, excluded: Rules, hashed: Rules, salt: str) -> None:
        self._stream = stream
        self._hashed = hashed
        self._salt = salt.encode()
        # Keys that no schema knows are as many as somebody likes.
        self.excludes = functools.lru_cache(maxsize=4096)(excluded.exclude)
        """Whether what stands at this place is left out, whatever it is."""
        self.hashes = functools.lru_cache(maxsize=4096)(hashed.include)
        """Whether the values at this place, or below it, go out as pseudonyms."""

    @property
    def basis(self) -> list[str]:
        """What its pseudonyms depend on, and nothing of the salt itself."""
        texts = [rule.text for rule in self._hashed.all]
        return [*texts, self.pseudonym("basis")] if texts else []

    def place(self, place: Place) -> Path:
        """As rules name it: what lies in an array has the place of the array."""
        return (self._stream, *(step for step in steps_to(place) if isinstance(step, str)))

    def pseudonym(self, value: Any) -> Any:
        """The keyed hash of a value's text, or of its JSON text; null and "" as they are."""
        if value is None or value == "":
            return value
        text = value.encode() if isinstance(value, str) else json_text(value)
        return hmac.digest(self._salt, text, "sha256").hex()

    def cleaned(self, value: Any, place: Path, depth: int = 0) -> Any:
        """A value of any form without what is left out, and with pseudonyms where they are due.

        Raises Misfit where it is too deep to tell.
        """
        if not isinstance(value, (dict, list)):
            return self.pseudonym(value) if self.hashes(place) else value
        if depth >= DEEPEST:
            raise DoesNotFit
        if isinstance(value, list):
            return [self.cleaned(item, place, depth + 1) for item in value]
        return {
            key: self.cleaned(item, (*place, key), depth + 1)
            for key, item in value.items()
            if not self.excludes((*place, key))
        }
