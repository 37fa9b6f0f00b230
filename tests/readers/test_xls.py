"""Old workbooks: formulas are told, and what one reader gives up at the other reads, with what cannot be seen said."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import xlwt

from batch.errors import WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import Block, CellError
from batch.readers.xls import read_records
from batch.secrets import Secret
from tests.builders import tabulate


def old_book(path: Path) -> Path:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    for column, text in enumerate(("Name", "Hostname", "Port")):
        page.write(0, column, text)
    page.write(1, 0, xlwt.Formula('"Lon"&"don"'))
    page.write(1, 1, "h.example")
    page.write(1, 2, xlwt.Formula("5000+60"))
    page.write(2, 0, "Paris")
    page.row(2).set_cell_error(1, "#N/A!")
    page.row(2).hidden = True
    page.write_merge(4, 5, 0, 1, "M")
    dids = book.add_sheet("DIDs")
    dids.write(0, 0, xlwt.Formula("1+1"))
    dids.write(1, 1, "DID")
    book.save(str(path))
    return path


def unknown_to_xlrd(path: Path) -> Path:
    """Make one record of the workbook the one of countries, too short: xlrd gives up, other programs do not care."""
    content = path.read_bytes()
    record = struct.pack("<HH", 0x01AF, 2)
    assert content.count(record) == 1
    path.write_bytes(content.replace(record, struct.pack("<HH", 0x008C, 2)))
    return path


def test_formulas_are_told_by_cell(tmp_path: Path) -> None:
    trunks, dids = read_workbook(old_book(tmp_path / "book.xls")).sheets

    assert trunks.formulas == {0: {2: "=…"}, 2: {2: "=…"}}
    assert dids.formulas == {0: {1: "=…"}}


def test_formulas_of_an_old_workbook_get_their_notice(tmp_path: Path) -> None:
    path = old_book(tmp_path / "book.xls")
    nothing, port = struct.pack("<Q", 0xFFFF000000000003), struct.pack("<d", 5060)
    path.write_bytes(path.read_bytes().replace(nothing, port))  # xlwt writes no results

    _, problems = tabulate(read_workbook(path), Secret)

    assert "C2" in {p.cell for p in problems if p.code == "cell-formula"}


def test_what_xlrd_gives_up_at_is_read_and_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    straight = read_workbook(old_book(tmp_path / "book.xls"))
    other = read_workbook(unknown_to_xlrd(tmp_path / "book.xls"))

    for one, two in zip(other.sheets, straight.sheets, strict=True):
        assert (one.name, one.columns) == (two.name, two.columns)
        assert (one.hidden_rows, one.merged, one.formulas) == (two.hidden_rows, two.merged, two.formulas)
    assert other.sheets[0].columns[1][2] == CellError("#N/A")
    assert other.sheets[0].merged == (Block(5, 0, 6, 1),)
    assert straight.remarks == {}
    assert other.remarks["Trunks"] == (
        "book.xls is laid out in a way of which only values, formulas, errors, merged cells and hidden rows can be "
        "told: not number formats (a date, zeros in front), hidden columns or struck-through cells."
    )
    _, problems = tabulate(other, Secret)
    (notice,) = (p for p in problems if p.code == "file-detected" and p.sheet == "Trunks")
    assert notice.fix == "To have everything read, open it in Excel or LibreOffice and save it as .xlsx."


def test_a_workbook_whose_records_break_off_is_never_read_in_part(tmp_path: Path) -> None:
    path = unknown_to_xlrd(old_book(tmp_path / "book.xls"))
    content = path.read_bytes()
    end = struct.pack("<HH", 0x000A, 0)
    path.write_bytes(content.replace(end, struct.pack("<HH", 0x000B, 0)))

    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(path)
    assert read_records(path.read_bytes()) == []


def test_a_workbook_cut_off_anywhere_is_refused_without_a_word_of_the_readers_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = old_book(tmp_path / "book.xls").read_bytes()
    path = tmp_path / "cut.xls"

    for end in range(600, len(whole) - 512, 97):
        path.write_bytes(whole[:end])
        with pytest.raises(WorkbookError):
            read_workbook(path)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content", [b"", b"\x09\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, b"\xff" * 900]
)
def test_what_has_no_records_tells_nothing(content: bytes) -> None:
    assert read_records(content) == []


def test_an_encrypted_workbook_says_both_of_what_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\x00" * 20
        + b"\xfe\xff"
        + b"\x00" * 5000
        + "EncryptedPackage".encode("utf-16-le")
        + b"\x00" * 5000
    )

    with pytest.raises(WorkbookError) as refusal:
        read_workbook(path)
    assert refusal.value.message == (
        f'"{path}" is encrypted: it is protected with a password, or the structure of the workbook is protected.'
    )
    assert refusal.value.hint == (
        "If Excel opens it without a password, choose Review, Protect Workbook there to switch that off, and save it "
        "again. Otherwise open it with the password and save it without one."
    )


def _container(path: Path) -> tuple[bytearray, int, list[int]]:
    """Return an old workbook, where its table of chains begins, and the sectors that the table says something of."""
    content = bytearray(old_book(path).read_bytes())
    table = 512 + 512 * struct.unpack_from("<I", content, 76)[0]
    links = struct.unpack_from("<128I", content, table)
    return content, table, [sector for sector, link in enumerate(links) if link not in {0xFFFFFFFF, 0xFFFFFFFD}]


def test_pieces_that_follow_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xls"
    content, table, sectors = _container(path)
    (directory,) = struct.unpack_from("<I", content, 48)

    for sector in (sectors[-1], sectors[0], directory):
        circle = bytearray(content)
        struct.pack_into("<I", circle, table + 4 * sector, sector)
        path.write_bytes(circle)
        with pytest.raises(WorkbookError) as refusal:
            read_workbook(path)
        assert refusal.value.message == f'"{path}" is damaged: its pieces follow each other in a circle.'


def test_a_table_of_pieces_that_names_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xls"
    content, _, _ = _container(path)
    struct.pack_into("<II", content, 68, 0, 1)
    struct.pack_into("<I", content, 512 + 508, 0)
    path.write_bytes(content)

    with pytest.raises(WorkbookError, match="its pieces follow each other in a circle"):
        read_workbook(path)


def test_chains_that_lead_anywhere_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xls"
    content, table, sectors = _container(path)
    refused = []

    for sector in sectors:
        for target in (0, 1, sectors[-1], 0xFFFFFFFE, 0x7FFFFFFF):
            astray = bytearray(content)
            struct.pack_into("<I", astray, table + 4 * sector, target)
            path.write_bytes(astray)
            try:
                read_workbook(path)
            except WorkbookError as refusal:
                refused.append(refusal.message)
    assert refused
    assert all(message.startswith(f'"{path}" is ') for message in refused)
