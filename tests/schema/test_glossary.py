"""The glossary: every word that the tool uses of its own, in the order of the alphabet, in one plain sentence."""

from __future__ import annotations

import pytest

from batch.runs.outcomes import Ending
from batch.schema import glossary
from batch.schema.column_model import TrunkType
from batch.schema.glossary import GLOSSARY
from batch.settings import HAZARDS
from batch.writers import template

WORDS = {term.word for term in GLOSSARY}


def test_the_ten_endings_are_explained_and_no_others() -> None:
    assert {term.word for term in glossary.ENDING_TERMS} == {str(ending) for ending in Ending}


def test_what_must_be_allowed_by_name_is_explained() -> None:
    assert {hazard.removesuffix("s") for hazard in HAZARDS} <= {word.removesuffix("s") for word in WORDS}


@pytest.mark.parametrize(
    "word",
    ["trunk", "DID", "caller ID", "extension", "group", "register", "peer", "account", "codec", "transport", "PBX",
     "mode", "range", "pattern", "<clear>", "errcode", "hazard", "notice", "problem", "digest", "practice PBX"],
)  # fmt: skip
def test_the_words_of_the_workbook_are_explained(word: str) -> None:
    assert word in WORDS


def test_trunk_types_and_what_passwords_come_back_as_are_explained() -> None:
    assert {str(kind) for kind in TrunkType} <= WORDS
    assert {"<hidden>", "<type again>"} <= WORDS


def test_no_word_stands_twice_and_the_order_is_the_alphabet() -> None:
    assert len(WORDS) == len(GLOSSARY)
    letters = [term.word.casefold().strip("<>") for term in GLOSSARY]
    assert letters == sorted(letters)


@pytest.mark.parametrize("term", GLOSSARY, ids=lambda term: term.word)
def test_each_is_one_sentence_that_fits_two_lines(term: glossary.Term) -> None:
    assert term.meaning.endswith(".")
    assert ". " not in term.meaning
    assert len(term.meaning) <= 160


def test_it_lies_beside_the_csv_files_too() -> None:
    readme = template.csv_readme()
    for term in GLOSSARY:
        assert f"{term.word}: {term.meaning}" in readme
