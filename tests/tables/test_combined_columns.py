"""Blocks in two columns, counts, and several columns of numbers come to the entries that they say, or to a problem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.columns_file import parse_columns
from batch.tables.guesses import guess_columns
from tests.builders import Line, check, read, sheet, tabulate, told, workbook

TRUNKS = sheet("Trunks", "Name|Type", "London-1|register", "Leeds-1|peer")


def taken(header: str, *lines: Line, name: str = "DIDs") -> list[str]:
    """Return the numbers of the first trunk's entries; nothing may stand against them."""
    _, found, problems = read(workbook(TRUNKS, sheet(name, header, *lines)))
    assert [problem for problem in problems if problem.stops] == []
    return [row.number for edit in found.trunks[0].lists.values() for row in edit.rows]


def stops(header: str, *lines: Line, name: str = "DIDs") -> list[Problem]:
    """Return what stands against a sheet."""
    return [problem for problem in check(workbook(TRUNKS, sheet(name, header, *lines))) if problem.stops]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *(("DDI Range From", "DDI Range To"), ("Number range start", "Number range end"), ("First DID", "Last DID")),
        *(("Rufnummernblock von", "Rufnummernblock bis"), ("Tranche SDA d\u00e9but", "Tranche SDA fin")),
        *(("From", "To"), ("First", "Last"), ("Start", "End"), ("DID", "DID to"), ("DID from", "DID to")),
        *(("StartingNumber", "EndingNumber"), ("First number", "Last number"), ("Range start", "Range end")),
        *(("From number", "To number"), ("Begin", "End"), ("DDI from", "DDI to"), ("start_number", "end_number")),
        *(("Von", "Bis"), ("Rufnummer von", "Rufnummer bis"), ("Von Rufnummer", "Bis Rufnummer")),
        *(("Erste Rufnummer", "Letzte Rufnummer"), ("Anfangsrufnummer", "Endrufnummer"), ("Rufnummer", "Bis")),
        *(("De", "\u00c0"), ("D\u00e9but", "Fin"), ("SDA d\u00e9but", "SDA fin"), ("Du num\u00e9ro", "Au num\u00e9ro")),
        *(("Premier num\u00e9ro", "Dernier num\u00e9ro"), ("Desde", "Hasta"), ("Inicio", "Fin")),
        *(("N\u00famero inicial", "N\u00famero final"), ("Primer n\u00famero", "\u00daltimo n\u00famero")),
        *(
            ("\u8d77\u59cb\u53f7\u7801", "\u7ed3\u675f\u53f7\u7801"),
            ("\u4ece", "\u5230"),
            ("\u9996\u53f7", "\u672b\u53f7"),
        ),
    ],
)
def test_first_and_last_number_are_a_block(first: str, last: str) -> None:
    numbers = ["442079460108", "442079460109", "442079460110"]
    assert taken(f"Trunk|{first}|{last}", "London-1|442079460108|442079460110") == numbers
    assert taken(f"{last}|Trunk|{first}", "442079460110|London-1|442079460108") == numbers


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Quantity",
            "Qty",
            "Qty.",
            "Count",
            "Block size",
            "How many",
            "No. of DIDs",
            "Number of numbers",
            "DID count",
            "Total DDIs",
        ),
        *(
            "Nb SDA",
            "Anzahl",
            "Menge",
            "Blockgr\u00f6\u00dfe",
            "Anzahl Rufnummern",
            "St\u00fcck",
            "Quantit\u00e9",
            "Nombre",
        ),
        *("Nombre de num\u00e9ros", "Taille du bloc", "Cantidad", "Cantidad de n\u00fameros", "N\u00famero de DID"),
        *("\u6570\u91cf", "\u53f7\u7801\u6570\u91cf", "\u4e2a\u6570", "\u6578\u91cf"),
    ],
)
@pytest.mark.parametrize("count", ["3", 3.0])
def test_a_first_number_and_how_many_are_a_block(header: str, count: str | float) -> None:
    numbers = ["02079460199", "02079460200", "02079460201"]
    assert taken(f"Trunk|DID|{header}", ["London-1", "02079460199", count]) == numbers
    assert taken(f"Trunk|First number|{header}", ["London-1", "02079460199", count]) == numbers


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        ("442079460100|102", ["442079460100", "442079460101", "442079460102"]),
        ("442079460199|0200", ["442079460199", "442079460200"]),
        ("+442079460100|101", ["+442079460100", "+442079460101"]),
        ("+442079460100|+442079460101", ["+442079460100", "+442079460101"]),
        ("442079460100|", ["442079460100"]),
        ("442079460100|442079460100", ["442079460100"]),
        ("442079460100-102|102", ["442079460100", "442079460101", "442079460102"]),
        ("442079460100-102|", ["442079460100", "442079460101", "442079460102"]),
        ("4420794601XX|", ["4420794601XX"]),
    ],
)
def test_a_last_number_may_be_short_or_blank_or_the_same(cells: str, numbers: list[str]) -> None:
    assert taken("Trunk|From|To", f"London-1|{cells}") == numbers


@pytest.mark.parametrize(
    ("cells", "cell", "code", "fix"),
    [
        ("442079460109|442079460100", "C2", "range-backwards", "type 442079460100 into From and 442079460109 here."),
        ("442079460109|100", "C2", "range-backwards", "Type a last number that is not lower than 442079460109."),
        ("442079460100|44207946010", "C2", "range-malformed", "Type both with the same number of digits"),
        ("44207946010|442079460100", "C2", "range-malformed", "Type both with the same number of digits"),
        ("+442079460100|442079460101", "C2", "range-malformed", "Type +442079460101, or correct From."),
        ("442070000000|442079999999", "C2", "range-too-long", "Correct it, or split it into several rows."),
        ("|442079460109", "B2", "required", "Type the first number into From, or clear To."),
        ("4420794601XX|442079460199", "B2", "range-malformed", "Type only the first number, in digits"),
        ("44 2079 460100|442079460199", "B2", "range-malformed", "Type 442079460100; or clear To."),
        ("44 2079 460100|44 2079 460199", "B2", "range-malformed", "Type 442079460100, and 442079460199 into To; or"),
        ("442079460100|44 2079 460199", "C2", "range-malformed", "Type 442079460199."),
        ("442079460100|and more", "C2", "range-malformed", "Type the last number in digits only"),
        ("442079460100-150|199", "B2", "range-malformed", "Type only the first number, in digits"),
        ("44207946010012345|44207946010012346", "B2", "long-number", "--allow long-numbers"),
    ],
)
def test_what_is_no_block_is_a_problem_at_its_cell(cells: str, cell: str, code: str, fix: str) -> None:
    (problem,) = stops("Trunk|From|To", f"London-1|{cells}", "London-1|442079460300|442079460301")
    assert (problem.cell, problem.code) == (cell, code)
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("cells", "code", "fix"),
    [
        *(
            (f"442079460100|{count}", "not-a-number", "Type a whole number from 1 on")
            for count in ("0", "-3", "2.5", "ten")
        ),
        ("442079460100|10er", "not-a-number", "Type 10, or clear the cell for one number."),
        ("442079460100|1,000", "not-a-number", "Type 1000 or 1, or clear the cell for one number."),
        ("442079460100|1 500", "not-a-number", "Type 1500, or clear the cell for one number."),
        ("442079460100|100 numbers", "not-a-number", "Type 100, or clear the cell for one number."),
        ("442079460100|10001", "range-too-long", "split it into several rows"),
        ("442079460100-109|100", "number-count", "Type 10, or correct the numbers."),
        ("442079460100; 442079460105|3", "number-count", "Type 2, or correct the numbers."),
        ("4420794601XX|100", "number-count", "Type only the first number"),
        ("9999999999|5", "range-malformed", "correct DID"),
    ],
)
def test_what_is_no_count_is_a_problem_at_its_cell(cells: str, code: str, fix: str) -> None:
    (problem,) = stops("Trunk|DID|Quantity", f"London-1|{cells}")
    assert (problem.cell, problem.code) == ("C2", code)
    assert fix in problem.fix


@pytest.mark.parametrize(
    "cells",
    [
        "442079460100-102|3",
        "442079460100; 442079460101; 442079460102|3",
        "442079460100 - 102|3",
        "442079460100 \N{EN DASH} 442079460102|3",
        "442079460100..442079460102|3",
    ],
)
def test_a_count_that_says_the_same_again_does_no_harm(cells: str) -> None:
    assert taken("Trunk|DID|Quantity", f"London-1|{cells}") == ["442079460100", "442079460101", "442079460102"]


def test_first_last_and_count_must_agree() -> None:
    header = "Trunk|From|To|Count"
    assert taken(header, "London-1|442079460100|442079460101|2") == ["442079460100", "442079460101"]
    (problem,) = stops(header, "London-1|442079460100|442079460101|3")
    assert (problem.cell, problem.code) == ("D2", "number-count")


@given(st.integers(0, 10**9), st.integers(1, 10_000), st.sampled_from(["", "+", "0"]))
def test_a_first_number_and_a_count_come_to_exactly_so_many(number: int, count: int, front: str) -> None:
    first = f"{front}44{number:09d}"
    found = taken("Trunk|DID|Count", f"London-1|{first}|{count}")
    assert (len(found), len(set(found))) == (count, count)
    last = f"{int(first) + count - 1:0{len(first.lstrip('+'))}d}"
    assert (found[0], found[-1]) == (first, f"{'+' * first.startswith('+')}{last}")
    assert taken("Trunk|From|To", f"London-1|{first}|{found[-1]}") == found


def test_all_that_is_read_together_is_told() -> None:
    lines = ["London-1|442079460100|442079460103", "London-1|442079460110|"]
    found = check(workbook(TRUNKS, sheet("DIDs", "Trunk|From|To", *lines)))
    assert [(p.cell, p.code, p.message) for p in found if p.sheet == "DIDs"] == [
        ("B1", "columns-combined", "From (B) and To (C) are the first and last number of a block."),
        (
            "B2",
            "range-expanded",
            "The block becomes 4 DIDs, 442079460100 to 442079460103.",
        ),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        ("DID 1", "DID 2", "DID 7"),
        ("DID", "DID2", "DID_3"),
        ("DID #1", "DID #2", "DID #3"),
        ("Number 1", "Number 2", "Number 3"),
        ("1st number", "2nd number", "3rd number"),
        ("Rufnummer 1", "Rufnummer 2", "Rufnummer 3"),
        ("Num\u00e9ro 1", "Num\u00e9ro 2", "Num\u00e9ro 3"),
        ("DDI (1)", "DDI (2)", "DDI (3)"),
        ("\u53f7\u78011", "\u53f7\u78012", "\u53f7\u78013"),
    ],
)
def test_several_columns_of_numbers_are_entries_of_their_row_in_the_columns_order(headers: tuple[str, ...]) -> None:
    lines = ["London-1|442079460109|442079460101|442079460102", "London-1||442079460104|", "Leeds-1|442079460105||"]
    assert taken("|".join(["Trunk", *headers]), *lines) == [
        "442079460109",
        "442079460101",
        "442079460102",
        "442079460104",
    ]


@pytest.mark.parametrize(
    "header",
    [
        *("DIDs", "DDIs", "Numbers", "Phone numbers", "DID range", "Number range", "Rufnummern", "Telefonnummer"),
        *("Rufnummernblock", "Num\u00e9ros", "Plage de num\u00e9ros", "N\u00fameros", "Rango", "\u53f7\u6bb5"),
    ],
)
def test_a_column_of_lists_and_ranges_is_that_of_the_number(header: str) -> None:
    lines = ["London-1|442079460100; 442079460101", "London-1|442079460110-111"]
    numbers = ["442079460100", "442079460101", "442079460110", "442079460111"]
    assert taken(f"Trunk|{header}", *lines) == numbers


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Trunk|First DID|DIDs", "London-1|442079460100|10"),
        ("Trunk|DID|DIDs", "London-1|442079460100|442079460101; 442079460102"),
        ("Trunk|DID|Numbers", "London-1|442079460100|10"),
        ("Trunk|DIDs", "London-1|10"),
        ("Trunk|DIDs|Numbers", "London-1|442079460100|442079460101"),
    ],
)
def test_a_column_of_lists_beside_another_of_numbers_or_with_counts_is_asked_about(header: str, line: str) -> None:
    assert "column-unknown" in [problem.code for problem in stops(header, line)]


def test_each_entry_of_several_columns_has_the_name_of_its_row() -> None:
    header, line = "Trunk|DID 1|DID 2|DID name", "London-1|442079460100|442079460101-102|Sales"
    trunk, _ = read(workbook(TRUNKS, sheet("DIDs", header, line)))[1].trunks
    assert trunk.dids is not None
    assert [(row.row, row.number, row.name) for row in trunk.dids.rows] == [
        (2, "442079460100", "Sales"),
        (2, "442079460101", "Sales"),
        (2, "442079460102", "Sales"),
    ]


def test_a_problem_of_several_columns_names_the_very_cell() -> None:
    lines = [
        "London-1|442079460100|44 2079 460101|442079460100",
        "London-1||442079460102|442079460102-104",
        "London-1|442079460105||442079460109-105",
        "London-1|||",
        "London-1||442079460103|44207946010612345",
    ]
    assert sorted(told(stops("Trunk|DID 1|DID 2|DID 3", *lines))) == [
        "DIDs!B5 required",
        "DIDs!C2 bad-characters",
        "DIDs!C6 did-twice",
        "DIDs!D2 did-twice",
        "DIDs!D3 did-twice",
        "DIDs!D4 range-backwards",
        "DIDs!D6 long-number",
    ]


def test_a_cell_with_the_same_number_twice_is_told() -> None:
    (problem,) = stops("Trunk|DID", "London-1|442079460100; 442079460101; 442079460100")
    assert (problem.cell, problem.code) == ("B2", "did-twice")
    assert problem.message == "442079460100 is already on this trunk, in this very cell."
    assert problem.fix == "Delete one of the two, or correct the number."


@pytest.mark.parametrize(
    ("header", "line", "codes"),
    [
        ("Trunk|DID 1|DID 2|DID 2", "London-1|442079460100|442079460101|442079460102", ["header-twice"]),
        ("Trunk|DID 1|DID 2|Count", "London-1|442079460100|442079460101|2", ["column-unknown"]),
        ("Trunk|DID|From|To", "London-1|442079460100|442079460110|442079460119", ["column-unknown"]),
        ("Trunk|From", "London-1|442079460100", ["header-missing", "column-unknown"]),
        ("Trunk|To|Count", "London-1|442079460100|10", ["header-missing", "column-unknown", "column-unknown"]),
        ("Trunk|DID|To", "London-1|442079460100|1001", ["column-unknown"]),
        ("Trunk|DID|End", "London-1|442079460100|20261231", ["column-unknown"]),
        ("Trunk|DID|DID 1 name", "London-1|442079460100|Sales", ["header-near"]),
        ("Trunk|DID 1|DID 2|DID 2 name", "London-1|442079460100|442079460101|Sales", ["column-unknown"]),
        ("Trunk|DID 1|DID name 1|DID 2", "London-1|442079460100|Sales|442079460101", ["column-unknown"]),
    ],
)
def test_what_cannot_be_read_together_is_a_problem(header: str, line: str, codes: list[str]) -> None:
    assert sorted(problem.code for problem in stops(header, line)) == sorted(codes)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("#Count", "100"),
        ("#DID 2", "442079460101"),
        ("From", "London"),
        ("To", "2026-11-12"),
        ("Nombre", "Recepci\u00f3n"),
    ],
)
def test_own_columns_stay_own(header: str, cells: str) -> None:
    found = stops(f"Trunk|DID|{header}", f"London-1|442079460100|{cells}")
    assert [problem.code for problem in found] == (["column-unknown"] if header == "Nombre" else [])


CALLER_IDS = "Trunk|Option|First number|Last number|Extension from|Extension to"


def test_a_block_of_caller_ids_goes_with_a_block_of_extensions() -> None:
    lines = ["London-1|range|442079460100|102|1001|1003", "London-1|shared|442079460120|||"]
    given = workbook(TRUNKS, sheet("Caller IDs", CALLER_IDS, *lines))
    _, found, problems = read(given)
    assert [problem for problem in problems if problem.stops] == []
    edit = found.trunks[0].caller_ids
    assert edit is not None
    assert [(row.option, row.number, row.extension_range) for row in edit.rows] == [
        ("range", "442079460100-442079460102", "1001-1003"),
        ("shared", "442079460120", None),
    ]


def test_a_counted_block_of_caller_ids_is_told_with_both_ends() -> None:
    header, line = "Trunk|Option|Caller ID|Quantity|Extension range", "London-1|range|442079460100|10|1001-1010"
    assert taken(header, line, name="Caller IDs") == ["442079460100-442079460109"]
    notices = [p for p in check(workbook(TRUNKS, sheet("Caller IDs", header, line))) if p.code == "columns-combined"]
    assert [(notice.cell, notice.message) for notice in notices if notice.row > 1] == [
        ("D2", "10 numbers: 442079460100 to 442079460109.")
    ]


@pytest.mark.parametrize(
    ("cells", "cell", "code"),
    [
        ("442079460100|442079460109|1001|1009", "F2", "range-unequal"),
        ("442079460100|442079460109|1010|1001", "F2", "range-backwards"),
        ("442079460100|442079460109|1001|10010", "F2", "range-malformed"),
        ("442079460100|442079460109||1010", "E2", "required"),
        ("442079460000|442079460500|1000|1500", "D2", "range-too-long"),
    ],
)
def test_unequal_blocks_of_caller_ids_are_problems_at_their_cells(cells: str, cell: str, code: str) -> None:
    assert (cell, code) in [
        (problem.cell, problem.code) for problem in stops(CALLER_IDS, f"London-1|range|{cells}", name="Caller IDs")
    ]


@pytest.mark.parametrize("header", ["Caller ID to", "Quantity"])
def test_a_block_is_no_shared_caller_id(header: str) -> None:
    line = f"London-1|shared|442079460100|{'10' if header == 'Quantity' else '442079460109'}|1001"
    (problem,) = stops(f"Trunk|Option|Caller ID|{header}|Extensions", line, name="Caller IDs")
    assert (problem.cell, problem.code) == ("D2", "option-mismatch")
    assert problem.fix == "Clear the cell, or choose option range."


def test_several_caller_ids_of_a_row_are_entries_for_the_same_extensions() -> None:
    header = "Trunk|Option|Caller ID 1|Caller ID 2|Extensions"
    lines = ["London-1|shared|442079460100|442079460101|1001", "London-1|shared|442079460102; 442079460103||"]
    numbers = [f"44207946010{i}" for i in range(4)]
    assert taken(header, *lines, name="Caller IDs") == numbers
    (notice,) = [p for p in check(workbook(TRUNKS, sheet("Caller IDs", header, *lines))) if "two-entries" in p.code]
    assert notice.message == (
        "Extension 1001 already has a caller ID on this trunk, an earlier number of this row; the PBX shows the first."
    )


def test_as_many_caller_ids_as_extensions_in_a_row_are_asked_about() -> None:
    header, line = "Trunk|Option|Caller ID|Extensions", "London-1|shared|442079460100; 442079460101|1001, 1002"
    (problem,) = stops(header, line, name="Caller IDs")
    assert (problem.cell, problem.code) == ("C2", "many-numbers")
    assert problem.message.startswith("The row has 2 caller IDs and 2 extensions; it is not clear whether each")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Trunk|Low|High", 'did = "Low"\ndid_to = "High"'),
        ("Trunk|Low|High", '"First DID" = "Low"\n"Last DID" = "High"'),
        ("Trunk|Low|Pieces", 'did = "Low"\ncount = "Pieces"'),
        ("Trunk|From|To", 'did = "From"\ndid_to = "column C"'),
    ],
)
def test_a_columns_file_says_which_columns_are_blocks(header: str, said: str) -> None:
    last = "3" if "Pieces" in header else "102"
    given = workbook(TRUNKS, sheet("DIDs", header, f"London-1|442079460100|{last}"))
    tables, _ = tabulate(given, Secret, parse_columns("c.toml", f"[DIDs.columns]\n{said}\n"))
    assert tables.dids.texts("did") == ["442079460100..442079460102"]


@pytest.mark.parametrize("header", ["Trunk|From|To", "Trunk|DID|Count", "Trunk|DID 1|DID 2"])
def test_the_guess_of_a_columns_file_reads_them_the_same(header: str) -> None:
    given = workbook(TRUNKS, sheet("DIDs", header, "London-1|442079460100|199", "Leeds-1|441134960100|"))
    tables, problems = tabulate(given, Secret)
    again, more = tabulate(given, Secret, parse_columns("c.toml", guess_columns(given, tables, "c.toml")))
    assert again.dids.texts("did") == tables.dids.texts("did")
    assert [p.code for p in more if p.code != "columns-mapped"] == [p.code for p in problems]


def test_a_columns_file_leaves_columns_to_the_user() -> None:
    given = workbook(TRUNKS, sheet("DIDs", "Trunk|DID|Count", "London-1|442079460100|100"))
    for said in ('[DIDs]\nown = ["Count"]\n', '[DIDs.columns]\ncount = ""\n'):
        tables, problems = tabulate(given, Secret, parse_columns("c.toml", said))
        assert tables.dids.texts("did") == ["442079460100"]
        assert [problem.code for problem in problems if problem.sheet == "DIDs"] == ["own-column"]


grid = st.lists(
    st.lists(st.one_of(st.just(""), st.integers(0, 10**9).map("442{:09d}".format)), min_size=4, max_size=4),
    min_size=1,
    max_size=5,
)


@given(grid)
def test_the_numbers_of_several_columns_are_all_entries_and_no_others(rows: list[list[str]]) -> None:
    given_rows = [row for row in rows if any(row)]
    numbers = [number for row in given_rows for number in row if number]
    lines = [["London-1", *row] for row in given_rows]
    _, found, problems = read(workbook(TRUNKS, sheet("DIDs", "Trunk|DID 1|DID 2|DID 4|DID 9", *lines)))
    edit = found.trunks[0].dids
    assert [row.number for row in edit.rows] == numbers if edit else not numbers
    twice = [problem.value for problem in problems if problem.code == "did-twice"]
    assert set(twice) <= {number for number in numbers if numbers.count(number) > 1}
    assert bool(twice) == (len(set(numbers)) < len(numbers))


@pytest.mark.parametrize("cell", ["4,42079E+11", "4.42079E+11", "4,42E+11"])
@pytest.mark.parametrize("header", ["From|To", "DID|To", "DID|DID to"])
def test_a_last_number_that_a_spreadsheet_shortened_is_no_column_of_ones_own(header: str, cell: str) -> None:
    found = stops(f"Trunk|{header}", f"London-1|442079460100|{cell}", f"London-1|442079460200|{cell}")
    assert [problem.code for problem in found] == ["cell-number-lost"] * 2
    assert [problem.cell for problem in found] == ["C2", "C3"]
