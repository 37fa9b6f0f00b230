"""The failed rows alone, corrected and applied, and the printable page, as a user comes by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import load_workbook

from tests.cli.shell import Shell, at, last_run, pbx, plan_at, rows_of, write_book
from tests.open_xml import parts
from tests.soundness import faults_of

pytestmark = pytest.mark.usefixtures("secret")

TRUNKS = (
    ("Owner", "Name", "Hostname", "DIDs mode"),
    ("Ann", "London", "new.carrier.example", "replace"),
    ("Bob", "Paris", "new.carrier.example", "replace"),
    ("Cid", "Madrid", "new.carrier.example", "replace"),
)
DIDS = (
    ("Trunk", "DID", "DID name"),
    ("London", "442079460100", "Main"),
    ("Paris", "33142680100", "Accueil"),
    ("London", "442079460101", "Desk"),
    ("Paris", "33142680101", ""),
    ("Madrid", "34910000100", ""),
)
LIVE = ({"id": 1, "name": "London"}, {"id": 2, "name": "Paris"}, {"id": 3, "name": "Madrid"})
NO: Mapping[str, Any] = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 10009}


def write_own(path: Path, dids: Sequence[Sequence[str]] = DIDS) -> Path:
    """Write a workbook as somebody furnishes it: colours, drop-downs, notes, a table, a sheet of lists."""
    with xlsxwriter.Workbook(path) as book:
        trunks, numbers, lists = (book.add_worksheet(name) for name in ("Trunks", "DIDs", "Lists"))
        pink, bold = book.add_format({"bg_color": "#FFC7CE"}), book.add_format({"bold": True})
        lines: Sequence[Sequence[str]] = (
            ("Name", "Hostname", "Password", "Enabled", "Transport"),
            *((name, "new.carrier.example", f"Sample-{name}", "yes", "udp") for name in ("London", "Paris", "Madrid")),
        )
        for row, line in enumerate(lines):
            trunks.write_row(row, 0, line)
            if row:
                trunks.write_string(row, 0, line[0], pink)
                trunks.write_string(row, 1, line[1], bold)
        trunks.set_column(0, 0, 32)
        trunks.data_validation("D2:D99", {"validate": "list", "source": ["yes", "no"]})
        trunks.data_validation("E2:E99", {"validate": "list", "source": "=Lists!$A$1:$A$2"})
        trunks.autofilter("A1:E4")
        trunks.write_comment("A1", "The exact name")
        trunks.write_comment("A2", "of London")
        trunks.write_comment("B3", "asked Bob")
        for row, line in enumerate(dids):
            numbers.write_row(row, 0, line)
        numbers.add_table(0, 0, len(dids) - 1, 2, {"columns": [{"header": text} for text in DIDS[0]]})
        lists.write_column(0, 0, ["udp", "tls"])
    return path


@pytest.fixture
def cutover(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book.xlsx", trunks=TRUNKS, dids=DIDS)


def first_of(path: Path, sheet: str, columns: int) -> list[Sequence[Any]]:
    return [row[:columns] for row in rows_of(path, sheet)]


class TestFailedRows:
    def test_they_come_alone_and_once_corrected_are_applied(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--failed-only", alone)
            assert ran.code == 5
            assert f"Failed rows alone: {alone} (1 trunk, 3 rows). Correct them there and apply that file." in ran.out
            assert first_of(alone, "Trunks", 5) == [
                [*TRUNKS[0], "Result"],
                [*TRUNKS[2], "refused"],
            ]
            assert first_of(alone, "DIDs", 4) == [
                [*DIDS[0], "Result"],
                [*DIDS[2], "refused"],
                ["Paris", "33142680101", "", "refused"],
            ]
            again = shell("apply", alone, *at(served), "--yes", "--json")
            assert again.code == 0
            assert [(t["name"], t["ending"]) for t in again.json["trunks"]] == [("Paris", "applied")]
            held = {trunk["name"]: trunk["hostname"] for trunk in served.state.trunks.values()}
        assert set(held.values()) == {"new.carrier.example"}

    def test_programs_hear_where_they_are(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--json", "--failed-only", alone)
            assert ran.json["failed_only"] == str(alone)
            run = last_run(cutover)
            other = shell("resume", run, "--yes", "--json")
            assert "failed_only" not in other.json
            gone_on = shell("apply", cutover, *at(served), "--yes", "--json", "--failed-only", tmp_path / "none.xlsx")
        assert gone_on.json["failed_only"] is None
        assert not (tmp_path / "none.xlsx").exists()

    def test_where_nothing_failed_no_file_is_written(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        with pbx(*LIVE) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--failed-only", tmp_path / "failed.xlsx")
        assert ran.code == 0
        assert "Failed rows alone: there are none, so no file was written." in ran.out
        assert not (tmp_path / "failed.xlsx").exists()

    def test_trunks_that_were_not_chosen_are_not_among_them(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            flags = ("--yes", "--only", "Paris", "Madrid", "--failed-only", tmp_path / "failed.xlsx")
            shell("apply", cutover, *at(served), *flags)
        assert [row[1] for row in rows_of(tmp_path / "failed.xlsx", "Trunks")] == ["Name", "Paris"]

    def test_an_invalid_row_and_what_it_blocks_are_there_with_its_cell_as_it_stands_now(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        dids = (*DIDS, ("Madrid", "34910000100", "again"))
        book = write_book(tmp_path / "book.xlsx", trunks=TRUNKS, dids=dids)
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE) as served:
            ran = shell("apply", book, *at(served), "--yes", "--skip-invalid", "--failed-only", alone)
        assert ran.code == 5
        found = rows_of(alone, "DIDs")
        assert [row[:4] for row in found[1:]] == [
            ["Madrid", "34910000100", "", "blocked"],
            ["Madrid", "34910000100", "again", "invalid"],
        ]
        assert found[1][4] == "Correct DIDs!B3, then have it run again."
        assert found[2][4].startswith("B3: 34910000100 is already on this trunk, in B2.")

    def test_what_a_number_format_shows_is_not_lost_on_the_way(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(path) as book:
            trunks, dids = book.add_worksheet("Trunks"), book.add_worksheet("DIDs")
            for row, line in enumerate((("Name", "DIDs mode"), ("Paris", "replace"))):
                trunks.write_row(row, 0, line)
            dids.write_row(0, 0, ("Trunk", "DID"))
            dids.write_row(1, 0, ("Paris",))
            dids.write_number(1, 1, 142680100, book.add_format({"num_format": "0000000000"}))
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            shell("apply", path, *at(served), "--yes", "--failed-only", alone)
            assert rows_of(alone, "DIDs")[1][1] == "0142680100"
            assert shell("apply", alone, *at(served), "--yes").code == 0
            assert [d["did"] for d in served.state.trunks[2]["did_list"]] == ["0142680100"]

    def test_they_keep_the_looks_the_drop_downs_and_the_notes_of_the_users_own_file(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        alone = tmp_path / "failed.xlsx"
        own = write_own(tmp_path / "book.xlsx")
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            assert shell("apply", own, *at(served), "--yes", "--failed-only", alone).code == 5
            assert faults_of(alone) == []
            book = load_workbook(alone)
            trunks, dids = book["Trunks"], book["DIDs"]
            assert [cell.value for cell in trunks["A"]] == ["Name", "Paris"]
            assert trunks["A2"].fill.fgColor.rgb == "FFFFC7CE"
            assert trunks["B2"].font.b
            assert trunks.column_dimensions["A"].width > 30
            assert [(str(v.sqref), v.formula1) for v in trunks.data_validations.dataValidation] == [
                ("D2:D99", '"yes,no"'), ("E2:E99", "Lists!$A$1:$A$2"),
            ]  # fmt: skip
            assert {cell.coordinate: cell.comment.text for row in trunks.rows for cell in row if cell.comment} == {
                "A1": "The exact name",
                "B2": "asked Bob",
            }
            assert [row[1].value for row in dids.iter_rows(min_row=2)] == ["33142680100", "33142680101"]
            assert [str(table.ref) for table in dids.tables.values()] == ["A1:K3"]
            assert book.sheetnames[1:4] == ["Trunks", "DIDs", "Lists"]
            assert not any(b"Sample-" in content for content in parts(alone).values())
            trunks["C2"] = "Sample-new"
            book.save(alone)
            assert shell("apply", alone, *at(served), "--yes").code == 0
            assert [d["did"] for d in served.state.trunks[2]["did_list"]] == ["33142680100", "33142680101"]

    def test_a_sheet_of_which_no_row_failed_keeps_its_table_with_a_blank_row(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        own, alone = write_own(tmp_path / "book.xlsx", dids=(DIDS[0], *DIDS[1:2])), tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            assert shell("apply", own, *at(served), "--yes", "--failed-only", alone).code == 5
        assert faults_of(alone) == []
        assert [str(table.ref) for table in load_workbook(alone)["DIDs"].tables.values()] == ["A1:K2"]

    def test_where_rows_are_merged_the_values_are_written_anew(self, shell: Shell, tmp_path: Path) -> None:
        path, alone = tmp_path / "book.xlsx", tmp_path / "failed.xlsx"
        with xlsxwriter.Workbook(path) as book:
            trunks, dids = book.add_worksheet("Trunks"), book.add_worksheet("DIDs")
            for row, line in enumerate(TRUNKS):
                trunks.write_row(row, 0, line)
            dids.write_row(0, 0, DIDS[0])
            dids.merge_range(1, 0, 2, 0, "Paris")
            dids.write_column(1, 1, ["33142680100", "33142680101"])
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            assert shell("apply", path, *at(served), "--yes", "--failed-only", alone).code == 5
        assert [row[:2] for row in rows_of(alone, "DIDs")[1:]] == [["Paris", "33142680100"], ["Paris", "33142680101"]]

    def test_a_password_is_to_be_typed_again(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "book.xlsx", trunks=(("Name", "Password"), ("Paris", "Sample-pw")))
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            shell("apply", book, *at(served), "--yes", "--failed-only", alone)
            assert rows_of(alone, "Trunks")[1][1] == "<type again>"
            assert shell("apply", alone, *at(served), "--yes").code == 3
        assert b"Sample-pw" not in alone.read_bytes()

    def test_what_somebody_has_worked_in_stays(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        alone = tmp_path / "failed.xlsx"
        with pbx(*LIVE, faults=[{**NO, "times": "always"}]) as served:
            again = ("apply", cutover, *at(served), "--yes", "--failed-only", alone)
            shell(*again)
            shell(*again)
            assert not (tmp_path / "failed (2).xlsx").exists()
            alone.write_bytes(alone.read_bytes() + b"\0")
            worked_in = alone.read_bytes()
            ran = shell(*again)
        assert "failed.xlsx is open, or somebody has worked in it; it was left as it is." in ran.out
        assert f"Failed rows alone: {tmp_path / 'failed (2).xlsx'}" in ran.out
        assert alone.read_bytes() == worked_in

    def test_those_of_an_export_still_leave_alone_what_only_the_pbx_changed(self, shell: Shell, tmp_path: Path) -> None:
        exported, alone = tmp_path / "exported.xlsx", tmp_path / "failed.xlsx"
        held = {"id": 2, "name": "Paris", "did_list": [{"did": "33142680100", "did_name": ""}]}
        with pbx(LIVE[0], held, faults=[{**NO, "times": 1}]) as served:
            shell("export", "-o", exported, "--url", served.url, "--client-id", "script")
            book = load_workbook(exported)
            book["DIDs"].append(["Paris", "33142680101"])
            book.save(exported)
            assert shell("apply", exported, *at(served), "--yes", "--failed-only", alone).code == 5
            since = {"id": 9, "did": "33142680199", "did_name": ""}
            served.state.trunks[2]["did_list"] = [*served.state.trunks[2]["did_list"], since]
            assert shell("apply", alone, *at(served), "--yes").code == 0
            dids = {entry["did"] for entry in served.state.trunks[2]["did_list"]}
        assert dids == {"33142680100", "33142680101", "33142680199"}

    @pytest.mark.parametrize(
        ("place", "why"),
        [
            ("book.xlsx", "is the workbook itself"),
            ("book-results.xlsx", "is where the results go"),
            ("failed.csv", "does not end in .xlsx"),
            ("nowhere/failed.xlsx", "no such folder"),
            ("other.xlsx", "is there already"),
            ("notes.xlsx", "is there already"),
        ],
    )
    def test_a_bad_place_is_refused_before_anything_is_sent(
        self, shell: Shell, cutover: Path, tmp_path: Path, place: str, why: str
    ) -> None:
        write_book(tmp_path / "other.xlsx", trunks=TRUNKS)
        (tmp_path / "notes.xlsx").write_text("no workbook")
        with pbx(*LIVE) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--failed-only", tmp_path / place)
            assert not served.requests
        assert ran.code == 2
        assert why in ran.err

    def test_a_run_that_is_over_hands_them_out_too(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        with pbx(*LIVE, faults=[{**NO, "times": "always"}]) as served:
            shell("apply", cutover, *at(served), "--yes")
            alone = tmp_path / "failed.xlsx"
            ran = shell("resume", last_run(cutover), "--yes", "--failed-only", alone, "--summary", "page.html")
        assert "only its results were written again" in ran.out
        assert [row[1] for row in rows_of(alone, "Trunks")] == ["Name", "Paris"]
        assert (tmp_path / "page.html").exists()


class TestPrintablePage:
    def test_every_run_leaves_one_in_its_folder_that_only_its_owner_can_read(self, shell: Shell, cutover: Path) -> None:
        with pbx(*LIVE, faults=[{**NO, "times": 1}]) as served:
            ran = shell("apply", cutover, *at(served), "--yes")
        page = last_run(cutover) / "summary.html"
        assert page.stat().st_mode & 0o777 == 0o600
        text = page.read_text(encoding="utf-8")
        assert "Paris: refused. 10009 OPERATION FAILED." in text
        assert "book-results.xlsx" in text
        assert "Printable summary" not in ran.out

    def test_it_goes_where_it_is_asked_for_besides(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        with pbx(*LIVE) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--summary", tmp_path / "page.html")
        assert f"Printable summary: {tmp_path / 'page.html'}" in ran.out
        assert "All 3 trunks were up to date when the run ended." in (tmp_path / "page.html").read_text(
            encoding="utf-8"
        )

    def test_a_plan_is_handed_out_to_be_approved(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        page = tmp_path / "plan.html"
        with pbx(*LIVE) as served:
            ran = shell("plan", cutover, *plan_at(served), "--summary", page)
            digest = shell("plan", cutover, *plan_at(served), "--json").json["digest"]
        assert f"To be approved: {page}" in ran.out
        text = page.read_text(encoding="utf-8")
        assert digest in text
        assert "Signature" in text
        assert '<li class="short">Hostname: old.carrier.example → new.carrier.example</li>' in text

    def test_a_plan_with_problems_and_hidden_rows_names_them_on_it(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("Trunks")
            for row, line in enumerate((("Name", "Port"), ("London", "70000"), ("Paris", "5061"))):
                sheet.write_row(row, 0, line)
            sheet.set_row(2, None, None, {"hidden": True})
        page = tmp_path / "plan.html"
        with pbx(*LIVE) as served:
            assert shell("plan", path, *plan_at(served), "--summary", page).code == 3
        text = page.read_text(encoding="utf-8")
        assert "Trunks!B2: " in text
        assert "Row 3 of Trunks is hidden" in text

    def test_a_page_that_cannot_be_written_loses_no_run(self, shell: Shell, cutover: Path, tmp_path: Path) -> None:
        def in_the_way(*_: object) -> None:
            (tmp_path / "page.html").mkdir(exist_ok=True)

        with pbx(*LIVE, on_change=in_the_way) as served:
            ran = shell("apply", cutover, *at(served), "--yes", "--summary", tmp_path / "page.html")
        assert ran.code == 0
        assert "The printable summary: Cannot write" in ran.out
        assert (tmp_path / "book-results.xlsx").exists()

    @pytest.mark.parametrize(("place", "why"), [("page.txt", "does not end in .html"), ("no/page.html", "no such")])
    def test_a_bad_place_is_refused(self, shell: Shell, cutover: Path, tmp_path: Path, place: str, why: str) -> None:
        for command in ("plan", "apply"):
            flags = ("--yes",) if command == "apply" else ()
            ran = shell(command, cutover, "--practice", *flags, "--summary", tmp_path / place)
            assert ran.code == 2
            assert why in ran.err


class TestHiddenRows:
    def test_they_are_named_before_a_run_that_does_not_ask(self, shell: Shell, tmp_path: Path) -> None:
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("Trunks")
            for row, line in enumerate((("Name", "Port"), ("London", "5061"), ("Paris", "5061"))):
                sheet.write_row(row, 0, line)
            sheet.set_row(2, None, None, {"hidden": True})
        with pbx(*LIVE) as served:
            ran = shell("apply", path, *at(served), "--yes")
        assert ran.out.index("Row 3 of Trunks is hidden") < ran.out.index("About ")
        assert ran.code == 0
