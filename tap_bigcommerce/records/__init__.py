"""A stream's JSON schema, compiled once into fast ways from its rows to its records.

There are three ways, which agree in all that they write; each leaves to the next what does not fit:
from bytes, for rows like those before them (`typed`, of `seen` and `structs`); from dictionaries,
by the set of their keys (`fast`, `shapes`); and field by field, for whatever may come (`careful`).
"""

from tap_bigcommerce.records.converter import Converter, MissingKey, is_clean
from tap_bigcommerce.records.exact import loads, to_float, to_int
from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.records.typed import TypedReader
from tap_bigcommerce.records.scalars import clean_key, clean_text

__all__ = [
    "Converter",
    "MissingKey",
    "Protection",
    "TypedReader",
    "clean_key",
    "clean_text",
    "is_clean",
    "loads",
    "to_float",
    "to_int",
]
