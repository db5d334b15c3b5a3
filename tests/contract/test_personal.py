"""Fields that may contain personal data have a mark, which is not in the written schema."""

from __future__ import annotations

import json
import re

import pytest
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


@pytest.mark.parametrize("stream", STREAMS)
def test_a_field_with_a_name_of_personal_data_is_marked(stream: str) -> None:
    personal = load_notes(stream).personal
    found = {
        row.path
        for row in field_rows(stream)
        if row.type not in ("object", "array", "array of objects", "boolean")
        and PERSONAL_NAME.search(row.path if "form_fields" in row.path else row.path.split(".")[-1])
    }
    assert found - personal <= set(NOT_PERSONAL)
    assert RESCUED in personal


def test_keys_and_fields_that_contain_others_are_not_marked() -> None:
    for name, stream in STREAMS.items():
        leaves = {row.path for row in field_rows(name) if "object" not in row.type}
        assert load_notes(name).personal <= leaves - {*stream.automatic_fields}, name
        assert "$personal" not in json.dumps(load_schema(name))


def test_the_catalog_shows_the_marks(catalog: Json) -> None:
    for entry in catalog["streams"]:
        shown = {
            path_of(item["breadcrumb"])
            for item in entry["metadata"]
            if item["metadata"].get("personal")
        }
        assert shown == load_notes(entry["tap_stream_id"]).personal
