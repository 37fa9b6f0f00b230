"""Workbooks as other programs write them: what the tool gives back is sound all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from xlsxwriter import Workbook

from batch.readers.detect import read_workbook
from batch.readers.packages import Package
from batch.schema.columns import RESULT_HEADERS
from batch.schema.problems import Problem
from batch.tables.row_results import AnsweredSheet, RowResult, Summary, Tone
from batch.writers.marked_workbook import write_marked
from batch.writers.results_workbook import write_into
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.comments import add_notes, drop_notes
from batch.xlsx_edit.package import PackageEdit
from batch.xlsx_edit.sheet import SheetPatch
from tests.open_xml import look_through, made, parts, prefixed, repacked, strict
from tests.soundness import faults_of

Parts: TypeAlias = dict[str, bytes]
VML = "xl/drawings/vmlDrawing1.vml"
SHEET = "xl/worksheets/sheet1.xml"
TYPES = "[Content_Types].xml"
SHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FAULT = Problem(code="cell-number", sheet="DIDs", row=3, column=1, value="x", message="It is wrong.", fix="Type it.")
ANOTHER = Problem(code="cell-number", sheet="DIDs", row=2, column=1, value="x", message="This too.", fix="Type it.")


def fill(book: Workbook) -> None:
    sheet = book.add_worksheet("DIDs")
    for row, cells in enumerate((("Trunk", "DID"), ("London", "442079460100"), ("Paris", "33140205050"))):
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text)
    sheet.write_comment("B2", "Ask Anna", {"author": "Bert"})
    sheet.insert_textbox("E9", "a shape")


def changing(name: str, change: Callable[[bytes], bytes]) -> Callable[[Parts], Parts]:
    return lambda found: found | {name: change(found[name])}


def spaces_on_each_child(vml: bytes) -> bytes:
    spaces = re.search(rb"<xml( [^>]*)>", vml)
    assert spaces is not None
    return re.sub(rb"<((?:v:shape|v:shapetype|o:shapelayout)\b)", rb"<\1" + spaces[1], vml).replace(
        spaces[0], b"<xml>", 1
    )


def without_vml(found: Parts) -> Parts:
    left = {name: content for name, content in found.items() if name != VML}
    links = "xl/worksheets/_rels/sheet1.xml.rels"
    return left | {
        links: re.sub(rb"<Relationship [^>]*vmlDrawing[^>]*/>", b"", found[links]),
        SHEET: re.sub(rb"<legacyDrawing [^>]*/>", b"", found[SHEET]),
    }


def strict_as_excel(found: Parts) -> Parts:
    """Excel wraps the drawing of notes, and links to it as in packages that are not strict."""
    bent = {name: content if name == VML else strict(content) for name, content in found.items()}
    links = "xl/worksheets/_rels/sheet1.xml.rels"
    wrapped = (
        b'<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        b'<mc:Choice xmlns:v="urn:schemas-microsoft-com:vml" Requires="v">\\g<0></mc:Choice></mc:AlternateContent>'
    )
    return bent | {
        SHEET: re.sub(rb"<legacyDrawing [^>]*/>", wrapped, bent[SHEET]),
        links: bent[links].replace(
            b"http://purl.oclc.org/ooxml/officeDocument/relationships/vmlDrawing",
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/vmlDrawing",
        ),
    }


def types_by_name_only(found: Parts) -> Parts:
    """LibreOffice up to 6.0 says nothing by extension."""
    types = re.sub(rb"<Default [^>]*/>", b"", found[TYPES])
    link = b"application/vnd.openxmlformats-package.relationships+xml"
    override = b'<Override PartName="/%b" ContentType="%b"/>'
    more = [override % (name.encode(), link) for name in found if name.endswith(".rels")]
    more.append(override % (VML.encode(), b"application/vnd.openxmlformats-officedocument.vmlDrawing"))
    return found | {TYPES: types.replace(b"</Types>", b"".join(more) + b"</Types>")}


def types_by_first_part(found: Parts) -> Parts:
    """Microsoft's own library gives an extension the type of the first part that has it."""
    types = found[TYPES].replace(
        b'ContentType="application/xml"', b'ContentType="%b.sheet.main+xml"' % SHEETML.encode()
    )
    types = re.sub(rb'<Override PartName="/xl/workbook.xml"[^>]*/>', b"", types)
    return found | {TYPES: types}


def from_the_root(found: Parts) -> Parts:
    """Links say where a part is from the root of the package."""
    bent = dict(found)
    for name, folder in (
        ("xl/_rels/workbook.xml.rels", b"/xl/"),
        ("xl/worksheets/_rels/sheet1.xml.rels", b"/xl/worksheets/"),
        ("_rels/.rels", b"/"),
    ):
        bent[name] = re.sub(rb'Target="', b'Target="' + folder, found[name]).replace(b"/worksheets/../", b"/")
    return bent


def moved(found: Parts) -> Parts:
    """The parts stand where no other program puts them."""
    places = {
        "xl/comments1.xml": "xl/notes/comments7.xml",
        VML: "xl/worksheets/notes.vml",
        SHEET: "xl/worksheets/Blatt.xml",
        "xl/worksheets/_rels/sheet1.xml.rels": "xl/worksheets/_rels/Blatt.xml.rels",
    }
    words = {
        b"../comments1.xml": b"../notes/comments7.xml",
        b"../drawings/vmlDrawing1.vml": b"notes.vml",
        b"worksheets/sheet1.xml": b"worksheets/Blatt.xml",
        b"/xl/comments1.xml": b"/xl/notes/comments7.xml",
    }
    bent = {places.get(name, name): content for name, content in found.items()}
    for name in (TYPES, "xl/_rels/workbook.xml.rels", "xl/worksheets/_rels/Blatt.xml.rels"):
        for old, new in words.items():
            bent[name] = bent[name].replace(old, new)
    return bent


def uncounted(found: Parts) -> Parts:
    counts = re.compile(rb' (?:count|uniqueCount|spans)="[^"]*"')
    return {name: counts.sub(b"", content) if name.startswith("xl/") else content for name, content in found.items()}


def own_prefix(found: Parts) -> Parts:
    own = ("xl/workbook.xml", "xl/styles.xml", SHEET, "xl/sharedStrings.xml", "xl/comments1.xml")
    return found | {name: prefixed(found[name]) for name in own}


def space_on_each_element(found: Parts) -> Parts:
    space = b' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    bent = dict(found)
    for name in ("xl/workbook.xml", SHEET, "xl/comments1.xml"):
        head, root, rest = re.split(rb"(<(?:workbook|worksheet|comments)\b[^>]*>)", found[name], maxsplit=1)
        bent[name] = head + root + re.sub(rb"<([A-Za-z]+)(?=[\s/>])", rb"<\1" + space, rest)
    return bent


HABITS: dict[str, Callable[[Parts], Parts]] = {
    "Excel": dict,
    "namespaces on each child of the VML (ClosedXML)": changing(VML, spaces_on_each_child),
    "single quotes in the VML": changing(VML, lambda vml: vml.replace(b'"', b"'")),
    "no blocks of numbers in the VML": changing(VML, lambda vml: re.sub(rb"(?s)<o:shapelayout.*?layout>", b"", vml)),
    "blanks in the last tag of the VML": changing(VML, lambda vml: vml.replace(b"</xml>", b"</xml >\n")),
    "a VML that draws nothing": changing(VML, lambda vml: re.sub(rb"(?s)(<xml [^>]*)>.*", rb"\1/>", vml)),
    "comments that are drawn nowhere": without_vml,
    "strict, as Excel writes it": strict_as_excel,
    "strict": lambda found: {name: content if name == VML else strict(content) for name, content in found.items()},
    "types by name only (LibreOffice up to 6.0)": types_by_name_only,
    "types of the first part": types_by_first_part,
    "links from the root": from_the_root,
    "odd places": moved,
    "nothing counted": uncounted,
    "a prefix of its own": own_prefix,
    "the namespace on each element": space_on_each_element,
}  # fmt: skip


def results_of(path: Path) -> Path:
    book = read_workbook(path)
    result = RowResult(result="applied", tone=Tone.GOOD, errcode=0)
    (raw,) = (raw for raw in book.sheets if raw.name == "DIDs")
    sheet = AnsweredSheet(raw=raw, header_row=1, results={2: result, 3: result})
    summary = Summary(title="Results", headline="All fine.")
    return write_into(path.with_name("results.xlsx"), path, [sheet], summary, [], metadata=book.metadata).path


def comments(path: Path) -> dict[str, str]:
    roots = [etree.fromstring(content) for name, content in parts(path).items() if "comments" in name]
    found = (comment for root in roots for comment in root.iter("{*}comment"))
    return {c.get("ref", ""): "".join(t.text or "" for t in c.iter("{*}t")) for c in found}


def test_the_workbook_itself_is_sound(tmp_path: Path) -> None:
    assert faults_of(made(tmp_path / "book.xlsx", fill)) == []


@pytest.mark.parametrize("habit", HABITS)
def test_marked_and_given_back_it_is_sound_whoever_wrote_it(tmp_path: Path, habit: str) -> None:
    source = repacked(made(tmp_path / "book.xlsx", fill), HABITS[habit])
    marked = write_marked(read_workbook(source), [ANOTHER, FAULT], tmp_path / "marked.xlsx").path
    assert faults_of(marked) == []
    assert comments(marked) == {
        "B2": "Ask Anna\n-----\ntrunk-batch: This too.\nType it.",
        "B3": "trunk-batch: It is wrong.\nType it.",
    }
    for given_back in (results_of(source), results_of(marked)):
        assert faults_of(given_back) == []
        (raw,) = (raw for raw in read_workbook(given_back).sheets if raw.name == "DIDs")
        assert [column[0] for column in raw.columns] == ["Trunk", "DID", *RESULT_HEADERS]
        assert raw.columns[2] == ["Result", "applied", "applied"]
        assert comments(given_back) == {"B2": "Ask Anna"}


def noted(edit: PackageEdit, part: str, texts: Mapping[tuple[int, int], str]) -> None:
    patch = SheetPatch(edit, part)
    add_notes(patch, texts)
    patch.apply()


@pytest.mark.parametrize("bent", [strict_as_excel, changing(VML, spaces_on_each_child)])
def test_a_sheet_has_the_drawing_of_its_notes_as_before_when_ours_are_taken_off(
    tmp_path: Path, bent: Callable[[Parts], Parts]
) -> None:
    path = repacked(made(tmp_path / "book.xlsx", fill), bent)
    before = parts(path)[SHEET]
    for change in (partial(noted, texts={(9, 9): "wrong"}), drop_notes):
        edit = PackageEdit(Package(path))
        change(edit, Book(edit).parts()["DIDs"])
        path.write_bytes(edit.content())
        assert faults_of(path) == []
    assert parts(path)[SHEET] == before


@pytest.mark.parametrize(
    ("kind", "name", "marked", "given_back"),
    [
        (f"{SHEETML}.template.main+xml", "book.xltx", f"{SHEETML}.sheet.main+xml", ()),
        (
            "application/vnd.ms-excel.template.macroEnabled.main+xml",
            "book.xltm",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            ("The macros are left out; everything else is as it was.",),
        ),
    ],
)
def test_a_template_comes_back_as_a_workbook(
    tmp_path: Path, kind: str, name: str, marked: str, given_back: tuple[str, ...]
) -> None:
    main = f"{SHEETML}.sheet.main+xml".encode()
    source = repacked(
        made(tmp_path / "book.xlsx", fill), changing(TYPES, lambda types: types.replace(main, kind.encode()))
    ).rename(tmp_path / name)
    target = tmp_path / ("marked.xlsm" if given_back else "marked.xlsx")
    assert write_marked(read_workbook(source), [FAULT], target).path == target
    assert faults_of(target) == []
    assert marked.encode() in parts(target)[TYPES]
    book = read_workbook(source)
    sheet = AnsweredSheet(raw=book.sheets[0], header_row=1)
    written = write_into(tmp_path / "results.xlsx", source, [sheet], Summary(title="Results", headline="Fine."), [])
    assert written.notes == given_back
    look_through(written.path)


BLANKS = st.text(" \t\n", max_size=3)


@settings(max_examples=25)
@given(before=BLANKS, words=st.text("ab ", min_size=1, max_size=9), after=BLANKS, plain=st.booleans())
def test_blanks_at_the_ends_of_a_comment_are_kept(
    tmp_path_factory: pytest.TempPathFactory, before: str, words: str, after: str, *, plain: bool
) -> None:
    text = before + words + after

    def say(comments: bytes) -> bytes:
        said = b'<t xml:space="preserve">%b</t>' % text.encode()
        return re.sub(rb"<text>.*?</text>", b"<text>%b</text>" % (said if plain else b"<r>%b</r>" % said), comments)

    path = made(tmp_path_factory.mktemp("blanks") / "book.xlsx", fill)
    repacked(path, changing("xl/comments1.xml", say))
    for change in (partial(noted, texts={(2, 1): "wrong"}), drop_notes):
        edit = PackageEdit(Package(path))
        change(edit, Book(edit).parts()["DIDs"])
        path.write_bytes(edit.content())
    after_all = re.findall(rb"<t( [^>]*)?>([^<]*)</t>", parts(path)["xl/comments1.xml"])
    assert b"".join(said for _, said in after_all).decode() == text
    assert all(b"preserve" in kept for kept, said in after_all if said != said.strip())
