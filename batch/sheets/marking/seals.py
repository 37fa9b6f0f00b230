"""Seals: whether a marked file still is what the tool wrote. Any program that saves it breaks the seal."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from batch.errors import WorkbookError
from batch.sheets.formats.packages import Package
from batch.sheets.layout import IMPRINT
from batch.sheets.patching.books import sheet_parts
from batch.sheets.patching.edits import PackageEdit, Unpatchable

OPEN: Final = "0" * 64
"""Stands in the hidden sheet until the rest of the file is made."""
_TYPES: Final = "[content_types].xml"


def seal(edit: PackageEdit) -> None:
    """Seal a workbook in whose hidden sheet `OPEN` stands; nothing may be changed in it afterwards."""
    imprint = sheet_parts(edit)[IMPRINT]
    parts = ((name, _sum(edit.chunks(name))) for name in edit.names())
    edit.put(imprint, edit.read(imprint).replace(OPEN.encode(), _seal_of(parts, imprint).encode()))


def is_unbroken(path: Path) -> bool:
    """Tell whether a file is a marked workbook in which nobody has worked since."""
    try:
        edit = PackageEdit(Package(path))
        imprint = sheet_parts(edit).get(IMPRINT)
    except (WorkbookError, Unpatchable, OSError):
        return False
    if imprint is None:
        return False
    with zipfile.ZipFile(path) as archive:
        parts = [(entry.filename, entry.CRC) for entry in archive.infolist()]
    return _seal_of(parts, imprint).encode() in edit.read(imprint)


def _sum(pieces: Iterable[bytes]) -> int:
    crc = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
    return crc


def _seal_of(parts: Iterable[tuple[str, int]], imprint: str) -> str:
    counted = sorted(f"{name} {crc:08x}" for name, crc in parts if name != imprint and name.casefold() != _TYPES)
    return hashlib.sha256("\n".join(counted).encode()).hexdigest()
