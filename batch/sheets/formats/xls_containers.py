"""Containers of ``.xls`` workbooks: files within the file, each a chain of sectors. Source: [MS-CFB] 2.2 to 2.6."""

from __future__ import annotations

import struct
from array import array
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_OLE: Final = b"\xd0\xcf\x11\xe0"
_HEADER: Final = 512
_IN_HEADER: Final = 109
"""Sectors of the table of chains that the header itself names."""
_ENTRY: Final = 128
"""Bytes that the directory has for each file."""


def runs_in_circles(content: bytes) -> bool:
    """Tell whether following the sectors of a container never ends, as readers do until the memory is full.

    Args:
        content: All of the file.
    """
    if not content.startswith(_OLE) or len(content) < _HEADER:
        return False
    size = 1 << min(struct.unpack_from("<H", content, 30)[0], 16)
    directory, small, named = (struct.unpack_from("<I", content, place)[0] for place in (48, 60, 68))
    tables = list(struct.unpack_from(f"<{_IN_HEADER}I", content, 76))
    seen: set[int] = set()
    while (sector := _sector(content, named, size)) and len(sector) == size:
        if named in seen:
            return True
        seen.add(named)
        *further, named = struct.unpack(f"<{size // 4}I", sector)
        tables += further
    follow = _numbers(_sector(content, table, size) for table in dict.fromkeys(tables))
    if _is_circle(follow, [directory, small]):
        return True
    entries = b"".join(_sector(content, place, size) for place in _chain(follow, directory))
    starts = [
        struct.unpack_from("<I", entries, place + 116)[0] for place in range(0, len(entries) - _ENTRY + 1, _ENTRY)
    ]
    follow_small = _numbers(_sector(content, place, size) for place in _chain(follow, small))
    return _is_circle(follow, starts) or _is_circle(follow_small, starts)


def _sector(content: bytes, number: int, size: int) -> bytes:
    start = max(size, _HEADER) + number * size
    return content[start : start + size]


def _numbers(sectors: Iterable[bytes]) -> Sequence[int]:
    table = b"".join(sectors)
    return array("I", chain.from_iterable(struct.iter_unpack("<I", table[: len(table) // 4 * 4])))


def _chain(follow: Sequence[int], start: int) -> Iterator[int]:
    while start < len(follow):
        yield start
        start = follow[start]


def _is_circle(follow: Sequence[int], starts: Iterable[int]) -> bool:
    """Tell whether one of some chains comes back to where it was."""
    known: set[int] = set()
    for start in starts:
        way: dict[int, None] = {}
        place = start
        while place < len(follow) and place not in known:
            if place in way:
                return True
            way[place] = None
            place = follow[place]
        known.update(way)
    return False
