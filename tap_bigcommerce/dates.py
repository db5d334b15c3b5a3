"""Parsing and formatting of dates: RFC 2822 and ISO 8601.

v2 of the API sends RFC 2822 (``Mon, 05 Jan 2026 10:00:00 +0000``), v3 sends ISO 8601
(``2026-01-05T10:00:00Z`` or ``...+00:00``); a date that was never set is ``""`` or a zero date.
"""

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The zone names of RFC 2822, in ISO 8601.
_ZONES = {"GMT": "Z", "UT": "Z", "UTC": "Z", "EDT": "-04", "EST": "-05", "CDT": "-05", "CST": "-06"}
_ZONES |= {"MDT": "-06", "MST": "-07", "PDT": "-07", "PST": "-08"}

# ASCII digits only: `\d` and int() also match the digits of other scripts.
_RFC_2822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), *)?([0-9]{1,2}) +"
    rf"({'|'.join(_MONTHS)}) +([0-9]{{4}}) +"
    r"([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?: *([+-][0-9]{4}|[A-Z]{1,3}))?"
)
_ISO_8601 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([01][0-9]|2[0-3]):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,6})0{0,3})?)?"
    r" ?(?:[Zz]|([+-](?:[01][0-9]|2[0-3]))(?::?([0-5][0-9]))?)?)?"
)
# Times of day in UTC, in both formats of the API, and the same in the tap's format: one lookup
# checks and converts a time.
_MINUTES = {text: text for text in (f"{h:02d}:{m:02d}:" for h in range(24) for m in range(60))}
_SECONDS = {
    f"{second:02d}{zone}": f"{second:02d}.000000Z"
    for second in range(60)
    for zone in (" +0000", "+00:00", "Z")
}

# MySQL's zero date, and what PHP makes of it.
_ZERO = re.compile(
    r"(?:0000-00-00|-0001-11-30)"
    r"(?:[Tt ]00:00(?::00(?:[.,]0+)?)? ?(?:[Zz]|[+-]00(?::?00)?)?)?"
    r"|Wed, 30 Nov -0001 00:00:00 (?:[+-]0000|GMT)"
)


class NotADate(ValueError):
    """A text is not a date that the tap can parse."""


def parse_instant(text: str) -> datetime | None:
    """Parse a date of the API, the settings or the state; returns it in UTC.

    Accepts RFC 2822 and ISO 8601, with or without seconds and offset (default: UTC), and a date
    without a time. Returns None for anything else: "", a zero date, a number (it may be seconds
    since 1970), a date that does not exist, a year outside 0001 to 9999 (also after conversion to
    UTC), fractions finer than a microsecond.
    """
    match = _ISO_8601.fullmatch(text) or _ISO_8601.fullmatch(_as_iso_8601(text))
    if match is None:
        return None
    day, hour, minute, second, fraction, offset_hour, offset_minute = match.groups("00")
    # The form that Python 3.10 can parse, too.
    text = f"{day}T{hour}:{minute}:{second}.{fraction:0<6}{offset_hour:+>3}:{offset_minute}"
    try:
        return datetime.fromisoformat(text).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _as_iso_8601(text: str) -> str:
    """Convert a date from RFC 2822 to ISO 8601; any other text is returned as it is."""
    match = _RFC_2822.fullmatch(text)
    if match is None:
        return text
    day, month, year, time, zone = match.groups("")
    number = _MONTHS.index(month) + 1
    return f"{year}-{number:02d}-{day:0>2}T{time}{_ZONES.get(zone, zone)}"


def format_instant(instant: datetime) -> str:
    """Format as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``; an instant without a time zone is UTC."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(timezone.utc).replace(tzinfo=None)
    return instant.isoformat(timespec="microseconds") + "Z"


@functools.lru_cache(maxsize=16384)
def _day(text: str) -> str:
    """Convert the day of a date, ``Mon, 05 Jan 2026 `` or ``2026-01-05T``, to ``2026-01-05T``.

    Raises NotADate for anything else.
    """
    day = parse_instant(f"{text}00:00:00")
    if day is None:
        raise NotADate(text)
    return format_instant(day)[:11]


def normalize_date(text: str) -> str | None:
    """Convert a date to the format of `format_instant`; None for "" and zero dates.

    Raises NotADate for any other text.
    """
    end = 17 if text[3:4] == "," else 11
    try:
        # Three lookups are enough for the two formats of the API: the same days occur many times.
        return _day(text[:end]) + _MINUTES[text[end : end + 6]] + _SECONDS[text[end + 6 :]]
    except (KeyError, NotADate):
        pass  # Decided below.
    instant = parse_instant(text)
    if instant is not None:
        return format_instant(instant)
    if text == "" or _ZERO.fullmatch(text):
        return None
    raise NotADate(text)


def row_date(row: Mapping[str, Any], key: str | None) -> str | None:
    """The normalized date in the field `key` of a row; None if there is none."""
    try:
        return normalize_date(row[str(key)])
    except (KeyError, TypeError, NotADate):
        return None
