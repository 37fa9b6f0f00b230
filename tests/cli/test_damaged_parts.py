"""Only the parts that are used are judged: what is damaged of the user's own comes back as it is, and is told once."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from xlsxwriter import Workbook

from batch.practice.server import RunningPbx
from batch.readers.detect import begin_workbook
from batch.readers.workbook import CellValue
from tests.cli.shell import Ran, Shell, at, ending_of, pbx
from tests.open_xml import made, parts, repacked
from tests.soundness import faults_of

PASSWORD = "Sample-a&b-<c>-long"
TRUNKS = (("Name", "Hostname", "Password"), ("London", "new.carrier.example", PASSWORD))
DIDS = (("Trunk", "DID"), ("London", "442079460100"), ("London", "dash 1-2-3"))
COSTS = "xl/worksheets/sheet3.xml"
CHART, DRAWING, NOTES, PIVOT = (
    "xl/charts/chart1.xml",
    "xl/drawings/drawing1.xml",
    "xl/comments1.xml",
    "xl/pivotCache/pivotCacheDefinition1.xml",
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEETML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheDefinition+xml"
Damage: TypeAlias = Callable[[bytes], bytes]


def cut(content: bytes) -> bytes:
    return content[: content.rindex(b"</") - 9]


def bad_entity(content: bytes) -> bytes:
    return re.sub(rb"(<v>|<c:chart>|<xdr:from>|<comment |<cacheSource )", rb"\1&nothing;", content, count=1)


def declared_entity(content: bytes) -> bytes:
    return re.sub(rb"(?=<[a-zA-Z])", b'<!DOCTYPE x [<!ENTITY e "eeee">]>', content, count=1)


def unclosed(content: bytes) -> bytes:
    return re.sub(rb"</[\w:]+>(?=</)", b"", content, count=1)


def no_xml(_: bytes) -> bytes:
    return b"\x00\x01 nothing of XML"


def no_bytes(_: bytes) -> bytes:
    return b""


OWN = (COSTS, CHART, DRAWING, NOTES, PIVOT)
"""What is damaged of the user's own."""
DAMAGES: list[Damage] = [cut, bad_entity, declared_entity, unclosed, no_xml, no_bytes]


def book(path: Path, *, wrong: bool = False, remark: str = "a remark", **names: str) -> Path:
    """Write a workbook with a sheet, a chart, notes and a pivot cache of the user's own."""

    def fill(made_book: Workbook) -> None:
        for name, rows in (("Trunks", TRUNKS), ("DIDs", DIDS if wrong else DIDS[:2])):
            page = made_book.add_worksheet(name)
            for row, cells in enumerate(rows):
                page.write_row(row, 0, cells)
        costs = made_book.add_worksheet(names.get("own", "Costs"))
        costs.write_row(0, 0, ["What", "Cost"])
        costs.write_row(1, 0, [remark, 30])
        chart = made_book.add_chart({"type": "bar"})
        chart.add_series({"values": f"='{costs.name}'!$B$2:$B$3"})
        costs.insert_chart("E2", chart)
        costs.write_comment("A2", "a note")

    def with_pivot(found: dict[str, bytes]) -> dict[str, bytes]:
        override = f'<Override PartName="/{PIVOT}" ContentType="{TYPE}"/></Types>'
        link = f'<Relationship Id="rId77" Type="{OFFICE}/pivotCacheDefinition" Target="/{PIVOT}"/></Relationships>'
        types, links = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
        listed = b'<pivotCaches><pivotCache cacheId="1" r:id="rId77"/></pivotCaches></workbook>'
        return found | {
            PIVOT: f'<pivotCacheDefinition xmlns="{SHEETML}"><cacheSource type="worksheet"/><cacheFields count="0">'
            "</cacheFields></pivotCacheDefinition>".encode(),
            types: found[types].replace(b"</Types>", override.encode()),
            links: found[links].replace(b"</Relationships>", link.encode()),
            "xl/workbook.xml": found["xl/workbook.xml"].replace(b"</workbook>", listed),
        }

    return repacked(made(path, fill), with_pivot)


def spoilt(path: Path, part: str, damage: Damage) -> Path:
    return repacked(path, lambda found: found | {part: damage(found[part])})


def without(path: Path, part: str) -> Path:
    return repacked(path, lambda found: {name: content for name, content in found.items() if name != part})


def notices(ran: Ran) -> list[Mapping[str, str]]:
    return [problem for problem in ran.json["problems"] if problem["code"] == "parts-unreadable"]


def applied(shell: Shell, served: RunningPbx, path: Path) -> Ran:
    return shell("apply", path, *at(served), "--yes", "--skip-invalid", "--allow", "removals", "--json")


def answers(path: Path) -> list[CellValue]:
    """Return what the results say beside the trunks; a library that reads all of a file does not get so far."""
    trunks = next(raw for raw in begin_workbook(path).sheets if raw.name == "Trunks")
    return next(column[1:] for column in trunks.columns if column[0] == "Result")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningPbx]:
    monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-client-secret")
    with pbx() as running:
        yield running


@pytest.mark.parametrize("first", range(len(DAMAGES)))
def test_what_is_damaged_is_told_once_and_comes_back_byte_for_byte(
    shell: Shell, served: RunningPbx, tmp_path: Path, first: int
) -> None:
    path = book(tmp_path / "book.xlsx")
    for number, part in enumerate(OWN, first):  # each part comes to each damage
        spoilt(path, part, DAMAGES[number % len(DAMAGES)])
    before = faults_of(path)

    ran = shell("check", path, "--json")
    assert ran.code == 0
    (told,) = notices(ran)
    assert [part for part in ("'Costs'", *OWN[1:]) if part not in told["message"]] == []
    assert "look at" in told["fix"]

    assert ending_of(applied(shell, served, path)) == {"London": "applied"}
    results = tmp_path / "book-results.xlsx"
    assert {part: parts(results)[part] for part in OWN} == {part: parts(path)[part] for part in OWN}
    assert answers(results) == ["applied"]
    assert set(faults_of(results)) <= set(before)


def test_a_sheet_that_is_listed_and_not_there_is_told_and_stays_listed(
    shell: Shell, served: RunningPbx, tmp_path: Path
) -> None:
    path = without(book(tmp_path / "book.xlsx"), COSTS)
    (told,) = notices(shell("check", path, "--json"))
    assert told["sheet"] == "Costs"
    assert ending_of(applied(shell, served, path)) == {"London": "applied"}
    assert answers(tmp_path / "book-results.xlsx") == ["applied"]
    assert set(faults_of(tmp_path / "book-results.xlsx")) <= set(faults_of(path))


def test_several_are_told_in_one_notice(shell: Shell, tmp_path: Path) -> None:
    path = spoilt(spoilt(spoilt(book(tmp_path / "book.xlsx"), COSTS, cut), CHART, cut), NOTES, no_xml)
    (told,) = notices(shell("check", path, "--json"))
    assert told["message"] == (
        f"The sheet 'Costs' and the parts '{CHART}', '{NOTES}' cannot be read; nothing here needs them."
    )


@pytest.mark.parametrize("damage", [cut, declared_entity, no_xml])
@pytest.mark.parametrize(
    "part",
    [
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/workbook.xml",
    ],
)
def test_what_is_used_still_refuses_the_workbook(shell: Shell, tmp_path: Path, part: str, damage: Damage) -> None:
    ran = shell("check", spoilt(book(tmp_path / "book.xlsx"), part, damage), "--json")
    assert ran.code == 3
    assert [problem["code"] for problem in ran.json["problems"]] == ["not-readable"]


def test_a_damaged_sheet_that_the_columns_file_names_is_used(shell: Shell, tmp_path: Path) -> None:
    path = spoilt(book(tmp_path / "book.xlsx", own="Rufnummern"), COSTS, cut)
    columns = tmp_path / "columns.toml"
    columns.write_text('["Caller IDs"]\nsheet = "Rufnummern"\n', encoding="utf-8")
    assert shell("check", path, "--columns", columns).code == 3


PLACES: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content.replace(b"</", PASSWORD.encode() + b"</", 1),
    "as XML has it": lambda content: content.replace(b"</", b"Sample-a&amp;b-&lt;c&gt;-long</", 1),
    "in numbers": lambda content: content.replace(
        b"</", "".join(f"&#{ord(sign)};" for sign in PASSWORD).encode() + b"</", 1
    ),
    "in pieces": lambda content: content.replace(b"</", b"Sample-a&amp;b-<x/>&lt;c&gt;-lo<b>ng</b></", 1),
    "in an entity": lambda content: re.sub(
        rb"(?=<[a-z])", b'<!DOCTYPE x [<!ENTITY e "Sample-a&#38;#38;b-&#38;#60;c>-long">]>', content, count=1
    ),
    "in UTF-16": lambda content: content.decode().replace("</", f"{PASSWORD}</", 1).encode("utf-16"),
}


def test_a_password_in_an_entity_that_is_declared_does_not_come_back(
    shell: Shell, served: RunningPbx, tmp_path: Path
) -> None:
    path = spoilt(book(tmp_path / "book.xlsx"), CHART, PLACES["in an entity"])
    ran = applied(shell, served, path)
    assert f"its part {CHART} cannot be read and holds a password" in ran.err
    assert faults_of(tmp_path / "book-results.xlsx") == []


@pytest.mark.parametrize(("how", "part"), list(zip(PLACES, [COSTS, CHART, PIVOT] * 2, strict=True)))
def test_a_password_in_a_damaged_part_does_not_come_back(
    shell: Shell, served: RunningPbx, tmp_path: Path, part: str, how: str
) -> None:
    path = spoilt(book(tmp_path / "book.xlsx"), part, lambda content: PLACES[how](content) + b"<")
    ran = applied(shell, served, path)
    assert ending_of(ran) == {"London": "applied"}
    results = tmp_path / "book-results.xlsx"
    assert answers(results) == ["applied"]
    assert part not in parts(results) or parts(results)[part] != parts(path)[part]
    assert f"its part {part} cannot be read and holds a password" in ran.err
    assert faults_of(results) == []


def test_a_password_that_a_damaged_sheet_shares_with_others_does_not_come_back(
    shell: Shell, served: RunningPbx, tmp_path: Path
) -> None:
    path = spoilt(book(tmp_path / "book.xlsx", remark=PASSWORD), COSTS, cut)
    assert ending_of(applied(shell, served, path)) == {"London": "applied"}
    results = parts(tmp_path / "book-results.xlsx")
    assert results[COSTS] == parts(path)[COSTS]
    assert [name for name, content in results.items() if b"Sample-a" in content] == []


@pytest.mark.parametrize("part", [COSTS, CHART])
def test_marked_and_failed_rows_come_out_of_such_a_workbook_too(
    shell: Shell, served: RunningPbx, tmp_path: Path, part: str
) -> None:
    path = spoilt(book(tmp_path / "book.xlsx", wrong=True), part, cut)
    assert shell("check", path, "--marked", "marked.xlsx").code == 3
    assert parts(tmp_path / "marked.xlsx")[part] == parts(path)[part]
    assert set(faults_of(tmp_path / "marked.xlsx")) <= set(faults_of(path))

    ran = shell("apply", path, *at(served), "--yes", "--skip-invalid", "--failed-only", "failed.xlsx", "--json")
    assert ending_of(ran) == {"London": "invalid"}
    assert set(faults_of(tmp_path / "failed.xlsx")) <= set(faults_of(path))
    assert shell("check", "failed.xlsx").code == 3


def test_results_of_such_a_workbook_are_a_workbook_again(shell: Shell, served: RunningPbx, tmp_path: Path) -> None:
    path = spoilt(spoilt(book(tmp_path / "book.xlsx"), COSTS, cut), CHART, cut)
    applied(shell, served, path)
    results = tmp_path / "book-results.xlsx"
    assert len(notices(shell("check", results, "--json"))) == 1
    assert ending_of(applied(shell, served, results)) == {"London": "unchanged"}
    assert parts(tmp_path / "book-results-2.xlsx")[COSTS] == parts(path)[COSTS]
    shutil.rmtree(path.with_name("book.runs"))  # there, what was damaged all along is taken for ours


@pytest.mark.parametrize("part", [COSTS, CHART])
def test_a_part_that_does_not_unpack_is_left_out_of_what_is_given_back(
    shell: Shell, served: RunningPbx, tmp_path: Path, part: str
) -> None:
    path = book(tmp_path / "book.xlsx")
    with zipfile.ZipFile(path) as package:
        entry = package.getinfo(part)
    spoilt_bytes = bytearray(path.read_bytes())
    middle = entry.header_offset + 30 + len(part) + entry.compress_size // 2
    spoilt_bytes[middle : middle + 8] = b"\xff" * 8
    path.write_bytes(spoilt_bytes)

    assert len(notices(shell("check", path, "--json"))) == 1
    ran = applied(shell, served, path)
    assert ending_of(ran) == {"London": "applied"}
    assert answers(tmp_path / "book-results.xlsx") == ["applied"]
    assert faults_of(tmp_path / "book-results.xlsx") == []
    assert part in ran.err
    assert shell("check", path, "--marked", "marked.xlsx").code == 0
    assert faults_of(tmp_path / "marked.xlsx") == []
