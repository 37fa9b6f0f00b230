"""Reading a workbook, whatever kind of file it comes as: one door, one shape behind it.

Every cell keeps where it stood and as what it stood. What a fast reader would silently drop (error cells,
formulas without a value, hidden rows) is there as well; what cannot be read at all says so in a sentence.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from batch.sheets import layout
from batch.sheets.formats import contents, csv_folders, opendocument, openxml
from batch.sheets.formats.grids import collector_paused
from batch.sheets.formats.packages import Package, mark_of
from batch.sheets.imprints import NO_IMPRINT, Imprint, Kind, read_lines
from batch.sheets.workbooks import Format, RawSheet, Workbook

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_OFFICE_PROPERTIES: Final = "docProps/custom.xml"
_ODS_PROPERTIES: Final = "meta.xml"


def read_workbook(path: Path) -> Workbook:
    """Read a workbook: ``.xlsx .xlsm .xlsb .xls .ods``, a folder of CSVs, or a zip of one.

    What kind it is, its content says, not its name. Nothing in it is run and no formula is calculated.

    Raises:
        WorkbookError: It is none of these, damaged, protected, or would fill the memory.
    """
    with collector_paused():
        return begin_workbook(path).wait()


def begin_workbook(path: Path) -> Workbook:
    """Begin to read a workbook as `read_workbook` does: its sheets may come later, each when it is asked for.

    Raises:
        WorkbookError: As `read_workbook`; what is wrong with a sheet may only be raised where it is asked for.
    """
    kind = contents.recognise(path)
    match kind:
        case Format.CSV:
            return _csv_workbook(path, kind, csv_folders.read_folder(path))
        case Format.ZIP:
            return _csv_workbook(path, kind, csv_folders.read_zip(Package(path)))
        case Format.XLS:
            from batch.sheets.formats import xls  # noqa: PLC0415 - loads xlrd, which few need

            sheets, remarks = xls.read_xls(path)
            return replace(_workbook(path, kind, sheets), remarks=remarks)
        case Format.XLSX | Format.XLSM:
            package = Package(path)
            sheets = openxml.read_openxml(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _OFFICE_PROPERTIES, layout.MARK))
        case Format.XLSB:
            from batch.sheets.formats import xlsb  # noqa: PLC0415 - loads pyxlsb, which few need

            package = Package(path)
            sheets = xlsb.read_xlsb(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _OFFICE_PROPERTIES, layout.MARK))
        case Format.ODS:
            package = Package(path)
            sheets = opendocument.read_opendocument(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _ODS_PROPERTIES, layout.MARK))
        case _:
            assert_never(kind)


def _workbook(path: Path, kind: Format, sheets: tuple[RawSheet, ...], *, mark: str | None = None) -> Workbook:
    imprint = _imprint(sheets, mark)
    return Workbook(path=path, sha256=fingerprint(path), format=kind, sheets=sheets, imprint=imprint)


def _imprint(sheets: Iterable[RawSheet], mark: str | None) -> Imprint:
    """Return what the tool left in the file: the hidden sheet's word, and that of the document's property."""
    hidden = next((sheet for sheet in sheets if sheet.name == layout.IMPRINT), None)
    imprint = NO_IMPRINT if hidden is None else read_lines(zip(*hidden.columns, strict=True))
    if mark is None:
        return imprint
    return replace(imprint, kinds=imprint.kinds | {Kind(mark) if mark in set(Kind) else Kind.RESULTS})


def _csv_workbook(path: Path, kind: Format, folder: csv_folders.CsvFolder) -> Workbook:
    return Workbook(
        path=path,
        sha256=folder.sha256 if kind is Format.CSV else fingerprint(path),
        format=kind,
        sheets=folder.sheets,
        imprint=Imprint(kinds=frozenset({Kind.RESULTS})) if folder.ours else NO_IMPRINT,
        remarks=folder.remarks,
    )


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a workbook's bytes as they are now, as `Workbook.sha256` has it of what was read."""
    digest = hashlib.sha256()
    for part in csv_folders.sheets_in(path) if path.is_dir() else (path,):
        with part.open("rb") as file:
            digest.update(file.read())
    return digest.hexdigest()
