"""Catalogs for measurements, from that of --discover."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Sequence
from typing import Any

from bench.program import TAP

STREAMS = ("orders", "products", "customers", "coupons")


@functools.cache
def _discovered() -> str:
    done = subprocess.run([*TAP, "--discover"], capture_output=True, text=True, check=True)
    return done.stdout


def selecting(*streams: str, fields: Sequence[str] | None = None) -> dict[str, Any]:
    """The tap's catalog with only these streams selected, and only `fields` of them, if given."""
    catalog: dict[str, Any] = json.loads(_discovered())
    catalog["streams"] = [
        entry for entry in catalog["streams"] if entry["tap_stream_id"] in streams
    ]
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            path = item["breadcrumb"]
            if not path:
                item["metadata"]["selected"] = True
            elif fields is not None and item["metadata"]["inclusion"] != "automatic":
                item["metadata"]["selected"] = path[1] in fields
    return catalog
