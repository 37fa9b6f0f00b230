"""Looks added to a workbook's own: what was there keeps its number."""

from __future__ import annotations

import pytest
from lxml import etree

from batch.xlsx_edit.package import Unpatchable
from batch.xlsx_edit.stylesheet import BLANK_STYLESHEET, Stylesheet
from tests.open_xml import prefixed, strict

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
USERS = f"""<styleSheet xmlns="{MAIN}">
<numFmts count="1"><numFmt numFmtId="170" formatCode="0000"/></numFmts>
<fonts count="2"><font><sz val="10"/></font><font><b/></font></fonts>
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>
<fill><patternFill patternType="solid"><fgColor rgb="FF00FF00"/></patternFill></fill></fills>
<borders count="1"><border/></borders>
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>
<xf numFmtId="170" fontId="1" fillId="2" borderId="0"><alignment wrapText="1"/></xf>
<xf numFmtId="0" fontId="0" fillId="1" borderId="0"/></cellXfs>
<tableStyles count="0"/></styleSheet>""".encode()
OURS = f"""<styleSheet xmlns="{MAIN}">
<numFmts count="2"><numFmt numFmtId="164" formatCode="0000"/><numFmt numFmtId="165" formatCode="#,##0;-"/></numFmts>
<fonts count="2"><font><sz val="11"/></font><font><b/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border/></borders>
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="164" fontId="1" fillId="0" borderId="0" xfId="1"/></cellXfs>
<dxfs count="1"><dxf><numFmt numFmtId="165" formatCode="#,##0;-"/></dxf></dxfs></styleSheet>""".encode()


def read(sheet: Stylesheet) -> etree._Element:
    return etree.fromstring(sheet.to_bytes())


def style(sheet: Stylesheet, number: int) -> dict[str, str]:
    found = read(sheet).findall("{*}cellXfs/{*}xf")[number]
    return {str(key): str(value) for key, value in found.attrib.items()}


def test_a_style_on_another_colour_is_the_same_in_all_else() -> None:
    sheet = Stylesheet(USERS)
    marked = sheet.filled(1, "FFFFC7CE")
    assert marked == 3
    assert style(sheet, 3) == {
        "numFmtId": "170", "fontId": "1", "fillId": "3", "borderId": "0", "applyFill": "1",
    }  # fmt: skip
    copy = read(sheet).findall("{*}cellXfs/{*}xf")[3]
    assert copy.find("{*}alignment") is not None
    fill = read(sheet).findall("{*}fills/{*}fill")[3]
    assert fill[0].get("patternType") == "solid"
    assert fill[0][0].get("rgb") == "FFFFC7CE"


def test_the_same_look_is_never_made_twice() -> None:
    sheet = Stylesheet(USERS)
    first = sheet.filled(1, "FFFFC7CE")
    assert sheet.filled(0, "FFFFC7CE") != first
    again = Stylesheet(sheet.to_bytes())
    assert again.filled(1, "FFFFC7CE") == first
    assert len(read(again).findall("{*}fills/{*}fill")) == 4


def test_what_was_behind_a_text_is_told_and_put_back() -> None:
    sheet = Stylesheet(USERS)
    assert sheet.fill_of(0) == ""
    fill = sheet.fill_of(1)
    assert "FF00FF00" in fill
    marked, other = sheet.filled(1, "FFFFC7CE"), sheet.filled(0, "FFFFC7CE")
    sheet.refill({"FFFFC7CE": fill})
    assert (sheet.fill_of(marked), sheet.fill_of(other)) == (fill, fill)
    again = sheet.filled(1, "FFFFEB9C")
    sheet.refill({"FFFFEB9C": ""})
    assert sheet.fill_of(again) == ""
    assert sheet.fill_of(marked) == fill


@pytest.mark.parametrize("nonsense", ["<fill", "<font/>", "&x;", "word"])
def test_what_is_no_fill_is_taken_for_none(nonsense: str) -> None:
    sheet = Stylesheet(USERS)
    marked = sheet.filled(1, "FFFFC7CE")
    sheet.refill({"FFFFC7CE": nonsense})
    assert sheet.fill_of(marked) == ""


def test_a_style_that_is_not_there_counts_as_the_first() -> None:
    sheet = Stylesheet(USERS)
    assert style(sheet, sheet.filled(99, "FFFFC7CE"))["fontId"] == "0"


def test_a_list_of_fills_that_is_not_there_begins_with_none() -> None:
    bare = f'<styleSheet xmlns="{MAIN}"><cellXfs count="1"><xf numFmtId="0" fillId="0"/></cellXfs></styleSheet>'
    sheet = Stylesheet(bare.encode())
    assert style(sheet, sheet.filled(0, "FFFFC7CE"))["fillId"] == "2"
    patterns = [fill[0].get("patternType") for fill in read(sheet).findall("{*}fills/{*}fill")]
    assert patterns == ["none", "gray125", "solid"]


def test_the_looks_of_another_workbook_come_behind_those_that_are_there() -> None:
    sheet = Stylesheet(USERS)
    added = sheet.add(Stylesheet(OURS))
    assert added.cells == (0, 3, 4)
    assert added.conditional == (0,)
    assert style(sheet, 1)["fontId"] == "1"
    number = style(sheet, 3)
    assert (number["numFmtId"], number["fontId"]) == ("171", "2")
    assert "xfId" not in number  # there are no named looks
    assert style(sheet, 4)["numFmtId"] == "170"  # the same notation was there
    assert style(sheet, 4)["fontId"] == "1"  # and so was the font
    root = read(sheet)
    assert [child.get("formatCode") for child in root.iter(f"{{{MAIN}}}numFmt")] == ["0000", "#,##0;-", "#,##0;-"]
    assert [etree.QName(child).localname for child in root] == [
        "numFmts", "fonts", "fills", "borders", "cellXfs", "dxfs", "tableStyles",
    ]  # fmt: skip
    counts = [(len(child), child.get("count")) for child in root if child.get("count")]
    assert all(str(length) == count for length, count in counts)


def test_a_look_that_goes_by_a_name_goes_by_the_plain_one_here() -> None:
    named = USERS.replace(b"<cellXfs", b'<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs')
    sheet = Stylesheet(named)
    assert [style(sheet, number)["xfId"] for number in sheet.add(Stylesheet(OURS)).cells[1:]] == ["0", "0"]


def test_adding_the_same_looks_again_adds_nothing() -> None:
    sheet = Stylesheet(USERS)
    first = sheet.add(Stylesheet(OURS))
    grown = sheet.to_bytes()
    again = Stylesheet(grown)
    assert again.add(Stylesheet(OURS)) == first
    assert again.to_bytes() == grown


@pytest.mark.parametrize("bent", [prefixed, strict, lambda content: strict(prefixed(content))])
def test_prefixes_and_strict_namespaces_make_no_difference(bent: object) -> None:
    assert callable(bent)
    sheet = Stylesheet(bent(USERS))
    assert sheet.add(Stylesheet(OURS)).cells == (0, 3, 4)
    assert sheet.fill_of(1) == Stylesheet(USERS).fill_of(1)
    marked = sheet.filled(0, "FFFFC7CE")
    sheet.refill({"FFFFC7CE": sheet.fill_of(1)})
    assert sheet.fill_of(marked) == sheet.fill_of(1)
    names = {etree.QName(element).namespace for element in read(sheet).iter("*")}
    assert len(names) == 1


def test_a_workbook_without_looks_gets_the_plainest_ones() -> None:
    sheet = Stylesheet(BLANK_STYLESHEET)
    assert sheet.filled(0, "FFFFC7CE") == 1
    assert Stylesheet(f'<styleSheet xmlns="{MAIN}"/>'.encode()).filled(0, "FFFFC7CE") == 1


@pytest.mark.parametrize(
    "broken", [b"<styleSheet", b"<other/>", USERS.replace(b'numFmtId="170" fontId', b'numFmtId="many" fontId')]
)
def test_what_cannot_be_understood_is_refused(broken: bytes) -> None:
    with pytest.raises(Unpatchable):
        Stylesheet(OURS).add(Stylesheet(broken))
