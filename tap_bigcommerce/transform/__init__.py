"""A stream's JSON schema, compiled once into fast ways from its rows to its records."""

from tap_bigcommerce.transform.converter import Converter, MissingKey, is_clean
from tap_bigcommerce.transform.typed import TypedReader

__all__ = ["Converter", "MissingKey", "TypedReader", "is_clean"]
