"""Catalogs for measurements, from that of --discover."""

import functools
import json
import subprocess
from collections.abc import Sequence
from typing import Any

from bench.program import TAP

STREAMS = ("orders", "products", "customers", "coupons")


@functools.cache
def _discovered() -> bytes:
    return subprocess.check_output([*TAP, "--discover"], stderr=subprocess.DEVNULL)


def selecting(*streams: str, fields: Sequence[str] | None = None) -> dict[str, Any]:
    """The tap's catalog with only these streams selected, and only `fields` of them, if given."""
    found = json.loads(_discovered())["streams"]
    chosen = [entry for entry in found if entry["tap_stream_id"] in streams]
    for entry in chosen:
        for item in entry["metadata"]:
            path = item["breadcrumb"]
            if not path:
                item["metadata"]["selected"] = True
            elif fields is not None and item["metadata"]["inclusion"] != "automatic":
                item["metadata"]["selected"] = path[1] in fields
    return {"streams": chosen}
