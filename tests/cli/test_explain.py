"""``explain``: every code and word has its paragraph, from the tables that the program goes by."""

from __future__ import annotations

import re

import pytest

from batch.commands import flow
from batch.errors import BatchError, exit_codes_and_errors
from batch.options import HAZARDS
from batch.pbx.error_codes import ERRCODES, REACTIONS, Verdict
from batch.reports.explanations import Explanation, every_explanation
from batch.runs import locks, outcomes
from batch.runs.outcomes import Ending
from batch.schema.columns import SHEETS
from batch.schema.problems import KINDS, glossary, glossary_texts, hazard_texts
from batch.settings import OPTIONS
from batch.wording import Who
from tests.cli.shell import Shell

EVERY = list(every_explanation())
CODES = [one for one in EVERY if one.kind not in {"column", "word"}]

EXIT_CODES, ERROR_MEANINGS = exit_codes_and_errors()


def of(kind: str) -> list[str]:
    return [one.word for one in EVERY if one.kind == kind]


def test_nothing_is_left_out() -> None:
    assert of("exit code") == [str(code) for code in EXIT_CODES]
    assert of("error") == list(ERROR_MEANINGS)
    assert of("ending") == [str(ending) for ending in Ending]
    assert of("hazard") == list(HAZARDS)
    assert of("errcode") == [str(code) for code in ERRCODES]
    assert {*of("problem"), *of("notice")} == set(KINDS)
    assert of("column") == [column.label for sheet in SHEETS for column in sheet.every_column]
    assert glossary().keys() <= {one.word for one in EVERY}


@pytest.mark.parametrize("one", CODES, ids=lambda one: f"{one.kind} {one.word}")
def test_each_code_says_what_it_means_an_example_what_to_do_and_who(one: Explanation) -> None:
    assert one.means.endswith(".")
    assert one.example
    assert one.fix.endswith(".")
    assert one.who in set(Who)
    assert one.kind not in {"problem", "notice", "errcode"} or one.title


def test_each_column_and_word_says_what_it_means() -> None:
    assert all(one.means.endswith(".") for one in EVERY)
    assert all(one.example for one in EVERY if one.kind == "column")
    assert glossary_texts()["more"].keys() <= glossary().keys()
    assert set(REACTIONS) == set(Verdict)


def test_hazards_are_those_that_can_be_allowed() -> None:
    assert tuple(hazard_texts()) == HAZARDS


def test_every_error_and_the_code_it_ends_with_is_explained() -> None:
    kinds: list[type[BatchError]] = [BatchError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert kind.exit_code in EXIT_CODES
        assert kind.code in {*ERROR_MEANINGS, *KINDS}
    assert {flow.Declined, locks.Busy, outcomes.TotalsDiffer} <= set(kinds)


def test_a_code_is_a_paragraph(shell: Shell) -> None:
    ran = shell("explain", "40003")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "40003  DUPLICATE KEY VALUE  [errcode; spreadsheet editor]",
        "    Something else on the PBX already has this value. The run never sends the same again.",
        "    Example: A trunk is to be called Paris-1, and another one is.",
        "    What to do: Choose another value for the field that the PBX names, or free it on the PBX first.",
    ]


def test_a_problem_says_who_can_put_it_right(shell: Shell) -> None:
    said = shell("explain", "secret-not-found").out.splitlines()
    title = "A password from env: or file: that cannot be found"
    assert said[0] == f"secret-not-found  {title}  [error in a workbook; operator]"
    assert said[-1] == "    What to do: Set the variable or create the file, then run again."


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["not", "run"], "not run  [ending; operator]"),
        (["Not-Run"], "not run  [ending; operator]"),
        (["DUPLICATE KEY VALUE"], "40003  DUPLICATE KEY VALUE  [errcode; spreadsheet editor]"),
        (["exit", "code", "5"], "5  [exit code; operator]"),
        (["-1"], "-1  FAILURE  [errcode; PBX administrator]"),
        (["errcode", "-2"], "-2  INTERNAL SERVER ERROR  [errcode; PBX administrator]"),
        (["def_outbound_cid"], "Default caller ID  def_outbound_cid  [column]"),
        (["<hidden>"], "<hidden>  [word]"),
        (["12345"], "12345  [errcode; PBX administrator]"),
    ],
)
def test_it_is_found_as_people_type_it(shell: Shell, words: list[str], first: str) -> None:
    assert shell("explain", *words).out.splitlines()[0] == first


def test_a_word_that_means_two_things_has_two_paragraphs(shell: Shell) -> None:
    said = shell("explain", "1").out
    assert [line for line in said.splitlines() if line and not line.startswith(" ")] == [
        "1  [exit code; operator]",
        "1  PARTIAL SUCCESS  [errcode; PBX administrator]",
    ]
    assert shell("explain", "Trunk").out.count("[column]") == 2


def test_of_a_kind_each_has_a_line(shell: Shell) -> None:
    said = shell("explain", "hazards").out.splitlines()
    assert said[0] == "Hazards"
    assert [line.split()[0] for line in said[1 : len(HAZARDS) + 1]] == list(HAZARDS)
    assert said[-1] == "More about one of them, with an example:  trunk-batch explain WORD"


def test_without_a_word_everything_is_listed(shell: Shell) -> None:
    ran = shell("explain")
    listed = [line for line in ran.out.splitlines() if line.startswith("  ")]
    assert len(listed) == len(EVERY)
    assert all(len(line) <= 130 for line in listed)
    headings = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert headings[:-1] == [
        "Exit codes", "Errors", "Endings", "Hazards", "Errcodes", "Errors in a workbook (problems)",
        "Warnings about a workbook (notices)", "Columns", "Words",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "meant"),
    [("trunk-unknwn", "trunk-unknown"), ("hazzards", "hazard"), ("number", "no-number"), ("cut", "cell-number-cut")],
)
def test_of_an_unknown_word_the_nearest_are_offered(shell: Shell, word: str, meant: str) -> None:
    ran = shell("explain", word)
    assert (ran.code, ran.out) == (2, "")
    assert f"There is nothing called '{word}' to explain." in ran.err
    assert meant in ran.err.partition("Did you mean ")[2]


def test_of_a_word_like_none_the_way_to_the_list_is_told(shell: Shell) -> None:
    ran = shell("explain", "qqqq")
    assert "Did you mean" not in ran.err
    assert "trunk-batch explain lists what there is." in ran.err


def test_it_is_an_object_with_json(shell: Shell) -> None:
    (one,) = shell("explain", "removals", "--json").json["explanations"]
    assert list(one) == ["kind", "word", "title", "means", "example", "fix", "who"]
    assert (one["kind"], one["word"], one["who"]) == ("hazard", "removals", "spreadsheet editor")
    assert len(shell("explain", "--json").json["explanations"]) == len(EVERY)
    assert shell("explain", "qqqq", "--json").error["code"] == "usage"


def test_every_key_of_a_profile_is_named(shell: Shell) -> None:
    said = shell("explain", "profile").out
    keys = [option.profile for option in OPTIONS.values() if option.profile]
    assert {"wave", "site", "time_zone", "url"} <= {*keys}
    assert [key for key in keys if not re.search(rf"\b{key}\b", said)] == []


def test_the_columns_of_a_workbook_for_many_pbxs_are_columns_like_others(shell: Shell) -> None:
    pbx, wave = shell("explain", "PBX").out, shell("explain", "Wave").out
    assert [f"On the sheet {title}." in pbx for title in ("Trunks", "Caller IDs", "DIDs")] == [True] * 3
    assert "export --all a filled one" in pbx
    assert "On the sheet Trunks. The wave that the PBX is written in: 1 is first." in wave
