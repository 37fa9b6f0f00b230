"""No password is left in any part of what is given back, and parts without one keep every byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from lxml import etree
from xlsxwriter import Workbook as Book

from batch.readers.detect import read_workbook
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import AnsweredSheet
from batch.writers.results_workbook import write_into
from tests.open_xml import look_through, made, parts, repacked
from tests.writers.test_results_package import ROWS, SUMMARY, answered, fill_dids, lines, sheet_xml

Parts: TypeAlias = dict[str, bytes]
PASSWORD = "Sample-<a&b>-ö"
NUMBER = "471147118"
SEARCH = SecretSearch([PASSWORD, NUMBER])
SHEETML = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES, BOOK = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"


def given_back(path: Path) -> Path:
    place = write_into(path.with_name("results.xlsx"), path, answered(path), SUMMARY, [], search=SEARCH).path
    look_through(place)
    return place


def all_texts(path: Path) -> list[str]:
    """Return every text, attribute and run of texts of a package, as XML says it."""
    found = []
    for name, content in parts(path).items():
        if name.endswith((".xml", ".rels", ".vml")):
            root = etree.fromstring(content)
            found.append("".join(map(str, root.itertext())))
            found += [f"{name}: {value}" for element in root.iter("*") for value in map(str, element.attrib.values())]
            found += [f"{name}: {text}" for text in map(str, root.itertext())]
    return found


def assert_nowhere(path: Path) -> None:
    secrets = (PASSWORD, PASSWORD.replace("&", "&&"), NUMBER)
    assert [text for text in all_texts(path) for secret in secrets if secret in text] == []


def put(name: str, content: str, kind: bytes, link: bytes = b"") -> Callable[[Parts], Parts]:
    """Add a part that the workbook links to."""

    def bend(found: Parts) -> Parts:
        override = b'<Override PartName="/%b" ContentType="%b"/></Types>' % (name.encode(), kind)
        one = b'<Relationship Id="rId77" Type="%b/%b" Target="/%b"/></Relationships>' % (OFFICE, link, name.encode())
        return found | {
            name: content.encode(),
            TYPES: found[TYPES].replace(b"</Types>", override),
            BOOK: found[BOOK].replace(b"</Relationships>", one),
        }

    return bend


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def drop_down(book: Book) -> None:
    fill_dids(book).data_validation("A2:A9", {"validate": "list", "source": ["yes", PASSWORD, NUMBER]})


def name(book: Book) -> None:
    fill_dids(book)
    book.define_name("Secret", f'="{PASSWORD}"')
    book.define_name("Number", f"={NUMBER}")


def condition(book: Book) -> None:
    rule = {"type": "formula", "criteria": f'=$A1="{PASSWORD}"', "format": book.add_format({"bold": True})}
    fill_dids(book).conditional_format("A2:A9", rule)


def comment(book: Book) -> None:
    fill_dids(book).write_comment("B2", f"it is {PASSWORD}")


def text_box(book: Book) -> None:
    fill_dids(book).insert_textbox("F2", f"it is {PASSWORD}\nand {NUMBER}")


def page_header(book: Book) -> None:
    sheet = fill_dids(book)
    sheet.set_header(f"&L{PASSWORD.replace('&', '&&')}")
    sheet.set_footer(f"&C{NUMBER}")


def properties(book: Book) -> None:
    fill_dids(book)
    book.set_properties({"comments": PASSWORD, "keywords": NUMBER})
    book.set_custom_property("note", PASSWORD)


def links(book: Book) -> None:
    sheet = fill_dids(book)
    sheet.write_url("C9", "https://pbx.example/?pw=Sample-%3Ca%26b%3E-%C3%B6", None, "there", "a tip")
    sheet.write_url("C10", f"https://pbx.example/?pw={NUMBER}", None, "there")


def chart(book: Book) -> None:
    sheet = fill_dids(book)
    drawn = book.add_chart({"type": "bar"})
    drawn.add_series({"values": "=DIDs!$B$2:$B$3", "name": PASSWORD, "values_data": [int(NUMBER), 2]})
    drawn.set_title({"name": PASSWORD})
    sheet.insert_chart("F2", drawn)


def filtered(book: Book) -> None:
    sheet = fill_dids(book)
    sheet.autofilter("A1:C3")
    sheet.filter_column_list(2, [PASSWORD, "first"])


@pytest.mark.parametrize(
    "fill",
    [drop_down, name, condition, comment, text_box, page_header, properties, links, chart, filtered],
)
def test_a_password_is_left_nowhere(tmp_path: Path, fill: Callable[[Book], None]) -> None:
    source = made(tmp_path / "book.xlsx", fill)
    told = " ".join(all_texts(source))
    assert PASSWORD in told or NUMBER in told
    assert_nowhere(given_back(source))


def cut_comment(found: Parts) -> Parts:
    cut = b"<text><r><t>it is Sample-&lt;a</t></r><r><rPr><b/></rPr><t>&amp;b&gt;-\xc3\xb6!</t></r></text>"
    return found | {"xl/comments1.xml": re.sub(rb"<text>.*?</text>", cut, found["xl/comments1.xml"])}


MEMORY = f'<x xmlns="{SHEETML.decode()}main"><s v="{escaped(PASSWORD)}"/><n v="{NUMBER}"/></x>'
LINKED = f'<x xmlns="u"><cell r="A1"><v>{NUMBER}</v></cell><cell r="A2" t="str"><v>{escaped(PASSWORD)}</v></cell></x>'
NOTES = f"<notes>{escaped(PASSWORD)} <b>and</b> {NUMBER}</notes>"


@pytest.mark.parametrize(
    "bend",
    [
        put("xl/pivotCache/pivotCacheRecords1.xml", MEMORY, SHEETML + b"pivotCacheRecords+xml", b"pivotCacheRecords"),
        put("xl/externalLinks/externalLink1.xml", LINKED, SHEETML + b"externalLink+xml", b"externalLink"),
        put(
            "xl/connections.xml",
            f'<x xmlns="u"><dbPr connection="Pwd={escaped(PASSWORD)};"/></x>',
            SHEETML + b"connections+xml",
            b"connections",
        ),
        put("customXml/item1.xml", NOTES, b"application/xml", b"customXml"),
        put("customXml/item1.xml", NOTES.replace("ö", "&#246;"), b"application/xml", b"customXml"),
        lambda found: (
            put("customXml/item1.xml", "", b"application/xml", b"customXml")(found)
            | {"customXml/item1.xml": f'<?xml version="1.0" encoding="utf-16"?>{NOTES}'.encode("utf-16")}
        ),
        cut_comment,
    ],
)
def test_parts_that_remember_forget(tmp_path: Path, bend: Callable[[Parts], Parts]) -> None:
    source = made(tmp_path / "book.xlsx", comment)
    sheets = answered(source)
    path = write_into(tmp_path / "results.xlsx", repacked(source, bend), sheets, SUMMARY, [], search=SEARCH).path
    look_through(path)
    assert_nowhere(path)
    assert "&lt;hidden&gt;" in "".join(content.decode("utf-8", "replace") for content in parts(path).values())


def test_texts_that_nobody_uses_any_more_are_blanked_and_those_in_use_stay(tmp_path: Path) -> None:
    def bend(found: Parts) -> Parts:
        more = f"<si><t>it is {escaped(PASSWORD)}</t></si><si><r><t>47114</t></r><r><t>7118</t></r></si></sst>"
        return found | {"xl/sharedStrings.xml": found["xl/sharedStrings.xml"].replace(b"</sst>", more.encode())}

    def fill(book: Book) -> None:
        fill_dids(book, (("Trunk", "DID"), ("London", NUMBER)))

    source = repacked(made(tmp_path / "book.xlsx", fill), bend)
    path = given_back(source)
    strings = parts(path)["xl/sharedStrings.xml"]
    assert strings.count(b"<si>") == parts(source)["xl/sharedStrings.xml"].count(b"<si>")
    assert PASSWORD not in "".join(all_texts(path))
    assert b"47114" not in strings.replace(NUMBER.encode(), b"")
    assert lines(path)[1][1] == NUMBER  # it is a DID, and is sent as one


def test_what_a_formula_shows_is_hidden_and_the_formula_stays(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book)
        own = book.add_worksheet("Own")
        own.write_formula(0, 0, "=DIDs!C2", None, PASSWORD)
        own.write_formula(1, 0, "=DIDs!C3", book.add_format({"bold": True}), int(NUMBER))

    source = made(tmp_path / "book.xlsx", fill)
    sheets = [
        sheet if sheet.raw.name == "DIDs" else replaced(sheet, {1: "<hidden>", 2: "<hidden>"})
        for sheet in answered(source)
    ]
    path = write_into(tmp_path / "results.xlsx", source, sheets, SUMMARY, [], search=SEARCH).path
    look_through(path)
    assert_nowhere(path)
    xml = sheet_xml(path, "Own")
    assert b'<c r="A1" t="str"><f>DIDs!C2</f><v>&lt;hidden&gt;</v></c>' in xml
    assert re.search(rb'<c r="A2" s="\d+" t="str"><f>DIDs!C3</f><v>&lt;hidden&gt;</v></c>', xml)


def replaced(sheet: AnsweredSheet, texts: dict[int, str]) -> AnsweredSheet:
    return replace(sheet, replaced={0: texts}, recalculated={0: set(texts)})


def test_names_that_other_parts_go_by_stay_whatever_the_password_is(tmp_path: Path) -> None:
    columns = [{"header": header} for header in ROWS[0]]

    def fill(book: Book) -> None:
        fill_dids(book).add_table("A1:C3", {"columns": columns, "name": "Table1"})
        book.define_name("Table2", "=DIDs!$A$1")

    source = made(tmp_path / "book.xlsx", fill)
    search = SecretSearch(["DIDs", "Table1", "Table2", "Trunk", "Note", "Calibri", "General", "worksheet", "sheet1"])
    path = write_into(tmp_path / "results.xlsx", source, answered(source), SUMMARY, [], search=search).path
    look_through(path)
    assert lines(path)[0][:3] == ["Trunk", "DID", "Note"]
    assert b">DIDs!$A$1</definedName>" in parts(path)["xl/workbook.xml"]


def test_parts_without_a_password_keep_every_byte(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        comment(book)
        book.add_worksheet("Own").write_comment("A1", "nothing")
        chart = book.add_chart({"type": "pie"})
        chart.add_series({"values": "=DIDs!$A$1:$A$3", "name": "a & b"})
        book.worksheets()[1].insert_chart("C3", chart)

    source = made(tmp_path / "book.xlsx", fill)
    path = given_back(source)
    kept = ["xl/comments2.xml", "xl/drawings/vmlDrawing2.vml", "xl/charts/chart1.xml", "xl/drawings/drawing1.xml"]
    assert {name: parts(path)[name] for name in kept} == {name: parts(source)[name] for name in kept}
    assert read_workbook(path).ours


@pytest.mark.parametrize(("beginning", "encoding"), [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"", "utf-16")])
def test_sheets_of_ones_own_and_texts_keep_every_byte_however_they_are_encoded(
    tmp_path: Path, beginning: bytes, encoding: str
) -> None:
    def fill(book: Book) -> None:
        comment(book)
        own = book.add_worksheet("Own")
        own.write("A1", "Zo\u00eb")
        own.autofilter("A1:B9")

    kept = ["xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"]

    def encoded(found: Parts) -> Parts:
        texts = {name: found[name].decode().replace("UTF-8", encoding) for name in kept}
        return found | {name: beginning + text.encode(encoding) for name, text in texts.items()}

    source = repacked(made(tmp_path / "book.xlsx", fill), encoded)
    path = given_back(source)
    assert {name: parts(path)[name] for name in kept} == {name: parts(source)[name] for name in kept}
    own = next(sheet for sheet in read_workbook(path).sheets if sheet.name == "Own")
    assert own.columns == [["Zo\u00eb"]]
