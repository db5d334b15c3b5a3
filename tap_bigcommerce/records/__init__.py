"""Conversion of API rows to records: schemas, types, protected fields."""
