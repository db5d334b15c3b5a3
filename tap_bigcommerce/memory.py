"""Settings of the C library's allocator, so that memory that was given up is given back.

glibc keeps an arena for each thread, and raises its threshold for blocks of their own with each
large one that is freed. Answers of a megabyte or two that several workers receive then stay in
the arenas for good: 174 MB instead of 98 MB for 5,000 orders.
"""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

BLOCK_OF_ITS_OWN = 128 * 1024
"""Bytes: glibc's own default, which becomes fixed by being set."""


def give_memory_back() -> None:
    """Set the allocator; where it is not glibc's, nothing happens. Before threads are started."""
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # musl has none.
        return
    mallopt(M_ARENA_MAX, 1)
    mallopt(M_MMAP_THRESHOLD, BLOCK_OF_ITS_OWN)
