"""How dates are read and written: the one place that knows the API's two formats.

v2 answers in RFC 2822 (``Mon, 05 Jan 2026 10:00:00 +0000``), v3 in ISO 8601
(``2026-01-05T10:00:00Z`` or ``...+00:00``); a date that was never set comes as ``""`` or as a zero
date.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta, timezone

_MONTHS = {
    name: f"{number:02d}"
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}

# The zone names of RFC 2822, in hours from UTC.
_ZONES = {"GMT": 0, "UT": 0, "UTC": 0, "Z": 0}
_ZONES |= {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}

# ASCII digits only: `\d` and int() would take any script's.
_RFC_2822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), *)?(?P<day>[0-9]{1,2}) +"
    r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(?P<year>[0-9]{4}) +"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?P<fraction>)"
    r"(?: *(?P<zone>[+-][0-9]{4}|[A-Z]{1,3}))?"
)
_ISO_8601 = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_DAY_LENGTHS = (len("2026-01-05T"), len("Mon, 05 Jan 2026 "))
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
    match = _ISO_8601.fullmatch(text) or _RFC_2822.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    fraction = part["fraction"] or ""
    if fraction[6:].strip("0"):
        return None
    try:
        local = datetime(
            int(part["year"]),
            int(_MONTHS.get(part["month"], part["month"])),
            int(part["day"]),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
            int(fraction[:6].ljust(6, "0")),
            timezone.utc,
        )
        return local - _offset(part["zone"] or "Z")
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    """``+0130``, ``+01:30``, ``+01``, ``Z`` or a name, as time ahead of UTC."""
    if zone[0] not in "+-":
        if zone.upper() not in _ZONES:
            raise NotADate(zone)
        return timedelta(hours=_ZONES[zone.upper()])
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise NotADate(zone)
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if zone[0] == "-" else ahead


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
    day = parse_instant(f"{text}00:00:00 +0000" if text[3:4] == "," else f"{text}00:00:00Z")
    if day is None or len(text) not in _DAY_LENGTHS:
        raise NotADate(text)
    return format_instant(day)[:11]


def normal_date(text: str) -> str | None:
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
