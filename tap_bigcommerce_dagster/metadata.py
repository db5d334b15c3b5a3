"""Metadata of materializations and assets, which Dagster shows."""

from __future__ import annotations

from typing import Any

import dagster as dg

from tap_bigcommerce_dagster.figures import StreamFigures
from tap_bigcommerce_dagster.streams import StreamInfo
from tap_bigcommerce_dagster.sync import SyncResult


def of_stream(result: SyncResult, stream: str) -> dict[str, Any]:
    """The metadata of one stream's materialization."""
    figures = result.figures.streams.get(stream, StreamFigures())
    shown: dict[str, Any] = {
        "rows": figures.rows,
        "requests": figures.requests,
        "failed_requests": figures.failed_requests,
        "seconds_waited": figures.seconds_waited,
        "rescued_values": figures.rescued_values,
        "seconds": round(result.seconds, 1),
        "processor_seconds": round(
            result.tap.processor_seconds + result.target.processor_seconds, 2
        ),
        "summary": dg.MetadataValue.md(_summary(result, stream)),
    }
    if figures.lost_values:
        shown["lost_values"] = figures.lost_values
    for name, date in (
        ("bookmark_before", figures.bookmark_before),
        ("bookmark", figures.bookmark),
    ):
        if date is not None:
            shown[name] = date
    if result.page is not None:
        url, path = result.page.url, result.page.path
        shown["sync_report"] = dg.MetadataValue.url(url) if url else dg.MetadataValue.path(path)
    return shown


def of_columns(stream: StreamInfo) -> dict[str, Any]:
    """The metadata of a stream's asset: its columns."""
    if not stream.columns:
        return {}
    columns = [
        dg.TableColumn(name, kind, description or None)
        for name, (kind, description) in stream.columns.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _summary(result: SyncResult, stream: str) -> str:
    """The tap's summary of the stream, and the run's time and memory."""
    # Only this stream's line: Dagster's database keeps a copy for every materialization.
    lines = [line for line in result.figures.summary if line.startswith(f"{stream}: ")]
    processor = result.tap.processor_seconds, result.target.processor_seconds
    lines.append(
        f"\n{result.seconds:.1f} s; processor: tap {processor[0]:.1f} s, target "
        f"{processor[1]:.1f} s; memory: tap {result.tap.peak_mb:.0f} MB, target "
        f"{result.target.peak_mb:.0f} MB"
    )
    return "\n".join(lines)
