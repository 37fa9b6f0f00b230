"""Reading CSV folders and zips: everything is text, and what was detected is said."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from batch.errors import WorkbookError
from batch.readers import csv_files
from batch.readers.detect import read_workbook
from batch.readers.workbook import CsvDialect, Format

if TYPE_CHECKING:
    from pathlib import Path

    from batch.readers.workbook import CellValue, Workbook


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


@pytest.mark.parametrize(
    "name", ["DIDs", "dids", "DID numbers", "DDIs", "DID-Nummern", "Book - DIDs", "a - b - DIDs", "DIDs-Table 1"]
)
def test_a_file_may_be_named_as_its_sheet_may_be_and_as_exports_name_it(tmp_path: Path, name: str) -> None:
    assert [sheet.name for sheet in read_workbook(folder(tmp_path, **{name: "Trunk,DID"})).sheets] == ["DIDs"]


def test_a_copy_beside_a_file_of_the_plain_name_is_left_alone(tmp_path: Path) -> None:
    files = {"old - dids": "Trunk,DID\nA,1\n", "dids": "Trunk,DID\nA,2\n"}

    assert read_workbook(folder(tmp_path, **files)).sheets[0].columns[1] == ["DID", "2"]


def test_two_exports_of_one_sheet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match=r"2 files of dids: a - dids\.csv, b - dids\.csv\."):
        read_workbook(folder(tmp_path, **{"a - dids": "Trunk,DID", "b - dids": "Trunk,DID"}))


def test_the_lists_of_many_trunks_in_one_folder_are_named_with_what_to_do(tmp_path: Path) -> None:
    lists = {f"DID_London-{i}": "DID/DDI,DID/DDI Name\n100,\n" for i in range(1, 6)}
    with pytest.raises(WorkbookError) as caught:
        read_workbook(folder(tmp_path, trunks="Name\nLondon-1\n", **lists))
    assert "5 files of dids: DID_London-1.csv, DID_London-2.csv, DID_London-3.csv and 2 more." in str(caught.value)
    assert "put them into a folder dids in it, each called after its trunk" in caught.value.hint


def test_only_some_of_the_files_is_a_workbook_too(tmp_path: Path) -> None:
    assert [sheet.name for sheet in read_workbook(folder(tmp_path, dids="Trunk,DID")).sheets] == ["DIDs"]


def test_everything_is_text_and_nothing_is_taken_for_missing(tmp_path: Path) -> None:
    found = columns(tmp_path, "Trunk,DID,DID name\n1,0044207,NA\n2,+44207,null\n3,4.42E+11,TRUE\n")

    assert found[1:] == [["DID", "0044207", "+44207", "4.42E+11"], ["DID name", "NA", "null", "TRUE"]]


def test_a_row_is_a_record_also_with_line_breaks_and_quotes_in_it(tmp_path: Path) -> None:
    found = columns(tmp_path, 'Trunk,DID name\r\nA,"two\nlines, ""quoted"""\r\n\r\nB,x\r\n')

    assert found == [["Trunk", "A", "", "B"], ["DID name", 'two\nlines, "quoted"', "", "x"]]


def test_ragged_rows_are_filled_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "_BLOCK", 2)

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n", "sep=;\r"])
def test_a_sep_line_is_obeyed_told_and_is_no_row(tmp_path: Path, line: str, encoding: str) -> None:
    book = read_workbook(folder(tmp_path, dids=f"{line}Trunk;DID\nA;1,5ü\n".encode(encoding)))

    assert book.sheets[0].columns == [["Trunk", "A"], ["DID", "1,5ü"]]
    assert book.sheets[0].first_row == 1
    assert f'with semicolons between the values, as its line "{line.strip()}" says.' in book.remarks["DIDs"]


def test_an_unusual_separator_is_taken_from_the_sep_line(tmp_path: Path) -> None:
    book = read_workbook(folder(tmp_path, dids="sep=^\nTrunk^DID\n"))

    assert book.sheets[0].columns == [["Trunk"], ["DID"]]
    assert 'the character "^"' in book.remarks["DIDs"]


def test_the_line_ends_of_old_macs_are_read_and_told(tmp_path: Path) -> None:
    book = read_workbook(folder(tmp_path, dids="Trunk;DID\rA;1\r\rB;2"))

    assert book.sheets[0].columns == [["Trunk", "A", "", "B"], ["DID", "1", "", "2"]]
    assert book.remarks["DIDs"].endswith("with semicolons between the values, and with the line ends of old Macs.")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_may_stand_in_a_cell(tmp_path: Path, line_end: str) -> None:
    found = columns(tmp_path, f'Trunk,DID name{line_end}A,"two{line_end}lines"{line_end}B,"one\nmore"{line_end}')

    assert found == [["Trunk", "A", "B"], ["DID name", f"two{line_end}lines", "one\nmore"]]


@pytest.mark.parametrize(
    ("headers", "delimiter"),
    [("Leitung;Durchwahl;Name", ";"), ("中继\tDID号码\t名称", "\t"), ("Trunk|Número|Nom", "|")],
)
def test_headers_of_any_language_tell_the_separator(tmp_path: Path, headers: str, delimiter: str) -> None:
    book = read_workbook(folder(tmp_path, dids=f"{headers}\n" + delimiter.join(["A", "1,2,3,4,5", "x"])))

    assert dialect(book) == CsvDialect(encoding="utf-8", delimiter=delimiter)


def test_separators_at_the_end_of_lines_make_blank_columns_and_values_beyond_the_header_stay(tmp_path: Path) -> None:
    found = columns(tmp_path, "Trunk;DID;;\nA;1;;\nB;2;x;y;z\n")

    assert found[2:] == [["", "", "x"], ["", "", "y"], ["", "", "z"]]


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-8", "UTF-8"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-8-sig", "UTF-8 with a byte order mark"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16-le", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-16-be", "UTF-16"),
        ("Trunk;DID name\nA;Empfang Süd\n", "utf-32", "UTF-32"),
        ("Trunk;DID name\nA;Müşteri Hizmetleri\n", "cp1254", "Windows Turkish"),
        ("Trunk;DID name\nA;Ankara Gişe\n", "cp1254", "Windows Turkish"),
        ("Trunk;DID name\nA;Þórður\n", "cp1252", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Córdoba Muñoz\n", "cp1252", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Côte d’Azur – réception\n", "cp1252", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Árbol\n", "cp1252", "Windows Western European (Latin-1)"),
        ("Trunk;DID name\nA;Příbram Dvořák\n", "cp1250", "Windows Central European"),
        ("Trunk;DID name\nA;Ţară nouă\n", "cp1250", "Windows Central European"),
        ("Trunk;DID name\nA;\u0420\u0435\u0441\u0435\u043f\u0448\u043d\n", "cp1251", "Windows Cyrillic"),
        ("Trunk;DID name\nA;\u041c\u041e\u0421\u041a\u0412\u0410\n", "cp1251", "Windows Cyrillic"),
        ("Trunk;DID name\nA;Αθήνα\n", "cp1253", "Windows Greek"),
        ("Trunk;DID name\nA;Κεντρικά γραφεία, Πωλήσεις\n", "cp1253", "Windows Greek"),
        ("中继;DID名称\nA;前台\n", "gb18030", "Simplified Chinese (GB 18030)"),
        ("Trunk;DID name\nA;张三\n", "gb18030", "Simplified Chinese (GB 18030)"),
        ("中繼;號碼名稱\nA;客戶服務\n", "big5", "Traditional Chinese (Big5)"),
        ("Trunk;DID name\nA;東京本社、カスタマーサポート\n", "cp932", "Japanese (Shift JIS)"),
        ("Trunk;DID name\rA;Zürich\r", "mac_roman", "Mac Roman"),
        ("Trunk;DID name\nA;Grüße, Größe\n", "mac_roman", "Mac Roman"),
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

    assert book.sheets[0].columns[1] == [line.split(";")[1] for line in text.splitlines()]
    assert f"was read as {words}, with semicolons" in book.remarks["DIDs"]


def test_letters_of_the_first_lines_decide_unless_a_later_one_cannot_be_so(tmp_path: Path) -> None:
    raw = b"Trunk;DID name\n" + "A;Büro\n".encode("cp1252") * 20_000 + b"B;\x81\x8d\n"

    book = read_workbook(folder(tmp_path, dids=raw))

    assert dialect(book) != CsvDialect(encoding="cp1252", delimiter=";")
    assert book.sheets[0].height == 20_002


def test_a_zero_byte_that_strayed_stays_in_its_cell_and_many_are_no_text(tmp_path: Path) -> None:
    line = "B,442079460100,a name that is long enough\n"
    found = columns(tmp_path, "Trunk,DID,DID name\nA,1,x\x00y\n" + line * 3)
    assert found[2][1] == "x\x00y"

    for place, raw in enumerate(
        (line.encode() * 2000 + b"\x00" * 9000, line.encode("cp1252") * 2000 + b"\xfc\x00" * 9000)
    ):
        (tmp_path / str(place)).mkdir()
        with pytest.raises(WorkbookError, match="is not a CSV file"):
            read_workbook(folder(tmp_path / str(place), dids=raw))


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


# --- quotes that do not fit


def quoted(tmp_path: Path, text: str) -> tuple[list[tuple[CellValue, ...]], str]:
    book = read_workbook(folder(tmp_path, dids="Trunk,DID,DID name\n" + text))
    return list(zip(*book.sheets[0].columns, strict=True))[1:], book.remarks["DIDs"].partition(" between the values")[2]


def test_a_quote_inside_a_value_is_a_quote(tmp_path: Path) -> None:
    assert quoted(tmp_path, 'A,1,5" tape\nB,2,a "b" c\n') == ([("A", "1", '5" tape'), ("B", "2", 'a "b" c')], ".")


def test_quotes_escaped_by_a_backslash_are_understood(tmp_path: Path) -> None:
    rows, told = quoted(tmp_path, 'A,1,"say \\"hi\\", ok"\nB,2,"5 inch \\""\nC,3,"c:\\dir\\"\nD,4,"two\n\\"lines\\""\n')

    assert [row[2] for row in rows] == ['say "hi", ok', '5 inch "', "c:\\dir\\", 'two\n"lines"']
    assert told == '; \\" stands for a quote inside of quotes.'


def test_quotes_that_are_not_doubled_are_text_as_long_as_they_stay_on_their_line(tmp_path: Path) -> None:
    rows, told = quoted(tmp_path, 'A,1,"He said "hi, you" to me"\nB,2,"Acme" Ltd\nC,"3","ok, ""so"""\n')

    assert rows == [("A", "1", 'He said "hi, you" to me'), ("B", "2", '"Acme" Ltd'), ("C", "3", 'ok, "so"')]
    assert told == "; a quote that encloses no value is taken as text (rows 2, 3)."


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path) -> None:
    rows, told = quoted(tmp_path, 'A,"1,x\nB,2,y\n\nC,3,z')

    assert rows == [("A", '"1', "x"), ("B", "2", "y"), ("", "", ""), ("C", "3", "z")]
    assert told == "; a quote that encloses no value is taken as text (row 2)."


@pytest.mark.parametrize("end", ['"', '" tape'])
def test_a_quote_that_another_one_far_below_would_close_swallows_nothing(tmp_path: Path, end: str) -> None:
    rows, told = quoted(tmp_path, f'A,1,"x\nB,2,y\nC,3,z\nD,4,5{end}\nE,5,w\n')

    assert rows == [("A", "1", '"x'), ("B", "2", "y"), ("C", "3", "z"), ("D", "4", f"5{end}"), ("E", "5", "w")]
    assert told == "; a quote that encloses no value is taken as text (row 2)."


def test_a_long_note_with_line_breaks_and_commas_stays_one_cell(tmp_path: Path) -> None:
    note = "first line\nthen a comma, here\nand no more\n"

    rows, told = quoted(tmp_path, f'A,1,"{note}"\nB,2,y\n')

    assert (rows, told) == ([("A", "1", note), ("B", "2", "y")], ".")


def test_blanks_between_separator_and_quote_do_not_hide_the_quote(tmp_path: Path) -> None:
    assert quoted(tmp_path, 'A, 1, "Sales, London"\nB, 2, x\n') == (
        [("A", "1", "Sales, London"), ("B", "2", "x")],
        ".",
    )


def test_of_many_rows_with_odd_quotes_the_first_are_named(tmp_path: Path) -> None:
    _, told = quoted(tmp_path, "".join(f'A,{row},"x" y\n' for row in range(9)))

    assert told == "; a quote that encloses no value is taken as text (rows 2, 3, 4, 5, 6, ...)."


def test_many_lone_quotes_are_each_read_on_their_own(tmp_path: Path) -> None:
    rows, _ = quoted(tmp_path, 'A,1,"x\n' * 10_000)

    assert len(rows) == 10_000
    assert rows[-1] == ("A", "1", '"x')


def test_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="a cell of more than 131,072 characters"):
        read_workbook(folder(tmp_path, dids="x" * 200_000))


def test_more_rows_or_bytes_than_a_spreadsheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, dids="Trunk\n" * 20)
    monkeypatch.setattr(csv_files, "MAX_ROWS", 20)
    assert read_workbook(place).sheets[0].height == 20
    monkeypatch.setattr(csv_files, "MAX_ROWS", 19)
    with pytest.raises(WorkbookError, match="more than 19 rows"):
        read_workbook(place)
    monkeypatch.setattr(csv_files, "MAX_BYTES", 50)
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

    with pytest.raises(WorkbookError, match=r"2 files of caller_ids: "):
        read_workbook(place)


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, trunks="Name\n")

    def deny(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(place), "read_bytes", deny)
    with pytest.raises(WorkbookError, match="cannot be opened: Permission denied"):
        read_workbook(place)
