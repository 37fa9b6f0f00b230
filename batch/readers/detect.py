"""Reading a workbook, whatever kind of file it is: told by its content rather than its name.

Every cell keeps where it stood and as what it stood. What a fast reader would silently drop (error cells,
formulas without a value, hidden rows) is there as well; what cannot be read at all says so in a sentence.
"""

from __future__ import annotations

import gc
import hashlib
import mmap
import posixpath
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from batch.errors import WorkbookError
from batch.readers import csv_files, encodings, ods, xlsx
from batch.readers.packages import Package, mark_of, office_document
from batch.readers.workbook import (
    SAVE_AS_XLSX,
    Format,
    RawSheet,
    Workbook,
    cannot_be_opened,
    damaged,
    encrypted,
    not_a_spreadsheet,
)
from batch.schema.file_metadata import MARK, METADATA_SHEET, NO_METADATA, FileKind, FileMetadata, plain_stem, read_lines
from batch.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


_HEAD: Final = 4096
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LITTLE_ENDIAN: Final = b"\xfe\xff"
_OLD_SHEETS: Final = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
"""First bytes of an ``.xls`` without a container around it (BIFF 2 to 8)."""

_STRAY: Final = b" \t\r\n\xef\xbb\xbf"
"""What pages that hand out files put in front of them by mistake."""

_BEGINNINGS: Final = (
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a letter (RTF)"),
    (b"\x1f\x8b", "a packed file (gzip)"),
    (b"7z\xbc\xaf", "a packed file (7-Zip)"),
    (b"Rar!", "a packed file (RAR)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BM", "a picture"),
    (b"SQLite format 3", "a database (SQLite)"),
)

_WEB_PAGE: Final = "a web page (HTML)"
_TEXTS: Final = (
    ("<!doctype html", _WEB_PAGE),
    ("<html", _WEB_PAGE),
    ("urn:schemas-microsoft-com:office:spreadsheet", "an Excel 2003 XML file"),
    ("office:document", "a flat OpenDocument file"),
    ("<table", _WEB_PAGE),
    ("<?xml", "an XML file"),
)

_NO_TEXTS: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods", ".zip"})
"""Endings of files that are never text; many a program calls a list ``.xls``."""

_TEXT_FILES: Final = frozenset({".csv", ".tsv", ".txt"})

_EXPORT_NUMBERS: Final = "In Numbers choose File, Export To, Excel, and give the file it makes."
_DOWNLOAD_GOOGLE: Final = (
    "Open it in the browser, choose File, Download, Microsoft Excel (.xlsx), and give the file it makes."
)
_PARTS: Final = (
    ("word/document.xml", "a letter (Word)", SAVE_AS_XLSX),
    ("ppt/presentation.xml", "slides (PowerPoint)", SAVE_AS_XLSX),
    ("Index/Document.iwa", "an Apple Numbers, Pages or Keynote file", _EXPORT_NUMBERS),
    ("Index.zip", "an Apple Numbers, Pages or Keynote file", _EXPORT_NUMBERS),
)
_NO_CSVS: Final = (
    f"Name the files {', '.join(csv_files.FILES)}, as many of them as there are; or give the one file that is meant."
)


def recognise(path: Path) -> Format:
    """Return what kind of workbook it is; reads only the beginning and, of a zip, the table of contents.

    Raises:
        WorkbookError: There is no such file, or it is none of the kinds that are read.
    """
    if not _can_be_written_down(path):
        raise WorkbookError(
            f'"{path}" has a name, or is in a folder with one, that is not in UTF-8 and so cannot be written down.',
            "Rename it with letters and digits, and give it under its new name.",
        )
    try:
        if path.name.startswith("~$") and path.is_file():
            raise WorkbookError(
                f'"{path}" is not a workbook: it is the mark Excel leaves beside one that is open.',
                f'Give the workbook itself: "{path.with_name(path.name[2:])}".',
            )
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise WorkbookError(
            f'"{path}" does not exist.', "Check the name and the folder; names with spaces need quotes."
        ) from None
    except OSError as error:
        raise cannot_be_opened(path, error) from None
    if not head:
        raise WorkbookError(f'"{path}" is empty: it has no bytes at all.', "Copy or download it again.")
    if head.lstrip(_STRAY).startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if head.startswith(_OLE):
        return _compound(path, head)
    if head.startswith(_OLD_SHEETS) and b"\x00" in head[:8]:
        return Format.XLS
    _check_text(path, head)
    return Format.CSV_FILE


def _can_be_written_down(path: Path) -> bool:
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        return False
    return True


def _folder(path: Path) -> Format:
    if (path / "Index.zip").exists() or (path / "Index").is_dir():
        raise not_a_spreadsheet(path, "an Apple Numbers, Pages or Keynote file", _EXPORT_NUMBERS)
    if not csv_files.files_in(path):
        texts = [file for file in path.iterdir() if file.suffix.lower() in _TEXT_FILES]
        hint = f"If its one list is meant: trunk-batch check {quoted(texts[0])}" if len(texts) == 1 else _NO_CSVS
        raise WorkbookError(f'The folder "{path}" holds none of the CSV files of a workbook.', hint)
    return Format.CSV


def _compound(path: Path, head: bytes) -> Format:
    if head[28:30] != _LITTLE_ENDIAN:  # seen before all of the file is read
        raise damaged(path, "it begins like an .xls workbook, but does not go on like one")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise encrypted(path)
    return Format.XLS


def _zipped(path: Path) -> Format:
    package = Package(path)
    book = office_document(package) or package.find("xl/workbook.xml") or ""
    if book.casefold().endswith(".bin"):
        return Format.XLSB
    if book and next((local for local, _ in package.elements(book)), "") == "workbook":
        return Format.XLSM if _has_macros(package, book) else Format.XLSX
    for part, seems, hint in _PARTS:
        if package.find(part):
            raise not_a_spreadsheet(path, seems, hint)
    mimetype = package.find(ods.MIMETYPE)
    kind = b"" if mimetype is None else next(package.chunks(mimetype), b"")
    if ods.SPREADSHEET.encode() in kind or ods.holds_a_spreadsheet(package):
        return Format.ODS
    if b"opendocument" in kind:
        raise not_a_spreadsheet(path, "an OpenDocument file that is not a spreadsheet")
    if csv_files.files_in_zip(package):
        return Format.ZIP
    raise WorkbookError(f'The zip "{path}" holds none of the CSV files of a workbook.', _NO_CSVS)


def _has_macros(package: Package, book: str) -> bool:
    """Tell whether the list of sheets is said to be one with macros; other parts of that kind need not be there."""
    types = package.find("[Content_Types].xml")
    said: dict[str, str] = {}
    for _, attributes in package.elements(types) if types else ():
        part = attributes.get("PartName", "." + attributes.get("Extension", "")).lstrip("/").casefold()
        said[part] = attributes.get("ContentType", "").casefold()
    of_its_extension = said.get(posixpath.splitext(book.casefold())[1], "")
    return "macroenabled" in said.get(book.casefold(), of_its_extension)


def _check_text(path: Path, head: bytes) -> None:
    """Refuse what is no plain text, or the text of another program."""
    for beginning, seems in _BEGINNINGS:
        if head.startswith(beginning):
            raise not_a_spreadsheet(path, seems)
    if encodings.is_binary(head):
        raise not_a_spreadsheet(path, "a file of another program")
    text = encodings.rough_text(head).lstrip("\ufeff \t\r\n").casefold()
    if text.startswith("{"):
        if "doc_id" in text or "docs.google" in text:
            raise not_a_spreadsheet(path, "a shortcut to a Google sheet", _DOWNLOAD_GOOGLE)
        raise not_a_spreadsheet(path, "a JSON file")
    if text.startswith("<"):
        for words, seems in _TEXTS:
            if words in text:
                raise not_a_spreadsheet(path, seems)
    if path.suffix.lower() in _NO_TEXTS:
        hint = "If it is a list of numbers or trunks, give it a name that ends in .csv, and give it by that name."
        raise not_a_spreadsheet(path, "plain text", hint)


def _beside(path: Path) -> str:
    """Tell of the other files of a folder of three, where one of them is given alone."""
    names: list[str] = []
    with suppress(OSError, WorkbookError):  # two of a name are nobody's concern here
        others = csv_files.sheets_in(path.parent) if csv_files.sheet_of_file(path.name) else ()
        names = [other.name for other in others if other.name != path.name]
    if not names:
        return ""
    said = f"{' and '.join(names)} beside it {'are' if len(names) > 1 else 'is'} not"
    return f" Only {path.name} is read; {said}: give the folder to have all of them read."


_OFFICE_PROPERTIES: Final = "docProps/custom.xml"
_ODS_PROPERTIES: Final = "meta.xml"


def read_workbook(path: Path) -> Workbook:
    """Read a workbook: ``.xlsx .xlsm .xlsb .xls .ods``, a folder of CSVs, a zip of one, or one CSV file alone.

    What kind it is, its content says, not its name. Nothing in it is run and no formula is calculated.

    Raises:
        WorkbookError: It is none of these, damaged, protected, or would fill the memory.
    """
    with _collector_paused():
        return begin_workbook(path).wait()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking over lists that only grow, for as long as they are built."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def begin_workbook(path: Path, called: Path | None = None) -> Workbook:
    """Begin to read a workbook as `read_workbook` does: its sheets may come later, each when it is asked for.

    Args:
        called: what the file is a copy of, by whose name the sheet of a CSV file goes; None where it is none.

    Raises:
        WorkbookError: As `read_workbook`; what is wrong with a sheet may only be raised where it is asked for.
    """
    kind = recognise(path)
    given = called or path
    match kind:
        case Format.CSV_FILE:
            alone = csv_files.read_alone(path, plain_stem(given))
            remarks = {title: remark + _beside(given) for title, remark in alone.remarks.items()}
            return _csv_workbook(path, kind, replace(alone, remarks=remarks))
        case Format.CSV:
            return _csv_workbook(path, kind, csv_files.read_folder(path))
        case Format.ZIP:
            return _csv_workbook(path, kind, csv_files.read_zip(Package(path)))
        case Format.XLS:
            from batch.readers import xls  # noqa: PLC0415 - loads xlrd, which few need

            sheets, remarks = xls.read_xls(path)
            return replace(_workbook(path, kind, sheets), remarks=remarks)
        case Format.XLSX | Format.XLSM:
            package = Package(path)
            sheets = xlsx.read_openxml(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _OFFICE_PROPERTIES, MARK))
        case Format.XLSB:
            from batch.readers import xlsb  # noqa: PLC0415 - loads pyxlsb, which few need

            package = Package(path)
            sheets = xlsb.read_xlsb(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _OFFICE_PROPERTIES, MARK))
        case Format.ODS:
            package = Package(path)
            sheets = ods.read_opendocument(package)
            return _workbook(path, kind, sheets, mark=mark_of(package, _ODS_PROPERTIES, MARK))
        case _:
            assert_never(kind)


def _workbook(path: Path, kind: Format, sheets: tuple[RawSheet, ...], *, mark: str | None = None) -> Workbook:
    metadata = _metadata_in(sheets, mark)
    return Workbook(path=path, sha256=fingerprint(path), format=kind, sheets=sheets, metadata=metadata)


def _metadata_in(sheets: Iterable[RawSheet], mark: str | None) -> FileMetadata:
    """Return what the tool left in the file: the hidden sheet's word, and that of the document's property."""
    hidden = next((sheet for sheet in sheets if sheet.name == METADATA_SHEET), None)
    metadata = NO_METADATA if hidden is None else read_lines(zip(*hidden.columns, strict=True))
    if mark is None:
        return metadata
    return replace(metadata, kinds=metadata.kinds | {FileKind(mark) if mark in set(FileKind) else FileKind.RESULTS})


def _csv_workbook(path: Path, kind: Format, folder: csv_files.CsvFolder) -> Workbook:
    return Workbook(
        path=path,
        sha256=fingerprint(path) if kind is Format.ZIP else folder.sha256,
        format=kind,
        sheets=folder.sheets,
        metadata=FileMetadata(kinds=frozenset({FileKind.RESULTS})) if folder.ours else NO_METADATA,
        remarks=folder.remarks,
    )


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a workbook's bytes as they are now, as `Workbook.sha256` has it of what was read."""
    digest = hashlib.sha256()
    for part in csv_files.sheets_in(path) if path.is_dir() else (path,):
        with part.open("rb") as file:
            digest.update(file.read())
    return digest.hexdigest()
