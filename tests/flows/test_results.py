"""What comes back: the user's workbook with an ending beside every row, and as an input once more."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlwt
from openpyxl import load_workbook

from samples.making.files import write_csv
from tests.flows.shell import RESULTS, Bench, bench, lines_of, pbx, register, rows_of, serving
from tests.office import saved_again

LIVE = (register(1, "T1", "100100100"), register(2, "T2", "100100200"), register(3, "T3", "100100300"))
REFUSED = {"call": "trunk/update", "match": {"id": 2}, "times": "always", "do": "errcode", "errcode": 10009}


def results_of(path: Path, sheet: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in rows_of(path, sheet)]


class TestBesideTheRows:
    TRUNKS = (
        ("Site", "Name", "Result", "Port", "#Cost"),
        ("London", "T1", "done by Ann", "5061", 12.5),
        (),
        ("Paris", "T2", "", "5061", ""),
        (),
        (),
        ("Rome", "T3", "", "5060", ""),
    )
    DIDS = (
        ("DID", "Remark", "Trunk"),
        ("100100300", "a", "T3"),
        (),
        ("100100100", "b", "T1"),
        ("100100200", "c", "T2"),
    )

    def test_they_stand_at_the_right_rows_also_after_blank_ones(self, there: Bench) -> None:
        assert results_of(there.results, "Trunks", "Name", "Result") == [
            ("T1", "applied"), (None, None), ("T2", "refused"), (None, None), (None, None), ("T3", "unchanged"),
        ]  # fmt: skip
        assert results_of(there.results, "DIDs", "DID", "Remark", "Result") == [
            ("100100300", "a", "unchanged"),
            (None, None, None),
            ("100100100", "b", "applied"),
            ("100100200", "c", "refused"),
        ]

    def test_columns_keep_their_order_and_ours_come_last(self, there: Bench) -> None:
        header = lines_of(there.results, "Trunks")[0]
        assert header == ("Site", "Name", "Result (yours)", "Port", "#Cost", *RESULTS)
        assert results_of(there.results, "Trunks", "Result (yours)", "#Cost")[0] == ("done by Ann", 12.5)
        assert lines_of(there.results, "DIDs")[0] == ("DID", "Remark", "Trunk", *RESULTS)

    def test_the_numbers_are_told(self, there: Bench) -> None:
        refused = rows_of(there.results, "Trunks")[2]
        assert (refused["Errcode"], refused["HTTP status"], refused["Attempts"]) == (10009, 200, 1)
        assert refused["Errmsg"].startswith("OPERATION FAILED")
        assert isinstance(refused["Elapsed ms"], int)
        assert len(refused["Finished at"]) == len("2026-11-23 02:14:07")
        unchanged = rows_of(there.results, "Trunks")[5]
        assert [unchanged[key] for key in RESULTS[2:7]] == [None] * 5

    def test_a_second_round_does_what_is_left_and_keeps_every_column(self, there: Bench) -> None:
        with serving(there.workbook, there.pbx.state) as again:
            ran = again.run("apply", "--yes", "--json", workbook=there.results)
            assert ran.code == 0
            assert [trunk["ending"] for trunk in ran.json["trunks"]] == ["unchanged", "applied", "unchanged"]
            assert [body["id"] for body in again.writes()] == [2]
        path = Path(ran.json["results"])
        assert path != there.results
        assert lines_of(path, "Trunks")[0] == ("Site", "Name", "Result (yours)", "Port", "#Cost", *RESULTS)
        assert results_of(path, "Trunks", "Name", "Result", "Result (yours)")[0] == ("T1", "unchanged", "done by Ann")

    def test_the_changes_say_before_wanted_and_found(self, there: Bench) -> None:
        assert lines_of(there.results, "Changes") == [
            ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found"),
            ("Trunks", "D2", "T1", "Port", "5060", "5061", "5061"),
            ("Trunks", "D4", "T2", "Port", "5060", "5061", None),
        ]

    def test_the_summary_adds_up(self, there: Bench) -> None:
        lines = lines_of(there.results, "Summary")
        counts = {line[0]: line[1:5] for line in lines if line[0] in {"applied", "refused", "unchanged", "Total"}}
        assert counts == {
            "applied": (1, 0, 1, 2), "refused": (1, 0, 1, 2), "unchanged": (1, 0, 1, 2), "Total": (3, 0, 3, 6),
        }  # fmt: skip
        words = [cell for line in lines for cell in line if isinstance(cell, str)]
        assert there.pbx.url in words
        assert str(there.workbook) in words


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    given = TestBesideTheRows
    folder = tmp_path_factory.mktemp("beside")
    with bench(folder, trunks=given.TRUNKS, dids=given.DIDS, live=LIVE, faults=[REFUSED]) as there:
        assert there.apply().code == 5
        yield there


class TestTravelling:
    """Results that went through another program, and through people's hands."""

    ROWS = (("Name", "Port", "Password"), ("T1", "5061", "Sample-one"), ("T2", "5061", ""), ("T3", "5060", ""))

    @pytest.mark.libreoffice
    def test_saved_by_libreoffice_they_are_an_input_of_which_only_what_is_left_is_done(self, tmp_path: Path) -> None:
        dids = (("Trunk", "DID"), ("T1", "100100100"), ("T2", "100100200"))
        with bench(tmp_path, trunks=self.ROWS, dids=dids, live=LIVE, faults=[REFUSED]) as there:
            assert there.apply().code == 5
            (saved,) = saved_again([there.results], tmp_path / "saved")
            with serving(there.workbook, there.pbx.state) as again:
                ran = again.run("apply", "--yes", "--json", workbook=saved)
                assert ran.code == 0, ran.said
                assert [trunk["ending"] for trunk in ran.json["trunks"]] == ["unchanged", "applied", "unchanged"]
                assert [body["id"] for body in again.writes()] == [2]
        path = Path(ran.json["results"])
        assert load_workbook(path).sheetnames == ["Summary", "Trunks", "DIDs", "Changes", "Test calls", "trunk-batch"]
        assert lines_of(path, "Trunks")[0] == ("Name", "Port", "Password", *RESULTS)
        assert lines_of(path, "DIDs")[0] == ("Trunk", "DID", *RESULTS)
        assert results_of(path, "Trunks", "Name", "Password", "Result") == [
            ("T1", "<hidden>", "unchanged"), ("T2", None, "applied"), ("T3", None, "unchanged"),
        ]  # fmt: skip

    def test_sorted_with_columns_put_in_they_are_still_one(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=self.ROWS, live=LIVE, faults=[REFUSED]) as there:
            assert there.apply().code == 5
            book = load_workbook(there.results)
            sheet = book["Trunks"]
            rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
            for number, row in enumerate(reversed(rows), 2):
                for column, value in enumerate(row, 1):
                    sheet.cell(number, column, value)
            sheet.insert_cols(1)
            sheet["A1"], sheet["A2"] = "Who", "Ann"
            sheet.cell(1, sheet.max_column + 1, "Remark")
            book.save(there.results)
            with serving(there.workbook, there.pbx.state) as again:
                ran = again.run("apply", "--yes", "--json", workbook=there.results)
                assert ran.code == 0, ran.said
        path = Path(ran.json["results"])
        assert lines_of(path, "Trunks")[0] == ("Who", "Name", "Port", "Password", *RESULTS, "Remark")
        assert results_of(path, "Trunks", "Who", "Name", "Result") == [
            ("Ann", "T3", "unchanged"), (None, "T2", "applied"), (None, "T1", "unchanged"),
        ]  # fmt: skip


class TestPasswords:
    TRUNKS = (
        ("Name", "Password", "Site PIN", "Pinnacle"),
        ("T1", "Sample-new-1", "4711", "high"),
        ("T2", "Sample-new-2", "", "low"),
        ("T3", "env:T3_PASSWORD", "4712", ""),
    )

    def test_finished_ones_are_hidden_and_others_must_be_typed_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("T3_PASSWORD", "Sample-from-the-environment")
        with bench(tmp_path, trunks=self.TRUNKS, live=LIVE, faults=[REFUSED]) as there:
            assert there.apply("--secrets-from", "T3_*").code == 5
            assert [body.get("password") for body in sorted(there.writes(), key=lambda body: body["id"])] == [
                "Sample-new-1", "Sample-new-2", "Sample-from-the-environment",
            ]  # fmt: skip
            assert results_of(there.results, "Trunks", "Password", "Site PIN", "Pinnacle") == [
                ("<hidden>", "<hidden>", "high"),
                ("<type again>", None, "low"),
                ("env:T3_PASSWORD", "<hidden>", None),
            ]
            told = [text for (text,) in results_of(there.results, "Trunks", "What to do")]
            asked = "Before this workbook is run again, type the password again."
            assert [asked in str(text) for text in told] == [False, True, False]
            again = there.run("plan", "--json", "--secrets-from", "T3_*", workbook=there.results)
            assert again.code == 3
            problems = [p for p in again.json["problems"] if p["severity"] == "problem"]
            assert [(p["code"], p["cell"], p["value"]) for p in problems] == [("secret-hidden", "B3", "<type again>")]
            kinds = {c["trunk"]["name"]: c["kind"] for c in again.json["changes"]}
            assert (kinds["T1"], kinds["T3"]) == ("keep", "keep")

    def test_a_password_from_a_file_comes_back_as_typed(self, tmp_path: Path) -> None:
        (tmp_path / "one.txt").write_text("Sample-in-a-file\n", encoding="utf-8")
        trunks = (("Name", "Password"), ("T1", f"file:{tmp_path / 'one.txt'}"))
        with bench(tmp_path, trunks=trunks, live=LIVE) as there:
            assert there.apply("--secrets-from", tmp_path).code == 0
            assert there.writes()[0]["password"] == "Sample-in-a-file"
            assert results_of(there.results, "Trunks", "Password") == [(f"file:{tmp_path / 'one.txt'}",)]

    def test_a_refused_password_is_not_quoted(self, tmp_path: Path) -> None:
        body = {"invalid_param_list": [{"field": "password", "value": "Sample-new-1", "validation_type": "max"}]}
        faults = [
            {"call": "trunk/update", "do": "errcode", "errcode": 40002, "body": body, "errmsg": "BAD Sample-new-1"}
        ]
        with bench(tmp_path, trunks=self.TRUNKS[:2], live=LIVE, faults=faults) as there:
            ran = there.apply()
            assert ran.code == 5
            assert "Sample-new-1" not in ran.said
            assert "Sample-new-1" not in str(lines_of(there.results, "Trunks"))
            assert "password" in rows_of(there.results, "Trunks")[0]["Errmsg"]


class TestFormats:
    def test_csv_in_gives_csv_out_as_well(self, tmp_path: Path) -> None:
        folder = tmp_path / "book"
        lines = [("Name", "Port", "Ort"), ("T1", "5061", "Köln"), ("T2", "5061", "")]
        write_csv(folder / "trunks.csv", lines, delimiter=";", encoding="cp1252")
        with serving(folder, pbx(LIVE), faults=[REFUSED]) as there:
            ran = there.apply()
            assert ran.code == 5
            assert Path(ran.json["results"]) == there.results
            twin = tmp_path / "book-results"
            assert f"Results as CSV: {twin}" in ran.err
            text = (twin / "trunks.csv").read_bytes().decode("cp1252")
            rows = list(csv.reader(text.splitlines(), delimiter=";"))
            assert rows[0] == ["Name", "Port", "Ort", *RESULTS]
            assert [(row[0], row[2], row[3]) for row in rows[1:]] == [("T1", "Köln", "applied"), ("T2", "", "refused")]
            again = there.run("plan", "--json", workbook=twin)
            assert [change["kind"] for change in again.json["changes"]] == ["keep", "update"]

    def test_an_old_kind_comes_back_as_xlsx_and_it_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "book.xls"
        book = xlwt.Workbook()
        sheet = book.add_sheet("Trunks")
        for row, line in enumerate((("Name", "Port"), ("T1", "5061"), ("T3", "5061"))):
            for column, text in enumerate(line):
                sheet.write(row, column, text)
        book.save(str(path))
        with serving(path, pbx(LIVE)) as there:
            ran = there.apply()
            assert ran.code == 0
            assert ran.json["results"] == str(tmp_path / "book-results.xlsx")
            assert ".xls" in ran.err
            assert "the results are an .xlsx file" in ran.err
            assert results_of(there.results, "Trunks", "Name", "Result") == [("T1", "applied"), ("T3", "applied")]


def test_results_that_cannot_be_placed_stay_in_the_runs_folder(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=(("Name", "Port"), ("T1", "5061")), live=LIVE) as there:
        there.results.mkdir()
        (there.results / "in the way").touch()
        ran = there.apply()
        assert ran.code == 0
        assert Path(ran.json["results"]) == there.runs[0] / "results.xlsx"
        assert "The results are in" in ran.err
