"""The README's recipes: what is left half done is named, with the file that lacks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batch.pbx.error_codes import ERRCODES, REACTIONS
from batch.practice.fields import FIELDS_BY_TYPE, TRUNK_SHAPE
from batch.schema.columns import TRUNKS, Column, TrunkType
from batch.schema.problem_kinds import KINDS
from batch.trunks.payloads import MODELS

BATCH = Path(__file__).parents[2] / "batch"
SENT = [column for column in TRUNKS.columns if column.sent]


@pytest.mark.parametrize("kind", TrunkType)
@pytest.mark.parametrize("column", SENT, ids=lambda column: column.field)
def test_a_column_that_is_sent_is_known_to_the_payload_and_to_the_practice_pbx(column: Column, kind: TrunkType) -> None:
    has_it = kind in column.types
    assert (column.field in MODELS[kind].model_fields) is has_it, f"batch/trunks/payloads.py: {column.field} of {kind}"
    assert (column.field in FIELDS_BY_TYPE[kind]) is has_it, f"batch/practice/fields.py: {column.field} of {kind}"
    assert column.field in TRUNK_SHAPE, f"batch/practice/fields.py: the JSON type of {column.field}"


def test_every_errcode_has_a_verdict_that_says_what_the_run_does() -> None:
    for errcode in ERRCODES.values():
        assert REACTIONS[errcode.verdict].endswith(".")


def test_every_code_of_a_rule_is_in_the_table_and_given_somewhere() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in BATCH.rglob("*.py")}
    given = "\n".join(text for path, text in sources.items() if path.stem != "problem_kinds")
    assert [code for code in KINDS if f'"{code}"' not in given] == []
    named = {code for text in sources.values() for code in re.findall(r'(?:\.problem\(\s*|code=)"([a-z-]+)"', text)}
    hazards = {"unread-lists", "removals", "unknown-keys", "conflicts", "reorder"}
    assert named - hazards - KINDS.keys() == set(), "batch/schema/problem_kinds.py lacks them"
