"""Money and other decimals as the API writes them, from amounts in cents."""

from __future__ import annotations

from types import MappingProxyType

CURRENCIES = MappingProxyType(
    {"USD": 1.0, "EUR": 0.9217, "GBP": 0.7911, "AUD": 1.5302, "JPY": 149.51, "INR": 83.1}
)


def money(cents: int) -> str:
    """v2 money: a string with four decimals, 10900 -> "109.0000"."""
    sign = "-" if cents < 0 else ""
    cents = abs(cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}00"


def number(cents: int) -> int | float:
    """v3 money: a JSON number; an integer if there are no cents."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def exchange_rate(rate: float) -> str:
    """An exchange rate: a string with ten decimals."""
    return f"{rate:.10f}"
