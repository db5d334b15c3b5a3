"""The findings of a check as JSON, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tap_bigcommerce.check.findings import Findings
from tap_bigcommerce.version import VERSION


def as_json(found: Findings) -> dict[str, Any]:
    """One JSON object. Dates are texts in UTC, durations seconds; null: nobody knows."""
    quota = found.quota
    return {
        "tap": "tap-bigcommerce",
        "version": VERSION,
        "ready": found.ready,
        "store_hash": found.config.store_hash,
        "store": found.store,
        "quota": {**asdict(quota), "share_used": found.config.quota_share} if quota else None,
        "streams": [asdict(stream) for stream in found.streams],
        "full_sync": {"from": found.start_date, **asdict(found.full_sync)},
        "next_sync": {"from_state": found.has_state, **asdict(found.next_sync)},
        "accepted_incomplete": list(found.config.accept_incomplete),
        "assumptions": found.assumptions,
        "seconds_an_answer": round(found.seconds_an_answer, 3),
        "requests_of_this_check": found.requests,
    }
