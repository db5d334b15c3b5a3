"""What may tell of a person is marked, and the marks stay out of what goes out."""

from __future__ import annotations

import json
import re

import pytest
from tap_runner import Json, path_of

from scripts.docs.fields import field_rows
from tap_bigcommerce.records.schemas import RESCUED, load_notes, load_schema
from tap_bigcommerce.streams import STREAMS

TELLING = re.compile(
    r"email|phone|(first|last|from|to)_name|^ip_|_ip_|street|zip|postal|city|address_?(line_)?\d"
    r"|company|notes|comments|message|_token$|card|geo|form_fields\[\]\.value|attribute_value"
)
"""Names of fields that as a rule hold something of a person."""

NOT_OF_A_PERSON = {
    "accepts_product_review_abandoned_cart_emails": "a yes or no",
    "is_email_opt_in": "a yes or no",
    "preorder_message": "the store's own words",
    "purchasing_disabled_message": "the store's own words",
    "variants[].purchasing_disabled_message": "the store's own words",
    "option_values[].adjusters.purchasing_disabled.message": "the store's own words",
    "payments[].declined_message": "the provider's words",
    "cvv_result.message": "the provider's words",
    "decimal_token": "a sign",
    "thousands_token": "a sign",
    "dimension_decimal_token": "a sign",
    "dimension_thousands_token": "a sign",
    "locations[].zip": "the area of a shipping zone",
    "shopper_target_settings.locations[].postal_codes": "the area of a tax zone",
    "restricted_to[].zips": "the area of a coupon",
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_field_whose_name_tells_of_a_person_is_marked(stream: str) -> None:
    personal = load_notes(stream).personal
    found = {
        row.path
        for row in field_rows(stream)
        if row.type not in ("object", "array", "array of objects")
        and TELLING.search(row.path if "form_fields" in row.path else row.path.split(".")[-1])
    }
    assert found - personal <= set(NOT_OF_A_PERSON)
    assert RESCUED in personal


def test_neither_keys_nor_what_holds_others_are_marked() -> None:
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
