"""The table of problem kinds: what it gives as an example is what the check calls so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batch.readers.workbook import Workbook
from batch.schema.problems import KINDS, problem_texts
from tests import builders


def trunk(header: str, value: str, kind: str = "register") -> Workbook:
    name = () if header == "Name" else ("London-1",)
    headers = ("Type", *("Name" for _ in name), header)
    return builders.book([headers, (kind, *name, value)])


def dids(*numbers: str) -> Workbook:
    return builders.book(["Name", "London-1"], dids=[("London-1", number) for number in numbers])


def caller_ids(*rows: Sequence[str]) -> Workbook:
    return builders.book(["Name", "London-1"], caller_ids=[("London-1", *row) for row in rows])


@pytest.mark.parametrize(
    ("code", "value", "given"),
    [
        *(
            (code, value, trunk(header, value))
            for code, header, value in (
                ("not-a-choice", "Transport", "sctp"),
                ("not-a-number", "Port", "sip.carrier.example:5061"),
                ("not-a-host", "Hostname", "sip..carrier.example"),
                ("not-a-host", "Hostname", "192.0.2.400"),
                ("bad-characters", "Name", "London/1"),
                ("codec-unknown", "Codecs", "g711"),
                ("codec-twice", "Codecs", "alaw,g729,alaw"),
                ("secret-hidden", "Password", "<type again>"),
                ("clear-not-allowed", "Hostname", "<clear>"),
                ("clear-not-allowed", "Password", "<clear>"),
                ("placeholder", "Hostname", "n/a"),
                ("placeholder", "Hostname", "TBD"),
                ("placeholder", "Hostname", "-"),
                ("placeholder", "Username", "xxx"),
                ("cell-error", "Hostname", "#N/A"),
            )
        ),
        *(
            (code, value, dids(value))
            for code, value in (
                ("cell-number-lost", "4.42E+11"),
                ("trunk-prefix", "+44 (0)20 7946 0100"),
                ("extension-behind", "02079460100 ext. 12"),
                ("number-count", "02079460100 x 100"),
                ("number-count", "02079460100/9"),
                ("number-signs", "44207946O100"),
                ("no-number", "yes"),
                ("no-number", "reserved"),
                ("long-number", "442079460100442079460101"),
                ("dash-unclear", "020-7946-0100"),
                ("many-numbers", "442079460100, 101, 102"),
                ("list-expanded", "442079460100; 442079460101; 442079460105"),
                ("range-backwards", "442079460199-442079460100"),
                ("range-malformed", "+442079460100 - 02079460199"),
                ("range-too-long", "442070000000-442079999999"),
                ("range-expanded", "442079460100-199"),
                ("bad-characters", "44207946010[0-4"),
                ("bad-characters", "4420794601[00-99]"),
                ("cell-fraction", "442,079,460,100"),
                ("pattern-word", "ZENTRALE"),
                ("pattern-span", "[+-9]44207946"),
            )
        ),
        ("did-never-reached", "4420794601XX", dids("4420794601XX", "442079460101")),
        ("did-zero-lost", "2079460106", dids("02079460105", "2079460106")),
        ("did-notations", "+442079460100", dids("+442079460100", "02079460100")),
        ("clear-not-alone", "<clear>", dids("<clear>", "442079460100")),
        ("did-twice", "442079460100", dids("442079460100", "442079460099-442079460101")),
        (
            "range-unequal",
            "1001-1011",
            caller_ids(("range", "442079460100-442079460109", "", "1001-1011")),
        ),
        ("extension-malformed", "1001-1010", caller_ids(("shared", "+442079460100", "", "", "1001-1010"))),
        ("extension-malformed", "Sales", caller_ids(("shared", "+442079460100", "", "", "Sales"))),
        (
            "caller-id-twice",
            "+442079460100",
            caller_ids(("shared", "+442079460100", "", "", "1001"), ("shared", "+442079460100", "", "", "1002")),
        ),
        (
            "extension-in-two-entries",
            "1001",
            caller_ids(("shared", "+442079460100", "", "", "1001"), ("shared", "+442079460200", "", "", "1001")),
        ),
        ("field-not-of-type", "Username", trunk("Username", "london", "peer")),
        ("header-near", "Hostnam", trunk("Hostnam", "sip.carrier.example")),
        ("header-twice", "Trunk name", builders.book(["Name|Trunk name", "London-1|London-2"])),
        ("header-reserved", "PBX ID", trunk("PBX ID", "1")),
        ("trunk-unknown", "Pariss-1", builders.book(["Name", "Paris-1"], dids=["Pariss-1|442079460100"])),
        ("trunk-ambiguous", "12", builders.book(["Trunk ID|Name", "12|London", "|12"], dids=["12|442079460100"])),
        (
            "rows-no-data",
            "Total: 60",
            builders.book(["Name", "London-1"], dids=["London-1|442079460100", "Total: 60|"]),
        ),
        ("mode-without-rows", "DIDs mode", trunk("DIDs mode", "replace")),
    ],
)
def test_what_stands_there_as_an_example_is_called_so(code: str, value: str, given: Workbook) -> None:
    assert value in problem_texts()[code]["example"]
    assert code in {problem.code for problem in builders.check(given)}


def test_every_kind_says_all_that_there_is_to_say() -> None:
    assert list(problem_texts()) == list(KINDS), "batch/schema/problems.toml"
    for texts in problem_texts().values():
        assert texts["means"].endswith(".")
        assert texts["fix"].endswith(".")
        assert texts["example"]
        assert not texts["example"].endswith(".")
