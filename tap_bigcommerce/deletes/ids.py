"""Sets of ids that pack small: roaring bitmaps."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyroaring import BitMap64

MOST_BYTES = 128 * 1024 * 1024
"""Of a set that is not compressed: of some 60 million ids that lie apart. A few KB can be packed so
that they fill any memory."""


def id_set(ids: Iterable[int] = ()) -> BitMap64:
    """A set of whole numbers from 0 to 2^64 - 1. Raises OverflowError for others."""
    # Imported here: whoever does not detect deletes need not have it.
    from pyroaring import BitMap64

    return BitMap64(list(ids))


def packed(ids: BitMap64) -> bytes:
    """The set as few bytes, in the portable format of roaring bitmaps, compressed by zlib."""
    ids.run_optimize()
    return zlib.compress(ids.serialize())


def unpacked(content: bytes) -> BitMap64:
    """The set that `packed` has made these bytes of. Raises ValueError for any others."""
    from pyroaring import BitMap64

    unzip = zlib.decompressobj()
    try:
        whole = unzip.decompress(content, MOST_BYTES)
        if not unzip.eof or unzip.unused_data:
            raise ValueError("it is cut off, too large, or more than a set")
        return BitMap64.deserialize(whole)
    except (zlib.error, OverflowError, IndexError) as error:
        raise ValueError(str(error)) from error
