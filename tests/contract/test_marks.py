"""Fields that may contain personal data are marked, and foreign keys refer to keys that exist."""

from __future__ import annotations

import json
import re
from typing import Any

from expected import STREAMS as EXPECTED
from expected import singular
from tap_runner import Json, path_of

from scripts.docs.fields import field_rows
from tap_bigcommerce.records.schemas import RESCUED, load_notes, load_schema
from tap_bigcommerce.streams import STREAMS

PERSONAL_NAME = re.compile(
    r"email|phone|(first|last|from|to)_name|^ip_|_ip_|street|zip|postal|city|address_?(line_)?\d"
    r"|company|notes|comments|message|_token$|card|geo|form_fields\[\]\.value|attribute_value"
)
"""Names of fields that usually contain personal data."""

NOT_PERSONAL = {
    "preorder_message": "a text of the store",
    "default_out_of_stock_message": "a text of the store",
    "purchasing_disabled_message": "a text of the store",
    "variants[].purchasing_disabled_message": "a text of the store",
    "option_values[].adjusters.purchasing_disabled.message": "a text of the store",
    "payments[].declined_message": "a text of the payment provider",
    "cvv_result.message": "a text of the payment provider",
    "decimal_token": "a character",
    "thousands_token": "a character",
    "dimension_decimal_token": "a character",
    "dimension_thousands_token": "a character",
    "locations[].zip": "the area of a shipping zone",
    "shopper_target_settings.locations[].postal_codes": "the area of a tax zone",
    "restricted_to[].zips": "the area of a coupon",
}


def test_fields_with_a_name_of_personal_data_are_marked_but_no_keys_and_no_objects() -> None:
    for name, stream in STREAMS.items():
        personal, rows = load_notes(name).personal, field_rows(name)
        found = {
            row.path
            for row in rows
            if row.type not in ("object", "array", "array of objects", "boolean")
            and PERSONAL_NAME.search(
                row.path if "form_fields" in row.path else row.path.split(".")[-1]
            )
        }
        assert found - personal <= set(NOT_PERSONAL), name
        assert RESCUED in personal, name
        leaves = {row.path for row in rows if "object" not in row.type}
        assert personal <= leaves - {*stream.automatic_fields}, name
        assert "$personal" not in json.dumps(load_schema(name)), name


def test_the_catalog_shows_the_marks(catalog: Json) -> None:
    for entry in catalog["streams"]:
        marked = [item for item in entry["metadata"] if item["metadata"].get("personal")]
        shown = {path_of(item["breadcrumb"]) for item in marked}
        assert shown == load_notes(entry["tap_stream_id"]).personal, entry["stream"]


# Foreign keys


def field_at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """The schema of the field at `path`; fails if there is none."""
    found = schema
    for part in path.split("."):
        found = found["properties"][part.removesuffix("[]")]
        found = found["items"] if part.endswith("[]") else found
    return found


# Names that foreign keys have, such as `customer_id`.
NAMES = {f"{singular(name)}_id" for name, listed in EXPECTED.items() if listed.key == ("id",)}
NAMES = {*NAMES, "variant_id"} - {"store_id"}


def test_foreign_keys_are_declared_and_refer_to_keys_of_the_same_type() -> None:
    for name, stream in STREAMS.items():
        schema = load_schema(name)
        for path, key in stream.references.items():
            other, of = key.split(".")
            field, target = field_at(schema, path), load_schema(other)["properties"][of]
            assert of in STREAMS[other].primary_keys, (name, path)
            assert set(field["type"]) - {"null"} == set(target["type"]) - {"null"}, (name, path)
        assert NAMES & set(schema["properties"]) <= set(stream.references), name
