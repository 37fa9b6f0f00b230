"""Packages as other programs lay them out: whatever they are called, encoded and linked like, the values are the same.

Only what is used is judged: a part that holds nothing of ours may be anything.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from batch.errors import WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import Format
from tests.packages import MAIN, raw_ods

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
BOOK, LINKS, STRINGS, STYLES, SHEET = (
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/worksheets/sheet1.xml",
)
USED = ("[Content_Types].xml", "_rels/.rels", BOOK, LINKS, STRINGS, STYLES, SHEET)

Parts = dict[str, bytes]
VALUES = [["Näme", "A"], ["DID", 442079460100.0]]


def plain_parts() -> Parts:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            {"worksheet": "worksheets/sheet1.xml", "sharedStrings": "sharedStrings.xml", "styles": "styles.xml"}.items()
        )
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        BOOK: f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Trünks" sheetId="1" r:id="rId0"/>'
        "</sheets></workbook>",
        LINKS: f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        STRINGS: f'<sst xmlns="{MAIN}"><si><t>Näme</t></si><si><t>A</t></si><si><t>DID</t></si></sst>',
        STYLES: f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>',
        SHEET: f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>2</v>'
        '</c></row><row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>442079460100</v></c></row></sheetData>'
        "</worksheet>",
    }
    return {name: text.encode() for name, text in parts.items()}


def packed(path: Path, parts: Mapping[str, bytes], before: bytes = b"", *, zip64: bool = False) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            entry = zipfile.ZipInfo()
            entry.filename, entry.compress_type = name, zipfile.ZIP_DEFLATED  # ZipInfo(name) would mend the name
            with archive.open(entry, "w", force_zip64=zip64) as file:
                file.write(part)
    path.write_bytes(before + content.getvalue())
    return path


def renamed(parts: Parts, old: str, new: str, *mentions: tuple[str, str, str]) -> Parts:
    parts[new] = parts.pop(old)
    for part, text, other in mentions:
        assert text.encode() in parts[part]
        parts[part] = parts[part].replace(text.encode(), other.encode())
    return parts


def replaced(parts: Parts, part: str, old: str, new: str) -> Parts:
    return renamed(parts, part, part, (part, old, new))


def with_prefixes(parts: Parts) -> Parts:
    def prefixed(content: bytes) -> bytes:
        content = re.sub(rb"<(/?)([A-Za-z]+)(?=[\s/>])", rb"<\1x:\2", content)
        return content.replace(b"xmlns=", b"xmlns:x=")

    return {name: prefixed(content) for name, content in parts.items()}


def with_other_sheets(parts: Parts) -> Parts:
    kinds = {
        "Chart": f"{OFFICE}/chartsheet",
        "Macro1": f"{MICROSOFT}/xlMacrosheet",
        "Intl": f"{MICROSOFT}/xlIntlMacrosheet",
        "Dialog": f"{OFFICE}/dialogsheet",
    }
    listed: list[str] = []
    linked: list[str] = []
    for name, kind in kinds.items():
        listed.append(f'<sheet name="{name}" sheetId="{len(listed) + 7}" r:id="other{name}"/>')
        linked.append(f'<Relationship Id="other{name}" Type="{kind}" Target="other/{name}.xml"/>')
        parts[f"xl/other/{name}.xml"] = f'<macrosheet xmlns="{MAIN}"><sheetData/></macrosheet>'.encode()
    replaced(parts, BOOK, "<sheets>", "<sheets>" + "".join(listed))
    return replaced(parts, LINKS, "</Relationships>", "".join(linked) + "</Relationships>")


LAYOUTS: Mapping[str, Callable[[Parts], Parts]] = {
    "plain": lambda parts: parts,
    "backslashes": lambda parts: {name.replace("/", "\\"): part for name, part in parts.items()},
    "a slash in front": lambda parts: {f"/{name}": part for name, part in parts.items()},
    "capitals": lambda parts: {name.upper(): part for name, part in parts.items()},
    "folders of their own": lambda parts: {"xl/": b"", "xl/worksheets\\": b"", **parts},
    "targets from the root": lambda parts: replaced(
        replaced(parts, LINKS, 'Target="', 'Target="/xl/'), "_rels/.rels", 'Target="', 'Target="/'
    ),
    "targets with dots": lambda parts: replaced(parts, LINKS, "worksheets/sheet1", "../xl/./worksheets/sheet1"),
    "targets with backslashes": lambda parts: replaced(parts, LINKS, "worksheets/sheet1", "worksheets\\sheet1"),
    "another name of the book": lambda parts: renamed(
        renamed(parts, LINKS, "xl/_rels/Mappe.xml.rels"),
        BOOK,
        "xl/Mappe.xml",
        ("_rels/.rels", "xl/workbook.xml", "xl/Mappe.xml"),
    ),
    "strings elsewhere": lambda parts: renamed(
        parts, STRINGS, "xl/texts/sst.xml", (LINKS, "sharedStrings.xml", "texts/sst.xml")
    ),
    "a blank in the sheet's name": lambda parts: renamed(
        parts, SHEET, "xl/worksheets/my sheet.xml", (LINKS, "sheet1.xml", "my sheet.xml")
    ),
    "an escaped blank": lambda parts: renamed(
        parts, SHEET, "xl/worksheets/my sheet.xml", (LINKS, "sheet1.xml", "my%20sheet.xml")
    ),
    "no styles": lambda parts: {name: part for name, part in parts.items() if name != STYLES},
    "no types": lambda parts: {name: part for name, part in parts.items() if name != "[Content_Types].xml"},
    "no links of the package": lambda parts: {name: part for name, part in parts.items() if name != "_rels/.rels"},
    "prefixes": with_prefixes,
    "another prefix of links": lambda parts: replaced(
        replaced(parts, BOOK, "xmlns:r=", "xmlns:d3p1="), BOOK, "r:id=", "d3p1:id="
    ),
    "the strict kind": lambda parts: {
        name: part.replace(MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            OFFICE.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        for name, part in parts.items()
    },
    "single quotes": lambda parts: {name: part.replace(b'"', b"'") for name, part in parts.items()},
    "indented": lambda parts: {name: part.replace(b"><", b">\n  <") for name, part in parts.items()},
    "comments in texts": lambda parts: replaced(parts, STRINGS, "<t>N", "<t><!-- a <t> --><![CDATA[N]]>"),
    "comments in cells": lambda parts: replaced(parts, SHEET, "<v>0", '<!-- <c r="A1"/> --><v><!-- 7 -->0'),
    "a comment in front": lambda parts: parts | {SHEET: b"<!-- made by <a> program -->" + parts[SHEET]},
    "texts counted wrongly": lambda parts: replaced(parts, STRINGS, "<sst ", '<sst count="0" uniqueCount="0" '),
    "a wrong dimension": lambda parts: replaced(parts, SHEET, "<sheetData>", '<dimension ref="A1"/><sheetData>'),
    "no addresses": lambda parts: parts | {SHEET: re.sub(rb' r="[^"]*"', b"", parts[SHEET])},
    "sheets of other kinds": with_other_sheets,
    "alternate content": lambda parts: replaced(
        parts, BOOK, "<sheets>", '<mc:AlternateContent xmlns:mc="x"><mc:Choice/></mc:AlternateContent><sheets>'
    ),
    "Power Query": lambda parts: parts | {"customXml/item1.xml": "<DataMashup/>".encode("utf-16")},
    "parts that are nobody's": lambda parts: (
        parts | {"docProps/app.xml": b"no XML", "xl/theme/theme1.xml": b"<!DOCTYPE a><a/>", "xl/a.vml": b"<b>"}
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_however_a_package_is_laid_out_its_values_are_read(tmp_path: Path, layout: str) -> None:
    (sheet,) = read_workbook(packed(tmp_path / "book.xlsx", LAYOUTS[layout](plain_parts()))).sheets

    assert (sheet.name, sheet.columns) == ("Trünks", VALUES)


@pytest.mark.parametrize(
    ("name", "before"), [("book.XLSX", b""), ("book.dat", b""), ("book.xlsx", b"\r\n\xef\xbb\xbf")]
)
@pytest.mark.parametrize("zip64", [False, True])
def test_however_the_file_is_called_and_packed_its_values_are_read(
    tmp_path: Path,
    name: str,
    before: bytes,
    zip64: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    book = read_workbook(packed(tmp_path / name, plain_parts(), before, zip64=zip64))

    assert book.format is Format.XLSX
    assert book.sheets[0].columns == VALUES


@pytest.mark.parametrize("part", USED)
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "utf-16"),
        ("utf-8-sig", "utf-8"),
        ("utf-8", "utf-16"),  # what .NET says of a text it writes as UTF-8
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
    ],
)
def test_whatever_a_used_part_is_encoded_in_it_is_read(tmp_path: Path, part: str, encoding: str, declared: str) -> None:
    parts = plain_parts()
    parts[part] = f'<?xml version="1.0" encoding="{declared}"?>{parts[part].decode()}'.encode(encoding)

    (sheet,) = read_workbook(packed(tmp_path / "book.xlsx", parts)).sheets

    assert (sheet.name, sheet.columns) == ("Trünks", VALUES)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", USED)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp037"]
)
@pytest.mark.parametrize("before", ["", "<!-- <worksheet> -->", "<?a <b> ?>"])
def test_no_encoding_lets_entities_by(tmp_path: Path, part: str, encoding: str, before: str) -> None:
    parts = plain_parts()
    declared = "" if encoding.startswith("utf-8") else f'<?xml version="1.0" encoding="{encoding}"?>'
    parts[part] = f"{declared}{before}{LAUGHS}{parts[part].decode()}".encode(encoding)

    with pytest.raises(WorkbookError, match=r"declares document types or entities|is not readable XML"):
        read_workbook(packed(tmp_path / "book.xlsx", parts))


@pytest.mark.parametrize("encoding", ["klingon", "zlib", "rot13"])
def test_an_encoding_that_nobody_knows_is_refused(tmp_path: Path, encoding: str) -> None:
    parts = plain_parts()
    parts[STRINGS] = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + parts[STRINGS]

    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(packed(tmp_path / "book.xlsx", parts))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", [STRINGS, SHEET, STYLES])
@pytest.mark.parametrize("beginning", [b"<!--", b"<![CDATA[<!--", b"<?a "])
def test_comments_that_never_end_are_refused_in_time_with_their_number(
    tmp_path: Path, part: str, beginning: bytes
) -> None:
    parts = plain_parts()
    for content in (beginning * 100_000, parts[part].replace(b"><", b">" + beginning * 100_000 + b"<", 1)):
        with pytest.raises(WorkbookError, match="is damaged"):
            read_workbook(packed(tmp_path / "book.xlsx", parts | {part: content}))


def twice(path: Path, name: str, other: bytes) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for known, part in plain_parts().items():
            archive.writestr(known, part)
        archive.writestr(name, other)
    return path


def test_a_part_that_is_there_twice_is_refused_only_where_it_matters_which(tmp_path: Path) -> None:
    strings = plain_parts()[STRINGS]
    assert read_workbook(twice(tmp_path / "a.xlsx", STRINGS, strings)).sheets[0].columns == VALUES
    assert read_workbook(twice(tmp_path / "b.xlsx", "docProps/app.xml", b"x")).sheets[0].columns == VALUES
    for name in (STRINGS, "xl/SharedStrings.xml"):
        with pytest.raises(WorkbookError, match="two parts of the same name"):
            read_workbook(twice(tmp_path / "c.xlsx", name, strings.replace(b"A<", b"B<")))


def test_a_listed_sheet_that_is_not_there_is_never_passed_over(tmp_path: Path) -> None:
    parts = replaced(plain_parts(), BOOK, "</sheets>", '<sheet name="DIDs" sheetId="5" r:id="rId55"/></sheets>')

    with pytest.raises(WorkbookError, match='its sheet "DIDs" is listed but not there'):
        read_workbook(packed(tmp_path / "book.xlsx", parts))


def test_a_plain_copy_keeps_what_is_hidden_and_how_days_are_counted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0]["A1"] = "x"
    book.create_sheet("Hidden & <more>").sheet_state = "hidden"
    book["Hidden & <more>"]["A1"] = 44562
    book["Hidden & <more>"]["A1"].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "made.xlsx")
    with zipfile.ZipFile(tmp_path / "made.xlsx") as archive:
        parts = {name.replace("/", "\\"): archive.read(name) for name in archive.namelist()}

    straight = read_workbook(tmp_path / "made.xlsx").sheets
    odd = read_workbook(packed(tmp_path / "odd.xlsx", parts)).sheets

    assert [(s.name, s.hidden, s.columns) for s in odd] == [(s.name, s.hidden, s.columns) for s in straight]
    assert straight[1].hidden
    assert str(straight[1].columns[0][0]) == "2026-01-02"


# --- .ods

TABLES = (
    '<table:table table:name="Trunks"><table:table-row><table:table-cell office:value-type="string">'
    '<text:p>Name</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="7">'
    '<text:p>7</text:p></table:table-cell></table:table-row></table:table><table:table table:name="DIDs">'
    '<table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p>'
    "<text:p>b <text:span>c</text:span> <text:span>d</text:span></text:p></table:table-cell></table:table-row>"
    "</table:table>"
)


@pytest.mark.parametrize("indent", [False, True])
@pytest.mark.parametrize("mimetype", ["application/vnd.oasis.opendocument.spreadsheet", ""])
def test_an_opendocument_workbook_is_read_indented_or_without_its_mimetype(
    tmp_path: Path,
    indent: bool,  # noqa: FBT001 - a parameter of the test
    mimetype: str,
) -> None:
    body = re.sub(r">(?=</?table:|<text:p)", ">\n   ", TABLES) if indent else TABLES

    book = read_workbook(raw_ods(tmp_path / "book.ods", body, mimetype=mimetype))

    assert book.format is Format.ODS
    assert [(sheet.name, sheet.columns) for sheet in book.sheets] == [
        ("Trunks", [["Name"], [7.0]]),
        ("DIDs", [["a\nb c d"]]),
    ]


def test_properties_that_are_not_well_formed_do_not_damage_an_opendocument_workbook(tmp_path: Path) -> None:
    book = read_workbook(raw_ods(tmp_path / "book.ods", TABLES, **{"meta.xml": "<office:document-meta><a></b>"}))

    assert not book.ours
    assert book.sheets[0].columns == [["Name"], [7.0]]


def test_text_of_a_drawing_that_hangs_at_a_cell_is_not_the_cells(tmp_path: Path) -> None:
    drawing = '<draw:frame xmlns:draw="d"><draw:text-box><text:p>read me</text:p></draw:text-box></draw:frame>'
    cells = ("<text:p>a<text:s text:c='2'/>b</text:p><text:p>c</text:p>" + drawing, drawing + "<text:p>d</text:p>")
    row = "".join(f'<table:table-cell office:value-type="string">{cell}</table:table-cell>' for cell in cells)
    empty = f"<table:table-cell>{drawing}</table:table-cell>"
    body = f'<table:table table:name="DIDs"><table:table-row>{row}{empty}</table:table-row></table:table>'

    (sheet,) = read_workbook(raw_ods(tmp_path / "book.ods", body)).sheets

    assert sheet.columns == [["a  b\nc"], ["d"]]
