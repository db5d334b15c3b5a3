"""A set of ids that packs small: a roaring bitmap."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyroaring import BitMap64

LARGEST = 2**64 - 1

MOST_BYTES = 128 * 1024 * 1024
"""Of a set that is not compressed: of some 60 million ids that lie apart. A few KB can be packed so
that they fill any memory."""


class Ids:
    """Whole numbers from 0 to 2^64 - 1."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        """Raises ValueError for a number that is out of reach."""
        # Imported here: whoever does not detect deletes need not have it.
        from pyroaring import BitMap64

        self._bitmap: BitMap64 = BitMap64()
        self.add(ids)

    @classmethod
    def unpacked(cls, packed: bytes) -> Ids:
        """The set that `packed` has made these bytes of. Raises ValueError for any others."""
        from pyroaring import BitMap64

        ids = cls()
        unzip = zlib.decompressobj()
        try:
            whole = unzip.decompress(packed, MOST_BYTES)
            if not unzip.eof or unzip.unused_data:
                raise ValueError("it is cut off, too large, or more than a set")
            ids._bitmap = BitMap64.deserialize(whole)
        except (zlib.error, OverflowError, IndexError) as error:
            raise ValueError(str(error)) from error
        return ids

    def packed(self) -> bytes:
        """The set as few bytes, in the portable format of roaring bitmaps, compressed by zlib."""
        self._bitmap.run_optimize()
        return zlib.compress(self._bitmap.serialize())

    def add(self, ids: Iterable[int]) -> None:
        """Take `ids` in. Raises ValueError for a number that is out of reach."""
        numbers = list(ids)
        if numbers and not (min(numbers) >= 0 and max(numbers) <= LARGEST):
            raise ValueError(f"an id is not between 0 and {LARGEST}")
        self._bitmap.update(numbers)

    def remove(self, ids: Iterable[int]) -> None:
        """Leave `ids` out, those that are in."""
        from pyroaring import BitMap64

        self._bitmap.difference_update(BitMap64(list(ids)))

    def without(self, others: Ids) -> Ids:
        """A set of those that are not in `others`."""
        rest = Ids()
        rest._bitmap = self._bitmap - others._bitmap
        return rest

    def __len__(self) -> int:
        return len(self._bitmap)

    def __iter__(self) -> Iterator[int]:
        """By rising id."""
        return iter(self._bitmap)

    def __contains__(self, id_: int) -> bool:
        return id_ in self._bitmap

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ids) and bool(self._bitmap == other._bitmap)

    __hash__ = None  # type: ignore[assignment]
