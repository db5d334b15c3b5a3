"""How dates are read and written: the one place that knows the API's two formats.

v2 answers in RFC 2822 (``Mon, 05 Jan 2026 10:00:00 +0000``), v3 in ISO 8601
(``2026-01-05T10:00:00Z`` or ``...+00:00``); a date that was never set comes as ``""`` or as a zero
date.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The zone names of RFC 2822, in ISO 8601.
_ZONES = {"GMT": "Z", "UT": "Z", "UTC": "Z", "EDT": "-04", "EST": "-05", "CDT": "-05", "CST": "-06"}
_ZONES |= {"MDT": "-06", "MST": "-07", "PDT": "-07", "PST": "-08"}

# ASCII digits only: `\d` and int() would take any script's.
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
# The times of day as the two formats write them, in UTC, and as they go out. To look up is all that
# it takes to check and to rearrange them.
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


class NotADate(ValueError):  # says it shorter
    """The text is no date that this tap can read."""


def parse_instant(text: str) -> datetime | None:
    """The instant that a date of the API, the settings or the state names, in UTC.

    Takes RFC 2822 and ISO 8601, with or without seconds and offset (none: UTC), and a date alone.
    None for anything else: "", a zero date, digits alone (an epoch?), a date that does not exist,
    years outside 0001 to 9999 (after the shift to UTC, too), fractions finer than a microsecond.
    """
    match = _ISO_8601.fullmatch(text) or _ISO_8601.fullmatch(_as_iso_8601(text))
    if match is None:
        return None
    day, hour, minute, second, fraction, ahead, more = match.groups("00")
    # In the one form that Python 3.10 reads, too.
    written = f"{day}T{hour}:{minute}:{second}.{fraction:0<6}{ahead:+>3}:{more}"
    try:
        return datetime.fromisoformat(written).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _as_iso_8601(text: str) -> str:
    """A date in RFC 2822 as ISO 8601 writes it; any other text as it is."""
    match = _RFC_2822.fullmatch(text)
    if match is None:
        return text
    day, month, year, time, zone = match.groups("")
    number = _MONTHS.index(month) + 1
    return f"{year}-{number:02d}-{day:0>2}T{time}{_ZONES.get(zone, zone)}"


def format_instant(instant: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS.ffffffZ``; an instant without a zone is UTC."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(timezone.utc).replace(tzinfo=None)
    return instant.isoformat(timespec="microseconds") + "Z"


@functools.lru_cache(maxsize=16384)
def _day(text: str) -> str:
    """What stands before the time, ``Mon, 05 Jan 2026 `` or ``2026-01-05T``, as ``2026-01-05T``.

    Raises NotADate for anything else.
    """
    day = parse_instant(f"{text}00:00:00")
    if day is None:
        raise NotADate(text)
    return format_instant(day)[:11]


def normalize_date(text: str) -> str | None:
    """A date's text as `format_instant` writes it; None for "" and zero dates; else NotADate."""
    end = 17 if text[3:4] == "," else 11
    try:
        # The two layouts that the API uses take three look-ups: the same days come again and again.
        return _day(text[:end]) + _MINUTES[text[end : end + 6]] + _SECONDS[text[end + 6 :]]
    except (KeyError, NotADate):
        pass  # Told apart below.
    instant = parse_instant(text)
    if instant is not None:
        return format_instant(instant)
    if text == "" or _ZERO.fullmatch(text):
        return None
    raise NotADate(text)


def row_date(row: Mapping[str, Any], key: str | None) -> str | None:
    """The date in this field of a row, as `normalize_date` has it; None where none can be used."""
    try:
        return normalize_date(row[str(key)])
    except (KeyError, TypeError, NotADate):
        return None
