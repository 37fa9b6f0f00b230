"""Columns that we do not know: which of them are the user's own, and which are asked about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from batch.readers.workbook import CellError, CellValue, Workbook
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.columns_file import parse_columns
from batch.tables.guesses import guess_columns
from tests.builders import check, sheet, tabulate, workbook
from tests.growth import STEEP, for_four_times

TRUNKS = sheet("Trunks", "Name|Type", "London-1|register", "Leeds-1|peer")


def dids(header: str, *cells: CellValue) -> list[Problem]:
    """Check a DIDs sheet with one more column, and return what is said of columns."""
    lines = [["London-1", f"4420794601{i:02}", cell] for i, cell in enumerate(cells)]
    return _of_columns(check(workbook(TRUNKS, sheet("DIDs", ["Trunk", "DID", header], *lines))))


def trunks(header: str, *cells: CellValue) -> list[Problem]:
    """Check a Trunks sheet with one more column, and return what is said of columns."""
    lines = [[f"London-{i}", "register", cell] for i, cell in enumerate(cells)]
    return _of_columns(check(workbook(sheet("Trunks", ["Name", "Type", header], *lines))))


def _of_columns(problems: list[Problem]) -> list[Problem]:
    return [p for p in problems if p.code in {"column-unknown", "own-column", "header-near", "cell-shifted"}]


def codes(problems: list[Problem]) -> list[str]:
    return [p.code for p in problems]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("From", ["442079460100"]),
        ("To", ["1001", "1002"]),
        ("Numbers", ["442079460199"]),
        ("Caller ID 1", ["442079460100"]),
        ("CLI", ["442079460100"]),
        ("X", ["442079460199"]),
        ("Whatever", ["0199", "0299"]),
        ("Whatever", ["442079460100-199"]),
        ("Whatever", ["1001-1010"]),
        ("Whatever", ["yes", "no"]),
        ("Whatever", [True, False]),
        ("Whatever", ["sip.carrier.example"]),
        ("Whatever", ["203.0.113.20"]),
        ("Whatever", ["env:LONDON_SIP"]),
        ("Whatever", ["442079460100; 442079460101"]),
        ("Hostname", ["whatever it is"]),
        ("分机", ["1001"]),
        ("DID cost", ["442079460199"]),
        ("Site", ["442079460100-442079460199"]),
        ("Ordered qty", ["10", "100"]),
        ("Quantity (order)", ["10"]),
        ("Whatever", ["10 Stück"]),
        ("Whatever", ["block of 100"]),
        ("Action", ["remove", "add"]),
        ("Change", ["delete", "add"]),
        ("Aktion", ["löschen"]),
        ("Remove?", ["x", ""]),
        ("Löschen", ["x"]),
        ("Name", ["Reception", "Sales"]),
        ("Label", ["Reception"]),
        ("DID label", ["Reception"]),
        ("CNAM", ["ACME"]),
    ],
)
def test_a_column_beside_the_dids_that_could_be_meant_is_a_problem(header: str, cells: list[CellValue]) -> None:
    (problem,) = dids(header, *cells)
    assert (problem.code, problem.cell, problem.header, problem.stops, problem.trunk) == (
        "column-unknown",
        "C1",
        header,
        True,
        None,
    )
    assert f"type #{header} in C1." in problem.fix


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Caller ID 1", ["442079460100"]),
        ("Extensions", ["1001"]),
        ("State of trunk", ["0", "1"]),
        ("Proxy", ["edge.newtel.example"]),
        ("SIP proxy", ["edge.newtel.example:5060"]),
        ("SBC", ["sbc1.newtel.example"]),
        ("IP address", ["203.0.113.20"]),
        ("In service", ["yes", "no"]),
        ("Enabled now", ["0"]),
        ("Line", ["1", "0"]),
        ("SIP Passwd", ["Sample-one"]),
        ("pwd", ["Sample-one"]),
        ("Proxy-Adresse", ["edge.newtel.example"]),
        ("Status", ["aktiviert", "ja"]),
        ("Etat", ["oui"]),
        ("Estado", ["sí"]),
        ("状态", ["是", "否"]),
        ("代理", ["edge.newtel.example"]),
        ("Login", ["london"]),
        ("SIP account", ["london"]),
        ("Auth", ["london"]),
        ("Credentials", ["london / Sample-one"]),
        ("Kennung", ["london"]),
        ("Secret", ["Sample-one"]),
        ("SIP secret", ["Sample-one"]),
        ("Realm", ["newtel"]),
        ("Kind", ["register"]),
        ("Layer", ["tls", "udp"]),
        ("Mode", ["replace"]),
        ("Rename to", ["London-2"]),
        ("New name", ["London-2"]),
    ],
)
def test_a_column_beside_the_trunks_that_could_be_meant_is_a_problem(header: str, cells: list[CellValue]) -> None:
    problems = trunks(header, *cells)
    assert "column-unknown" in codes(problems)
    assert all(p.cell == "C1" for p in problems)


OWN = [
    ("Remark", ["ask Anne", "see ticket 4711"]),
    ("Remark", ["442079460100", "ask Anne", "see ticket 4711"]),
    ("Remarks", ["", ""]),
    ("Site", ["London", "Leeds"]),
    ("Site code", ["101", "102"]),
    ("Customer", ["Acme", "Beta"]),
    ("Customer number", ["10023456"]),
    ("Ticket", ["INC-0012345", "4711"]),
    ("Order no.", [4711.0]),
    ("Cost centre", ["4100", "4200"]),
    ("Cost", ["12.50"]),
    ("Price", [12.5, 3.0]),
    ("Date", ["12.11.2026"]),
    ("Porting date", [dt.date(2026, 11, 12)]),
    ("Valid from", ["2026-11-12"]),
    ("From", ["London", "Leeds"]),
    ("To", ["12.11.2026"]),
    ("Email", ["it@acme.example"]),
    ("Website", ["www.acme.example"]),
    ("Owner", ["A. Person"]),
    ("Approved", ["yes", "no"]),
    ("Priority", ["1", "2"]),
    ("Floor", ["3", "4"]),
    ("No.", ["1", "2"]),
    ("Zeile", [1.0, 2.0, 3.0]),
    ("DID remark", ["main number"]),
    ("DID price", ["2.50"]),
    ("Trunk owner", ["IT"]),
    ("Country", ["GB"]),
    ("Zip", ["10115"]),
    ("Type of line", ["fibre"]),
    ("Number plan", ["geographic"]),
    ("Result", ["applied"]),
    ("Attempts", ["1", "2"]),
    ("Site PIN", ["4711"]),
    ("Whatever", ["some words", "more words"]),
    ("Whatever", ["12.11.2026"]),
    ("Whatever", ["2.50"]),
    ("Whatever", ["it@acme.example"]),
    ("Whatever", [CellError("#N/A")]),
    ("#Quantity", ["100"]),
    ("# DID to", ["442079460199"]),
    ("Ort", ["Berlin"]),
    ("PO", ["4711", "4712 B"]),
    ("Code", ["101"]),
    ("Art", ["Glasfaser"]),
    ("Code", ["ABC"]),
    ("Cert", ["A1"]),
    ("True", ["maybe"]),
    ("Bemerkung", ["bitte prüfen"]),
    ("Standort", ["Köln"]),
    ("Kundennummer", ["10023456"]),
    ("Kostenstelle", ["4100"]),
    ("Auftragsnummer", ["20260012"]),
    ("Portierungsdatum", ["12.11.2026"]),
    ("Erledigt", ["ja", "nein"]),
    ("Lfd. Nr.", ["1", "2", "3"]),
    ("Ansprechpartner", ["Frau Muster"]),
    ("Remarque", ["voir Anne"]),
    ("Ville", ["Lyon"]),
    ("Centre de coûts", ["4100"]),
    ("Prix", ["12,50"]),
    ("Fait", ["oui"]),
    ("Observaciones", ["ver Ana"]),
    ("Ciudad", ["Madrid"]),
    ("Centro de coste", ["4100"]),
    ("Fecha", ["12/11/2026"]),
    ("Hecho", ["sí"]),
    ("备注", ["问安娜"]),
    ("成本中心", ["4100"]),
    ("日期", ["2026-11-12"]),
    ("序号", ["1", "2"]),
    ("客户", ["某公司"]),
    ("Latitude", ["51.5074", "52.4862"]),
    ("Whatever", ["-0.1278"]),
    ("Time slot", ["10:00-12:00"]),
    ("Week", ["46", "47"]),
    ("KW", [46.0]),
    ("Circuit ID", ["ABC12345"]),
    ("Circuit", ["12345678"]),
    ("Employee ID", ["10023"]),
    ("Personalnummer", ["10023"]),
    ("Hausnummer", ["3", "12"]),
    ("GL code", ["4711"]),
    ("KST.", ["4711"]),
    ("MRC", ["10", "12"]),
    ("Asset", ["100123"]),
    ("Branch", ["12"]),
    ("Store", ["101", "102"]),
    ("Filiale", ["12"]),
    ("Vorgangsnummer", ["4711"]),
    ("SKU", ["1001"]),
    ("Case no.", ["4711"]),
    ("Dossier", ["4711"]),
    ("Sucursal", ["10"]),
    ("门店", ["101"]),
    ("VIP", ["yes", "no"]),
    ("Account", ["12345678"]),
]


@pytest.mark.parametrize(("header", "cells"), OWN)
def test_an_ordinary_column_of_the_users_own_stays_one(header: str, cells: list[CellValue]) -> None:
    assert codes(dids(header, *cells)) == ["own-column"]
    assert codes(trunks(header, *cells)) == ["own-column"]


@pytest.mark.parametrize(
    "header",
    [
        *("Old number", "Ported number", "Previous DID", "Billing number", "Contact phone", "Customer number", "Site"),
        *("Remark", "Abrechnungsnummer", "Portierte Nummer", "Alte Nummer", "Numéro porté", "Numéro de facturation"),
        *("Número portado", "Número de cliente", "计费号码", "原号码", "客户号码"),
    ],
)
@pytest.mark.parametrize(
    "cells",
    [
        ["442079460199", "442079460299"],
        [442079460199.0],
        ["+44 20 7946 0199", ""],
        ["020 7946 0199", "020 7946 0299"],
        ["030/2312599"],
        ["912 345 678"],
        ["442079460199\n442079460299"],
        ["442079460100-199"],
        ["+442079460100 - +442079460199"],
        ["02079460100/199"],
        ["442079460100..442079460199"],
    ],
)
def test_numbers_that_can_be_called_are_asked_about_whatever_their_header_says(
    header: str, cells: list[CellValue]
) -> None:
    for problems in (dids(header, *cells), trunks(header, *cells)):
        assert codes(problems) == ["column-unknown"]
        assert f"type #{header} in C1." in problems[0].fix
    assert codes(dids(f"#{header}", *cells)) == ["own-column"]


@pytest.mark.parametrize(
    "header", ["Customer number", "Order no.", "Old number", "Kundennummer", "Serial", "Contract", "Vertrag", "Zip"]
)
@pytest.mark.parametrize(
    "cells",
    [
        *(["10023456"], [4711.0], ["8944500102198304826"], ["AB-123456789"], ["20261128120000"]),
        *(["2026-000123"], ["4711-2026"], ["20260001-01"], ["1234-5678", "1235-5679"], ["100234/01"], ["2026/000123"]),
        *(["2026-000123/1"], ["2026.0001234"]),
        *(["90210-1234"], ["0900-1700"], ["2026 - 000123", "2026 - 000124"]),
    ],
)
def test_numbers_that_nobody_can_call_are_the_users_own_below_a_header_of_their_own(
    header: str, cells: list[CellValue]
) -> None:
    assert codes(dids(header, *cells)) == ["own-column"]


def test_it_says_which_column_what_stands_there_and_what_to_do() -> None:
    (problem,) = dids("Ordered qty", "", "100")
    assert problem.message == (
        "The column 'Ordered qty' is not known, so nothing in it would be sent; C3 says '100', which looks like a "
        "count or a short number."
    )
    assert problem.fix == (
        "If these are numbers to send, choose the header that fits: DID 2 is another number of the row, DID to "
        "is the last one of a block, Quantity is its size; a country or area code goes into the number. If it is a "
        "column of your own, type #Ordered qty in C1."
    )


@pytest.mark.parametrize(
    ("problem", "fix"),
    [
        (dids("Label", "Reception"), "If it is the DID name, type that in C1."),
        (trunks("Login", "london"), "If it is the Username, type that in C1."),
        (trunks("SIP secret", "Sample-one"), "If it is the Password, type that in C1."),
        (trunks("Layer", "tls"), "If it is the Transport or the Action, type that in C1."),
        (dids("Action", "remove"), "One mode applies to all rows of a trunk: "),
    ],
)
def test_what_a_header_is_used_for_is_offered_where_the_sheet_lacks_it(problem: list[Problem], fix: str) -> None:
    assert problem[0].fix.startswith(fix)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Da", "A"),
        *(("Eerste nummer", "Laatste nummer"), ("Low", "High"), ("Anfang", "\u041a\u043e\u043d\u0435\u0446")),
    ],
)
@pytest.mark.parametrize("title", ["DIDs|DID", "Caller IDs|Caller ID"])
def test_ends_of_ranges_in_two_columns_are_told_together_and_none_of_them_is_offered_as_the_number(
    title: str, first: str, last: str
) -> None:
    name, _, label = title.partition("|")
    given = workbook(TRUNKS, sheet(name, ["Trunk", first, last], ["London-1", "442079460100", "442079460199"]))
    (problem,) = _of_columns(check(given))
    assert problem.message.startswith(f"The columns '{first}', '{last}' are not known")
    assert problem.fix == (
        f"If these are numbers to send, choose the header that fits: {label} 2 is another number of the row, "
        f"{label} to is the last one of a block, Quantity is its size; a country or area code goes "
        "into the number. If they are "
        f"columns of your own, type #{first} in B1, "
        "and # in front of the others likewise."
    )


def test_a_header_that_may_stand_for_a_column_is_the_users_own_beside_that_column() -> None:
    given = workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name|Name", "London-1|442079460100|Reception|A. Person"))
    assert codes(_of_columns(check(given))) == ["own-column"]


def test_many_columns_of_one_kind_are_told_once() -> None:
    header = "|".join(["Trunk", "DID", *(f"CLI {i}" for i in range(1, 41))])
    line = "|".join(["London-1", *(f"4420794601{i:02}" for i in range(41))])
    (problem,) = _of_columns(check(workbook(TRUNKS, sheet("DIDs", header, line))))
    assert problem.message.startswith("The columns 'CLI 1', 'CLI 2', 'CLI 3', 'CLI 4', 'CLI 5', 'CLI 6', 'CLI 7', ")
    assert "'CLI 8' and 32 more are not known" in problem.message
    assert problem.fix.endswith("type #CLI 1 in C1, and # in front of the others likewise.")


def test_thousands_of_columns_are_told_in_a_few_lines() -> None:
    texts = [f"Col{chr(65 + i % 26)}{chr(65 + i // 26 % 26)}{chr(65 + i // 676)} {'x' * 80}" for i in range(3_000)]
    cells = [["yes", "some words"][i % 2] for i in range(3_000)]
    problems = _of_columns(check(workbook(sheet("Trunks", ["Name", *texts], ["London-1", *cells]))))
    assert (len(problems), sum(len(p.message) + len(p.fix) for p in problems) < 10_000) == (22, True)


@pytest.mark.parametrize("cells", [["442079460199", "442079460299"], ["yes", "no"], ["sbc1.newtel.example", ""]])
def test_a_column_without_a_header_is_not_passed_over_where_it_could_be_meant(cells: list[str]) -> None:
    (problem,) = dids("", *cells)
    assert (problem.code, problem.cell) == ("column-unknown", "C1")
    assert problem.message.startswith(
        "Column C has no header: it is not known, so nothing in it would be sent; C2 says"
    )
    assert problem.fix.endswith("If it is a column of your own, type #Remark in C1.")
    assert codes(dids("", "ask Anne", "later")) == ["own-column"]


@pytest.mark.parametrize(("header", "value"), [("SIP Passwd", "Sample-one"), ("Whatever", "Xy7!long$secret")])
def test_what_may_be_a_password_is_never_shown(header: str, value: str) -> None:
    (problem,) = trunks(header, value)
    assert value not in f"{problem.message}{problem.fix}{problem.value}"
    assert "C2 is filled" in problem.message


@pytest.mark.parametrize(
    "header",
    ["#pwd", "#SIP Passwd", "Site PIN", "Portal secret", "API token", "#Passwort neu", "#Mot de passe", "#口令"],
)
def test_a_column_that_comes_back_hidden_is_named(header: str) -> None:
    (notice,) = trunks(header, "Sample-one")
    assert notice.code == "own-column"
    assert notice.message.endswith(f"In results the cells of '{header}' show <hidden>.")


@pytest.mark.parametrize("header", ["Secretary", "Sekretariat", "Pinnacle", "Spin", "Bypass", "Tokenizer"])
def test_words_that_only_sound_like_a_secret_are_not(header: str) -> None:
    (notice,) = trunks(header, "some words")
    assert "<hidden>" not in notice.message


def test_beside_a_password_column_another_password_is_the_users_own() -> None:
    given = workbook(sheet("Trunks", "Name|Password|Portal password", "London-1|Sample-one|Sample-two"))
    assert codes(_of_columns(check(given))) == ["own-column"]


def with_quantity(*, block: str) -> tuple[Workbook, str]:
    lines = ["London-1|442079460100|100|x", "London-1|442079460300|10|y"]
    return workbook(TRUNKS, sheet("DIDs", "Trunk|DID|Ordered qty|Remark", *lines)), block


@pytest.mark.parametrize("own", ['["Ordered qty"]', '["ordered_qty", "Remark"]', '["column C"]'])
def test_a_columns_file_says_that_a_column_is_the_users_own(own: str) -> None:
    given, _ = with_quantity(block="")
    _, problems = tabulate(given, Secret, parse_columns("c.toml", f"[DIDs]\nown = {own}\n"))
    assert codes(_of_columns(problems)) == ["own-column"]


def test_a_column_said_to_be_the_users_own_means_nothing_even_if_its_header_is_known() -> None:
    given = workbook(sheet("Trunks", "Name|Hostname", "London-1|x"))
    tables, problems = tabulate(given, Secret, parse_columns("c.toml", '[Trunks]\nown = ["Hostname"]\n'))
    assert (sorted(tables.trunks.headers.columns), codes(problems)) == (["name"], ["own-column"])


def test_an_own_column_that_is_not_there_is_a_problem() -> None:
    given, _ = with_quantity(block="")
    _, problems = tabulate(given, Secret, parse_columns("c.toml", '[DIDs]\nown = ["Ordered qties"]\n'))
    (problem,) = [p for p in problems if p.code == "columns-file"]
    assert problem.message == "c.toml: row 1 of DIDs has no header 'Ordered qties', which is said to be your own."


def test_a_guess_names_own_columns_and_offers_those_that_could_be_meant() -> None:
    given, _ = with_quantity(block="")
    tables, _ = tabulate(given, Secret)
    text = guess_columns(given, tables, "c.toml")
    assert 'own = [\n  # "Ordered qty",  # could be meant: take the # away if it is your own\n  "Remark",\n]' in text
    _, problems = tabulate(given, Secret, parse_columns("c.toml", text))
    assert codes(_of_columns(problems)) == ["column-unknown", "own-column"]
    accepted = parse_columns("c.toml", text.replace('# "Ordered qty"', '"Ordered qty"'))
    tables, problems = tabulate(given, Secret, accepted)
    assert codes(_of_columns(problems)) == ["own-column"]
    again = guess_columns(given, tables, "c.toml")
    assert 'own = ["Ordered qty", "Remark"]' in again


def test_the_vendors_own_list_files_are_known() -> None:
    given = workbook(
        sheet("Trunks", "Name|Trunk Status|Trunk Type", "London-1|1|register", "Leeds-1|0|peer"),
        sheet("DIDs", "Trunk|DID/DDI|DID/DDI Name", "London-1|442079460100|Reception"),
        sheet(
            "Caller IDs",
            "Trunk|Create Method|Outbound Caller ID|Outbound Caller ID Name|Associated Extensions",
            "London-1|single|442079460100|Reception|1001&1002",
        ),
    )
    tables, problems = tabulate(given, Secret)
    assert {problem.code for problem in problems} == {"dialect-read"}
    assert list(tables.trunks.texts("enable")) == ["1", "0"]
    assert [p.code for p in check(given) if p.stops] == []


def test_trunks_of_two_pbxs_may_have_one_name() -> None:
    given = workbook(
        sheet("Trunks", "PBX|Name|DIDs mode", "acme|SIP-1|replace", "beta|SIP-1|replace"),
        sheet("DIDs", "PBX|Trunk|DID", "acme|SIP-1|442079460100"),
    )
    assert [(p.code, p.cell) for p in check(given)] == [("mode-without-rows", "C3")]


def test_cells_are_judged_in_time_that_grows_with_them() -> None:
    def judge(rows: int) -> Callable[[], object]:
        numbers = [f"44207{i:07}" for i in range(rows)]
        given = workbook(TRUNKS, sheet("DIDs"))
        given.sheets[1].columns.extend([["Trunk", *["London-1"] * rows], ["DID", *numbers], ["More", *numbers]])  # type: ignore[attr-defined] # a list, as tests make it
        assert codes(tabulate(given, Secret)[1]) == ["column-unknown"]
        return lambda: tabulate(given, Secret)

    assert for_four_times(judge, 5_000, rounds=3) < STEEP


@pytest.mark.parametrize("header", ["#REF!", "#N/A", "#NAME?", "#BEZUG!", "#NV", "#VALUE!", "#DIV/0!", "#NOM?"])
def test_an_error_for_a_header_is_no_column_of_the_users_own(header: str) -> None:
    problems = check(workbook(TRUNKS, sheet("DIDs", ["Trunk", "DID", header], ["London-1", "441134960100", "x"])))
    assert [(p.code, p.cell) for p in problems if p.stops] == [("header-unreadable", "C1")]


@pytest.mark.parametrize("header", ["#OK?", "#URGENT!", "#Ref", "#name", "#=cmd", "##", "# remark"])
def test_any_other_header_with_a_sign_in_front_is_one(header: str) -> None:
    assert codes(dids(header, "442079460199")) == ["own-column"]


def test_below_a_sign_alone_rows_are_counted_and_numbers_are_asked_about() -> None:
    assert codes(dids("#", "1", "2", "4", "17")) == ["own-column"]
    (problem,) = dids("#", "442079460199", "442079460299")
    assert problem.code == "column-unknown"
    assert problem.fix.endswith("If it is a column of your own, type #Remark in C1.")


@pytest.mark.parametrize("header", ["Extra", "More", "", "Numbers"])
@pytest.mark.parametrize("number", ["442079460199", "+44 20 7946 0199", "442079460100-199"])
def test_one_number_among_other_texts_is_asked_about_below_a_header_that_says_nothing(header: str, number: str) -> None:
    (problem,) = dids(header, "later", "ask Anne", number, "see below", "done")
    assert (problem.code, "C4 says" in problem.message) == ("column-unknown", True)
    assert codes(dids("Remark", "later", "ask Anne", number)) == ["own-column"]


@pytest.mark.parametrize("cells", [["later", "ask Anne", "4711"], ["later", "ask Anne", "2026-000123"]])
def test_short_numbers_among_other_texts_are_the_users_own(cells: list[CellValue]) -> None:
    assert codes(dids("Extra", *cells)) == ["own-column"]


@pytest.mark.parametrize(
    ("header", "number"),
    [
        *(("SIREN", "732829320"), ("EAN", "4006381333931"), ("IMEI", "490154203237518"), ("PO", "4500123456")),
        *(("ICCID", "8944110068256270054"), ("Serial no.", "1234567890123"), ("VAT", "123456789"), ("KVK", "12345678")),
        *(("Steuernummer", "12/345/67890"), ("Hours", "0900-1700"), ("Kdnr.", "100234"), ("Rechnung Nr.", "202600123")),
    ],
)
def test_numbers_of_other_things_are_the_users_own(header: str, number: str) -> None:
    assert codes(dids(header, number)) == ["own-column"]


@pytest.mark.parametrize("header", ["PO", "Invoice", "Serial"])
def test_a_range_of_telephone_numbers_is_asked_about_even_there(header: str) -> None:
    assert codes(dids(header, "442079460100-442079460199")) == ["column-unknown"]


@pytest.mark.parametrize(
    "header", ["Country code", "Area code", "Vorwahl", "Ländervorwahl", "Indicatif pays", "Prefijo", "国家代码"]
)
def test_a_code_in_front_of_the_numbers_is_asked_about(header: str) -> None:
    given = workbook(
        sheet("Trunks", "Name", "London-1"), sheet("DIDs", f"Trunk|{header}|DID", "London-1|44|2079460100")
    )
    (problem,) = [problem for problem in check(given) if problem.stops]
    assert (problem.code, problem.cell) == ("column-unknown", "B1")
    assert "a country or area code goes into the number" in problem.fix


def test_the_length_of_a_block_is_asked_about() -> None:
    lines = ["Leitung|Rufnummer|Länge", "London-1|442079460100|10"]
    (problem,) = [p for p in check(workbook(sheet("Trunks", "Name", "London-1"), sheet("DIDs", *lines))) if p.stops]
    assert (problem.code, problem.cell) == ("column-unknown", "C1")


@pytest.mark.parametrize(("header", "cell"), [("DID from|DID to", "442079460100|442079460199"), ("DID count", "100")])
def test_a_block_on_the_trunks_sheet_is_offered_one_cell(header: str, cell: str) -> None:
    problems = check(workbook(sheet("Trunks", f"Name|Hostname|{header}", f"London-1|sip.example|{cell}")))
    fixes = [problem.fix for problem in problems if problem.code == "column-unknown"]
    assert fixes
    assert all("a block goes into one cell, such as 442079460100..442079460199" in fix for fix in fixes)


@pytest.mark.parametrize("header", ["To", "End", "Range", "Block", "Last digits"])
@pytest.mark.parametrize("cell", ["…199", "...199", "bis 199", "to 0199", "à 0199", "hasta 199", "到199"])
def test_the_end_of_a_block_in_words_is_asked_about(header: str, cell: str) -> None:
    lines = [f"Trunk|DID|{header}", f"L|442079460100|{cell}"]
    found = [p for p in check(workbook(sheet("Trunks", "Name", "L"), sheet("DIDs", *lines))) if p.stops]
    assert {problem.cell for problem in found} <= {"C1", "C2"}
    assert found
