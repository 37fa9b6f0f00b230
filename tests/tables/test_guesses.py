from __future__ import annotations

import tomllib

import pytest

from batch.readers.workbook import RawSheet
from batch.secrets import Secret
from batch.tables.columns_file import NO_FILE, ColumnsFile, parse_columns
from batch.tables.guesses import guess_columns
from tests.builders import sheet, tabulate, told, workbook


def guessed(*sheets: RawSheet, file: ColumnsFile = NO_FILE) -> str:
    given = workbook(*sheets)
    return guess_columns(given, tabulate(given, Secret, file)[0], "map.toml")


def uncommented(text: str) -> str:
    """Take the # away from every line that is a setting."""
    return "\n".join(
        line.removeprefix("# ")
        if ("= " in line and not line.startswith(("# Left", "# Port =", "# Above", "# like"))) or "# [" in line
        else line
        for line in text.splitlines()
    )


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_what_is_known_is_written_as_it_stands_in_the_workbook() -> None:
    text = guessed(
        sheet("Trunks", "Name *|trunk_id|Site", "London|1|x"), sheet("Rufnummern", "Leitung|DID", "London|1")
    )
    assert lines(text) == [
        "[Trunks]",
        'sheet = "Trunks"',
        'own = ["Site"]',
        "[Trunks.columns]",
        '"Trunk ID" = "trunk_id"',
        'Name = "Name *"',
        "[DIDs]",
        'sheet = "Rufnummern"',
        "[DIDs.columns]",
        'Trunk = "Leitung"',
        'DID = "DID"',
    ]
    assert '# Port = ""  # nothing fits' in text
    assert '# ["Caller IDs"]\n# sheet = ""' in text


def test_what_is_almost_right_is_taken_and_what_is_like_it_is_offered() -> None:
    text = guessed(sheet("Trunks", "Name|Hostnmae|Benutzer-Login", "London|x|y"))
    assert 'Hostname = "Hostnmae"' in lines(text)
    assert '# Username = "Benutzer-Login"  # perhaps' in text.splitlines()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (("sip.a.example", "192.0.2.1"), '# Hostname = "zzz"  # perhaps'),
        (("5060", "5061"), '# Port = "zzz"  # perhaps'),
        (("tls", "udp"), '# Transport = "zzz"  # perhaps'),
        (("register", "peer"), '# Type = "zzz"  # perhaps'),
        (("ja", "nein"), '# Enabled = "zzz"  # perhaps'),
        (("alaw, ulaw", "g729"), '# Codecs = "zzz"  # perhaps'),
        (("+44 20 7946 0100", "0044207"), '# "Default caller ID" = "zzz"  # perhaps'),
    ],
)
def test_values_that_are_telling_are_offered(values: tuple[str, str], line: str) -> None:
    text = guessed(sheet("Trunks", "Name|zzz", f"London|{values[0]}", f"Paris|{values[1]}"))
    assert line in text.splitlines()


def test_on_the_lists_numbers_and_names_of_trunks_are_telling() -> None:
    text = guessed(
        sheet("Trunks", "Name", "London", "Paris"),
        sheet("DIDs", "aaa|bbb", "London|+442079460100", ["Paris", 442079460101.0]),
        sheet("Caller IDs", "aaa|bbb|ccc|ddd", "London|shared|442079460100|1001, 1002"),
    )
    assert '# Trunk = "aaa"  # perhaps' in text
    assert '# DID = "bbb"  # perhaps' in text
    assert '# Option = "bbb"  # perhaps' in text
    assert '# "Caller ID" = "ccc"  # perhaps' in text
    assert '# Extensions = "ddd"  # perhaps' in text


def test_a_sheet_of_another_name_is_found_by_its_headers() -> None:
    text = guessed(
        sheet("Notes", "a|b", "c|d"),
        sheet("Liste 2026", "our trunks", "", "Name|Host|Port", "London|sip.example|5060"),
        sheet("Numbers", "Trunk|DID", "London|100"),
    )
    file = parse_columns("map.toml", text)
    assert {title: given.sheet for title, given in file.sheets.items()} == {"Trunks": "Liste 2026", "DIDs": "Numbers"}
    assert "# header_row = 3  # found without being said" in text


def test_a_sheet_that_is_only_likely_is_commented_out() -> None:
    text = guessed(sheet("Liste", "Kunde|Gegenstelle|Nr.", "London|sip.example|5060"))
    assert parse_columns("map.toml", text).sheets == {}
    assert "# The sheet Liste may be Trunks. If it is, take the # away from these lines.\n# [Trunks]\n" in text
    assert parse_columns("map.toml", uncommented(text)).sheets["Trunks"].columns["hostname"] == "Gegenstelle"


@pytest.mark.parametrize(
    "header",
    [
        'Na"me',
        "Back\\slash",
        "Two\nlines",
        "Tab\there",
        "Del\x7fete",
        "#hash",
        "[x]",
        "名称!",
        "a = b",
        "'",
        "Emoji 📞",
    ],
)
def test_it_reads_back_to_itself_whatever_a_header_holds(header: str) -> None:
    file = parse_columns("m", "[Trunks.columns]\nPort = 'column B'")
    given = workbook(sheet("Trunks", ["Name", header], ["London", "5060"]))
    tables = tabulate(given, Secret, file)[0]
    text = guess_columns(given, tables, "map.toml")
    tomllib.loads(text)
    again, problems = tabulate(given, Secret, parse_columns("map.toml", text))
    assert again.trunks.headers.columns == {"name": 0, "port": 1}
    assert told(problems) == ["Trunks!A1 columns-mapped"]
    assert guess_columns(given, again, "map.toml") == text
    tomllib.loads(uncommented(text))


def test_a_header_that_stands_twice_or_is_blank_is_named_by_letters() -> None:
    file = parse_columns("m", "[Trunks.columns]\nPort = 'column B'\nDomain = 'column D'")
    text = guessed(sheet("Trunks", "Name|x|X|", "London|5060|y|z"), file=file)
    assert 'Port = "column B"' in lines(text)
    assert 'Domain = "column D"' in lines(text)


def test_the_guess_of_a_good_workbook_changes_nothing() -> None:
    sheets = (
        sheet("Trunks", "Name|Port", "London|5060"),
        sheet("Caller IDs", "Trunk|Option|Caller ID|Extensions", "London|shared|100|1001"),
        sheet("DIDs", "Trunk|DID", "London|100"),
    )
    given = workbook(*sheets)
    before, _ = tabulate(given, Secret)
    after, problems = tabulate(given, Secret, parse_columns("map.toml", guessed(*sheets)))
    assert [table.headers.columns for table in before] == [table.headers.columns for table in after]
    assert {p.code for p in problems} == {"columns-mapped"}


def test_a_sheet_without_a_header_is_guessed_by_letters_and_none_of_its_cells_is_written() -> None:
    text = guessed(sheet("Trunks", "London|sip.example|Sample-1", "Paris|sip.example|Sample-2"))
    assert '# Hostname = "column B"  # perhaps' in text
    assert "Sample-1" not in text


def test_a_header_of_the_content_that_stands_twice_is_named_by_letters() -> None:
    text = guessed(sheet("Trunks", "aaa|Nr|Nr", "x|5060|7", "y|5061|8"))
    assert '# Port = "column B"  # perhaps' in text


def test_an_empty_workbook_gives_a_form_to_fill_in() -> None:
    text = guessed(sheet("Trunks"), sheet("Other"))
    assert parse_columns("map.toml", text).sheets == {}
    assert text.count('# sheet = ""') == 3


TELNYX = sheet(
    "DIDs",
    "phone_number|status|connection_name|Site",
    "+442079460100|active|SBC|Bath",
    "+442079460101|deleted|SBC|Bath",
    "+442079460102|port-pending|SBC|Bath",
)


def test_of_a_dialect_only_what_is_to_be_decided_is_written() -> None:
    text = guessed(sheet("Trunks", "Name", "London-1"), TELNYX)
    assert lines(text)[-6:] == [
        "[DIDs]",
        'sheet = "DIDs"',
        'own = ["Site"]',
        'skip_where = {status = ["deleted", "port-pending"]}',
        "[DIDs.columns]",
        'DID = "phone_number"',
    ]
    assert "# It is Telnyx's list of numbers: without this file it is read so, too.\n" in text
    assert '# trunk = "London-1"  # the trunk of all rows, if it is one\n' in text


def test_a_guess_of_a_dialect_answers_what_it_was_asked_for() -> None:
    given = workbook(sheet("Trunks", "Name", "London-1"), TELNYX)
    text = guess_columns(given, tabulate(given, Secret)[0], "map.toml").replace('# trunk = "L', 'trunk = "L')
    found, problems = tabulate(given, Secret, parse_columns("map.toml", text))
    assert not [problem for problem in problems if problem.stops]
    assert (found.dids.texts("did"), found.dids.texts("trunk")) == (["+442079460100"], ["London-1"])


def test_a_column_with_several_of_our_columns_in_it_is_written_once() -> None:
    portal = sheet(
        "Caller IDs",
        "Trunk|Create Method|Outbound Caller ID|Associated Extensions",
        "London-1|single|442079460100|1001&Sales",
    )
    given = workbook(sheet("Trunks", "Name", "London-1"), portal)
    text = guess_columns(given, tabulate(given, Secret)[0], "map.toml")
    assert [line for line in lines(text) if "Associated" in line] == ['Extensions = "Associated Extensions"']
    found, problems = tabulate(given, Secret, parse_columns("map.toml", text))
    assert found.caller_ids.texts("extension_groups") == ["Sales"]
    assert not [problem for problem in problems if problem.stops]


def test_what_an_earlier_file_says_is_written_again() -> None:
    given = workbook(sheet("Trunks", "Name", "London-1"), TELNYX)
    text = '[DIDs]\ntrunk = "London-1"\n"DID name" = "Bath"\nskip_where = {status = ["deleted"], Site = ["York"]}\n'
    found, _ = tabulate(given, Secret, parse_columns("map.toml", text))
    again = tomllib.loads(guess_columns(given, found, "map2.toml"))["DIDs"]
    assert again["skip_where"] == {"status": ["deleted", "port-pending"], "Site": ["York"]}
    assert (again["Trunk"], again["DID name"]) == ("London-1", "Bath")
