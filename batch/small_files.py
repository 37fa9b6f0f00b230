"""Small files: a secret or a profile, read without waiting for a pipe and without taking in what is endless."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

_HOW: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_small(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """Read a regular file, and tell what the system says of the very file that was read.

    Args:
        path: where it lies; a pipe, socket, device or folder there is refused and never waited for.
        most: the largest number of bytes that it may hold.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger; `why_unread` says it in words.
    """
    descriptor = os.open(path, _HOW)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise OSError("it is no regular file")
        parts, left = [], most + 1
        while left and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        if not left:
            raise OSError(f"it holds more than {most:,} bytes")
        return b"".join(parts), told
    finally:
        os.close(descriptor)


def why_unread(error: OSError) -> str:
    """Say in a few words why a file could not be read."""
    return error.strerror or str(error)
