"""The findings of a check as JSON, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tap_bigcommerce.check.estimate import Estimate
from tap_bigcommerce.check.findings import Findings, StreamFinding
from tap_bigcommerce.check.words import assumptions
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.version import VERSION


def as_json(found: Findings) -> dict[str, Any]:
    """One JSON object. Dates are texts in UTC, durations seconds; null: nobody knows."""
    quota = found.quota
    return {
        "tap": "tap-bigcommerce",
        "version": VERSION,
        "ready": found.ready,
        "store_hash": found.store_hash,
        "store": asdict(found.store) if found.store else None,
        "quota": {**asdict(quota), "share_used": found.quota_share} if quota else None,
        "streams": [_stream(stream) for stream in found.streams],
        "full_sync": {"from": found.start_date, **_estimate(found.full_sync)},
        "next_sync": {"from_state": found.has_state, **_estimate(found.next_sync)},
        "accepted_incomplete": list(found.accepted),
        "assumptions": assumptions(found),
        "seconds_an_answer": round(found.seconds_an_answer, 3),
        "requests_of_this_check": found.requests,
    }


def _stream(found: StreamFinding) -> dict[str, Any]:
    return {**asdict(found), "permission": STREAMS[found.stream].permission.name}


def _estimate(value: Estimate) -> dict[str, Any]:
    return {
        "requests": value.requests,
        "requests_high": value.requests_high,
        "seconds": round(value.seconds, 1),
        "seconds_high": round(value.seconds_high, 1),
        "lists_of_unknown_length": list(value.uncounted),
    }
