"""What is no workbook: one sentence what it is, one hint what to do, no traceback, and quickly."""

from __future__ import annotations

import io
import os
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest

from batch.errors import WorkbookError
from batch.readers import packages
from batch.readers.detect import read_workbook
from batch.readers.workbook import Format

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(path: Path) -> WorkbookError:
    with pytest.raises(WorkbookError) as caught:
        read_workbook(path)
    error = caught.value
    assert error.__cause__ is None
    assert error.hint
    assert error.exit_code == 3
    return error


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def zipped(tmp_path: Path, name: str, **parts: bytes | str) -> Path:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def good_book(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for number in range(500):
        book.worksheets[0].append([f"trunk {number}", number])
    book.save(tmp_path / "good.xlsx")
    return tmp_path / "good.xlsx"


def with_part(source: Path, target: Path, part: str, content: bytes) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), part}:
            new.writestr(name, content if name == part else old.read(name))
    return target


@pytest.mark.parametrize(
    ("content", "seems"),
    [
        (b"%PDF-1.7\n...", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x1f\x8b\x08\x00", "a packed file"),
        (b"{\\rtf1\\ansi", "a letter"),
        (b"\r\n<html><body><table><tr><td>Trunk</td></tr></table>", "a web page (HTML)"),
        ("\ufeff<!DOCTYPE html>\n<p>sign in</p>".encode(), "a web page (HTML)"),
        ("<table><tr><td>x</td></tr></table>".encode("utf-16"), "a web page (HTML)"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "an Excel 2003 XML file",
        ),
        (b'<?xml version="1.0"?><office:document>', "a flat OpenDocument file"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table><Row/>',
            "an Excel 2003 XML file",
        ),
        (b"<office:document><office:body><office:spreadsheet><table:table><table:table-row/>", "a flat OpenDocument"),
        (b'<?xml version="1.0"?><pbx/>', "an XML file"),
        (b'{"a": 1}', "a JSON file"),
        (b'{"url": "https://docs.google.com/spreadsheets/d/x", "doc_id": "x"}', "a shortcut to a Google sheet"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00", "a file of another program"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path: Path, content: bytes, seems: str) -> None:
    error = refusal(written(tmp_path, "trunks.xls", content))

    assert f"is not a spreadsheet: it seems to be {seems}" in error.message


@pytest.mark.parametrize("content", [b"Trunk;DID\r\nA;1\r\n", b"<3 this list\r\nA;1\r\n"])
def test_plain_text_under_a_workbooks_name_is_read_as_csv(tmp_path: Path, content: bytes) -> None:
    read = read_workbook(written(tmp_path, "carrier.xls", content))

    assert (read.format, [sheet.name for sheet in read.sheets]) == (Format.CSV_FILE, ["carrier"])


def test_one_csv_of_the_three_tells_of_the_others_beside_it(tmp_path: Path) -> None:
    path = written(tmp_path, "DIDs.csv", b"Trunk;DID\r\nA;1\r\n")
    assert read_workbook(path).remarks == {"DIDs": "DIDs.csv was read as UTF-8, with semicolons between the values."}

    written(tmp_path, "trunks.csv", b"Name\r\nA\r\n")

    assert (
        read_workbook(path)
        .remarks["DIDs"]
        .endswith(" Only DIDs.csv is read; trunks.csv beside it is not: give the folder to have all of them read.")
    )


@pytest.mark.parametrize(
    ("part", "seems", "hint"),
    [
        ("word/document.xml", "a letter (Word)", "save it as"),
        ("ppt/presentation.xml", "slides (PowerPoint)", "save it as"),
        ("Index/Document.iwa", "an Apple Numbers, Pages or Keynote file", "Export To, Excel"),
    ],
)
def test_a_package_of_another_program_is_called_by_its_name(tmp_path: Path, part: str, seems: str, hint: str) -> None:
    error = refusal(zipped(tmp_path, "trunks.xlsx", **{part: "x"}))

    assert seems in error.message
    assert hint in error.hint


def test_a_letter_in_opendocument_is_not_a_spreadsheet(tmp_path: Path) -> None:
    path = zipped(tmp_path, "trunks.ods", mimetype="application/vnd.oasis.opendocument.text")
    assert "an OpenDocument file that is not a spreadsheet" in refusal(path).message

    assert "none of the CSV files" in refusal(zipped(tmp_path, "a.zip", mimetype="application/epub+zip")).message


def test_a_zip_or_folder_without_the_files_names_them(tmp_path: Path) -> None:
    empty = tmp_path / "folder"
    empty.mkdir()
    for path in (empty, zipped(tmp_path, "a.zip", **{"notes.txt": "x"}), zipped(tmp_path, "b.zip")):
        error = refusal(path)
        assert "holds none of the CSV files" in error.message
        assert "trunks.csv, caller_ids.csv, dids.csv" in error.hint


def test_a_numbers_document_that_is_a_folder_is_known(tmp_path: Path) -> None:
    path = tmp_path / "trunks.numbers"
    (path / "Index").mkdir(parents=True)

    assert "Apple Numbers" in refusal(path).message


def test_a_file_that_is_missing_empty_or_only_a_lock_is_said_so(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere.xlsx").message
    assert "has no bytes at all" in refusal(written(tmp_path, "empty.xlsx", b"")).message
    lock = refusal(written(tmp_path, "~$trunks.xlsx", b"\x05Eve"))
    assert "the mark Excel leaves" in lock.message
    assert "trunks.xlsx" in lock.hint


def test_a_file_that_may_not_be_opened_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = good_book(tmp_path)

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert "cannot be opened: Permission denied" in refusal(path).message


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    content = (
        OLE + b"\x00" * 20 + b"\xfe\xff" + b"\x00" * 5000 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 5000
    )

    error = refusal(written(tmp_path, "trunks.xlsx", content))

    assert "protected with a password" in error.message
    assert "save it without one" in error.hint


def test_a_zip_with_a_password_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path, "a.zip", **{"trunks.csv": "Name"})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert "protected with a password" in refusal(path).message


def test_an_office_container_with_nothing_in_it_is_damaged(tmp_path: Path) -> None:
    assert "is damaged" in refusal(written(tmp_path, "a.xls", OLE + b"\x00" * 600)).message
    assert "is damaged" in refusal(written(tmp_path, "b.xls", b"\x09\x08\x10\x00" + b"\x00" * 600)).message


def test_a_workbook_cut_short_anywhere_is_damaged(tmp_path: Path) -> None:
    whole = good_book(tmp_path).read_bytes()
    for length in (10, 100, len(whole) // 2, len(whole) - 30):
        assert "is damaged" in refusal(written(tmp_path, "cut.xlsx", whole[:length])).message


def test_bytes_altered_anywhere_never_end_in_a_traceback(tmp_path: Path) -> None:
    whole = bytearray(good_book(tmp_path).read_bytes())
    path = tmp_path / "bent.xlsx"
    refused = 0
    for place in range(0, len(whole), 131):
        bent = whole.copy()
        bent[place] ^= 0x55
        path.write_bytes(bent)
        try:
            read_workbook(path)
        except WorkbookError:
            refused += 1
    assert refused > 50


def test_200_mb_of_nonsense_are_refused_at_once(tmp_path: Path) -> None:
    sizes = (b"\x9d\x01\x00\xfe", b"PK\x03\x04", OLE)
    for number, beginning in enumerate(sizes):
        path = tmp_path / f"{number}.xlsx"
        with path.open("wb") as file:
            file.write(beginning)
            file.truncate(200 << 20)
        start = time.process_time()
        refusal(path)
        assert time.process_time() - start < 3


def bomb(path: Path, part: str, size: int, filler: bytes = b" ") -> Path:
    """Write a package whose part unpacks to ``size`` bytes, without ever holding them."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(part, "w", force_zip64=True) as file,
    ):
        block = filler * (1 << 20)
        for _ in range(size >> 20):
            file.write(block)
    return path


def test_a_part_that_unpacks_to_a_thousandfold_is_refused_unread(tmp_path: Path) -> None:
    error = refusal(bomb(tmp_path / "bomb.xlsx", "xl/sharedStrings.xml", 101 << 20))

    assert "an absurd multiple of its size" in error.message


def test_more_than_fits_is_refused_by_what_the_file_claims(tmp_path: Path) -> None:
    path = zipped(tmp_path, "big.zip", **{"trunks.csv": "Name"})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 3 << 30)
    path.write_bytes(content)

    assert "it would unpack to 3 GiB" in refusal(path).message


def lying(source: Path, part: str, claimed: int, checksum: int) -> None:
    """Overwrite what the table of contents says of a part's size and checksum."""
    content = bytearray(source.read_bytes())
    place = content.index(b"PK\x01\x02")
    while content[place + 46 : place + 46 + len(part)] != part.encode():
        place = content.index(b"PK\x01\x02", place + 1)
    content[place + 16 : place + 20] = struct.pack("<I", checksum)
    content[place + 24 : place + 28] = struct.pack("<I", claimed)
    source.write_bytes(content)


def test_a_part_larger_than_it_claims_is_refused_before_the_fast_reader_sees_it(tmp_path: Path) -> None:
    strings = b" " * (5 << 20)
    path = with_part(good_book(tmp_path), tmp_path / "lie.xlsx", "xl/sharedStrings.xml", strings)
    lying(path, "xl/sharedStrings.xml", 100, zlib.crc32(strings[:100]))

    assert "larger than it claims" in refusal(path).message


def test_a_part_smaller_than_it_claims_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path, "a.zip", **{"trunks.csv": "Name"})
    lying(path, "trunks.csv", 100, zlib.crc32(b"Name"))

    assert "is cut off or altered" in refusal(path).message


def test_a_part_that_is_not_where_the_contents_say_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path, "a.zip", **{"trunks.csv": "Name"})
    content = bytearray(path.read_bytes())
    content[0:4] = b"PK\x03\x05"
    path.write_bytes(b"PK\x03\x04" + content)

    assert "is cut off or altered" in refusal(path).message


def test_a_part_packed_in_an_unusual_way_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("trunks.csv", "Name")

    assert "packed in an unusual way" in refusal(path).message


def test_stored_parts_are_read_like_packed_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("dir/", "")
        archive.writestr("trunks.csv", "Name\nA\n")

    assert read_workbook(path).sheets[0].columns == [["Name", "A"]]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trunks.csv", "Name")
        archive.writestr("trunks.csv", "Other")

    assert "two parts of the same name" in refusal(path).message


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<worksheet><sheetData/></worksheet>"
)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "_rels/.rels", "xl/styles.xml", "docProps/custom.xml"]
)
def test_xml_that_declares_entities_is_refused_in_any_part(tmp_path: Path, part: str) -> None:
    path = with_part(good_book(tmp_path), tmp_path / "laughs.xlsx", part, LAUGHS.encode())

    error = refusal(path)

    assert "declares document types or entities" in error.message
    assert part in error.message


def test_entities_are_refused_in_other_formats_too(tmp_path: Path) -> None:
    ods = zipped(
        tmp_path,
        "laughs.ods",
        **{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": LAUGHS},
    )

    assert "declares document types or entities" in refusal(ods).message


def test_a_document_type_after_a_long_comment_is_refused_all_the_same(tmp_path: Path) -> None:
    hidden = LAUGHS.replace("<!DOCTYPE", "<!--" + "x" * 100_000 + "--><!DOCTYPE")
    path = with_part(good_book(tmp_path), tmp_path / "laughs.xlsx", "xl/styles.xml", hidden.encode())

    assert "is not readable XML" in refusal(path).message


def test_reading_leaves_nothing_open_and_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = good_book(tmp_path)
    read_workbook(path)
    path.unlink()
    refusal(written(tmp_path, "a.xls", OLE + b"\x00" * 600))

    assert capfd.readouterr() == ("", "")


def test_chunks_add_up_to_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    for number in range(20_000):
        content.write(b"%d;" % number)
    path = zipped(tmp_path, "a.zip", **{"trunks.csv": content.getvalue()})
    monkeypatch.setattr(packages, "CHUNK", 1000)

    chunks = list(packages.Package(path).chunks("trunks.csv"))

    assert b"".join(chunks) == content.getvalue()
    assert max(map(len, chunks)) == 1000


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name of a file is text")
@pytest.mark.parametrize("name", [b"trunks-\xff.xlsx", b"m\xfcller/trunks.xlsx", b"\xe9.xls", b"folder-\xff"])
def test_a_workbook_whose_name_is_no_text_is_to_be_renamed_and_is_not_called_damaged(
    tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    if path.suffix:
        path.write_bytes(b"PK\x03\x04")
    else:
        path.mkdir()

    error = refusal(path)

    assert "is not in UTF-8" in error.message
    assert "Rename it" in error.hint


def test_a_folder_with_one_list_of_another_name_offers_that(tmp_path: Path) -> None:
    path = written(tmp_path, "may numbers.csv", b"DID\r\n1\r\n")
    assert refusal(tmp_path).hint == f"If its one list is meant: trunk-batch check '{path}'"
