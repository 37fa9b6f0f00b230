from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from batch.errors import OutputError, UsageError
from batch.readers.encodings import read_columns_text
from batch.readers.workbook import Workbook
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.columns_file import ColumnsFile, parse_columns
from batch.tables.guesses import guess_columns
from batch.tables.rows import Tables
from batch.trunks.grouping import group
from batch.writers.atomic import write_new
from tests.builders import sheet, tabulate, told, workbook


def tables(given: Workbook, text: str) -> tuple[Tables, list[Problem]]:
    return tabulate(given, Secret, parse_columns("m.toml", text))


def guess(given: Workbook) -> str:
    found, _ = tabulate(given, Secret)
    return guess_columns(given, found, "m.toml")


def elsewhere(header: str = "Site|Line|Peer") -> Workbook:
    return workbook(sheet("Lines 2026", "Title", "", header, "x|London|sip.example"))


MAPPED = '[Trunks]\nsheet = "Lines 2026"\nheader_row = 3\n[Trunks.columns]\nName = "Line"\nHostname = "column C"\n'


def test_sheet_header_row_and_columns_are_found_where_the_file_says() -> None:
    found, problems = tables(elsewhere(), MAPPED)
    assert (found.trunks.name, found.trunks.texts("name"), found.trunks.texts("hostname")) == (
        "Lines 2026",
        ["London"],
        ["sip.example"],
    )
    assert told(problems) == ["Lines 2026!B3 columns-mapped", "Lines 2026!A3 own-column"]
    assert problems[0].message == "By m.toml, column B (Line) is Name, C (Peer) is Hostname."


def test_a_column_left_blank_in_the_file_is_left_alone() -> None:
    found, problems = tables(workbook(sheet("Trunks", "Name|Port", "London|x")), '[Trunks.columns]\nPort = ""\n')
    assert (sorted(found.trunks.headers.columns), told(problems)) == (["name"], ["Trunks!B1 own-column"])


def test_the_file_goes_before_a_header_that_is_known() -> None:
    given = workbook(sheet("Trunks", "Name|Label", "London|Paris"))
    found, _ = tables(given, '[Trunks.columns]\nName = "Label"\n')
    assert found.trunks.texts("name") == ["Paris"]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        (
            '[Trunks]\nsheet = "Gone"\n',
            "m.toml: the workbook has no sheet 'Gone' for Trunks.",
            "Correct m.toml. It has 'Lines 2026'.",
        ),
        (
            MAPPED.replace("= 3", "= 9"),
            "m.toml: header_row says 9, and the last row of Lines 2026 is 4.",
            "Correct m.toml. Give another row, or leave the line out.",
        ),
        (
            MAPPED.replace('"column C"', '"column B"'),
            "m.toml: 'column B' cannot mean both Name and Hostname.",
            "Correct m.toml. Keep one of the two lines.",
        ),
        (
            MAPPED.replace('"column C"', '"column ZZ"'),
            "m.toml: row 3 of Lines 2026 has no header 'column ZZ' for Hostname.",
            'Correct m.toml. Write it as it is there, or say "column C".',
        ),
        (
            MAPPED + '[Foo]\nsheet = "x"\n',
            "m.toml: [Foo] is none of the three sheets.",
            "Correct m.toml. There are Trunks, Caller IDs and DIDs.",
        ),
        (
            MAPPED + '"trunk name" = "Site"\n',
            "m.toml: 'trunk name' means Name, which is said already.",
            "Correct m.toml. Keep one of them.",
        ),
    ],
)
def test_what_does_not_fit_the_workbook_is_a_problem_with_a_way_out(text: str, what: str, fix: str) -> None:
    _, problems = tables(elsewhere(), text)
    assert (what, fix) in [(p.message, p.fix) for p in problems if p.code == "columns-file" and p.stops]


def test_a_header_that_stands_twice_must_be_named_by_its_letters() -> None:
    _, problems = tables(elsewhere("Line|Line|Peer"), MAPPED)
    assert problems[0].message == "m.toml: 'Line' for Name is in the columns A and B of Lines 2026."
    assert problems[0].fix == 'Correct m.toml. Say which: "column A".'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Trunks]\nsheet = \n", "m.toml cannot be understood in line 2: Invalid value."),
        ("[Trunks.columns]\nName = “Site”\n", "m.toml cannot be understood in line 2: Invalid value."),
        ('[Trunks.columns]\nName="a"\nName="b"\n', "m.toml cannot be understood in line 3: Cannot overwrite a value."),
        ('Name = "x"\n', "m.toml: 'Name' is outside of a sheet."),
        ("[Trunks]\nsheet = 3\n", "m.toml: sheet of [Trunks] cannot be 3."),
        ("[Trunks]\nheader_row = 0\n", "m.toml: header_row of [Trunks] cannot be 0."),
        ("[Trunks]\nheader_row = true\n", "m.toml: header_row of [Trunks] cannot be True."),
        ("[Trunks]\ncolumns = 3\n", "m.toml: columns of [Trunks] is no table."),
        ("[Trunks.columns]\nName = 3\n", "m.toml: Name of [Trunks] cannot be 3."),
    ],
)
def test_a_file_that_cannot_be_understood_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_columns("m.toml", text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "raw", [MAPPED.encode("utf-8-sig"), MAPPED.encode("utf-16"), MAPPED.replace("\n", "\r\n").encode()]
)
def test_it_may_be_saved_by_any_editor(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(raw)
    assert parse_columns("m.toml", read_columns_text(path)) == parse_columns("m.toml", MAPPED)


@pytest.mark.parametrize("raw", [None, b"PK\x03\x04\xff\x89", b"\xff\xfe\x00"])
def test_a_file_that_is_not_there_or_no_text_is_refused(raw: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(UsageError, match="--columns"):
        read_columns_text(path)


def test_it_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    write_new(path, "# mine\n")
    with pytest.raises(UsageError, match="is there already; it may have been corrected"):
        write_new(path, "")
    assert path.read_text(encoding="utf-8") == "# mine\n"
    with pytest.raises(OutputError):
        write_new(tmp_path / "none" / "m.toml", "")


def test_the_best_guess_of_a_usual_workbook_reads_back_as_what_was_read_without_it() -> None:
    given = workbook(
        sheet("Trunks", "Name|Host|Site", "London|sip.example|x"), sheet("Nummern", "Leitung|Rufnummer", "London|4420")
    )
    before, _ = tabulate(given, Secret)
    after, problems = tables(given, guess(given))
    assert before.trunks.headers.columns == after.trunks.headers.columns
    assert (after.dids.name, after.dids.texts("did")) == ("Nummern", ["4420"])
    assert [p for p in problems if p.stops] == []


def test_what_is_only_likely_is_commented_out_and_right_once_it_is_not() -> None:
    given = workbook(
        sheet("Sites", "Where|Peer", "London|sip.example", "Paris|sip2.example"),
        sheet("Plan", "Belongs to|Tel", "London|442079460100", "Paris|33142680100"),
    )
    text = guess(given)
    assert parse_columns("m.toml", text).sheets == {}
    freed = "\n".join(
        line.removeprefix("# ") if line.startswith(("# [", "# sheet", "# header_row")) or "# perhaps" in line else line
        for line in text.splitlines()
        if '""' not in line
    )
    found, problems = tables(given, freed)
    assert (found.trunks.texts("name"), found.trunks.texts("hostname")) == (
        ["London", "Paris"],
        ["sip.example", "sip2.example"],
    )
    assert (found.dids.texts("trunk"), found.dids.texts("did")) == (
        ["London", "Paris"],
        ["442079460100", "33142680100"],
    )
    assert [p.message for p in problems if p.stops] == []


@pytest.mark.parametrize("name", ['Say "Trunks"', "a\\b", "Käufer #1", "x = [y]", "tab\there", "\x7f"])
def test_names_with_any_character_are_quoted_so_that_they_read_back(name: str) -> None:
    given = workbook(sheet(name, ["Trunk ID", "Name", "Hostname"], ["1", "London", "sip.example"]))
    assert tomllib.loads(guess(given))["Trunks"]["sheet"] == name
    found, _ = tables(given, guess(given))
    assert found.trunks.texts("name") == ["London"]


def test_cells_of_a_sheet_without_a_header_are_never_written_into_the_guess() -> None:
    given = workbook(sheet("Trunks", "Sample-secret|Sample-other", "London|Sample-third"))
    assert "Sample-" not in guess(given)


def test_a_file_is_known_by_its_text() -> None:
    assert ColumnsFile(name="a", text="x").sha256 == ColumnsFile(name="b", text="x").sha256 != ""
    assert ColumnsFile(name="a").sha256 == ""


ODD = sheet("Leitungsliste", "Kunde|Kennzahl|Anschluss|Port", "London|12|5061|x", "Paris|13|5062|y")
NAMED = '[Trunks]\nsheet = "Leitungsliste"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'{NAMED}[DIDs]\nsheet = "leitungsliste"',
            "m.toml: the sheet 'leitungsliste' cannot be both Trunks and DIDs.",
        ),
        (
            f'{NAMED}[DIDs.columns]\nDID = "x"',
            "m.toml: it has columns for DIDs, but the workbook has no sheet of that name.",
        ),
        ('[Trunks.columns]\nNaem = "Kunde"', "m.toml: the sheet Trunks has no column 'Naem'."),
        ("[Trunk]\n[Trunks]", "m.toml: [Trunks] names the same sheet as another."),
        ("[Trunks]\nheader = 3", "m.toml: [Trunks] cannot have header."),
    ],
)
def test_what_names_nothing_or_two_things_is_a_problem_at_the_first_cell(text: str, message: str) -> None:
    _, problems = tables(workbook(ODD), text)
    assert (message, "A1", True) in [(p.message, p.cell, p.stops) for p in problems if p.code == "columns-file"]


def test_the_likest_header_is_offered() -> None:
    _, problems = tables(workbook(ODD), f'{NAMED}[Trunks.columns]\nDomain = "Anschlus"')
    assert "Correct m.toml. Did you mean 'Anschluss'?" in [p.fix for p in problems]


def test_a_header_that_reads_like_letters_is_a_header_first() -> None:
    found, _ = tables(workbook(sheet("Trunks", "Name|column A", "London|5060")), '[Trunks.columns]\nPort = "column A"')
    assert found.trunks.texts("port") == ["5060"]


def test_a_header_in_the_same_spelling_goes_before_one_in_another() -> None:
    found, _ = tables(workbook(sheet("Trunks", "Name|No|no", "London|1|2")), '[Trunks.columns]\nPort = "no"')
    assert found.trunks.texts("port") == ["2"]


def test_the_header_row_is_found_by_the_headers_that_the_file_names() -> None:
    given = workbook(sheet("Trunks", "Our trunks", "|", "Kunde|Anschluss", "London|5060"))
    found, problems = tables(given, '[Trunks.columns]\nName = "Kunde"\nPort = "Anschluss"')
    assert (found.trunks.header_row, found.trunks.texts("name")) == (3, ["London"])
    assert told(problems) == ["Trunks!A3 header-found", "Trunks!A3 columns-mapped"]


def test_a_sheet_that_is_not_the_one_named_is_the_users_own() -> None:
    given = workbook(sheet("Trunks", "Name", "not this"), ODD)
    found, problems = tables(given, f'{NAMED}[Trunks.columns]\nName = "Kunde"')
    assert found.trunks.texts("name") == ["London", "Paris"]
    assert "Trunks!A1 own-sheet" in told(problems)


def test_no_cell_of_a_row_that_is_no_header_is_shown() -> None:
    given = workbook(sheet("Trunks", "London|Sample-1", "Paris|Sample-2"))
    _, problems = tables(given, '[Trunks]\nheader_row = 1\n[Trunks.columns]\nName = "Sample"')
    assert "Sample-1" not in repr(problems)


LIST = '[DIDs]\ntrunk = "London-1"\n'
"""What all rows say stands in the sheet's own table."""


def one_list(header: str = "DID|DID name", *rows: str) -> Workbook:
    lists = sheet("DIDs", header, *(rows or ("442079460100|Reception", "442079460101|")))
    return workbook(sheet("Trunks", "Name|Port", "London-1|5060", "Leeds-1|5060"), lists)


def test_a_constant_is_said_of_all_rows_and_told() -> None:
    found, problems = tables(one_list(), LIST)
    assert found.dids.texts("trunk") == ["London-1", "London-1"]
    assert told(problems) == ["DIDs!A1 columns-mapped"]
    assert problems[0].message == "By m.toml, Trunk is 'London-1' in all rows."


def test_a_trunk_under_columns_that_is_no_header_is_a_constant_too() -> None:
    found, problems = tables(one_list(), '[DIDs.columns]\nTrunk = "London-1"\nDID = "DID"\n')
    assert found.dids.texts("trunk") == ["London-1", "London-1"]
    assert problems[0].message == "By m.toml, column A (DID) is DID; Trunk is 'London-1' in all rows."


def test_a_trunk_under_columns_that_is_almost_a_header_is_asked_about() -> None:
    given = one_list("Carrier|DID", "London-1|442079460100")
    _, problems = tables(given, '[DIDs.columns]\nTrunk = "Carrir"\n')
    assert "Correct m.toml. Did you mean 'Carrier'?" in [problem.fix for problem in problems]


def test_a_constant_that_is_wrong_is_told_once() -> None:
    found, problems = tables(one_list(), LIST.replace("London", "Londn"))
    _, more = group(found)
    assert told([problem for problem in [*problems, *more] if problem.stops]) == ["DIDs!A2 trunk-unknown"]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        (
            '[DIDs]\ndid = "442079460100"\n',
            "m.toml: DID cannot be the same in all rows of DIDs.",
            "Correct m.toml. Name its column under [DIDs.columns].",
        ),
        (
            '[Trunks]\npassword = "Sample-secret-2"\n',
            "m.toml: Password cannot be the same in all rows of Trunks.",
            "Correct m.toml. Name its column under [Trunks.columns].",
        ),
        (
            '[DIDs]\nflavour = "sweet"\n',
            "m.toml: [DIDs] cannot have flavour.",
            (
                "Correct m.toml. It has columns, header_row, own, sheet, skip_where, and columns that say the same in "
                "all rows; a header belongs under [DIDs.columns]."
            ),
        ),
    ],
)
def test_a_constant_that_cannot_be_is_a_problem(text: str, what: str, fix: str) -> None:
    given = one_list("Trunk|DID", "London-1|442079460100")
    _, problems = tables(given, text)
    assert (what, fix) in [(problem.message, problem.fix) for problem in problems]
    assert "Sample-secret-2" not in str(problems)


def test_a_constant_fills_what_the_column_leaves_blank_and_contradicts_what_it_says() -> None:
    given = one_list("Trunk|DID", "|442079460100", "Leeds-1|441134960100", "London-1|442079460101")
    found, problems = tables(given, LIST)
    assert found.dids.texts("trunk") == ["London-1", "Leeds-1", "London-1"]
    (contradicted,) = [problem for problem in problems if problem.stops]
    assert (contradicted.code, contradicted.cell) == ("trunk-contradicts", "A3")
    assert contradicted.message == "The row is for trunk Leeds-1, but m.toml gives London-1."


def test_a_column_that_is_left_alone_makes_room_for_a_constant() -> None:
    given = one_list("Trunk|DID", "x|442079460100", "|442079460101")
    found, problems = tables(given, f'{LIST}[DIDs.columns]\nTrunk = ""\n')
    assert found.dids.texts("trunk") == ["London-1", "London-1"]
    assert not [problem for problem in problems if problem.stops]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('trunk = "London-1"\n', "'trunk' is outside of a sheet", "Put a line [DIDs] above it."),
        ("port = 5060\n", "'port' is outside of a sheet", "Put a line [Trunks] above it."),
        ("[DIDs]\nskip_where = 3\n", "skip_where of [DIDs] cannot be 3", "It has headers, each with what"),
        ("[DIDs]\nskip_where = {a = [1.5]}\n", "skip_where of [DIDs] cannot be", "It has headers"),
        ("[DIDs]\ntrunk = 1.5\n", "trunk of [DIDs] cannot be 1.5", "Put it into quotes."),
    ],
)
def test_what_has_not_the_form_is_said(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_columns("m.toml", text)
    assert message in refused.value.message
    assert hint in refused.value.hint
