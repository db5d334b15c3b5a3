"""Dates as the API writes and reads them, from and to seconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?)?$"
)
_DAY = 86400


@lru_cache(maxsize=8192)
def _day(day: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(day * _DAY, timezone.utc)
    return formatdate(day * _DAY)[:16], moment.strftime("%Y-%m-%d")


def rfc2822(second: int) -> str:
    """A v2 date: always +0000, "Thu, 05 Mar 2026 10:00:00 +0000"."""
    day, rest = divmod(second, _DAY)
    return f"{_day(day)[0]} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d} +0000"


def iso(second: int, zone: str = "+00:00") -> str:
    """A v3 date; catalog writes "+00:00", customers write "Z"."""
    day, rest = divmod(second, _DAY)
    return f"{_day(day)[1]}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{zone}"


def zulu(second: int) -> str:
    """A v3 date with "Z"."""
    return iso(second, "Z")


def http_date(moment: float) -> str:
    """A date for an HTTP header."""
    return formatdate(moment, usegmt=True)


def read_date(
    text: str, *, naive_offset_hours: float = 0.0, bare_date_takes_time_of: float | None = None
) -> float:
    """Seconds of a date in a filter: RFC 2822, ISO 8601 or a UNIX time. Raises ValueError.

    bare_date_takes_time_of: the products list adds the time of day of the request to a date
    that comes without a time; None reads such a date as midnight.
    """
    if re.fullmatch(r"\d{9,11}", text):
        return float(text)
    match = _ISO.match(text)
    if match is None:
        return _read_rfc2822(text, naive_offset_hours)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    moment = datetime(int(year), int(month), int(day), tzinfo=timezone.utc)
    if hour is None:
        now = bare_date_takes_time_of
        return moment.timestamp() + (0.0 if now is None else float(int(now) % _DAY))
    moment += timedelta(hours=int(hour), minutes=int(minute), seconds=int(second or 0))
    seconds = moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
    return seconds - _offset_seconds(offset, naive_offset_hours)


def _offset_seconds(offset: str | None, naive_offset_hours: float) -> float:
    if offset is None:
        return naive_offset_hours * 3600
    if offset == "Z":
        return 0.0
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "")
    return float(sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60))


def _read_rfc2822(text: str, naive_offset_hours: float) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, IndexError) as error:  # Python 3.10 raises these for an invalid date.
        raise ValueError(f"not a date: {text}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone(timedelta(hours=naive_offset_hours)))
    return moment.timestamp()
