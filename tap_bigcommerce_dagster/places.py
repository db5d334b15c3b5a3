"""Places that fsspec opens: folders, buckets and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError


def opened(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises FleetError where there is none."""
    import fsspec  # Only where something is kept so: it costs start-up time.

    try:
        system, root = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise FleetError(f"The place {url} cannot be opened: {error}.") from error
    # Answers of an hour ago would do harm.
    system.use_listings_cache = False
    return system, root.rstrip("/")
