"""Cells changed as a sheet goes by: at the right places, in order, and nothing else."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from batch.readers.packages import Package
from batch.xlsx_edit.package import PackageEdit, Unpatchable
from batch.xlsx_edit.sheet import CellChange, Fillings, SheetPatch, cells_of, escaped, filling, rows_of
from batch.xlsx_edit.sheet_frame import Frame
from tests.open_xml import prefixed

MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet ' + MAIN + b'><dimension ref="A1:C4"/><cols>'
    b'<col min="1" max="16384" width="9" style="7" hidden="1"/></cols>'
    b'<sheetData><row r="1" spans="1:3" ht="20"><c r="A1" t="s"><v>0</v></c><c r="C1" s="2"><v>5</v></c></row>'
    b'\n  <row r="3"/><row r="4" s="9" customFormat="1"><c r="B4"><f>A1</f><v>1</v></c></row></sheetData>'
    b'<pageMargins left="1" right="1" top="1" bottom="1" header="1" footer="1"/></worksheet>'
)


def book(tmp_path: Path, sheet: bytes) -> PackageEdit:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        package.writestr("sheet.xml", sheet)
    return PackageEdit(Package(path))


def rows(edit: PackageEdit) -> bytes:
    content = edit.read("sheet.xml")
    return content[content.index(b"sheetData>") + 10 : content.rindex(b"</")].partition(b"</sheetData>")[0]


def patched(tmp_path: Path, sheet: bytes, *changes: tuple[int, int, CellChange]) -> bytes:
    edit = book(tmp_path, sheet)
    patch = SheetPatch(edit, "sheet.xml")
    for row, column, change in changes:
        patch.change(row, column, change)
    patch.apply()
    return rows(edit)


def test_a_sheet_in_which_nothing_is_changed_keeps_its_rows_to_the_byte(tmp_path: Path) -> None:
    before = SHEET[SHEET.index(b"<sheetData>") + 11 : SHEET.index(b"</sheetData>")]
    assert patched(tmp_path, SHEET) == before


def test_a_value_is_replaced_by_text_and_its_look_stays(tmp_path: Path) -> None:
    assert patched(tmp_path, SHEET, (1, 2, CellChange(text="<hidden>"))) == (
        b'<row r="1" ht="20"><c r="A1" t="s"><v>0</v></c>'
        b'<c r="C1" s="2" t="inlineStr"><is><t>&lt;hidden&gt;</t></is></c></row>'
        b'\n  <row r="3"/><row r="4" s="9" customFormat="1"><c r="B4"><f>A1</f><v>1</v></c></row>'
    )


def test_a_look_is_changed_and_the_value_stays_formula_included(tmp_path: Path) -> None:
    found = patched(
        tmp_path,
        SHEET,
        (1, 0, CellChange(restyling=lambda style: style + 4)),
        (4, 1, CellChange(restyling=lambda _: 3)),
    )
    assert b'<c s="4" r="A1" t="s"><v>0</v></c>' in found
    assert b'<c s="3" r="B4"><f>A1</f><v>1</v></c>' in found


def test_a_cell_that_is_not_there_is_made_in_its_place_and_looks_as_its_row_or_column(tmp_path: Path) -> None:
    seen: list[int] = []

    def restyling(style: int) -> int:
        seen.append(style)
        return 11

    change = CellChange(text="x", restyling=restyling)
    found = patched(tmp_path, SHEET, (1, 1, change), (4, 0, change), (1, 3, CellChange(text="")))
    assert found.startswith(
        b'<row r="1" ht="20"><c r="A1" t="s"><v>0</v></c><c r="B1" s="11" t="inlineStr"><is><t>x</t></is></c>'
        b'<c r="C1" s="2"><v>5</v></c><c r="D1" s="7"/></row>'
    )
    assert b'customFormat="1"><c r="A4" s="11" t="inlineStr"><is><t>x</t></is></c><c r="B4">' in found
    assert seen == [7, 9]


def test_rows_that_are_not_there_are_made_in_order(tmp_path: Path) -> None:
    text = CellChange(text="x")
    found = patched(tmp_path, SHEET, (2, 0, text), (3, 0, text), (6, 1, text), (5, 1, text))
    cell = b' s="7" t="inlineStr"><is><t>x</t></is></c></row>'
    assert b'<row r="2"><c r="A2"' + cell in found
    assert b'<row r="3"><c r="A3"' + cell in found
    assert found.endswith(b'</row><row r="5"><c r="B5"' + cell + b'<row r="6"><c r="B6"' + cell)
    assert [row.number for row in rows_of(iter([b"<sheetData>" + found + b"</sheetData>"]), b"")] == [1, 2, 3, 4, 5, 6]


def test_a_sheet_without_rows_gets_them(tmp_path: Path) -> None:
    sheet = b"<worksheet " + MAIN + b"><sheetData/></worksheet>"
    assert patched(tmp_path, sheet, (2, 0, CellChange(text="x"))) == (
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c></row>'
    )


def test_rows_and_cells_that_do_not_say_where_they_are_are_counted(tmp_path: Path) -> None:
    sheet = (
        b"<worksheet "
        + MAIN
        + b"><sheetData><row><c><v>1</v></c><c/></row><row/><row><c/><c><v>2</v></c></row></sheetData></worksheet>"
    )
    found = patched(tmp_path, sheet, (1, 1, CellChange(text="b")), (3, 3, CellChange(text="d")))
    assert found == (
        b'<row><c r="A1"><v>1</v></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row><row/>'
        b'<row><c r="A3"/><c r="B3"><v>2</v></c><c r="D3" t="inlineStr"><is><t>d</t></is></c></row>'
    )


def test_prefixes_are_kept(tmp_path: Path) -> None:
    edit = book(tmp_path, prefixed(SHEET.partition(b"\n")[2]))
    patch = SheetPatch(edit, "sheet.xml")
    patch.change(1, 2, CellChange(text="new"))
    patch.change(2, 0, CellChange(text="row"))
    patch.put_beside(frozenset({3}), lambda row: Fillings({3: filling(row, 0, b"x:")}, b"x:"))
    patch.apply()
    content = edit.read("sheet.xml")
    assert (
        b'<x:c r="C1" s="2" t="inlineStr"><x:is><x:t>new</x:t></x:is></x:c><x:c r="D1"><x:v>1</x:v></x:c></x:row>'
        in content
    )
    assert b'<x:row r="2"><x:c r="A2" s="7"' in content
    assert b'<x:row r="3"><x:c r="D3"><x:v>3</x:v></x:c></x:row>' in content


def test_cells_beside_come_last_and_take_the_place_of_what_was_there(tmp_path: Path) -> None:
    edit = book(tmp_path, SHEET)
    patch = SheetPatch(edit, "sheet.xml")
    patch.put_beside(
        frozenset({1, 4}), lambda row: Fillings({1: filling("b", 0), 4: filling(2.5, 3)}) if row != 3 else None
    )
    patch.apply()
    new = b'%s t="inlineStr"><is><t>b</t></is></c>'
    assert rows(edit) == (
        b'<row r="1" ht="20"><c r="A1" t="s"><v>0</v></c><c r="B1"'
        + new % b""
        + b'<c r="C1" s="2"><v>5</v></c><c r="E1" s="3"><v>2.5</v></c></row>'
        b'\n  <row r="3"/><row r="4" s="9" customFormat="1"><c r="B4"'
        + new % b""
        + b'<c r="E4" s="3"><v>2.5</v></c></row>'
    )
    assert edit.read("sheet.xml").count(b'<dimension ref="A1:E4"/>') == 1


def test_it_makes_no_difference_where_the_pieces_of_a_part_end(tmp_path: Path) -> None:
    edit = book(tmp_path, SHEET)
    patch = SheetPatch(edit, "sheet.xml")
    patch.change(2, 0, CellChange(text="x"))
    patch.put_beside(frozenset({5}), lambda _: Fillings({5: filling(1, 0)}))
    whole = b"".join(patch._rewritten(iter([SHEET])))  # noqa: SLF001 - the pieces are cut where no part would be
    for size in (1, 2, 7, 50):
        pieces = (SHEET[at : at + size] for at in range(0, len(SHEET), size))
        assert b"".join(patch._rewritten(pieces)) == whole  # noqa: SLF001 - as above
        cut = (SHEET[at : at + size] for at in range(0, len(SHEET), size))
        assert Frame(cut).halves() == Frame(iter([SHEET])).halves()


@pytest.mark.parametrize("formula", [b'<f t="shared" ref="B4:B9" si="0">A1</f>', b'<f t="array" ref="B4:B9">A1</f>'])
def test_a_formula_that_others_go_by_is_not_written_over(tmp_path: Path, formula: bytes) -> None:
    sheet = SHEET.replace(b"<f>A1</f>", formula)
    assert formula in patched(tmp_path, sheet, (4, 1, CellChange(restyling=lambda _: 3)))
    with pytest.raises(Unpatchable, match="a formula that other cells go by"):
        patched(tmp_path, sheet, (4, 1, CellChange(text="x")))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (SHEET.replace(b"UTF-8", b"ISO-8859-1"), "iso-8859-1"),
        (SHEET.replace(b'<row r="3"/>', b"<!-- a comment -->"), "comments between the rows"),
        (SHEET.replace(b"sheetData", b"something"), "no rows"),
        (SHEET.partition(b"</sheetData>")[0], "have no end"),
        (SHEET.replace(b"<pageMargins", b"<pageMargin"), "pageMargin"),
        (SHEET.replace(b'<row r="4" s', b"</row><row s"), "a row without a beginning"),
        (SHEET.replace(b"</row></sheetData>", b"</sheetData>"), "a row without an end"),
    ],
)  # fmt: skip
def test_what_no_spreadsheet_program_writes_is_refused(tmp_path: Path, broken: bytes, words: str) -> None:
    if b"pageMargin left" in broken:
        broken = broken.replace(b"/></worksheet>", b"></worksheet>")
    with pytest.raises(Unpatchable, match=f"(?i){words}"):
        patched(tmp_path, broken, (1, 0, CellChange(text="x")))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a & b < c > d", b"a &amp; b &lt; c &gt; d"),
        ("a\x01b\rc", b"a_x0001_b_x000D_c"),
        ("_x0041_", b"_x005F_x0041_"),
        ("half \ud83d", "half \ufffd".encode()),
        ("\ufffe", b"_xFFFE_"),
        ("x" * 40_000, b"x" * 32_767),
    ],
)
def test_any_text_can_be_written(text: str, written: bytes) -> None:
    assert escaped(text) == written


def test_blanks_at_the_ends_of_a_text_are_kept() -> None:
    assert filling(" a ", 0) == b' t="inlineStr"><is><t xml:space="preserve"> a </t></is></c>'
    assert filling(None, 4) == b' s="4"/>'
    assert filling(12, 0) == b"><v>12</v></c>"


def test_cells_are_found_however_they_are_written() -> None:
    row = b"<c r='B2' t='s'><v>1</v></c><c><v>2</v></c><c r=\"AA2\"/>"
    assert [column for column, _ in cells_of(row, b"")] == [1, 2, 26]


def widths(content: bytes) -> list[tuple[str, ...]]:
    frame = Frame(iter([content]))
    for column in (5, 0, 6):
        frame.set_column(column, 20)
    cols = frame.find("cols")
    assert cols is not None
    return [tuple(str(c.get(key, "")) for key in ("min", "max", "width", "style", "hidden")) for c in cols]


def test_a_column_gets_its_width_out_of_the_middle_of_others() -> None:
    assert widths(SHEET) == [
        ("1", "1", "20.7109375", "", ""),
        ("2", "5", "9", "7", "1"),
        ("6", "6", "20.7109375", "", ""),
        ("7", "7", "20.7109375", "", ""),
        ("8", "16384", "9", "7", "1"),
    ]


def test_columns_get_widths_where_none_had_any() -> None:
    sheet = b"<worksheet " + MAIN + b"><sheetFormatPr/><sheetData/></worksheet>"
    assert [column[:2] for column in widths(sheet)] == [("1", "1"), ("6", "6"), ("7", "7")]


def test_elements_are_put_in_where_the_schema_wants_them() -> None:
    frame = Frame(iter([SHEET]))
    for name in ("legacyDrawing", "autoFilter", "sheetPr", "ignoredErrors", "pageSetup", "sheetViews", "autoFilter"):
        frame.place(name)
    assert [child.tag.rpartition("}")[2] for child in frame.root] == [
        *("sheetPr", "dimension", "sheetViews", "cols", "sheetData", "autoFilter", "pageMargins", "pageSetup"),
        *("ignoredErrors", "legacyDrawing"),
    ]


def test_two_patches_of_a_sheet_are_both_done(tmp_path: Path) -> None:
    edit = book(tmp_path, SHEET)
    for text in ("first", "second"):
        patch = SheetPatch(edit, "sheet.xml")
        patch.change(1, len(text), CellChange(text=text))
        patch.apply()
    found = rows(edit)
    assert b"<t>first</t>" in found
    assert b"<t>second</t>" in found


def restyled(tmp_path: Path, sheet: str, *places: tuple[int, int]) -> str:
    """Restyle cells to the style that they had plus 100."""
    change = CellChange(restyling=lambda style: style + 100)
    whole = f"<worksheet>{sheet}</worksheet>" if "worksheet" not in sheet else sheet
    return patched(tmp_path, whole.encode(), *((row, column, change) for row, column in places)).decode()


def test_rows_and_cells_without_numbers_are_counted(tmp_path: Path) -> None:
    rows = "<sheetData><row><c/><c s='3'><v>1</v></c></row><row><c t='s'><v>0</v></c></row></sheetData>"
    assert restyled(tmp_path, rows, (1, 1), (2, 0)) == (
        '<row><c r="A1"/><c r="B1" s="103"><v>1</v></c></row><row><c s="100" r="A2" t=\'s\'><v>0</v></c></row>'
    )


def test_numbers_may_stand_behind_other_attributes(tmp_path: Path) -> None:
    rows = '<sheetData><row ht="9" r="7"><c s="1" r="A7"/></row></sheetData>'
    assert restyled(tmp_path, rows, (7, 0)) == '<row ht="9" r="7"><c s="101" r="A7"/></row>'


def test_a_new_cell_has_the_style_of_its_row_or_else_of_its_column(tmp_path: Path) -> None:
    cols = '<cols><col min="1" max="1" width="9"/><col min="2" max="4" width="9" style="5"/></cols>'
    rows = '<row r="1"></row><row r="2" s="8" customFormat="1"></row><row r="3" s="8"></row>'
    assert restyled(tmp_path, f"{cols}<sheetData>{rows}</sheetData>", (1, 2), (2, 2), (3, 0)) == (
        '<row r="1"><c r="C1" s="105"/></row><row r="2" s="8" customFormat="1"><c r="C2" s="108"/></row>'
        '<row r="3" s="8"><c r="A3" s="100"/></row>'
    )


def test_a_sheet_without_rows_gets_one(tmp_path: Path) -> None:
    assert restyled(tmp_path, "<sheetData/>", (2, 1)) == '<row r="2"><c r="B2" s="100"/></row>'


def test_cells_with_prefixes_are_restyled(tmp_path: Path) -> None:
    sheet = '<x:worksheet xmlns:x="u"><x:sheetData><x:row r="1"><x:c r="A1"/></x:row></x:sheetData></x:worksheet>'
    cells = restyled(tmp_path, sheet, (1, 0), (1, 1))
    assert cells.startswith('<x:row r="1"><x:c s="100" r="A1"/><x:c r="B1" s="100"/>')


LONG = "".join(
    f'<row r="{n}"/>' if n % 7 == 0 else f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>\n'
    for n in range(1, 400)
    if n % 50
).encode()


@pytest.mark.parametrize("size", [1, 13, 100, 1000, 100_000])
@pytest.mark.parametrize("wanted", [(), (1,), (399,), (50, 51), (7, 8, 14), (100, 200, 300, 401), tuple(range(60, 90))])
@pytest.mark.parametrize("numbered", [True, False], ids=["numbered", "every third without number"])
def test_rows_that_nobody_asked_for_pass_unread(size: int, wanted: tuple[int, ...], *, numbered: bool) -> None:
    rows = LONG if numbered else re.sub(rb' r="\d*[369]"', b"", LONG)
    sheet = b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>"
    pieces = [sheet[at : at + size] for at in range(0, len(sheet), size)]
    every = {row.number: row for row in rows_of(iter([sheet]), b"")}
    found = list(rows_of(iter(pieces), b"", wanted))
    whole = [row.lead + row.tag + (b"" if row.content is None else row.content + b"</row>") for row in found]
    assert b"".join(whole).strip() == rows.strip()
    read = {row.number: row for row in found if row.tag}
    assert {n: (read[n].tag, read[n].content) for n in wanted if n in every} == {
        n: (every[n].tag, every[n].content) for n in wanted if n in every
    }
    assert all(every[row.number].tag == row.tag for row in read.values())
