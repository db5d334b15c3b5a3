"""What Dagster's pages show of a store that was read."""

from __future__ import annotations

from typing import Any

import dagster as dg

from tap_bigcommerce_dagster.figures import StreamFigures
from tap_bigcommerce_dagster.streams import StreamInfo
from tap_bigcommerce_dagster.sync import Synced


def of_stream(synced: Synced, stream: str) -> dict[str, Any]:
    """The metadata of one stream's materialization."""
    figures = synced.figures.streams.get(stream, StreamFigures())
    shown: dict[str, Any] = {
        "rows": figures.rows,
        "requests": figures.requests,
        "failed_requests": figures.failed_requests,
        "seconds_waited": figures.seconds_waited,
        "rescued_values": figures.rescued_values,
        "seconds": round(synced.seconds, 1),
        "processor_seconds": round(
            synced.tap.processor_seconds + synced.target.processor_seconds, 2
        ),
        "summary": dg.MetadataValue.md(_summary(synced, stream)),
    }
    if figures.lost_values:
        shown["lost_values"] = figures.lost_values
    for name, date in (
        ("bookmark_before", figures.bookmark_before),
        ("bookmark", figures.bookmark),
    ):
        if date is not None:
            shown[name] = date
    if synced.page is not None:
        url, path = synced.page.url, synced.page.path
        shown["sync_report"] = dg.MetadataValue.url(url) if url else dg.MetadataValue.path(path)
    return shown


def of_columns(stream: StreamInfo) -> dict[str, Any]:
    """The metadata of a stream's asset itself."""
    if not stream.columns:
        return {}
    columns = [
        dg.TableColumn(name, kind, description or None)
        for name, (kind, description) in stream.columns.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _summary(synced: Synced, stream: str) -> str:
    """The tap's closing line of the stream, and what the whole run took."""
    # Not those of the other streams: Dagster's database keeps this with every materialization.
    lines = [line for line in synced.figures.summary if line.startswith(f"{stream}: ")]
    processor = synced.tap.processor_seconds, synced.target.processor_seconds
    lines.append(
        f"\n{synced.seconds:.1f} s; processor: tap {processor[0]:.1f} s, target "
        f"{processor[1]:.1f} s; memory: tap {synced.tap.peak_mb:.0f} MB, target "
        f"{synced.target.peak_mb:.0f} MB"
    )
    return "\n".join(lines)
