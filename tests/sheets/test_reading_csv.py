"""Reading CSV folders and zips: everything is text, and what was detected is said."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from batch.errors import WorkbookError
from batch.sheets.formats import csv_folders
from batch.sheets.reading import read_workbook
from batch.sheets.workbooks import CsvDialect, Format

if TYPE_CHECKING:
    from pathlib import Path

    from batch.sheets.workbooks import CellValue, Workbook


def folder(tmp_path: Path, **files: bytes | str) -> Path:
    place = tmp_path / "book"
    place.mkdir()
    for name, content in files.items():
        (place / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def columns(tmp_path: Path, dids: bytes | str) -> list[list[CellValue]]:
    return list(read_workbook(folder(tmp_path, dids=dids)).sheets[0].columns)


def dialect(book: Workbook) -> CsvDialect | None:
    return book.sheets[0].dialect


def test_a_folder_gives_the_three_sheets_under_their_titles_in_order(tmp_path: Path) -> None:
    files = {"DIDS": b"Trunk,DID\n", "Trunks": b"Name\nLondon-1\n", "caller_ids": b"Trunk,Option\n"}
    place = folder(tmp_path, **files)
    (place / "notes.txt").write_text("mine")
    (place / "extra.csv").write_text("mine")

    book = read_workbook(place)

    assert (book.format, book.ours) == (Format.CSV, False)
    assert [sheet.name for sheet in book.sheets] == ["Trunks", "Caller IDs", "DIDs"]
    assert [sheet.first_row for sheet in book.sheets] == [1, 1, 1]
    joined = files["Trunks"] + files["caller_ids"] + files["DIDS"]
    assert book.sha256 == hashlib.sha256(joined).hexdigest()


def test_only_some_of_the_files_is_a_workbook_too(tmp_path: Path) -> None:
    assert [sheet.name for sheet in read_workbook(folder(tmp_path, dids="Trunk,DID")).sheets] == ["DIDs"]


def test_everything_is_text_and_nothing_is_taken_for_missing(tmp_path: Path) -> None:
    found = columns(tmp_path, "Trunk,DID,DID name\n1,0044207,NA\n2,+44207,null\n3,4.42E+11,TRUE\n")

    assert found[1:] == [["DID", "0044207", "+44207", "4.42E+11"], ["DID name", "NA", "null", "TRUE"]]


def test_a_row_is_a_record_also_with_line_breaks_and_quotes_in_it(tmp_path: Path) -> None:
    found = columns(tmp_path, 'Trunk,DID name\r\nA,"two\nlines, ""quoted"""\r\n\r\nB,x\r\n')

    assert found == [["Trunk", "A", "", "B"], ["DID name", 'two\nlines, "quoted"', "", "x"]]


def test_ragged_rows_are_filled_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_folders, "_BLOCK", 2)

    found = columns(tmp_path, "Trunk,DID\nA\n\nB,2,more\nC,3\n")

    assert found == [
        ["Trunk", "A", "", "B", "C"],
        ["DID", "", "", "2", "3"],
        ["", "", "", "more", ""],
    ]


def test_an_empty_file_is_a_sheet_without_rows(tmp_path: Path) -> None:
    place = folder(tmp_path, dids=b"", trunks=b"\xef\xbb\xbf")

    assert [list(sheet.columns) for sheet in read_workbook(place).sheets] == [[], []]


@pytest.mark.parametrize(
    ("delimiter", "words"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_what_stands_between_values_is_detected_and_said(tmp_path: Path, delimiter: str, words: str) -> None:
    text = 'Trunk;DID;DID name\nA;1;"Sales, Support; | and more"\n'.replace(";", delimiter)

    book = read_workbook(folder(tmp_path, dids=text))

    assert dialect(book) == CsvDialect(encoding="utf-8", delimiter=delimiter)
    assert book.remarks == {"DIDs": f"dids.csv was read as UTF-8, with {words} between the values."}


def test_known_headers_outweigh_a_character_that_is_frequent_in_the_values(tmp_path: Path) -> None:
    found = columns(tmp_path, "Trunk;DID\nA;1,2,3,4,5\nB;6,7,8,9,0\n")

    assert found == [["Trunk", "A", "B"], ["DID", "1,2,3,4,5", "6,7,8,9,0"]]


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_sep_line_is_obeyed_and_is_no_row(tmp_path: Path, line: str) -> None:
    book = read_workbook(folder(tmp_path, dids=f"{line}Trunk;DID\nA;1,5\n"))

    assert book.sheets[0].columns == [["Trunk", "A"], ["DID", "1,5"]]
    assert book.sheets[0].first_row == 1


def test_an_unusual_separator_is_taken_from_the_sep_line(tmp_path: Path) -> None:
    book = read_workbook(folder(tmp_path, dids="sep=^\nTrunk^DID\n"))

    assert book.sheets[0].columns == [["Trunk"], ["DID"]]
    assert 'the character "^"' in book.remarks["DIDs"]


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-8", "UTF-8"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-8-sig", "UTF-8 with a byte order mark"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16-le", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16-be", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-32", "UTF-32"),
        ("Trunk;DID name\nA;Müller & Söhne, Straße\n", "latin-1", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;naïve façade Ñandú\n", "latin-1", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Büro “Süd” … 5 €\n", "cp1252", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Łódź Kraków żółć\n", "cp1250", "Windows Central European"),
        ("Trunk;DID name\nA;\u041c\u043e\u0441\u043a\u0432\u0430\n", "cp1251", "Windows Cyrillic"),
        ("Trunk;DID name\rA;Müller Café Größe\r", "mac_roman", "Mac Roman"),
    ],
)
def test_names_come_out_right_whatever_the_encoding(tmp_path: Path, text: str, encoding: str, words: str) -> None:
    book = read_workbook(folder(tmp_path, dids=text.encode(encoding)))

    assert book.sheets[0].columns[1] == ["DID name", text.splitlines()[1].split(";")[1]]
    assert f"was read as {words}, with semicolons" in book.remarks["DIDs"]


def test_each_file_may_be_in_its_own_encoding(tmp_path: Path) -> None:
    place = folder(
        tmp_path, trunks="Name;Codecs\nA;ulaw\n".encode("utf-8-sig"), dids="Trunk;DID name\nA;Büro\n".encode("latin-1")
    )

    trunks, dids = read_workbook(place).sheets

    assert trunks.dialect == CsvDialect(encoding="utf-8-sig", delimiter=";")
    assert dids.dialect == CsvDialect(encoding="cp1252", delimiter=";")
    assert trunks.columns[0] == ["Name", "A"]
    assert dids.columns[1] == ["DID name", "Büro"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"Trunk,DID\nA,\x00\x01\n",
        bytes(range(1, 256)) * 50,
        b"\xef\xbb\xbfTrunk\n\xff\xfe\xfd",
        "Trunk,DID\n".encode("utf-16-le") + b"\x00\xd8" * 3,
        b"\xff\xfe" + b"\x00\x00" * 9,
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, nonsense: bytes) -> None:
    with pytest.raises(WorkbookError, match="is not a CSV file") as refusal:
        read_workbook(folder(tmp_path, dids=nonsense))
    assert "CSV UTF-8" in refusal.value.hint


def test_a_quote_that_is_never_closed_is_named_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match=r"a quote \(\"\) in row 3 that is never closed"):
        read_workbook(folder(tmp_path, dids='Trunk,DID\nA,1\nB,"2\nC,3\nD,4\n'))


def test_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="a cell of more than 131,072 characters"):
        read_workbook(folder(tmp_path, dids="x" * 200_000))


def test_more_rows_or_bytes_than_a_spreadsheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, dids="Trunk\n" * 20)
    monkeypatch.setattr(csv_folders, "MAX_ROWS", 20)
    assert read_workbook(place).sheets[0].height == 20
    monkeypatch.setattr(csv_folders, "MAX_ROWS", 19)
    with pytest.raises(WorkbookError, match="more than 19 rows"):
        read_workbook(place)
    monkeypatch.setattr(csv_folders, "MAX_BYTES", 50)
    with pytest.raises(WorkbookError, match="is not read, because it has"):
        read_workbook(place)


def test_a_results_folder_bears_our_mark(tmp_path: Path) -> None:
    place = folder(tmp_path, trunks="Name\nA\n", summary='"trunk-batch results";x\n'.encode("utf-8-sig"))
    assert read_workbook(place).ours

    (place / "summary.csv").write_text("")
    assert not read_workbook(place).ours


@pytest.mark.parametrize("inside", ["", "export/"])
def test_a_zip_of_a_folder_is_read_like_the_folder(tmp_path: Path, inside: str) -> None:
    path = tmp_path / "book.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{inside}Trunks.CSV", "Name\nA\n")
        archive.writestr(f"{inside}dids.csv", "Trunk,DID\nA,1\n")
        archive.writestr(f"__MACOSX/{inside}trunks.csv", "x")
        archive.writestr(f"{inside}._dids.csv", "x")

    book = read_workbook(path)

    assert book.format is Format.ZIP
    assert [sheet.name for sheet in book.sheets] == ["Trunks", "DIDs"]
    assert book.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_files_for_one_sheet_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, caller_ids="Trunk\n")
    (place / "Caller IDs.csv").write_text("Trunk\n")

    with pytest.raises(WorkbookError, match=r"two files that stand for caller_ids\.csv"):
        read_workbook(place)


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, trunks="Name\n")

    def deny(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(place), "read_bytes", deny)
    with pytest.raises(WorkbookError, match="cannot be opened: Permission denied"):
        read_workbook(place)
