"""Rich values: what a cell of Excel holds beside its value, such as a picture placed in it.

Programs that do not know them see the error ``#VALUE!``. Source: [MS-XLSX] 2.2.4.13 and 2.6.233 to 2.6.240.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from batch.sheets.formats import packages

if TYPE_CHECKING:
    from batch.sheets.formats.packages import Package

_PICTURES: Final = frozenset({"_localImage", "_webimage"})


def picture_values(package: Package) -> frozenset[str]:
    """Return what cells with a picture in them say in ``vm``.

    Raises:
        WorkbookError: A part that tells of rich values is not well-formed.
    """
    structures = _part(package, "/rdRichValueStructure")
    values = _part(package, "/rdRichValue")
    metadata = _part(package, "/sheetMetadata")
    if structures is None or values is None or metadata is None:
        return frozenset()
    kinds = [attributes.get("t", "") for tag, attributes in package.elements(structures) if tag == "s"]
    pictures = {str(number) for number, kind in enumerate(kinds) if kind in _PICTURES}
    used = [attributes.get("s", "") for tag, attributes in package.elements(values) if tag == "rv"]
    return _values_of(package, metadata, {str(number) for number, kind in enumerate(used) if kind in pictures})


def _part(package: Package, kind: str) -> str | None:
    return next(iter(packages.targets(package, packages.list_of_sheets(package), kind).values()), None)


def _values_of(package: Package, metadata: str, rich: set[str]) -> frozenset[str]:
    """Return the numbers, counted from 1, of the cells' values that stand for one of these rich values."""
    blocks: list[bool] = []
    found: set[str] = set()
    section, number, future = "", 0, ""
    for tag, attributes in package.elements(metadata):
        if tag in {"futureMetadata", "cellMetadata", "valueMetadata"}:
            section, number, future = tag, 0, attributes.get("name", "")
        elif tag == "rvb" and section == "futureMetadata" and future == "XLRICHVALUE":
            blocks.append(attributes.get("i", "") in rich)
        elif section == "valueMetadata":
            number += tag == "bk"
            block = attributes.get("v", "") if tag == "rc" else ""
            if block.isdecimal() and int(block) < len(blocks) and blocks[int(block)]:
                found.add(str(number))
    return frozenset(found)
