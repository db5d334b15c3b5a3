"""Ids that rise, kept as the differences between them: a byte each where they lie close."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class RisingIds:
    """Whole numbers above 0, each larger than the one before it.

    A list of millions of ids is kept for as long as it is read, and has to stay small: each
    difference takes a byte for every 7 bits of it, the lowest first, and the last has no high bit.
    """

    def __init__(self) -> None:
        self._differences = bytearray()
        self._count = 0
        self.last = 0
        """The largest; 0 where there is none."""

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        id_ = difference = shift = 0
        for byte in self._differences:
            difference |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                id_ += difference
                yield id_
                difference = shift = 0

    def extend(self, ids: Iterable[int]) -> None:
        """Add ids that rise further."""
        append = self._differences.append
        for id_ in ids:
            difference, self.last = id_ - self.last, id_
            while difference > 127:
                append(difference & 127 | 128)
                difference >>= 7
            append(difference)
            self._count += 1
