"""Dates as the API, the settings and the state write them."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_bigcommerce.dates import NotADate, format_instant, normalize_date, parse_instant

NORMAL = {
    "2026-01-05T10:00:00.000000Z": """Mon, 05 Jan 2026 10:00:00 +0000
        Mon, 05 Jan 2026 10:00:00 GMT | 5 Jan 2026 10:00
        2026-01-05T10:00:00Z | 2026-01-05T10:00:00+00:00 | 2026-01-05 10:00:00 | 2026-01-05T10:00Z
        Mon, 05 Jan 2026 05:00:00 EST | 2026-01-05T05:00:00-0500 | 2026-01-05T11:00:00+01""",
    "2026-01-05T10:00:00.123456Z": "2026-01-05T10:00:00.123456Z | 2026-01-05T10:00:00.123456000Z",
    "2026-01-05T10:00:00.500000Z": "2026-01-05T10:00:00.5Z",
    "2026-01-05T00:00:00.000000Z": "2026-01-05",
    "0001-01-01T00:00:00.000000Z": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.000000Z": "9999-12-31T23:59:59Z",
    None: """0000-00-00 | 0000-00-00 00:00:00 | 0000-00-00T00:00:00+00:00
        0000-00-00T00:00:00.000Z | -0001-11-30T00:00:00+00:00 | Wed, 30 Nov -0001 00:00:00 +0000""",
}
"""What is written, and the texts that are read so."""

NOT_DATES = """soon | 1767607200 | 20260105 | 2026-01 | 2026-W02 | 2026-02-30
    2026-01-05T24:00:00Z | 2026-01-05T10:60:00Z | 2026-01-05T10:00:60Z
    2026-01-05T10:00:00+24:00 | 2026-01-05T10:00:00+00:60 | 2026-01-05T10:00:00.1234567Z
    Sun, 30 Feb 2026 10:00:00 +0000 | Mon, 05 Jan 2026 24:00:00 +0000
    Mon, 05 Foo 2026 10:00:00 +0000 | Xyz, 05 Jan 2026 10:00:00 +0000
    Mon, 05 Jan 2026 10:00:00 XYZ | Mon, 05 Jan 26 10:00:00 +0000
    ٢٠٢٦-٠١-٠٥ | Mon, ٠٥ Jan 2026 10:00:00 +0000
    0001-01-01T00:00:00+01:00 | 9999-12-31T23:59:59-01:00 | 0000-01-01 | 0000-00-00T12:00:00Z"""
SPACED = (" ", " 2026-01-05", "2026-01-05T10:00:00Z\n", "Mon, 05 Jan 2026 10:00:00 +0000\n")


def texts(lines: str) -> list[str]:
    return [text.strip() for line in lines.splitlines() for text in line.split(" | ")]


@pytest.mark.parametrize(
    ("text", "normal"),
    [("", None), *[(text, normal) for normal, lines in NORMAL.items() for text in texts(lines)]],
)
def test_a_date_is_written_as_an_instant_in_utc(text: str, normal: str | None) -> None:
    assert normalize_date(text) == normal
    instant = parse_instant(text)
    assert (instant and format_instant(instant)) == normal


@pytest.mark.parametrize("text", [*texts(NOT_DATES), *SPACED])
def test_text_that_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        normalize_date(text)
    assert parse_instant(text) is None


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=OFFSETS)


@given(INSTANTS)
def test_every_instant_is_read_back_from_iso_8601_and_rfc_2822(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant
    assert parse_instant(format_instant(instant)) == instant
    naive = instant.replace(tzinfo=None)
    assert format_instant(naive) == naive.isoformat(timespec="microseconds") + "Z"
    seconds = instant.replace(microsecond=0)
    assert parse_instant(format_datetime(seconds)) == seconds


@given(INSTANTS, st.integers(0, 31), st.sampled_from("09 :-+TZ.,aM\n٣"))
def test_the_fast_parser_agrees_with_the_other(instant: datetime, at: int, letter: str) -> None:
    utc = instant.astimezone(timezone.utc).replace(microsecond=0)
    for text in (format_datetime(utc), utc.isoformat(), utc.isoformat()[:19] + "Z"):
        for changed in (text, text[:at] + letter + text[at + 1 :], text[:at] + text[at + 1 :]):
            found = parse_instant(changed)
            try:
                normal = normalize_date(changed)
            except NotADate:
                normal = "none"
            assert normal == (format_instant(found) if found else "none") or normal is None
