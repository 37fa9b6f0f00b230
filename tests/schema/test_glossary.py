"""The glossary: every word that the tool uses of its own, in the order of the alphabet, in one plain sentence."""

from __future__ import annotations

import pytest

from batch.options import HAZARDS
from batch.runs.outcomes import Ending
from batch.schema.column_model import TrunkType
from batch.schema.problems import glossary, glossary_texts
from batch.writers import template

GLOSSARY = glossary()
WORDS = set(GLOSSARY)


def test_the_ten_endings_are_explained_and_no_others() -> None:
    assert set(glossary_texts()["endings"]) == {str(ending) for ending in Ending}


def test_what_must_be_allowed_by_name_is_explained() -> None:
    assert {hazard.removesuffix("s") for hazard in HAZARDS} <= {word.removesuffix("s") for word in WORDS}


@pytest.mark.parametrize(
    "word",
    ["trunk", "DID", "caller ID", "extension", "group", "register", "peer", "account", "codec", "transport", "PBX",
     "mode", "range", "pattern", "<clear>", "errcode", "hazard", "error", "warning", "digest", "practice PBX"],
)  # fmt: skip
def test_the_words_of_the_workbook_are_explained(word: str) -> None:
    assert word in WORDS


def test_trunk_types_and_what_passwords_come_back_as_are_explained() -> None:
    assert {str(kind) for kind in TrunkType} <= WORDS
    assert {"<hidden>", "<type again>"} <= WORDS


def test_no_word_stands_twice_and_the_order_is_the_alphabet() -> None:
    tables = glossary_texts()
    assert tables["endings"].keys().isdisjoint(tables["words"])
    letters = [word.casefold().strip("<>") for word in GLOSSARY]
    assert letters == sorted(letters)


@pytest.mark.parametrize("word", GLOSSARY)
def test_each_is_one_sentence_that_fits_two_lines(word: str) -> None:
    assert GLOSSARY[word].endswith(".")
    assert ". " not in GLOSSARY[word]
    assert len(GLOSSARY[word]) <= 160


def test_it_lies_beside_the_csv_files_too() -> None:
    readme = template.csv_readme()
    for word, meaning in GLOSSARY.items():
        assert f"{word}: {meaning}" in readme
