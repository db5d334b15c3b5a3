"""Figures and assumptions in words."""

from __future__ import annotations

from tap_bigcommerce.check.estimate import Estimate
from tap_bigcommerce.check.findings import Findings
from tap_bigcommerce.costs import COUPON_SHARE


def number(value: int | None) -> str:
    """1,234; "unknown" for None."""
    return f"{value:,}" if value is not None else "unknown"


def duration(seconds: float) -> str:
    """A number of seconds for a person: 4 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def cost(value: Estimate) -> str:
    """An estimate in one line."""
    words = f"about {number(value.requests)} requests, {duration(value.seconds)} or more"
    if value.requests_high > value.requests:
        words += (
            f"; {number(value.requests_high)} requests, {duration(value.seconds_high)} or more, "
            "if all orders hint at coupons"
        )
    return words


def assumptions(found: Findings) -> list[str]:
    """What the estimates take for granted, a sentence each."""
    said = [
        f"An answer takes {found.seconds_an_answer:.2f} s, as in this check; full pages take "
        "longer.",
    ]
    if found.quota is None:
        said.append("The API names no quota, so nothing is waited for.")
    else:
        said.append("The store's other apps leave the tap its share of the quota.")
    if found.reads_orders:
        said.append("Orders with more than 50 line items cost a request more each.")
    if found.guesses_coupons:
        said.append(
            f"{COUPON_SHARE:.0%} of the orders hint at a coupon, which costs a request each."
        )
    uncounted = dict.fromkeys((*found.full_sync.uncounted, *found.next_sync.uncounted))
    if uncounted:
        said.append(
            f"Nobody knows the length of {', '.join(uncounted)}; each is taken to fit one page, "
            "with nothing below it."
        )
    if not found.has_state:
        said.append("Without a state, the next sync is one that reads what changed in a day.")
    return said
