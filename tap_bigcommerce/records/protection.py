"""Removes excluded fields from values, and replaces others by pseudonyms."""

import functools
import hmac
from typing import Any

from tap_bigcommerce.records.field_rules import RulePath, Rules
from tap_bigcommerce.records.scalars import DoesNotFit, json_text
from tap_bigcommerce.records.schema_tree import FieldPath, path_parts

MAX_DEPTH = 100
"""Levels of nested arrays and objects that are searched for protected fields."""


class Protection:
    """Applies the rules of one stream to values.

    excluded: rules with `!`: fields that must not be written.
    hashed: fields whose values are written as pseudonyms.
    salt: the secret key of the pseudonyms.
    """

    def __init__(self, stream: str, excluded: Rules, hashed: Rules, salt: str) -> None:
        self._stream = stream
        self._hashed = hashed
        self._salt = salt.encode()
        # Bounded: the API may send any number of keys that are in no schema.
        self.excludes = functools.lru_cache(maxsize=4096)(excluded.excludes)
        """Whether the field with this rule path must not be written."""
        self.hashes = functools.lru_cache(maxsize=4096)(hashed.includes)
        """Whether values of the field with this rule path are written as pseudonyms."""

    @property
    def fingerprint(self) -> list[str]:
        """Changes when other fields are hashed, or with another salt. Does not reveal the salt."""
        texts = [rule.text for rule in self._hashed.all]
        # States hold this hash. With another text than "basis", no stopped pass could be resumed.
        return [*texts, self.pseudonym("basis")] if texts else []

    def rule_path(self, path: FieldPath) -> RulePath:
        """A path as rules write it: with the stream, and without the indexes of arrays."""
        return (self._stream, *(part for part in path_parts(path) if isinstance(part, str)))

    def pseudonym(self, value: Any) -> Any:
        """The HMAC-SHA-256 of a value's text, as 64 hexadecimal digits.

        Of a value that is no text, its JSON text is hashed. Null and "" are returned unchanged.
        """
        if value is None or value == "":
            return value
        text = value.encode() if isinstance(value, str) else json_text(value)
        return hmac.digest(self._salt, text, "sha256").hex()

    def apply(self, value: Any, path: RulePath, depth: int = 0) -> Any:
        """A copy of the value, without excluded fields, and with pseudonyms in hashed ones.

        Raises DoesNotFit for a value that is nested deeper than MAX_DEPTH.
        """
        if not isinstance(value, (dict, list)):
            return self.pseudonym(value) if self.hashes(path) else value
        if depth >= MAX_DEPTH:
            raise DoesNotFit
        if isinstance(value, list):
            return [self.apply(item, path, depth + 1) for item in value]
        return {
            key: self.apply(item, (*path, key), depth + 1)
            for key, item in value.items()
            if not self.excludes((*path, key))
        }
