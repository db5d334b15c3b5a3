"""Values as the API writes them: ids, dates, money, links; and random numbers by the seed."""

from __future__ import annotations

import random
import re
import uuid
import zlib
from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

STORE_HASH = "sandbox1"
ACCESS_TOKEN = "sandbox-access-token"

LINKS = f"https://api.bigcommerce.com/stores/{STORE_HASH}"
"""Links in rows name the real host, so that the same seed gives the same bytes on any port."""


def link(path: str) -> dict[str, str]:
    """The {url, resource} object that v2 rows have instead of what is not included."""
    return {"url": f"{LINKS}/v2{path}", "resource": path}


CURRENCIES = MappingProxyType(
    {"USD": 1.0, "EUR": 0.9217, "GBP": 0.7911, "AUD": 1.5302, "JPY": 149.51, "INR": 83.1}
)


def same(value: Item, names: str) -> dict[str, Item]:
    """Fields that have the same value, or are of the same type: part of a row."""
    return dict.fromkeys(names.split(), value)


def money(cents: int) -> str:
    """v2 money: a string with four decimals, 10900 -> "109.0000"."""
    if cents < 0:
        return f"-{money(-cents)}"
    return f"{cents // 100}.{cents % 100:02d}00"


def taxed(name: str, ex_tax: int, tax: int) -> dict[str, str]:
    """The three fields of v2 that an amount has, with and without its tax, in cents."""
    return {
        f"{name}_ex_tax": money(ex_tax),
        f"{name}_inc_tax": money(ex_tax + tax),
        f"{name}_tax": money(tax),
    }


def number(cents: int) -> int | float:
    """v3 money: a JSON number; an integer if there are no cents."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def exchange_rate(rate: float) -> str:
    """An exchange rate: a string with ten decimals."""
    return f"{rate:.10f}"


Item = TypeVar("Item")
_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """A 64-bit hash of a few integers; much cheaper than a random generator."""
    value = 0x9E3779B97F4A7C15
    for part in parts:
        value = ((value ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        value ^= value >> 31
    value = (value * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 29)


def name_number(name: str) -> int:
    """A number for a name, the same in every process (unlike hash())."""
    return zlib.crc32(name.encode())


class SeededRandom(random.Random):
    """A random generator with the methods that rows are made with."""

    def __init__(self, seed: int) -> None:
        super(random.Random, self).seed(seed)  # Without what Python does for other seeds: faster.

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def chance(self, probability: float) -> bool:
        """True with this probability, from 0 to 1."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))


PATTERNS = ("dense", "holes", "sparse", "clusters", "huge_gaps")
_CLUSTER, _CLUSTER_STEP = 500, 100_000
_SPARSE_STEP = 10_000
_GAP, _RUNS = 50_000_000, 5
_NUMBER_BITS = 48


def pattern_for(name: str, patterns: str) -> str:
    """The pattern of one list from the option `ids`. Raises ValueError for an unknown one."""
    chosen = "holes"
    for part in patterns.split(","):
        target, _, pattern = part.rpartition("=")
        if target in ("", name):
            chosen = pattern
        if pattern not in PATTERNS:
            raise ValueError(f"ids: unknown pattern {pattern!r}, use {', '.join(PATTERNS)}")
    return chosen


def make_ids(pattern: str, count: int, first: int, gaps: float, seed: int) -> array[int]:
    """`count` ascending ids from `first` on."""
    return array("q", _generate(pattern, count, first, gaps, seed))


def _generate(pattern: str, count: int, first: int, gaps: float, seed: int) -> Iterable[int]:
    if pattern == "dense":
        return range(first, first + count)
    if pattern == "sparse":
        return range(first, first + count * _SPARSE_STEP, _SPARSE_STEP)
    if pattern == "clusters":
        return (
            first + index // _CLUSTER * _CLUSTER_STEP + index % _CLUSTER for index in range(count)
        )
    if pattern == "huge_gaps":
        run = max(1, count // _RUNS)
        return (first + index // run * _GAP + index % run for index in range(count))
    return _with_holes(count, first, gaps, seed)


def _with_holes(count: int, first: int, gaps: float, seed: int) -> Iterable[int]:
    draw = SeededRandom(seed).random
    number = first
    for _ in range(count):
        while draw() < gaps:
            number += 1
        yield number
        number += 1


def unique_id(purpose: str, number: int) -> str:
    """A UUID for a number, which it ends with; the same in every store."""
    low, high = (mix(number, name_number(purpose), part) for part in (7, 8))
    low = low >> _NUMBER_BITS << _NUMBER_BITS | number
    return str(uuid.UUID(int=(high << 64) | low, version=4))


def number_of(written: str | int) -> int:
    """The number of a row from its id: a number, its digits, or a UUID. Raises ValueError."""
    if isinstance(written, str) and not written.isdigit():
        return uuid.UUID(written).int & ((1 << _NUMBER_BITS) - 1)
    return int(written)


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


def read_date(text: str, *, bare_date_takes_time_of: float | None = None) -> float:
    """Seconds of a date in a filter: RFC 2822, ISO 8601 or a UNIX time. Raises ValueError.

    bare_date_takes_time_of: the products list adds the time of day of the request to a date
    that comes without a time; None reads such a date as midnight.
    """
    if re.fullmatch(r"\d{9,11}", text):
        return float(text)
    match = _ISO.match(text)
    if match is None:
        return _read_rfc2822(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    moment = datetime(int(year), int(month), int(day), tzinfo=timezone.utc)
    if hour is None:
        now = bare_date_takes_time_of
        return moment.timestamp() + (0.0 if now is None else float(int(now) % _DAY))
    moment += timedelta(hours=int(hour), minutes=int(minute), seconds=int(second or 0))
    seconds = moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
    return seconds - _offset_seconds(offset)


def _offset_seconds(offset: str | None) -> float:
    if offset in (None, "Z"):
        return 0.0
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "")
    return float(sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60))


def _read_rfc2822(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, IndexError) as error:  # Python 3.10 raises these for an invalid date.
        raise ValueError(f"not a date: {text}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
