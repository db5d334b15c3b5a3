"""A stream's JSON schema, compiled once into a fast converter of its records."""

from tap_bigcommerce.transform.converter import Converter, MissingKey, is_clean

__all__ = ["Converter", "MissingKey", "is_clean"]
