"""Workbooks of Excel since 2007 (``.xlsx``, ``.xlsm``).

calamine gives the values. It turns error cells and formulas without a value into blanks and does not know hidden
rows or number formats, so a second look streams each sheet's XML beside it: first for single words that betray such
a thing (`prescan_sheet`), and only where one was found element by element (`read_details`). A picture placed in a
cell is a rich value, which other programs see as ``#VALUE!``. Source: [MS-XLSX] 2.2.4.13 and 2.6.233 to 2.6.240.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetMetadata

from batch.errors import WorkbookError
from batch.readers import packages
from batch.readers.number_formats import CellFormats, is_on, read_styles
from batch.readers.packages import MAIN, OFFICE, RELATIONS, TYPES, Package
from batch.readers.prescan import SPELT_VALUE, Prescan, prescan_sheet, read_details, read_margins
from batch.readers.workbook import (
    CellDetails,
    Grid,
    RawSheet,
    SheetBeingRead,
    calamine_book,
    calamine_failures,
    damaged,
    grid_of,
    is_hidden,
    worksheets,
)

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


_ERROR_VALUE = re.compile(
    rb"(<(?:[\w.-]+:)?c\b[^<>]*\bt\s*=\s*[\"']e[\"'][^<>]*>"
    rb"(?:<(?:[\w.-]+:)?f\b[^<>]*/>|<(?:[\w.-]+:)?f\b[^<>]*>[^<]*</(?:[\w.-]+:)?f>)?"
    rb"<(?:[\w.-]+:)?v>)[^<]*"
)


def read_openxml(package: Package) -> tuple[RawSheet, ...]:
    """Begin to read all worksheets, in the workbook's order; whoever asks for the cells of one waits for them.

    Raises:
        WorkbookError: The package is damaged or an attack. That a sheet spans more cells than fit into memory, or
            cannot be understood, is raised where its cells are asked for.
    """
    path = package.path
    sheets = _worksheets(package)
    _verify(package)
    with calamine_failures(path):
        styles = _styles(package)
        texts, pictures = _struck_texts(package), picture_values(package)
        book = _book(package)
    # The values are read without Python's lock, one sheet after the other; the looks, and whatever else the process
    # has to do, go on beside them. Small sheets come first, so that the trunks are there while the DIDs are not yet.
    reader = ThreadPoolExecutor(1, thread_name_prefix="reading")
    noted = ThreadPoolExecutor(1, thread_name_prefix="second-look")

    def details_of(part: str, known: Prescan) -> CellDetails:
        return _details_of(package, part, known, styles, texts, pictures)

    def read(index: int, meta: SheetMetadata, part: str, known: Prescan, looked: Future[CellDetails]) -> RawSheet:
        with calamine_failures(path):
            if known.far:
                looked.result().check_far_cells(path, meta.name)
            grid = _values(None if known.commented else book, index, package, part)
            return grid.to_sheet(meta.name, hidden=is_hidden(meta), details=looked.result())

    found = worksheets(book)
    if len(found) != len(sheets):
        raise damaged(path, "its list of sheets cannot be understood")
    sizes = [package.size(part) if part else 0 for _, part in sheets]
    begun = {}
    for _, (index, meta), (sheet, part) in sorted(zip(sizes, found, sheets, strict=True), key=lambda one: one[0]):
        reading: Future[RawSheet] = Future()
        try:
            there = _there(package, sheet, part)
            known = prescan_sheet(package, there, styles.formats, styles.struck)
        except WorkbookError as error:
            reading.set_exception(error)
        else:
            reading = reader.submit(read, index, meta, there, known, noted.submit(details_of, there, known))
        begun[index] = SheetBeingRead.begun(meta.name, hidden=is_hidden(meta), read=reading.result)
    reader.shutdown(wait=False)
    noted.shutdown(wait=False)
    return tuple(begun[index] for index in sorted(begun))


def _worksheets(package: Package) -> list[tuple[dict[str, str], str | None]]:
    """Return each worksheet as the list of sheets has it, and its part; None where that is not there.

    Raises:
        WorkbookError: The package has no list of sheets, or its XML is not well-formed.
    """
    book = packages.list_of_sheets(package)
    links = packages.links(package, book)
    found = [
        (attributes, *links.get(attributes.get("id", ""), ("/worksheet", None)))
        for tag, attributes in package.elements(book)
        if tag == "sheet" and "name" in attributes
    ]
    if not found:
        raise damaged(package.path, "it has no list of sheets")
    return [(attributes, part) for attributes, kind, part in found if kind.endswith("/worksheet")]


def _there(package: Package, sheet: Mapping[str, str], part: str | None) -> str:
    """Return the part of a worksheet, which is XML at least where it begins."""
    if part is None:
        raise damaged(package.path, f'its sheet "{sheet["name"]}" is listed but not there')
    package.check_xml([part])
    return part


def check_parts(package: Package) -> None:
    """Check the XML of all parts that hold a workbook's values, and have it read as UTF-8 from now on.

    A worksheet that cannot be read is left as it is: it may be one that nobody needs.

    Raises:
        WorkbookError: The package has no list of sheets, or the texts or styles of all sheets are no XML.
    """
    for sheet, part in _worksheets(package):
        with suppress(WorkbookError):
            _there(package, sheet, part)
    package.check_xml([*_parts(package, "sharedStrings"), *_parts(package, "styles")])


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedParts:
    """What of a package cannot be read, beside its worksheets."""

    no_xml: list[str]
    """Parts that are not the XML that they should be. Drawings in VML are left out: many a sound one is none."""
    packed: list[str]
    """Parts that do not even unpack, also of worksheets."""


def damaged_parts(path: Path, sheets: Collection[str]) -> DamagedParts:
    """Look at all parts but worksheets; of these, only at some that are known not to be readable, by their names."""
    try:
        package = Package(path)
    except OSError:  # gone meanwhile
        return DamagedParts(no_xml=[], packed=[])
    listed = {part: sheet["name"] for sheet, part in _worksheets(package) if part}
    looked_at = [name for name in package.names if name not in listed or listed[name] in sheets]
    packed = [name for name in looked_at if not _unpacks(package, name)]
    no_xml = [name for name in looked_at if name not in {*listed, *packed} and not _is_xml(package, name)]
    return DamagedParts(no_xml=no_xml, packed=packed)


def _unpacks(package: Package, name: str) -> bool:
    try:
        for _ in package.chunks_as_they_are(name):
            pass
    except WorkbookError:
        return False
    return True


def _is_xml(package: Package, name: str) -> bool:
    try:
        if name.casefold().endswith((".xml", ".rels")):
            packages.feed(package, name, packages.strict_parser(package, name))
    except WorkbookError:
        return False
    return True


def _verify(package: Package) -> None:
    """Unpack once what calamine unpacks when it opens the file; the sheets are unpacked by `prescan_sheet`."""
    book = packages.list_of_sheets(package)
    strings = _parts(package, "sharedStrings")
    styles = _parts(package, "styles")
    check_parts(package)
    for name in (book, *styles):
        for _ in package.chunks(name):
            pass
    package.drop_comments(strings)  # calamine loses the text around them
    expected = {"xl/workbook.xml", "xl/sharedstrings.xml", "xl/styles.xml"}
    package.odd = package.odd or any(name.casefold() not in expected for name in (book, *strings, *styles))


def _parts(package: Package, kind: str) -> list[str]:
    """Return the part of a kind: first that which the list of sheets links to, then that which has its usual name."""
    linked = packages.targets(package, packages.list_of_sheets(package), f"/{kind}").values()
    usual = package.find(f"xl/{kind}.xml")
    return list(dict.fromkeys([*linked, *([] if usual is None else [usual])]))


def _book(package: Package) -> CalamineWorkbook:
    """Return the file opened by calamine; where it is packed as calamine does not understand, a plain copy of it."""
    if not package.odd:
        try:
            return calamine_book(package.path, ".xlsx", ".xlsm")
        except CalamineError:
            pass
    return CalamineWorkbook.from_filelike(plain_copy(package))


def _styles(package: Package) -> CellFormats:
    part = next(iter(_parts(package, "styles")), None)
    return CellFormats() if part is None else read_styles(package.elements(part))


def _struck_texts(package: Package) -> frozenset[int]:
    """Return the places of those shared texts of which a part is struck through."""
    part = next(iter(_parts(package, "sharedStrings")), None)
    before = b""
    for chunk in package.chunks(part) if part else ():
        if b"strike" in before + chunk:
            break
        before = chunk[-8:]
    else:
        return frozenset()
    found: set[int] = set()
    place = -1
    for tag, attributes in package.elements(part or ""):
        place += tag == "si"
        if tag == "strike" and is_on(attributes):
            found.add(place)
    return frozenset(found)


def _details_of(
    package: Package,
    part: str,
    known: Prescan,
    styles: CellFormats,
    texts: frozenset[int],
    pictures: frozenset[str],
) -> CellDetails:
    due = known.closer or known.far or texts
    details = read_details(package, part, styles, texts, pictures, far=known.far) if due else CellDetails()
    read_margins(package, part, known.margins, details)
    return details


def _values(book: CalamineWorkbook | None, index: int, package: Package, part: str) -> Grid:
    """Return a worksheet's values; where they cannot be taken from the book, from a copy with this sheet alone."""
    if book is not None:
        try:
            return grid_of(book.get_sheet_by_index(index))
        except CalamineError:
            pass
    return grid_of(CalamineWorkbook.from_filelike(plain_copy(package, part)).get_sheet_by_index(0))


def plain_copy(package: Package, only: str = "") -> io.BytesIO:
    """Return a package with the same worksheets, packed as plainly as can be.

    Args:
        package: The package.
        only: Of worksheets, just this part, without comments, and digits as digits; its errors are written as one that
            calamine knows, as it gives up at ``#SPILL!``. What they really were, the look knows.
    """
    from xml.sax.saxutils import quoteattr  # noqa: PLC0415 - brings HTTP along, and few files need it

    sheets = [(sheet, part) for sheet, part in _worksheets(package) if only in {"", part}]
    book = packages.list_of_sheets(package)
    properties = next((found for tag, found in package.elements(book) if tag == "workbookPr"), {})
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        listed, linked = [], []
        for number, (sheet, part) in enumerate(sheets, 1):
            name, state = quoteattr(sheet["name"]), quoteattr(sheet.get("state", "visible"))
            listed.append(f'<sheet name={name} sheetId="{number}" state={state} r:id="rId{number}"/>')
            linked.append(("worksheet", f"worksheets/sheet{number}.xml"))
            content = _content(package, sheet, part, must=bool(only))
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _with_known_errors(content) if only else content)
        for kind in ("sharedStrings", "styles"):
            for part in _parts(package, kind)[:1]:
                linked.append((kind, f"{kind}.xml"))
                archive.writestr(f"xl/{kind}.xml", package.read(part))
        date1904 = quoteattr(properties.get("date1904", "0"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904={date1904}/>'
            f"<sheets>{''.join(listed)}</sheets></workbook>",
        )
        archive.writestr("xl/_rels/workbook.xml.rels", _relationships(linked))
        archive.writestr("_rels/.rels", _relationships([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{TYPES}"/>')
    copy.seek(0)
    return copy


def _content(package: Package, sheet: Mapping[str, str], part: str | None, *, must: bool) -> bytes:
    try:
        return package.read(_there(package, sheet, part))
    except WorkbookError:
        if must:
            raise
        return b"<worksheet/>"  # what is wrong with it is said where its cells are asked for


def _with_known_errors(content: bytes) -> bytes:
    plain = SPELT_VALUE.sub(_spelt_plainly, packages.without_comments(content))
    return _ERROR_VALUE.sub(rb"\1#N/A", plain)


def _spelt_plainly(value: re.Match[bytes]) -> bytes:
    from html import unescape  # noqa: PLC0415 - few files need it
    from xml.sax.saxutils import escape  # noqa: PLC0415

    pieces = re.split(r"<!\[CDATA\[(.*?)\]\]>", value[2].decode("utf-8", "replace"), flags=re.DOTALL)
    said = "".join(piece if place % 2 else unescape(piece) for place, piece in enumerate(pieces))
    return value[1] + escape(said).encode()


def _relationships(links: list[tuple[str, str]]) -> str:
    each = (
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'<Relationships xmlns="{RELATIONS}">{"".join(each)}</Relationships>'
